/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/auth.h"
#include "auth/recent.h"

#include <string.h>

static struct recent *recent;

static void setup(void)
{
	struct err e;

	ck_assert_int_eq(recent_open(&recent, &e), 0);
}

static void teardown(void)
{
	recent_close(recent);
}

static struct attempt attempt(const char *user, const char *password, const char *source)
{
	return (struct attempt){
		.user = user,
		.user_len = strlen(user),
		.password = password,
		.password_len = strlen(password),
		.source = source,
	};
}

static bool is(const char *user, const char *password, const char *source, int64_t now)
{
	const struct attempt a = attempt(user, password, source);

	return recent_is(recent, &a, now);
}

static bool note(const char *user, const char *password, const char *source, bool right, int64_t now)
{
	const struct attempt a = attempt(user, password, source);

	return recent_note(recent, &a, right, now);
}

START_TEST(one_password_of_one_user_from_one_source_is_recent)
{
	ck_assert(!is("ann", "secret", "a", 0));
	ck_assert(!note("ann", "secret", "a", true, 0));
	ck_assert(is("ann", "secret", "a", 1));
	ck_assert(!is("ann", "secret1", "a", 1));
	ck_assert(!is("ann", "", "a", 1));
	ck_assert(!is("bob", "secret", "a", 1));
	ck_assert(!is("ann", "secret", "b", 1));
	ck_assert(!is("anns", "ecret", "a", 1));
	ck_assert(note("ann", "secret", "a", true, 1));
	ck_assert(!note("ann", "other", "a", true, 1));
	ck_assert(!is("ann", "secret", "a", 1));
	ck_assert(is("ann", "other", "a", 1));
}
END_TEST

START_TEST(recent_passwords_expire)
{
	note("ann", "secret", "a", true, 5);
	ck_assert(is("ann", "secret", "a", 5 + RECENT_TIME - 1));
	ck_assert(!is("ann", "secret", "a", 5 + RECENT_TIME));
	note("ann", "secret", "a", true, 5);
	ck_assert(note("ann", "secret", "a", false, 6)); /* the user has a new password by now */
	ck_assert(!is("ann", "secret", "a", 7));
}
END_TEST

/* A limited number of guesses; the right password resets it. */
START_TEST(guesses_end_a_recent_password)
{
	note("ann", "secret", "a", true, 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 1; i < RECENT_WRONG_MAX; i++)
			ck_assert(!is("ann", "guess", "a", 1));
		ck_assert(is("ann", "secret", "a", 1));
		note("ann", "secret", "a", true, 1);
	}
	for (int i = 0; i < RECENT_WRONG_MAX; i++)
		ck_assert(!is("ann", "guess", "a", 1));
	ck_assert(!is("ann", "secret", "a", 1));
}
END_TEST

START_TEST(the_longest_password_is_kept)
{
	static char longest[AUTH_PASSWORD_MAX + 2];

	memset(longest, 'p', sizeof longest - 1);
	ck_assert(!note("ann", longest, "a", true, 0));
	ck_assert(!is("ann", longest, "a", 0));
	longest[AUTH_PASSWORD_MAX] = '\0';
	note("ann", longest, "a", true, 0);
	ck_assert(is("ann", longest, "a", 0));
	note("ann", "", "a", true, 0);
	ck_assert(is("ann", "", "a", 0));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_recent");
	TCase *c = tcase_create("recent");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, one_password_of_one_user_from_one_source_is_recent);
	tcase_add_test(c, recent_passwords_expire);
	tcase_add_test(c, guesses_end_a_recent_password);
	tcase_add_test(c, the_longest_password_is_kept);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
