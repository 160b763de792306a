/* SPDX-License-Identifier: Apache-2.0 */
/* Databases: created, listed, dropped; their files, and files that are not databases. */
#include "store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

static void make_two_databases(void)
{
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
	ck_assert_int_eq(store_create_database(store, "another", &err), 0);
}

START_TEST(a_database_is_made_once)
{
	make_two_databases();
	ck_assert_int_eq(store_create_database(store, "dev", &err), LYRE_EEXISTS);
	ck_assert_str_eq(err.text, "database 'dev' already exists");
	ck_assert_int_eq(store_create_database(store, "system", &err), LYRE_EEXISTS);
}
END_TEST

static void check_list(void)
{
	static const char *const wanted[] = { "system", "dev", "another" };
	struct arena a;
	struct database **all;
	size_t count;
	arena_init(&a);
	ck_assert_int_eq(store_databases(store, &a, &all, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(database_name(all[i]), wanted[i]);
		database_unref(all[i]);
	}
	arena_free(&a);
}

START_TEST(databases_are_listed_in_the_order_they_were_made)
{
	make_two_databases();
	check_list();
	reopen_store();
	check_list();
}
END_TEST

START_TEST(a_database_that_is_not_there_cannot_be_dropped)
{
	ck_assert_int_eq(store_drop_database(store, "nope", &err), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "database 'nope' does not exist");
}
END_TEST

START_TEST(the_system_database_cannot_be_dropped)
{
	ck_assert_int_eq(store_drop_database(store, "system", &err), LYRE_EDENIED);
}
END_TEST

START_TEST(a_dropped_database_is_gone_for_its_holders)
{
	struct database *db;
	struct snapshot s;
	make_two_databases();
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(store_drop_database(store, "dev", &err), 0);
	ck_assert_int_eq(snapshot_begin(&s, db, &err), LYRE_ENOTFOUND);
	database_unref(db);
}
END_TEST

START_TEST(a_dropped_database_can_be_made_again)
{
	make_two_databases();
	ck_assert_int_eq(store_drop_database(store, "dev", &err), 0);
	ck_assert_int_eq(store_drop_database(store, "dev", &err), LYRE_ENOTFOUND);
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
}
END_TEST

START_TEST(any_name_makes_a_file_of_its_own)
{
	char longest[251], close[251];
	memset(longest, 'n', 250);
	longest[250] = '\0';
	strcpy(close, longest);
	close[249] = 'm';
	char spaces[251];
	memset(spaces, '"', 250);
	spaces[250] = '\0';
	const char *const all[] = { longest, close, spaces, "..", ".", "DEV", "dev", " lead", "a%b", "a~b", ".hidden", "a.mdb",
		"x.mdb.new" };
	size_t n = sizeof all / sizeof *all;
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(!store_create_database(store, all[i], &err), "%s", err.text);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(store_create_database(store, all[i], &err), LYRE_EEXISTS);
	for (size_t i = 0; i < n; i++)
		make_table(all[i], "t");
	reopen_store();
	for (size_t i = 0; i < n; i++) {
		const struct table *t = table_of(all[i], "t");
		ck_assert_str_eq(t->database, all[i]);
		table_unref(t);
		ck_assert_int_eq(store_drop_database(store, all[i], &err), 0);
	}
	char command[100];
	snprintf(command, sizeof command, "test $(ls %s | wc -l) = 2", folder);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_copied_file_is_a_database)
{
	char command[300];
	make_table("dev", "t");
	insert("dev", "t", "[{'id':1}]");
	close_store();
	snprintf(command, sizeof command, "cp %s/dev.mdb '%s/Copy of.mdb'", folder, folder);
	ck_assert_int_eq(system(command), 0);
	open_store();
	ck_assert_str_eq(show("Copy of", "t"), "{1}");
	ck_assert_str_eq(insert("Copy of", "t", "[{'id':2}]"), "2");
	ck_assert_str_eq(show("Copy of", "t"), "{1}{2}");
	ck_assert_str_eq(show("dev", "t"), "{1}");
}
END_TEST

/* ---- unusable databases are left alone, keep their names, and do not affect the others ---- */

/** Writes a format into the tree \p tree of an LMDB file. */
static void write_format(const char *path, const char *tree, unsigned flags)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi meta;
	MDB_val k = val("format", 6), v = val("\3\0\0\0", 4);
	ck_assert_int_eq(mdb_env_create(&env), 0);
	mdb_env_set_maxdbs(env, 4);
	ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, tree, flags, &meta), 0);
	ck_assert_int_eq(mdb_put(txn, meta, &k, &v, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
}

static void make_newer(const char *path)
{
	write_format(path, "meta", 0);
}

static void make_empty(const char *path)
{
	close(open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600));
}

static void make_text(const char *path)
{
	FILE *f = fopen(path, "w");
	for (int i = 0; i < 3000; i++)
		fputs("no database ", f);
	fclose(f);
}

static void make_foreign(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	write_format(path, "other", MDB_CREATE);
}

static const struct {
	const char *name;
	void (*make)(const char *path);
	const char *said;
} unusable[] = {
	{ "newer format", make_newer, "newer format 3" },
	{ "empty file", make_empty, "" },
	{ "text", make_text, "" },
	{ "LMDB file of another program", make_foreign, "" },
};

/** A good database, and one whose file is made unusable. */
static void make_unusable(int which)
{
	struct database *db;
	char path[300];
	make_table("good", "t");
	make_table("bad", "t");
	ck_assert_int_eq(store_database(store, "bad", &db, &err), 0);
	snprintf(path, sizeof path, "%s", db->file);
	database_unref(db);
	close_store();
	unusable[which].make(path);
	open_store();
}

START_TEST(an_unusable_file_is_reported_as_corrupt)
{
	struct database *db;
	make_unusable(_i);
	ck_assert_row_int_eq(unusable[_i].name, store_database(store, "bad", &db, &err), LYRE_ECORRUPT);
	ck_assert_msg(strstr(err.text, unusable[_i].said) != NULL, "%s: %s", unusable[_i].name, err.text);
}
END_TEST

START_TEST(an_unusable_file_keeps_its_name)
{
	make_unusable(_i);
	ck_assert_row_int_eq(unusable[_i].name, store_create_database(store, "bad", &err), LYRE_EEXISTS);
	ck_assert_row_int_eq(unusable[_i].name, store_drop_database(store, "bad", &err), LYRE_ECORRUPT);
}
END_TEST

START_TEST(an_unusable_file_does_not_affect_others)
{
	make_unusable(_i);
	ck_assert_row_str_eq(unusable[_i].name, insert("good", "t", "[{'id':1}]"), "1");
}
END_TEST

START_TEST(a_second_server_finds_the_store_busy)
{
	struct store *other = NULL;
	ck_assert_int_eq(store_open(&other, &options, &err), LYRE_EBUSY);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_databases");
	TCase *t = tcase_create("databases");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_database_is_made_once);
	tcase_add_test(t, databases_are_listed_in_the_order_they_were_made);
	tcase_add_test(t, a_database_that_is_not_there_cannot_be_dropped);
	tcase_add_test(t, the_system_database_cannot_be_dropped);
	tcase_add_test(t, a_dropped_database_is_gone_for_its_holders);
	tcase_add_test(t, a_dropped_database_can_be_made_again);
	tcase_add_test(t, any_name_makes_a_file_of_its_own);
	tcase_add_test(t, a_copied_file_is_a_database);
	tcase_add_loop_test(t, an_unusable_file_is_reported_as_corrupt, 0, ROWS(unusable));
	tcase_add_loop_test(t, an_unusable_file_keeps_its_name, 0, ROWS(unusable));
	tcase_add_loop_test(t, an_unusable_file_does_not_affect_others, 0, ROWS(unusable));
	tcase_add_test(t, a_second_server_finds_the_store_busy);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
