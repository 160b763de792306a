/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/trust.h"

#include <sys/wait.h>
#include <unistd.h>

/** An id that no user or group here has. */
#define STRANGER 54321
#define OTHER 54322

static enum writers writers(uid_t owner, gid_t group, mode_t mode)
{
	const struct stat st = { .st_uid = owner, .st_gid = group, .st_mode = S_IFREG | mode };

	return writers_of(&st);
}

START_TEST(root_and_the_own_user_are_trusted)
{
	ck_assert_int_eq(writers(0, 0, 0644), WRITERS_TRUSTED);
	ck_assert_int_eq(writers(0, STRANGER, 0644), WRITERS_TRUSTED);
	ck_assert_int_eq(writers(geteuid(), STRANGER, 0755), WRITERS_TRUSTED);
	ck_assert_int_eq(writers(STRANGER, 0, 0644), WRITERS_OWNER);
	ck_assert_int_eq(writers(STRANGER, 0, 0444), WRITERS_OWNER); /* the owner may change the mode */
	ck_assert_int_eq(writers(STRANGER, STRANGER, 0664), WRITERS_OWNER);
}
END_TEST

START_TEST(world_writable_files_are_not_trusted)
{
	ck_assert_int_eq(writers(0, 0, 0666), WRITERS_ANYBODY);
	ck_assert_int_eq(writers(0, 0, 01777), WRITERS_ANYBODY);
	ck_assert_int_eq(writers(STRANGER, 0, 0602), WRITERS_ANYBODY);
}
END_TEST

START_TEST(a_group_of_strangers_is_not_trusted)
{
	ck_assert_int_eq(writers(0, 0, 0664), WRITERS_TRUSTED);
	ck_assert_int_eq(writers(0, STRANGER, 0664), WRITERS_GROUP);
	ck_assert_int_eq(writers(0, STRANGER, 01775), WRITERS_GROUP);
}
END_TEST

/** As a user with a private group: files writable for that group are accepted, unless they are root's. */
static int as_user(void)
{
	if (setgid(OTHER) || setuid(OTHER))
		return 2;
	return writers(OTHER, OTHER, 0664) == WRITERS_TRUSTED && writers(OTHER, STRANGER, 0664) == WRITERS_TRUSTED &&
			writers(0, OTHER, 0664) == WRITERS_GROUP && writers(STRANGER, OTHER, 0664) == WRITERS_OWNER &&
			writers(OTHER, OTHER, 0666) == WRITERS_ANYBODY ?
		0 :
		1;
}

START_TEST(a_private_group_is_trusted)
{
	int status;

	if (geteuid()) {
		ck_assert_int_eq(writers(geteuid(), STRANGER, 0664), WRITERS_TRUSTED);
		return;
	}
	pid_t child = fork();
	if (!child)
		_exit(as_user());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base_trust");
	TCase *c = tcase_create("trust");

	tcase_add_test(c, root_and_the_own_user_are_trusted);
	tcase_add_test(c, world_writable_files_are_not_trusted);
	tcase_add_test(c, a_group_of_strangers_is_not_trusted);
	tcase_add_test(c, a_private_group_is_trusted);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
