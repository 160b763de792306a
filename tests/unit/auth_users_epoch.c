/* SPDX-License-Identifier: Apache-2.0 */
/* The epoch: tells caches of user data when to read again. */
#include "users_fixture.h"

#include <pthread.h>

static bool grew(uint64_t *epoch)
{
	uint64_t before = *epoch;

	*epoch = users_epoch(users);
	ck_assert_uint_ge(*epoch, before);
	return *epoch > before;
}

START_TEST(the_epoch_grows_with_changes_of_users)
{
	uint64_t epoch = users_epoch(users);

	add_well("ann", "super_user", true);
	ck_assert(grew(&epoch));
	set_token("ann", "x");
	ck_assert(grew(&epoch));
}
END_TEST

START_TEST(the_epoch_grows_with_changes_of_roles)
{
	uint64_t epoch = users_epoch(users);

	add_role(NULL, "r", "{}");
	ck_assert(grew(&epoch));
	change_role("r", NULL, "{'a':{}}");
	ck_assert(grew(&epoch));
	drop_role("r");
	ck_assert(grew(&epoch));
}
END_TEST

START_TEST(the_epoch_stays_if_nothing_was_changed)
{
	make_table("system", "other");
	add_well("ann", "super_user", true);
	uint64_t epoch = users_epoch(users);
	insert("system", "other", "[{'id':1,'new':2}]");
	ck_assert(!grew(&epoch));
	ck_assert(there("ann"));
	ck_assert_int_eq(drop("ann"), LYRE_ECONFLICT);
	ck_assert(!grew(&epoch));
}
END_TEST

START_TEST(the_epoch_grows_with_writes_of_others)
{
	uint64_t epoch = users_epoch(users);

	for (int i = 0; i < 3; i++) { /* each a new attribute, and so a new definition */
		const char *json = arena_printf(&arena, "[{'username':'ann','extra%d':1}]", i);
		ck_assert_json_eq(upsert("system", "hdb_user", json), "'ann'");
		ck_assert(grew(&epoch));
		ck_assert_json_eq(upsert("system", "hdb_user", json), "'ann'");
		ck_assert(grew(&epoch));
	}
}
END_TEST

START_TEST(the_epoch_continues_in_a_compacted_file)
{
	uint64_t before, after;

	add_well("ann", "super_user", true);
	ck_assert_msg(!store_compact(store, "system", &before, &after, &err), "%s", err.text);
	uint64_t epoch = users_epoch(users);
	set_token("ann", "y");
	ck_assert(grew(&epoch));
	ck_assert_str_eq(user_of("ann").refresh_token, "y");
	ck_assert(!grew(&epoch));
}
END_TEST

/** After a change was answered, every reader sees it, including those that read again only in a new epoch. */
static atomic_int answered;

static void *read_in_epochs(void *arg)
{
	struct arena a;
	uint64_t epoch = 0;
	int number = -1;
	struct err e;

	(void)arg;
	arena_init(&a);
	for (int must = 0; must < 300;) {
		must = atomic_load(&answered);
		uint64_t now = users_epoch(users);
		if (number < 0 || epoch != now) {
			struct user user;

			epoch = now;
			if (users_find(users, "ann", 3, &a, &user, &e))
				ck_abort_msg("the user is gone");
			number = atoi(user.refresh_token);
			arena_reset(&a);
		}
		if (number < must)
			ck_abort_msg("%d was answered, %d was seen", must, number);
	}
	arena_free(&a);
	return NULL;
}

START_TEST(the_epoch_is_never_newer_than_what_is_read)
{
	pthread_t threads[2];
	char text[16];

	add_well("ann", "super_user", true);
	set_token("ann", "0");
	atomic_store(&answered, 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_in_epochs, NULL), 0);
	for (int i = 1; i <= 300; i++) {
		snprintf(text, sizeof text, "%d", i);
		ck_assert_int_eq(set_token("ann", text), 0);
		atomic_store(&answered, i);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_users_epoch");
	TCase *t = tcase_create("epoch");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, the_epoch_grows_with_changes_of_users);
	tcase_add_test(t, the_epoch_grows_with_changes_of_roles);
	tcase_add_test(t, the_epoch_stays_if_nothing_was_changed);
	tcase_add_test(t, the_epoch_grows_with_writes_of_others);
	tcase_add_test(t, the_epoch_continues_in_a_compacted_file);
	tcase_add_test(t, the_epoch_is_never_newer_than_what_is_read);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
