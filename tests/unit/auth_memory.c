/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/memory.h"
#include "auth/password.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct memory *memory;

static void setup(void)
{
	struct err e;

	ck_assert_int_eq(memory_open(&memory, 1000, &e), 0);
}

static void teardown(void)
{
	memory_close(memory);
}

static struct fingerprint print_of(const char *user, const char *password)
{
	return memory_fingerprint(memory, user, strlen(user), password, strlen(password));
}

static bool found(const char *user, const char *password, int64_t now)
{
	bool super_user;

	return memory_find(memory, print_of(user, password), now, &super_user);
}

START_TEST(test_remembers_what_was_kept)
{
	bool super_user = false;

	ck_assert(!found("admin", "pw", 0));
	memory_keep(memory, print_of("admin", "pw"), 0, true);
	ck_assert(memory_find(memory, print_of("admin", "pw"), 1, &super_user));
	ck_assert(super_user);
	ck_assert(!found("admin", "pwx", 1));
	ck_assert(!found("admin", "", 1));
	ck_assert(!found("adminp", "w", 1));
	ck_assert(!found("Admin", "pw", 1));

	memory_keep(memory, print_of("admin", "pw"), 1, false);
	ck_assert(memory_find(memory, print_of("admin", "pw"), 2, &super_user));
	ck_assert(!super_user);
}
END_TEST

START_TEST(test_forgets_in_time)
{
	memory_keep(memory, print_of("admin", "pw"), 5000, true);
	ck_assert(found("admin", "pw", 5999));
	ck_assert(!found("admin", "pw", 6000));
	memory_keep(memory, print_of("admin", "pw"), 6000, true);
	ck_assert(found("admin", "pw", 6500));
}
END_TEST

START_TEST(test_off)
{
	struct err e;

	memory_close(memory);
	ck_assert_int_eq(memory_open(&memory, 0, &e), 0);
	memory_keep(memory, print_of("admin", "pw"), 0, true);
	ck_assert(!found("admin", "pw", 0));
}
END_TEST

START_TEST(test_is_bounded_and_prefers_the_new)
{
	char name[16];
	int kept = 0;

	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "user%d", i);
		memory_keep(memory, print_of(name, "pw"), i / 100, true);
		ck_assert(found(name, "pw", i / 100));
	}
	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof name, "user%d", i);
		kept += found(name, "pw", 100);
	}
	ck_assert_int_le(kept, 1024);
	ck_assert_int_gt(kept, 900);
}
END_TEST

START_TEST(test_longest)
{
	char user[AUTH_USER_MAX], password[AUTH_PASSWORD_MAX];
	bool super_user;

	memset(user, 'u', sizeof user);
	memset(password, 'p', sizeof password);
	struct fingerprint f = memory_fingerprint(memory, user, sizeof user, password, sizeof password);
	memory_keep(memory, f, 0, true);
	ck_assert(memory_find(memory, f, 0, &super_user));
}
END_TEST

static void *write_and_read(void *arg)
{
	char name[16];
	bool super_user;
	int offset = *(int *)arg;

	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "user%d", (i + offset) % 3000);
		struct fingerprint f = print_of(name, "pw");
		if (i % 3 == 0)
			memory_keep(memory, f, 0, true);
		else if (memory_find(memory, f, 0, &super_user) && !super_user)
			ck_abort_msg("a torn entry was seen");
	}
	return NULL;
}

START_TEST(test_threads)
{
	pthread_t threads[4];
	int offsets[4] = { 0, 100, 1500, 1501 };

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_and_read, &offsets[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

START_TEST(test_password_hash)
{
	char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];
	struct err e;

	ck_assert_int_eq(password_hash("Abc1234!", 8, hash, &e), 0);
	ck_assert_int_eq(password_hash("Abc1234!", 8, again, &e), 0);
	ck_assert_str_ne(hash, again);
	ck_assert(!strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31));
	ck_assert_int_eq(password_check(hash, "Abc1234!", 8, &e), 0);
	ck_assert_int_eq(password_check(hash, "Abc1234", 7, &e), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(password_check(hash, "Abc1234!\0", 9, &e), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(password_check(hash, "", 0, &e), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(password_check(password_nobody(), "Abc1234!", 8, &e), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(password_check("damaged", "Abc1234!", 8, &e), LYRE_EINTERNAL);
}
END_TEST

START_TEST(test_password_make)
{
	char one[32], two[32];

	password_make(one);
	password_make(two);
	ck_assert_uint_eq(strlen(one), 27);
	ck_assert_str_ne(one, two);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_memory");
	TCase *t = tcase_create("memory");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_remembers_what_was_kept);
	tcase_add_test(t, test_forgets_in_time);
	tcase_add_test(t, test_off);
	tcase_add_test(t, test_is_bounded_and_prefers_the_new);
	tcase_add_test(t, test_longest);
	tcase_add_test(t, test_threads);
	suite_add_tcase(s, t);
	t = tcase_create("password");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_password_hash);
	tcase_add_test(t, test_password_make);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
