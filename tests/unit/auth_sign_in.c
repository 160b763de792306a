/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords: who may sign in, what is remembered, and that changes take effect immediately. */
#include "sign_in_fixture.h"

/* ---- passwords ---- */

START_TEST(the_password_of_the_first_user_leaves_the_environment)
{
	ck_assert_ptr_null(getenv("LYRE_ADMIN_PASSWORD"));
}
END_TEST

START_TEST(the_first_user_signs_in)
{
	ck_assert_int_eq(remembered("admin", "Abc1234!"), LYRE_PENDING);
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	ck_assert_str_eq(who->name, "admin");
	ck_assert(who->role->super_user);
	ck_assert_ptr_null(who->only);
}
END_TEST

START_TEST(a_correct_password_is_remembered)
{
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	const struct principal *first = principal_ref(who);
	ck_assert_int_eq(remembered("admin", "Abc1234!"), 0);
	ck_assert_ptr_eq(who, first);
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	ck_assert_ptr_eq(who, first);
	principal_unref(first);
}
END_TEST

START_TEST(nothing_is_remembered_across_a_restart)
{
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	close_auth();
	ck_assert_int_eq(open_auth(NULL), 0);
	ck_assert_int_eq(remembered("admin", "Abc1234!"), LYRE_PENDING);
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
}
END_TEST

static const struct {
	const char *name, *user, *password;
} wrong_passwords[] = {
	{ "small letter", "admin", "abc1234!" },
	{ "no password", "admin", "" },
	{ "capital letter in the name", "Admin", "Abc1234!" },
	{ "unknown user", "x", "y" },
};

START_TEST(a_wrong_password_is_refused_and_not_remembered)
{
	const char *name = wrong_passwords[_i].name, *user = wrong_passwords[_i].user, *password = wrong_passwords[_i].password;

	ck_assert_row_int_eq(name, remembered(user, password), LYRE_PENDING);
	ck_assert_row_int_eq(name, verify(user, password), LYRE_EUNAUTHENTICATED);
	ck_assert_row_str_eq(name, err.text, "Login failed");
	ck_assert_row_int_eq(name, remembered(user, password), LYRE_PENDING);
}
END_TEST

START_TEST(impossible_credentials_are_refused_unchecked)
{
	char name[AUTH_USER_MAX + 1], password[AUTH_PASSWORD_MAX + 1];
	const struct principal *p;

	memset(name, 'n', sizeof name);
	memset(password, 'p', sizeof password);
	ck_assert_int_eq(auth_remembered(auth, name, sizeof name, "p", 1, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(auth_remembered(auth, "admin", 5, password, sizeof password, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(auth_remembered(auth, "", 0, "p", 1, &p, &err), LYRE_EUNAUTHENTICATED);
}
END_TEST

START_TEST(a_name_is_not_cut_at_a_zero_byte)
{
	const struct principal *p;

	ck_assert_int_eq(auth_verify(auth, "admin\0x", 7, "Abc1234!", 8, &p, &err), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "Login failed");
}
END_TEST

START_TEST(the_longest_name_and_password_are_checked)
{
	char name[AUTH_USER_MAX], password[AUTH_PASSWORD_MAX];
	const struct principal *p;

	memset(name, 'n', sizeof name);
	memset(password, 'p', sizeof password);
	ck_assert_int_eq(auth_verify(auth, name, sizeof name, password, sizeof password, &p, &err), LYRE_EUNAUTHENTICATED);
}
END_TEST

START_TEST(only_the_right_password_reveals_an_inactive_user)
{
	add("ann", "super_user");
	ck_assert_int_eq(verify("ann", "secret"), 0);
	set_active("ann", false);
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("ann", "secret"), LYRE_EDENIED);
	ck_assert_str_eq(err.text, "Cannot complete request: User is inactive");
	ck_assert_int_eq(verify("ann", "wrong"), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "Login failed");
}
END_TEST

START_TEST(a_user_activated_again_signs_in)
{
	add("ann", "super_user");
	set_active("ann", false);
	set_active("ann", true);
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("ann", "secret"), 0);
}
END_TEST

/* ---- changes take effect immediately ---- */

/** Ann and Bob, who have the same role. Ann is signed in. */
static void sign_in_ann(void)
{
	add_role("r1", false);
	add_role("r2", true);
	add("ann", "r1");
	add("bob", "r1");
	ck_assert_int_eq(verify("bob", "secret"), 0);
	const struct role *role = who->role;
	ck_assert_int_eq(verify("ann", "secret"), 0);
	ck_assert_ptr_eq(who->role, role);
	ck_assert(!role->structure_all);
}

START_TEST(a_new_password_ends_the_old_one)
{
	sign_in_ann();
	set_password("bob", "other");
	ck_assert_int_eq(remembered("bob", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("bob", "secret"), LYRE_EUNAUTHENTICATED);
	ck_assert_int_eq(verify("bob", "other"), 0);
}
END_TEST

START_TEST(a_change_of_another_user_keeps_the_credentials)
{
	sign_in_ann();
	uint64_t epoch = who->epoch;
	const struct role *role = role_ref(who->role);
	set_password("bob", "other");
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert_uint_gt(who->epoch, epoch);
	ck_assert_ptr_eq(who->role, role);
	role_unref(role);
}
END_TEST

START_TEST(a_changed_role_acts_at_once)
{
	sign_in_ann();
	add_role("r1", true);
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert(who->role->structure_all);
}
END_TEST

START_TEST(another_role_acts_at_once)
{
	sign_in_ann();
	change((struct lyre_user_change){ .name = "ann", .fields = LYRE_USER_ROLE, .role = "r2" });
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert_str_eq(who->role->id, "r2");
	ck_assert_int_eq(users_drop_role(auth_users(auth), "r2", &err), LYRE_ECONFLICT);
}
END_TEST

START_TEST(a_missing_role_is_left_to_the_permission_decision)
{
	sign_in_ann();
	ck_assert_json_eq(upsert("system", "hdb_user", "[{'username':'ann','role':'gone'}]"), "'ann'");
	ck_assert_int_eq(remembered("ann", "secret"), 0);
	ck_assert_ptr_null(who->role);
}
END_TEST

START_TEST(a_dropped_user_cannot_sign_in)
{
	sign_in_ann();
	ck_assert_int_eq(users_drop(auth_users(auth), "ann", &err), 0);
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
	ck_assert_int_eq(verify("ann", "secret"), LYRE_EUNAUTHENTICATED);
	ck_assert_str_eq(err.text, "Login failed");
	add("ann", "r1");
	ck_assert_int_eq(remembered("ann", "secret"), LYRE_PENDING);
}
END_TEST

START_TEST(a_right_password_is_hashed_again_with_other_costs)
{
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	char stamp[AUTH_STAMP_MAX];
	strcpy(stamp, stamp_of("admin"));
	close_auth();
	ck_assert_int_eq(open_auth("authentication.argon2.memory=64K"), 0);
	const struct password_costs now = { 64, 1, 1 };

	ck_assert_int_eq(verify("admin", "wrong"), LYRE_EUNAUTHENTICATED);
	struct arena a;
	struct user user;
	arena_init(&a);
	ck_assert_int_eq(users_find(auth_users(auth), "admin", 5, &a, &user, &err), 0);
	ck_assert(password_outdated(user.hash, &now));
	ck_assert_int_eq(verify("admin", "Abc1234!"), 0);
	ck_assert_int_eq(users_find(auth_users(auth), "admin", 5, &a, &user, &err), 0);
	ck_assert(!password_outdated(user.hash, &now));
	ck_assert_str_eq(user.stamp, stamp);
	ck_assert_int_eq(remembered("admin", "Abc1234!"), 0);
	arena_free(&a);
}
END_TEST

START_TEST(invalid_costs_are_refused)
{
	close_auth();
	ck_assert_int_eq(open_auth("authentication.argon2.lanes=2"), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "authentication.argon2.memory must be at least 16K for 2 lanes");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_sign_in");
	TCase *t = tcase_create("sign in");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, the_password_of_the_first_user_leaves_the_environment);
	tcase_add_test(t, the_first_user_signs_in);
	tcase_add_test(t, a_correct_password_is_remembered);
	tcase_add_test(t, nothing_is_remembered_across_a_restart);
	tcase_add_loop_test(t, a_wrong_password_is_refused_and_not_remembered, 0, ROWS(wrong_passwords));
	tcase_add_test(t, impossible_credentials_are_refused_unchecked);
	tcase_add_test(t, a_name_is_not_cut_at_a_zero_byte);
	tcase_add_test(t, the_longest_name_and_password_are_checked);
	tcase_add_test(t, only_the_right_password_reveals_an_inactive_user);
	tcase_add_test(t, a_user_activated_again_signs_in);
	tcase_add_test(t, a_new_password_ends_the_old_one);
	tcase_add_test(t, a_change_of_another_user_keeps_the_credentials);
	tcase_add_test(t, a_changed_role_acts_at_once);
	tcase_add_test(t, another_role_acts_at_once);
	tcase_add_test(t, a_missing_role_is_left_to_the_permission_decision);
	tcase_add_test(t, a_dropped_user_cannot_sign_in);
	tcase_add_test(t, a_right_password_is_hashed_again_with_other_costs);
	tcase_add_test(t, invalid_costs_are_refused);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
