/* SPDX-License-Identifier: Apache-2.0 */
/* Roles: added, changed, dropped, and compiled once for all users that have them. */
#include "users_fixture.h"

/* ---- adding roles ---- */

static void make_roles(void)
{
	add_role(NULL, "dev", "{'a':{'tables':{}}}");
	add_role("id", "ided", "{}");
	ck_assert_int_eq(err.code, 0);
}

START_TEST(a_role_is_answered_as_it_was_given)
{
	ck_assert_json_eq(add_role(NULL, "dev", "{'a':{'tables':{}}}"), "id:'dev' role:'dev' permission:{'a':{'tables':{}}}");
	ck_assert_json_eq(add_role("id", "ided", "{}"), "id:'id' role:'ided' permission:{}");
}
END_TEST

static const struct {
	const char *name, *id, *role, *permission;
	int code;
	const char *sentence; /**< NULL: any */
} refused_roles[] = {
	{ "name that is taken", NULL, "dev", "{}", LYRE_ECONFLICT, "A role with name 'dev' already exists" },
	{ "name that is taken, with another id", "other", "dev", "{}", LYRE_ECONFLICT, "A role with name 'dev' already exists" },
	{ "id that is taken", "id", "free", "{}", LYRE_ECONFLICT, "A role with id 'id' already exists" },
	{ "empty name", NULL, "", "{}", LYRE_EINVAL, NULL },
	{ "empty id", "", "x", "{}", LYRE_EINVAL, NULL },
	{ "no name", "x", NULL, "{}", LYRE_EINVAL, NULL },
	{ "array of permissions", NULL, "x", "[]", LYRE_EINVAL, NULL },
};

START_TEST(a_role_is_refused)
{
	const char *name = refused_roles[_i].name;

	make_roles();
	const char *answer = add_role(refused_roles[_i].id, refused_roles[_i].role, refused_roles[_i].permission);
	ck_assert_row_int_eq(name, err.code, refused_roles[_i].code);
	if (refused_roles[_i].sentence)
		ck_assert_row_str_eq(name, answer, refused_roles[_i].sentence);
	ck_assert_msg(!role_of("free") && !role_of("x") && !role_of("other"), "%s", name);
}
END_TEST

/* ---- changing roles ---- */

START_TEST(a_role_is_renamed)
{
	make_roles();
	ck_assert_json_eq(change_role("id", "renamed", "{'structure_user':true}"),
		"id:'id' role:'renamed' permission:{'structure_user':true}");
	ck_assert_json_eq(change_role("id", NULL, "{}"), "id:'id' role:'renamed' permission:{}");
	ck_assert_json_eq(change_role("id", "renamed", "{}"), "id:'id' role:'renamed' permission:{}");
}
END_TEST

START_TEST(the_old_name_of_a_renamed_role_is_free)
{
	make_roles();
	change_role("id", "renamed", "{}");
	ck_assert_json_eq(add_role(NULL, "ided", "{}"), "id:'ided' role:'ided' permission:{}");
}
END_TEST

START_TEST(a_role_cannot_be_given_the_name_of_another)
{
	make_roles();
	ck_assert_str_eq(change_role("id", "dev", "{}"), "A role with name 'dev' already exists");
}
END_TEST

START_TEST(a_role_that_is_not_there_cannot_be_changed)
{
	ck_assert_str_eq(change_role("nope", NULL, "{}"), "Invalid role id");
	ck_assert_int_eq(err.code, LYRE_ENOTFOUND);
	ck_assert_str_eq(change_role("", NULL, "{}"), "Invalid role id");
}
END_TEST

/* ---- dropping roles ---- */

START_TEST(a_role_that_is_not_there_cannot_be_dropped)
{
	ck_assert_str_eq(drop_role("nope"), "Role not found");
	ck_assert_int_eq(err.code, LYRE_ENOTFOUND);
	ck_assert_str_eq(drop_role(""), "Role not found");
}
END_TEST

START_TEST(a_role_with_active_users_cannot_be_dropped)
{
	make_roles();
	add_well("ann", "ided", true);
	ck_assert_str_eq(drop_role("id"), "Cannot drop role ided as it has active user(s) tied to this role");
	ck_assert_int_eq(err.code, LYRE_ECONFLICT);
}
END_TEST

START_TEST(a_role_without_active_users_can_be_dropped_once)
{
	make_roles();
	add_well("ann", "ided", false);
	ck_assert_str_eq(drop_role("id"), "");
	ck_assert_str_eq(drop_role("id"), "Role not found");
}
END_TEST

START_TEST(a_user_whose_role_was_dropped_has_none)
{
	make_roles();
	add_well("ann", "ided", false);
	drop_role("id");
	set_well(set_active("ann", true));
	ck_assert_ptr_null(role_of(user_of("ann").role_id));
}
END_TEST

/** Names that an index can distinguish only by their records. */
START_TEST(the_longest_names_of_roles_differ_in_their_last_letter)
{
	char one[AUTH_USER_MAX + 1], two[AUTH_USER_MAX + 1];

	memset(one, 'r', AUTH_USER_MAX);
	one[AUTH_USER_MAX] = '\0';
	memcpy(two, one, sizeof two);
	two[AUTH_USER_MAX - 1] = 's';
	ck_assert_ptr_nonnull(strstr(add_role("1", one, "{}"), json_of("id:'1'")));
	ck_assert_int_eq(add("ann", "secret", two, true), LYRE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(add_role(two, two, "{'super_user':true}"), json_of("permission:{'super_user':true}")));
	add_well("ann", two, true);
	add_well("bob", one, true);
	ck_assert_str_eq(user_of("ann").role_id, two);
	ck_assert_str_eq(user_of("bob").role_id, "1");
	ck_assert_int_eq(drop("ann"), LYRE_ECONFLICT);
	ck_assert_int_eq(drop("bob"), 0);
	ck_assert_str_eq(drop_role("1"), "");
	ck_assert_int_eq(strncmp(drop_role(two), "Cannot drop role rrr", 20), 0);
}
END_TEST

static int count_role(void *arg, const lyre_value *role)
{
	ck_assert(value_is(value_get(role, "permission"), LYRE_OBJECT));
	return ++*(int *)arg == 3 ? 9 : 0;
}

START_TEST(roles_are_listed)
{
	int count = 0;

	add_role(NULL, "a", "{}");
	ck_assert_int_eq(users_each_role(users, count_role, &count, &err), 0);
	ck_assert_int_eq(count, 2);
}
END_TEST

START_TEST(the_list_of_roles_can_be_ended)
{
	int count = 0;

	add_role(NULL, "a", "{}");
	add_role(NULL, "b", "{}");
	add_role(NULL, "c", "{}");
	ck_assert_int_eq(users_each_role(users, count_role, &count, &err), 9);
}
END_TEST

/* ---- compiled roles ---- */

START_TEST(a_compiled_role_is_shared)
{
	add_role("r", "reader", "{'structure_user':['dev']}");
	const struct role *one = role_of("r"), *two = role_of("r");
	ck_assert_ptr_eq(one, two);
	role_unref(two);
	add_well("ann", "reader", true); /* another epoch, the same record */
	two = role_of("r");
	ck_assert_ptr_eq(one, two);
	role_unref(one);
	role_unref(two);
}
END_TEST

START_TEST(a_changed_role_is_compiled_again)
{
	add_role("r", "reader", "{'structure_user':['dev']}");
	const struct role *one = role_of("r");
	change_role("r", NULL, "{'structure_user':true}");
	const struct role *two = role_of("r");
	ck_assert_ptr_ne(one, two);
	ck_assert(two->structure_all && !one->structure_all);
	role_unref(one);
	role_unref(two);
}
END_TEST

START_TEST(a_role_added_again_is_compiled_again)
{
	add_role("r", "reader", "{'structure_user':true}");
	role_unref(role_of("r"));
	ck_assert_str_eq(drop_role("r"), "");
	ck_assert_ptr_null(role_of("r"));
	add_role("r", "reader", "{}");
	const struct role *one = role_of("r");
	ck_assert(one && !one->structure_all);
	role_unref(one);
}
END_TEST

START_TEST(more_roles_than_are_kept_compiled)
{
	for (int i = 0; i < 2 * ROLES_KEPT; i++) {
		char id[16];
		snprintf(id, sizeof id, "many%d", i);
		add_role(NULL, id, i % 2 ? "{'structure_user':true}" : "{}");
	}
	for (int i = 0; i < 2 * ROLES_KEPT; i++) {
		char id[16];
		snprintf(id, sizeof id, "many%d", i);
		const struct role *one = role_of(id);
		ck_assert_str_eq(one->id, id);
		ck_assert_int_eq(one->structure_all, i % 2);
		role_unref(one);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_users_roles");
	TCase *t = tcase_create("roles");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_role_is_answered_as_it_was_given);
	tcase_add_loop_test(t, a_role_is_refused, 0, ROWS(refused_roles));
	tcase_add_test(t, a_role_is_renamed);
	tcase_add_test(t, the_old_name_of_a_renamed_role_is_free);
	tcase_add_test(t, a_role_cannot_be_given_the_name_of_another);
	tcase_add_test(t, a_role_that_is_not_there_cannot_be_changed);
	tcase_add_test(t, a_role_that_is_not_there_cannot_be_dropped);
	tcase_add_test(t, a_role_with_active_users_cannot_be_dropped);
	tcase_add_test(t, a_role_without_active_users_can_be_dropped_once);
	tcase_add_test(t, a_user_whose_role_was_dropped_has_none);
	tcase_add_test(t, the_longest_names_of_roles_differ_in_their_last_letter);
	tcase_add_test(t, roles_are_listed);
	tcase_add_test(t, the_list_of_roles_can_be_ended);
	tcase_add_test(t, a_compiled_role_is_shared);
	tcase_add_test(t, a_changed_role_is_compiled_again);
	tcase_add_test(t, a_role_added_again_is_compiled_again);
	tcase_add_test(t, more_roles_than_are_kept_compiled);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
