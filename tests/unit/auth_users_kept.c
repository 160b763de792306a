/* SPDX-License-Identifier: Apache-2.0 */
/* What is preserved whatever happens: one super_user, passwords, records of others. */
#include "users_fixture.h"

#include <pthread.h>

/* ---- the last super_user ---- */

static void make_last_super_user(void)
{
	add_role(NULL, "reader", "{'super_user':false}");
	add_role("s2", "su2", "{'super_user':true}");
	add_well("ann", "super_user", true);
	add_well("bob", "reader", true);
	add_well("sleepy", "super_user", false);
}

START_TEST(the_last_super_user_cannot_be_dropped)
{
	make_last_super_user();
	ck_refused(drop("ann"), LYRE_ECONFLICT, "User ann is the last active super_user and cannot be dropped");
}
END_TEST

START_TEST(the_last_super_user_cannot_be_deactivated)
{
	make_last_super_user();
	ck_refused(set_active("ann", false), LYRE_ECONFLICT, "User ann is the last active super_user and cannot be made inactive");
}
END_TEST

START_TEST(the_last_super_user_cannot_be_given_another_role)
{
	make_last_super_user();
	ck_refused(set_role("ann", "reader"), LYRE_ECONFLICT,
		"User ann is the last active super_user and cannot be given a role that is not a super_user");
}
END_TEST

START_TEST(the_last_super_users_role_must_stay_one)
{
	make_last_super_user();
	ck_assert_str_eq(change_role("super_user", NULL, "{}"),
		"Role super_user must remain a super_user: there is no other active super_user");
	set_well(set_role("ann", "su2"));
	ck_assert_str_eq(change_role("s2", NULL, "{'super_user':'true'}"),
		"Role s2 must remain a super_user: there is no other active super_user");
}
END_TEST

START_TEST(a_refused_change_changes_nothing)
{
	make_last_super_user();
	ck_assert_int_eq(change((struct lyre_user_change){
				 .name = "ann", .fields = LYRE_USER_ROLE | LYRE_USER_ACTIVE, .role = "su2", .active = 0 }),
		LYRE_ECONFLICT);
	ck_assert(user_of("ann").active);
	ck_assert_str_eq(user_of("ann").role_id, "super_user");
}
END_TEST

START_TEST(harmless_changes_of_the_last_super_user_are_allowed)
{
	make_last_super_user();
	set_well(set_role("ann", "su2"));
	ck_assert_json_eq(change_role("super_user", NULL, "{}"), "id:'super_user' role:'super_user' permission:{}");
	ck_assert_json_eq(change_role("s2", "su3", "{'super_user':true}"), "id:'s2' role:'su3' permission:{'super_user':true}");
}
END_TEST

START_TEST(a_user_of_another_role_is_not_counted)
{
	make_last_super_user();
	ck_assert_int_eq(drop("bob"), 0);
	set_well(set_role("ann", "su2"));
	change_role("super_user", NULL, "{}");
	set_well(set_active("sleepy", true));
	ck_assert_int_eq(drop("ann"), LYRE_ECONFLICT);
}
END_TEST

START_TEST(the_first_super_user_can_be_dropped_if_there_is_a_second)
{
	make_last_super_user();
	set_well(set_active("sleepy", true));
	set_well(set_role("sleepy", "su2"));
	ck_assert_int_eq(drop("ann"), 0);
	ck_assert_int_eq(drop("sleepy"), LYRE_ECONFLICT);
}
END_TEST

static void *drop_one(void *arg)
{
	struct err e;

	return (void *)(intptr_t)users_drop(users, arg, &e);
}

START_TEST(concurrent_drops_leave_one_super_user)
{
	for (int i = 0; i < 50; i++) {
		pthread_t threads[2];
		void *rc[2];
		char *names[2] = { "ann", "bob" };

		for (int j = 0; j < 2; j++)
			if (!there(names[j]))
				add_well(names[j], "super_user", true);
		for (int j = 0; j < 2; j++)
			ck_assert_int_eq(pthread_create(&threads[j], NULL, drop_one, names[j]), 0);
		for (int j = 0; j < 2; j++)
			pthread_join(threads[j], &rc[j]);
		ck_assert_int_eq(there("ann") + there("bob"), 1);
		ck_assert_int_eq((intptr_t)rc[0] + (intptr_t)rc[1], LYRE_ECONFLICT);
	}
}
END_TEST

/* ---- hashes made with other costs ---- */

static const struct password_costs dearer = { 16, 2, 2 };

/** \return ann, whose password was hashed with the previous costs */
static struct user open_with_dearer_costs(void)
{
	add_well("ann", "super_user", true);
	users_close(users);
	ck_assert_int_eq(users_open(&users, store, &dearer, &err), 0);
	return user_of("ann");
}

START_TEST(a_hash_is_outdated_by_other_costs)
{
	struct user known = open_with_dearer_costs();
	ck_assert(!password_outdated(known.hash, &costs));
	ck_assert(password_outdated(known.hash, &dearer));
}
END_TEST

START_TEST(an_outdated_hash_is_replaced)
{
	struct user known = open_with_dearer_costs();
	ck_assert_int_eq(users_rehash(users, "ann", 3, &known, "secret", 6, &err), 0);
	struct user now = user_of("ann");
	ck_assert(!password_outdated(now.hash, &dearer));
	ck_assert(password_is("ann", "secret"));
	ck_assert_str_eq(now.stamp, known.stamp);
}
END_TEST

START_TEST(a_password_changed_meanwhile_is_not_replaced)
{
	struct user known = open_with_dearer_costs();
	set_well(set_password("ann", "new"));
	ck_assert_int_eq(users_rehash(users, "ann", 3, &known, "secret", 6, &err), 0);
	ck_assert(password_is("ann", "new"));
}
END_TEST

START_TEST(a_user_dropped_meanwhile_does_not_come_back)
{
	struct user known = open_with_dearer_costs();
	ck_assert_int_eq(users_rehash(users, "gone", 4, &known, "secret", 6, &err), 0);
	ck_assert(!there("gone"));
}
END_TEST

/* ---- records that others wrote into the table ---- */

static void write_odd_users(void)
{
	ck_assert_json_eq(upsert("system", "hdb_user",
				  "[{'username':'old','active':true,'role':'super_user','password':5},"
				  "{'username':'odd','active':'yes','role':[1],'stamp':{'a':1},'refresh_token':null},"
				  "{'username':5,'active':true,'role':'super_user'}]"),
		"'old' 'odd' 5");
}

START_TEST(missing_members_of_a_record_are_empty)
{
	write_odd_users();
	struct user user = user_of("old");
	ck_assert_str_eq(user.stamp, "");
	ck_assert_str_eq(user.hash, "");
	ck_assert_str_eq(user.refresh_token, "");
	ck_assert(user.active);
}
END_TEST

START_TEST(members_of_another_type_are_empty)
{
	write_odd_users();
	struct user user = user_of("odd");
	ck_assert(!user.active && !*user.role_id && !*user.stamp);
}
END_TEST

/** A record written by an older version has no stamp. */
START_TEST(a_user_without_a_stamp_gets_one)
{
	write_odd_users();
	ck_assert_int_eq(set_active("old", false), LYRE_ECONFLICT);
	add_well("ann", "super_user", true);
	set_well(set_active("old", false));
	ck_assert_uint_eq(strlen(user_of("old").stamp), 32);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_users_kept");
	TCase *t = tcase_create("kept");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, the_last_super_user_cannot_be_dropped);
	tcase_add_test(t, the_last_super_user_cannot_be_deactivated);
	tcase_add_test(t, the_last_super_user_cannot_be_given_another_role);
	tcase_add_test(t, the_last_super_users_role_must_stay_one);
	tcase_add_test(t, a_refused_change_changes_nothing);
	tcase_add_test(t, harmless_changes_of_the_last_super_user_are_allowed);
	tcase_add_test(t, a_user_of_another_role_is_not_counted);
	tcase_add_test(t, the_first_super_user_can_be_dropped_if_there_is_a_second);
	tcase_add_test(t, concurrent_drops_leave_one_super_user);
	tcase_add_test(t, a_hash_is_outdated_by_other_costs);
	tcase_add_test(t, an_outdated_hash_is_replaced);
	tcase_add_test(t, a_password_changed_meanwhile_is_not_replaced);
	tcase_add_test(t, a_user_dropped_meanwhile_does_not_come_back);
	tcase_add_test(t, missing_members_of_a_record_are_empty);
	tcase_add_test(t, members_of_another_type_are_empty);
	tcase_add_test(t, a_user_without_a_stamp_gets_one);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
