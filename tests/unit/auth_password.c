/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "auth/password.h"

#include <string.h>

static const struct password_costs costs = { 1024, 2, 1 }, more_lanes = { 1024, 2, 4 };

START_TEST(a_hash_matches_one_password)
{
	char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];
	struct err e;

	ck_assert_int_eq(password_hash(&costs, "Abc1234!", 8, hash, &e), 0);
	ck_assert_int_eq(password_hash(&costs, "Abc1234!", 8, again, &e), 0);
	ck_assert_str_ne(hash, again);
	ck_assert(!strncmp(hash, "$argon2id$v=19$m=1024,t=2,p=1$", 30));
	ck_assert_int_eq(password_check(hash, "Abc1234!", 8, &e), 0);
	ck_assert_int_eq(password_check(hash, "Abc1234", 7, &e), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(password_check(hash, "Abc1234!\0", 9, &e), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(password_check(hash, "", 0, &e), LYRE_EUNAUTHENTICATED);

	ck_assert_int_eq(password_hash(&more_lanes, "Abc1234!", 8, hash, &e), 0);
	ck_assert_int_eq(password_check(hash, "Abc1234!", 8, &e), 0);
	ck_assert_int_eq(password_check(hash, "Abc1234?", 8, &e), LYRE_EUNAUTHENTICATED);
}
END_TEST

/* Made by argon2id_hash_encoded() with one thread per lane. */
START_TEST(a_hash_made_elsewhere_is_checked)
{
	static const char hash[] =
		"$argon2id$v=19$m=4096,t=3,p=4$c29tZXNhbHRzb21lc2FsdA$EgBEYr6TsPATd1PeXFz26SnWZAVtq2c10z8PfDB0qKY";
	struct err e;

	ck_assert_int_eq(password_check(hash, "Abc1234!", 8, &e), 0);
	ck_assert_int_eq(password_check(hash, "abc1234!", 8, &e), LYRE_EUNAUTHENTICATED);
}
END_TEST

static const char *const damaged[] = {
	"",
	"damaged",
	"$argon2id$",
	"$argon2id$v=19$m=1024,t=2,p=1",
	"$argon2id$v=19$m=1024,t=2,p=1$",
	"$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA",
	"$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$",
	"$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA$",
	"$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29t*",
	"$argon2id$v=19$m=99999999999999999999999,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA",
	"$argon2id$v=19$m=1024,t=0,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA",
	"$argon2id$v=19$m=1024,t=2,p=0$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA",
	"$argon2id$v=19$m=,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA",
	"$argon2i$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$c29tZXNhbHRzb21lc2FsdA",
	"$argon2id$v=19$m=1024,t=2,p=1$c29t$c29tZXNhbHRzb21lc2FsdA",
	("$argon2id$v=19$m=1024,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"
	 "c29tZXNhbHRzb21lc2FsdAc29tZXNhbHRzb21lc2FsdAc29tZXNhbHRzb21lc2FsdAc29tZXNhbHRzb21lc2FsdAc29tZXNhbHRzb21lc2FsdA"),
};

START_TEST(a_damaged_hash_is_an_error)
{
	struct err e;

	ck_assert_int_eq(password_check(damaged[_i], "Abc1234!", 8, &e), LYRE_EINTERNAL);
}
END_TEST

START_TEST(other_costs_make_a_hash_outdated)
{
	char hash[PASSWORD_HASH_MAX], again[PASSWORD_HASH_MAX];
	const struct password_costs others[] = { { 1025, 2, 1 }, { 1024, 3, 1 }, { 1024, 2, 2 } };
	const struct password_costs most = { 4194304, 1000, 64 };
	struct err e;

	password_nobody(&costs, hash);
	password_nobody(&costs, again);
	ck_assert_str_ne(hash, again);
	ck_assert_int_eq(password_check(hash, "", 0, &e), LYRE_EUNAUTHENTICATED);
	ck_assert(!password_outdated(hash, &costs));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		ck_assert(password_outdated(hash, &others[i]));
	ck_assert(password_outdated("", &costs));
	ck_assert(password_outdated("$argon2id$v=16$m=1024,t=2,p=1$", &costs));
	password_nobody(&most, hash);
	ck_assert(!password_outdated(hash, &most));
}
END_TEST

START_TEST(generated_passwords_differ)
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
	Suite *s = suite_create("auth_password");
	TCase *t = tcase_create("password");

	tcase_add_test(t, a_hash_matches_one_password);
	tcase_add_test(t, a_hash_made_elsewhere_is_checked);
	tcase_add_loop_test(t, a_damaged_hash_is_an_error, 0, sizeof damaged / sizeof *damaged);
	tcase_add_test(t, other_costs_make_a_hash_outdated);
	tcase_add_test(t, generated_passwords_differ);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
