/* SPDX-License-Identifier: Apache-2.0 */
/* Users: added, changed, found, dropped. */
#include "users_fixture.h"

/* ---- a new store ---- */

START_TEST(a_new_store_has_no_users)
{
	bool any = true;

	ck_assert_int_eq(users_any(users, &any, &err), 0);
	ck_assert(!any);
	add_well("ann", "super_user", true);
	ck_assert_int_eq(users_any(users, &any, &err), 0);
	ck_assert(any);
}
END_TEST

START_TEST(a_new_store_has_the_role_super_user)
{
	const struct role *role = role_of("super_user");

	ck_assert(role && role->super_user);
	ck_assert_str_eq(role->name, "super_user");
	role_unref(role);
}
END_TEST

START_TEST(writes_of_users_are_not_logged)
{
	const struct table *t = table_of("system", "hdb_user");

	ck_assert(!t->audit);
	table_unref(t);
}
END_TEST

START_TEST(a_dropped_super_user_role_does_not_come_back)
{
	add_well("ann", "super_user", true);
	ck_assert_json_eq(add_role(NULL, "su2", "{'super_user':true}"), "id:'su2' role:'su2' permission:{'super_user':true}");
	set_well(set_role("ann", "su2"));
	ck_assert_str_eq(drop_role("super_user"), "");
	users_close(users);
	ck_assert_int_eq(users_open(&users, store, &costs, &err), 0);
	ck_assert_ptr_null(role_of("super_user"));
}
END_TEST

/* ---- adding users ---- */

START_TEST(an_added_user_is_as_given)
{
	add_well("ann", "super_user", true);
	struct user ann = user_of("ann");
	ck_assert(ann.active);
	ck_assert_uint_eq(strlen(ann.stamp), 32);
	ck_assert_str_eq(ann.role_id, "super_user");
	ck_assert_str_eq(ann.refresh_token, "");
	ck_assert(ann.created > 0 && ann.created == ann.updated);
}
END_TEST

START_TEST(an_added_user_has_the_password)
{
	add_well("ann", "super_user", true);
	ck_assert(password_is("ann", "secret"));
	ck_assert(!password_is("ann", "Secret"));
}
END_TEST

START_TEST(users_with_one_password_have_different_stamps_and_hashes)
{
	add_well("ann", "super_user", true);
	add_well("bob", "super_user", false);
	struct user ann = user_of("ann"), bob = user_of("bob");
	ck_assert(!bob.active);
	ck_assert_str_ne(bob.stamp, ann.stamp);
	ck_assert_str_ne(bob.hash, ann.hash);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
	add_well("bob", "super_user", true);
	struct user bob = user_of("bob");
	ck_refused(add("bob", "other", "super_user", true), LYRE_ECONFLICT, "User bob already exists");
	ck_assert_str_eq(user_of("bob").hash, bob.hash);
}
END_TEST

START_TEST(a_user_needs_an_existing_role)
{
	ck_refused(add("carl", "secret", "nope", true), LYRE_ENOTFOUND, "nope role not found");
	ck_assert(!there("carl"));
}
END_TEST

START_TEST(a_user_needs_a_password)
{
	const struct lyre_user_change half = { .name = "carl", .fields = LYRE_USER_ROLE, .role = "super_user" };

	ck_assert_int_eq(users_add(users, &half, &err), LYRE_EINVAL);
	ck_assert_int_eq(add("carl", "", "super_user", true), LYRE_EINVAL);
	ck_assert(!there("carl"));
}
END_TEST

/* ---- names and passwords ---- */

static const char *const good_names[] = { "a:b", "j\xc3\xbcrgen", " ", "5", "\n", "Ann", "ann" };

START_TEST(a_name_may_be_any_text)
{
	for (int i = 0; i < ROWS(good_names); i++) /* all at once: no two are the same */
		add_well(good_names[i], "super_user", true);
	for (int i = 0; i < ROWS(good_names); i++)
		ck_assert_msg(there(good_names[i]), "\"%s\"", good_names[i]);
}
END_TEST

static const struct {
	const char *name, *user;
} bad_names[] = {
	{ "no name", NULL },
	{ "empty", "" },
	{ "no UTF-8", "j\xfcrgen" },
	{ "surrogate", "\xed\xa0\x80" },
	{ "long zero", "\xc0\x80" },
};

START_TEST(a_name_must_be_a_text)
{
	ck_assert_row_int_eq(bad_names[_i].name, add(bad_names[_i].user, "secret", "super_user", true), LYRE_EINVAL);
}
END_TEST

START_TEST(an_impossible_name_is_not_found)
{
	const char *user = bad_names[_i].user;

	ck_assert_row_int_eq(bad_names[_i].name, drop(user), LYRE_ENOTFOUND);
	ck_assert_row_int_eq(bad_names[_i].name, set_active(user, false), LYRE_ENOTFOUND);
}
END_TEST

/** \return a text of this many letters */
static const char *letters(char letter, size_t count)
{
	char *text = arena_alloc(&arena, count + 1);

	memset(text, letter, count);
	text[count] = '\0';
	return text;
}

START_TEST(a_name_has_a_maximum_length)
{
	ck_assert_int_eq(add(letters('u', AUTH_USER_MAX + 1), "secret", "super_user", true), LYRE_EINVAL);
	add_well(letters('u', AUTH_USER_MAX), "super_user", true);
	ck_assert(there(letters('u', AUTH_USER_MAX)));
}
END_TEST

START_TEST(the_longest_names_differ_in_their_last_letter)
{
	char other[AUTH_USER_MAX + 1];

	add_well(letters('u', AUTH_USER_MAX), "super_user", true);
	strcpy(other, letters('u', AUTH_USER_MAX));
	other[AUTH_USER_MAX - 1] = 'v';
	ck_assert(!there(other));
	add_well(other, "super_user", true);
	ck_assert_int_eq(drop(other), 0);
	ck_assert(there(letters('u', AUTH_USER_MAX)));
}
END_TEST

START_TEST(a_password_has_a_maximum_length)
{
	ck_assert_int_eq(add("x", letters('p', AUTH_PASSWORD_MAX + 1), "super_user", true), LYRE_EINVAL);
	set_well(add("x", letters('p', AUTH_PASSWORD_MAX), "super_user", true));
	ck_assert(password_is("x", letters('p', AUTH_PASSWORD_MAX)));
}
END_TEST

/* ---- changing users ---- */

static void make_ann(void)
{
	add_role(NULL, "reader", "{}");
	add_role("other-id", "writer", "{}");
	add_well("ann", "reader", true);
	set_well(set_token("ann", "digest"));
}

START_TEST(a_token_is_stored_and_the_update_time_changes)
{
	add_well("ann", "super_user", true);
	struct user before = user_of("ann");
	set_well(set_token("ann", "digest"));
	struct user now = user_of("ann");
	ck_assert_str_eq(now.refresh_token, "digest");
	ck_assert_str_eq(now.stamp, before.stamp);
	ck_assert(now.created == before.created && now.updated > before.updated);
}
END_TEST

START_TEST(another_role_keeps_the_credentials)
{
	make_ann();
	struct user before = user_of("ann");
	set_well(set_role("ann", "writer"));
	set_well(set_active("ann", true));
	struct user now = user_of("ann");
	ck_assert_str_eq(now.role_id, "other-id");
	ck_assert_str_eq(now.stamp, before.stamp);
	ck_assert_str_eq(now.refresh_token, "digest");
	ck_assert_str_eq(now.hash, before.hash);
}
END_TEST

START_TEST(a_deactivated_user_loses_stamp_and_token)
{
	make_ann();
	struct user before = user_of("ann");
	set_well(set_active("ann", false));
	struct user now = user_of("ann");
	ck_assert(!now.active);
	ck_assert_str_ne(now.stamp, before.stamp);
	ck_assert_str_eq(now.refresh_token, "");
	ck_assert_str_eq(now.hash, before.hash);
}
END_TEST

START_TEST(a_user_activated_again_has_no_new_stamp)
{
	make_ann();
	set_well(set_active("ann", false));
	struct user before = user_of("ann");
	set_well(set_active("ann", true));
	ck_assert_str_eq(user_of("ann").stamp, before.stamp);
}
END_TEST

START_TEST(a_new_password_ends_earlier_sign_ins)
{
	make_ann();
	struct user before = user_of("ann");
	set_well(set_password("ann", "new"));
	struct user now = user_of("ann");
	ck_assert_str_ne(now.stamp, before.stamp);
	ck_assert_str_eq(now.refresh_token, "");
	ck_assert(password_is("ann", "new"));
	ck_assert(!password_is("ann", "secret"));
}
END_TEST

START_TEST(a_token_set_with_a_password_stays)
{
	make_ann();
	set_well(set_role("ann", "writer"));
	set_well(change((struct lyre_user_change){ .name = "ann",
		.fields = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE | LYRE_USER_REFRESH_TOKEN,
		.password = "newer",
		.role = "reader",
		.active = 1,
		.refresh_token = "fresh" }));
	struct user now = user_of("ann");
	ck_assert_str_eq(now.refresh_token, "fresh");
	ck_assert_str_eq(now.role_id, "reader");
}
END_TEST

START_TEST(a_change_of_nothing_is_refused)
{
	make_ann();
	ck_assert_int_eq(change((struct lyre_user_change){ .name = "ann" }), LYRE_EINVAL);
}
END_TEST

START_TEST(an_empty_password_is_refused)
{
	make_ann();
	ck_assert_int_eq(set_password("ann", ""), LYRE_EINVAL);
	ck_assert(password_is("ann", "secret"));
}
END_TEST

START_TEST(a_role_that_is_not_there_cannot_be_given)
{
	make_ann();
	ck_refused(set_role("ann", "nope"), LYRE_ENOTFOUND, "nope role not found");
}
END_TEST

START_TEST(a_user_who_is_not_there_cannot_be_changed_or_dropped)
{
	ck_refused(set_active("x", true), LYRE_ENOTFOUND, "User x does not exist");
	ck_refused(drop("x"), LYRE_ENOTFOUND, "User x does not exist");
}
END_TEST

START_TEST(a_dropped_user_is_gone)
{
	make_ann();
	ck_assert_int_eq(drop("ann"), 0);
	ck_assert(!there("ann"));
}
END_TEST

/* ---- all users ---- */

static int note(void *arg, const char *name, const struct user *user)
{
	struct buf *b = arg;

	buf_addf(b, "%s(%s%s) ", name, user->role_id, user->active ? "" : ", inactive");
	return strcmp(name, "stop") == 0 ? 7 : 0;
}

START_TEST(users_are_listed_by_name)
{
	struct buf b;

	buf_init(&b);
	ck_assert_int_eq(users_each(users, note, &b, &err), 0);
	ck_assert_uint_eq(b.len, 0);
	add_role("r", "reader", "{}");
	add_well("carl", "super_user", true);
	add_well("ann", "reader", false);
	add_well("bob", "reader", true);
	ck_assert_int_eq(users_each(users, note, &b, &err), 0);
	ck_assert_str_eq(buf_cstr(&b), "ann(r, inactive) bob(r) carl(super_user) ");
	buf_free(&b);
}
END_TEST

START_TEST(the_list_of_users_can_be_ended)
{
	struct buf b;

	buf_init(&b);
	add_well("ann", "super_user", true);
	add_well("stop", "super_user", true);
	add_well("walter", "super_user", true);
	ck_assert_int_eq(users_each(users, note, &b, &err), 7);
	ck_assert_str_eq(buf_cstr(&b), "ann(super_user) stop(super_user) ");
	buf_free(&b);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_users");
	TCase *t = tcase_create("users");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_new_store_has_no_users);
	tcase_add_test(t, a_new_store_has_the_role_super_user);
	tcase_add_test(t, writes_of_users_are_not_logged);
	tcase_add_test(t, a_dropped_super_user_role_does_not_come_back);
	tcase_add_test(t, an_added_user_is_as_given);
	tcase_add_test(t, an_added_user_has_the_password);
	tcase_add_test(t, users_with_one_password_have_different_stamps_and_hashes);
	tcase_add_test(t, a_name_is_taken_once);
	tcase_add_test(t, a_user_needs_an_existing_role);
	tcase_add_test(t, a_user_needs_a_password);
	tcase_add_test(t, a_name_may_be_any_text);
	tcase_add_loop_test(t, a_name_must_be_a_text, 0, ROWS(bad_names));
	tcase_add_loop_test(t, an_impossible_name_is_not_found, 1, ROWS(bad_names));
	tcase_add_test(t, a_name_has_a_maximum_length);
	tcase_add_test(t, the_longest_names_differ_in_their_last_letter);
	tcase_add_test(t, a_password_has_a_maximum_length);
	tcase_add_test(t, a_token_is_stored_and_the_update_time_changes);
	tcase_add_test(t, another_role_keeps_the_credentials);
	tcase_add_test(t, a_deactivated_user_loses_stamp_and_token);
	tcase_add_test(t, a_user_activated_again_has_no_new_stamp);
	tcase_add_test(t, a_new_password_ends_earlier_sign_ins);
	tcase_add_test(t, a_token_set_with_a_password_stays);
	tcase_add_test(t, a_change_of_nothing_is_refused);
	tcase_add_test(t, an_empty_password_is_refused);
	tcase_add_test(t, a_role_that_is_not_there_cannot_be_given);
	tcase_add_test(t, a_user_who_is_not_there_cannot_be_changed_or_dropped);
	tcase_add_test(t, a_dropped_user_is_gone);
	tcase_add_test(t, users_are_listed_by_name);
	tcase_add_test(t, the_list_of_users_can_be_ended);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
