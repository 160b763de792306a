/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include <fcntl.h>
#include <sys/stat.h>

/** Waits until the background has freed what was dropped. */
static void wait_freed(const char *database)
{
	struct database *db;
	ck_assert_int_eq(store_database(store, database, &db, &err), 0);
	for (int i = 0; i < 500; i++) {
		struct snapshot s;
		MDB_stat st;
		ck_assert_int_eq(snapshot_begin(&s, db, &err), 0);
		ck_assert_int_eq(mdb_stat(s.txn, db->dropped, &st), 0);
		snapshot_end(&s);
		if (!st.ms_entries)
			break;
		ck_assert_int_lt(i, 499);
		usleep(10000);
	}
	database_unref(db);
}

START_TEST(databases)
{
	struct arena a;
	struct database **all;
	size_t count;
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
	ck_assert_int_eq(store_create_database(store, "dev", &err), LYRE_EEXISTS);
	ck_assert_str_eq(err.text, "database 'dev' already exists");
	ck_assert_int_eq(store_create_database(store, "system", &err), LYRE_EEXISTS);
	ck_assert_int_eq(store_create_database(store, "another", &err), 0);
	arena_init(&a);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(store_databases(store, &a, &all, &count, &err), 0);
		ck_assert_uint_eq(count, 3);
		ck_assert_str_eq(database_name(all[0]), "system");
		ck_assert_str_eq(database_name(all[1]), "dev");
		ck_assert_str_eq(database_name(all[2]), "another");
		for (size_t j = 0; j < count; j++)
			database_unref(all[j]);
		reopen_store();
	}
	arena_free(&a);
	ck_assert_int_eq(store_drop_database(store, "nope", &err), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "database 'nope' does not exist");
	ck_assert_int_eq(store_drop_database(store, "system", &err), LYRE_EDENIED);
	struct database *db;
	struct snapshot s;
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(store_drop_database(store, "dev", &err), 0);
	ck_assert_int_eq(snapshot_begin(&s, db, &err), LYRE_ENOTFOUND);
	database_unref(db);
	ck_assert_int_eq(store_drop_database(store, "dev", &err), LYRE_ENOTFOUND);
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
}
END_TEST

START_TEST(names)
{
	char longest[251], close[251];
	memset(longest, 'n', 250);
	longest[250] = '\0';
	strcpy(close, longest);
	close[249] = 'm';
	char spaces[251];
	memset(spaces, '"', 250);
	spaces[250] = '\0';
	const char *const all[] = { longest, close, spaces, "..", ".", "DEV", "dev", " lead", "a%b", "a~b", ".hidden", "a.mdb", "x.mdb.new" };
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

/* A copied file is a database of the copy's name. */
START_TEST(copied_file)
{
	char command[300];
	make_table("dev", "t");
	insert("dev", "t", "[{\"id\":1}]");
	close_store();
	snprintf(command, sizeof command, "cp %s/dev.mdb '%s/Copy of.mdb'", folder, folder);
	ck_assert_int_eq(system(command), 0);
	open_store();
	ck_assert_str_eq(show("Copy of", "t"), "{1}");
	ck_assert_str_eq(insert("Copy of", "t", "[{\"id\":2}]"), "2");
	ck_assert_str_eq(show("Copy of", "t"), "{1}{2}");
	ck_assert_str_eq(show("dev", "t"), "{1}");
}
END_TEST

/* What cannot be used is left alone, keeps its name, and does not keep the others from being used. */
START_TEST(damaged_files)
{
	char path[300];
	struct database *db;
	make_table("good", "t");
	make_table("newer", "t");
	ck_assert_int_eq(store_database(store, "newer", &db, &err), 0);
	snprintf(path, sizeof path, "%s", db->file);
	database_unref(db);
	close_store();
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi meta;
	MDB_val k = val("format", 6), v = val("\3\0\0\0", 4);
	ck_assert_int_eq(mdb_env_create(&env), 0);
	mdb_env_set_maxdbs(env, 4);
	ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, "meta", 0, &meta), 0);
	ck_assert_int_eq(mdb_put(txn, meta, &k, &v, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	snprintf(path, sizeof path, "%s/empty.mdb", folder);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof path, "%s/text.mdb", folder);
	FILE *f = fopen(path, "w");
	for (int i = 0; i < 3000; i++)
		fputs("no database ", f);
	fclose(f);
	snprintf(path, sizeof path, "%s/foreign.mdb", folder);
	ck_assert_int_eq(mdb_env_create(&env), 0);
	mdb_env_set_maxdbs(env, 4);
	ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, "other", MDB_CREATE, &meta), 0);
	ck_assert_int_eq(mdb_put(txn, meta, &k, &v, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	open_store();
	static const char *const bad[] = { "newer", "empty", "text", "foreign" };
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(store_database(store, bad[i], &db, &err), LYRE_ECORRUPT);
		ck_assert_int_eq(store_create_database(store, bad[i], &err), LYRE_EEXISTS);
		ck_assert_int_eq(store_drop_database(store, bad[i], &err), LYRE_ECORRUPT);
	}
	ck_assert_int_eq(store_database(store, "newer", &db, &err), LYRE_ECORRUPT);
	ck_assert_ptr_nonnull(strstr(err.text, "newer format 3"));
	ck_assert_str_eq(insert("good", "t", "[{\"id\":1}]"), "1");
}
END_TEST

START_TEST(one_server)
{
	struct store *other = NULL;
	ck_assert_int_eq(store_open(&other, &options, &err), LYRE_EBUSY);
}
END_TEST

START_TEST(tables)
{
	make_table("dev", "dog");
	ck_assert_int_eq(make_table_as("dev", "dog", NULL, -1, 0), LYRE_EEXISTS);
	ck_assert_str_eq(err.text, "Table 'dog' already exists in 'dev'");
	const struct table *t = table_of("dev", "dog");
	ck_assert_uint_eq(t->attribute_count, 3);
	ck_assert_str_eq(t->attributes[0].name, "id");
	ck_assert_str_eq(t->attributes[1].name, "__createdtime__");
	ck_assert_str_eq(t->attributes[2].name, "__updatedtime__");
	ck_assert(t->dynamic && t->expiration < 0);
	table_unref(t);
	ck_assert_int_eq(make_table_as("dev", "typed", "a:String:i id:int b:Bogus c c", -1, 0), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "Attribute 'b' has the unknown type 'Bogus'. Attribute 'c' is listed twice");
	ck_assert_int_eq(make_table_as("dev", "typed", "a:String:i id:int b:date c:BLOB:n", 60, 1), 0);
	ck_assert_int_eq(make_table_as("dev", "bare", "", -1, 0), 0);
	for (int i = 0; i < 2; i++) {
		t = table_of("dev", "typed");
		ck_assert_uint_eq(t->attribute_count, 4);
		ck_assert_str_eq(t->attributes[0].name, "id");
		ck_assert_str_eq(t->attributes[0].type_name, "int");
		ck_assert_int_eq(t->attributes[0].type, ATTRIBUTE_INT);
		ck_assert_int_eq(t->attributes[2].type, ATTRIBUTE_DATE);
		ck_assert_int_eq(t->attributes[3].type, ATTRIBUTE_BYTES);
		ck_assert(t->attributes[3].flags & ATTRIBUTE_NOT_NULL);
		ck_assert(t->attributes[1].index && !t->attributes[2].index);
		ck_assert(!t->dynamic && t->audit && t->expiration == 60000);
		table_unref(t);
		t = table_of("dev", "bare");
		ck_assert(!t->dynamic && t->attribute_count == 1);
		table_unref(t);
		reopen_store();
	}
	ck_assert_int_eq(store_drop_table(store, "dev", "nope", &err), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "Table 'dev.nope' does not exist");
	ck_assert_int_eq(store_drop_table(store, "nope", "nope", &err), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "database 'nope' does not exist");
	ck_assert_int_eq(store_drop_table(store, "system", "x", &err), LYRE_EDENIED);
	t = table_of("dev", "typed");
	ck_assert_int_eq(store_drop_table(store, "dev", "typed", &err), 0);
	struct snapshot s;
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert(!snapshot_has(&s, t));
	snapshot_end(&s);
	const struct table *now;
	ck_assert_int_eq(table_refresh(t, &now, &err), LYRE_ENOTFOUND);
	table_unref(t);
	ck_assert_int_eq(make_table_as("dev", "typed", NULL, -1, 0), 0);
	struct arena a;
	const struct table **list;
	size_t count;
	arena_init(&a);
	struct database *db;
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(database_tables(db, &a, &list, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(list[0]->name, "dog");
	ck_assert_str_eq(list[1]->name, "bare");
	ck_assert_str_eq(list[2]->name, "typed");
	for (size_t i = 0; i < count; i++)
		table_unref(list[i]);
	arena_free(&a);
	database_unref(db);
}
END_TEST

START_TEST(dropped_table_is_freed)
{
	make_table("dev", "big");
	for (int i = 0; i < 20; i++) {
		char json[20000] = "[", *s = json + 1;
		for (int j = 0; j < 300; j++)
			s += sprintf(s, "%s{\"id\":%d,\"a\":%d}", j ? "," : "", i * 300 + j, j);
		strcpy(s, "]");
		insert("dev", "big", json);
	}
	const struct table *t = table_of("dev", "big");
	ck_assert_int_eq(store_drop_table(store, "dev", "big", &err), 0);
	close_store(); /* it goes on after a restart */
	table_unref(t);
	open_store();
	wait_freed("dev");
	make_table("dev", "big");
	ck_assert_str_eq(show("dev", "big"), "");
	ck_assert_str_eq(insert("dev", "big", "[{\"id\":1,\"a\":2}]"), "1");
	check_indexes("dev", "big");
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(store_drop_table(store, "dev", "big", &err), 0);
		make_table("dev", "big");
		ck_assert_str_eq(insert("dev", "big", "[{\"id\":1,\"a\":2}]"), "1");
		ck_assert_str_eq(show("dev", "big"), "{1 a:2}");
	}
	wait_freed("dev");
	check_indexes("dev", "big");
	struct database *db;
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	close_store();
	ck_assert_uint_eq(db->writer.committed.trees, 4);
	database_unref(db);
}
END_TEST

START_TEST(attributes)
{
	char id[37] = "", second[37];
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	struct lyre_attribute a = { .size = sizeof a, .name = "a", .flags = LYRE_A_INDEXED }, bad = { .size = sizeof bad, .name = "x/y" };
	ck_assert_int_eq(table_create_attribute(t, &a, id, &err), 0);
	ck_assert_uint_eq(strlen(id), 36);
	ck_assert_int_eq(table_create_attribute(t, &a, second, &err), LYRE_EEXISTS);
	ck_assert_str_eq(err.text, "attribute 'a' already exists in dev.t");
	ck_assert_int_eq(table_create_attribute(t, &bad, second, &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "Attribute names cannot include backticks or forward slashes");
	ck_assert_int_eq(table_drop_attribute(t, "nope", &err), 0);
	ck_assert_int_eq(table_drop_attribute(t, "id", &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "You cannot drop a hash attribute");
	ck_assert_int_eq(table_drop_attribute(t, "__createdtime__", &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "cannot drop internal timestamp attribute: __createdtime__");
	/* values of a dropped attribute never come back */
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":1,\"a\":\"old\",\"b\":1},{\"id\":2,\"a\":\"old\",\"b\":2}]"), "1 2");
	ck_assert_int_eq(table_drop_attribute(t, "a", &err), 0);
	ck_assert_str_eq(show("dev", "t"), "{1 b:1}{2 b:2}");
	ck_assert_int_eq(table_create_attribute(t, &a, second, &err), 0);
	ck_assert_str_ne(id, second);
	ck_assert_str_eq(show("dev", "t"), "{1 b:1}{2 b:2}");
	ck_assert_str_eq(update("dev", "t", "[{\"id\":2,\"a\":\"new\"}]"), "2");
	ck_assert_str_eq(show_by("dev", "t", "a", false), "{2 b:2 a:\"new\"}");
	check_indexes("dev", "t");
	reopen_store();
	table_unref(t);
	ck_assert_str_eq(show("dev", "t"), "{1 b:1}{2 b:2 a:\"new\"}");
	wait_freed("dev");
	check_indexes("dev", "t");
}
END_TEST

/* On a table with declared attributes others are kept too; declaring one later finds its values. */
START_TEST(undeclared_attributes)
{
	char id[37];
	ck_assert_int_eq(make_table_as("dev", "t", "id:Int a:String", -1, 0), 0);
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":1,\"z\":[1,2]},{\"id\":2,\"z\":3}]"), "1 2");
	const struct table *t = table_of("dev", "t");
	const struct attribute *z = table_attribute(t, "z", 1);
	ck_assert(z && !(z->flags & (ATTRIBUTE_DECLARED | ATTRIBUTE_INDEXED)));
	ck_assert(table_attribute(t, "a", 1)->flags & ATTRIBUTE_DECLARED);
	struct lyre_attribute given = { .size = sizeof given, .name = "z", .flags = LYRE_A_INDEXED };
	struct lyre_attribute time = { .size = sizeof time, .name = "__updatedtime__" };
	ck_assert_int_eq(table_create_attribute(t, &given, id, &err), 0);
	ck_assert_int_eq(table_create_attribute(t, &time, id, &err), 0);
	table_unref(t);
	check_indexes("dev", "t");
	ck_assert_str_eq(show_by("dev", "t", "z", true), "{2 z:3}{1 z:[1,2]}{1 z:[1,2]}");
	t = table_of("dev", "t");
	z = table_attribute(t, "z", 1);
	ck_assert(z->flags & ATTRIBUTE_DECLARED && z->flags & ATTRIBUTE_MULTI);
	table_unref(t);
	ck_assert_double_gt(stats_of("dev", "t").last_updated, 0);
}
END_TEST

START_TEST(tree_limit)
{
	close_store();
	options.max_trees = 8;
	open_store();
	make_table("dev", "t");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":1,\"a\":1,\"b\":1}]"), "1");
	ck_assert_ptr_nonnull(strstr(insert("dev", "t", "[{\"id\":2,\"c\":1,\"d\":1,\"e\":1,\"f\":1}]"), "storage.maxTrees"));
	ck_assert_str_eq(show("dev", "t"), "{1 a:1 b:1}");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":2,\"c\":1,\"d\":1,\"e\":1}]"), "2");
	ck_assert_int_eq(make_table_as("dev", "u", "", -1, 0), LYRE_ENOSPACE);
	ck_assert_int_eq(store_drop_table(store, "dev", "t", &err), 0);
	wait_freed("dev");
	ck_assert_int_eq(make_table_as("dev", "u", "", -1, 0), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_tables");
	TCase *c = tcase_create("tables");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, databases);
	tcase_add_test(c, names);
	tcase_add_test(c, copied_file);
	tcase_add_test(c, damaged_files);
	tcase_add_test(c, one_server);
	tcase_add_test(c, tables);
	tcase_add_test(c, dropped_table_is_freed);
	tcase_add_test(c, attributes);
	tcase_add_test(c, undeclared_attributes);
	tcase_add_test(c, tree_limit);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
