/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and attributes: created, found, dropped, and what is refused. */
#include "store_fixture.h"

/** Waits until the background has freed the dropped trees. */
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

/* ---- creating tables ---- */

START_TEST(a_table_is_made_once)
{
	make_table("dev", "dog");
	ck_refused(make_table_as("dev", "dog", NULL, -1, 0), LYRE_EEXISTS, "Table 'dog' already exists in 'dev'");
}
END_TEST

START_TEST(a_dynamic_table_has_a_key_and_two_times)
{
	make_table("dev", "dog");
	const struct table *t = table_of("dev", "dog");
	ck_assert_uint_eq(t->attribute_count, 3);
	ck_assert_str_eq(t->attributes[0].name, "id");
	ck_assert_str_eq(t->attributes[1].name, "__createdtime__");
	ck_assert_str_eq(t->attributes[2].name, "__updatedtime__");
	ck_assert(t->dynamic && t->expiration < 0);
	table_unref(t);
}
END_TEST

START_TEST(every_fault_of_the_attributes_is_listed)
{
	ck_refused(make_table_as("dev", "typed", "a:String:i id:int b:Bogus c c", -1, 0), LYRE_EINVAL,
		"Attribute 'b' has the unknown type 'Bogus'. Attribute 'c' is listed twice");
}
END_TEST

static void check_typed(void)
{
	const struct table *t = table_of("dev", "typed");
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
}

START_TEST(declared_attributes_stay_after_a_restart)
{
	ck_assert_int_eq(make_table_as("dev", "typed", "a:String:i id:int b:date c:BLOB:n", 60, 1), 0);
	check_typed();
	reopen_store();
	check_typed();
}
END_TEST

static void check_bare(void)
{
	const struct table *t = table_of("dev", "bare");
	ck_assert(!t->dynamic && t->attribute_count == 1);
	table_unref(t);
}

START_TEST(a_table_may_have_nothing_but_a_key)
{
	ck_assert_int_eq(make_table_as("dev", "bare", "", -1, 0), 0);
	check_bare();
	reopen_store();
	check_bare();
}
END_TEST

START_TEST(tables_are_listed_in_the_order_they_were_made)
{
	static const char *const wanted[] = { "dog", "bare", "typed" };
	struct arena a;
	const struct table **list;
	size_t count;
	struct database *db;
	arena_init(&a);
	make_table("dev", "dog");
	make_table("dev", "typed");
	make_table("dev", "bare");
	ck_assert_int_eq(store_drop_table(store, "dev", "typed", &err), 0);
	make_table("dev", "typed");
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(database_tables(db, &a, &list, &count, &err), 0);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < count; i++) {
		ck_assert_str_eq(list[i]->name, wanted[i]);
		table_unref(list[i]);
	}
	arena_free(&a);
	database_unref(db);
}
END_TEST

/* ---- dropping tables ---- */

START_TEST(a_table_that_is_not_there_cannot_be_dropped)
{
	make_table("dev", "dog");
	ck_refused(store_drop_table(store, "dev", "nope", &err), LYRE_ENOTFOUND, "Table 'dev.nope' does not exist");
	ck_refused(store_drop_table(store, "nope", "nope", &err), LYRE_ENOTFOUND, "database 'nope' does not exist");
}
END_TEST

START_TEST(a_table_of_system_cannot_be_dropped)
{
	ck_assert_int_eq(store_drop_table(store, "system", "x", &err), LYRE_EDENIED);
}
END_TEST

START_TEST(a_dropped_table_is_gone_for_its_holders)
{
	make_table("dev", "t");
	const struct table *now, *t = table_of("dev", "t");
	struct snapshot s;
	ck_assert_int_eq(store_drop_table(store, "dev", "t", &err), 0);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert(!snapshot_has(&s, t));
	snapshot_end(&s);
	ck_assert_int_eq(table_refresh(t, &now, &err), LYRE_ENOTFOUND);
	table_unref(t);
}
END_TEST

static void make_big(void)
{
	make_table("dev", "big");
	for (int i = 0; i < 20; i++) {
		char json[20000] = "[", *s = json + 1;
		for (int j = 0; j < 300; j++)
			s += sprintf(s, "%s{'id':%d,'a':%d}", j ? "," : "", i * 300 + j, j);
		strcpy(s, "]");
		insert("dev", "big", json);
	}
}

START_TEST(a_dropped_table_is_freed_after_a_restart)
{
	make_big();
	const struct table *t = table_of("dev", "big");
	ck_assert_int_eq(store_drop_table(store, "dev", "big", &err), 0);
	close_store();
	table_unref(t);
	open_store();
	wait_freed("dev");
	make_table("dev", "big");
	ck_assert_str_eq(show("dev", "big"), "");
	ck_assert_str_eq(insert("dev", "big", "[{'id':1,'a':2}]"), "1");
	check_indexes("dev", "big");
}
END_TEST

START_TEST(a_table_recreated_repeatedly_leaves_nothing)
{
	make_big();
	for (int i = 0; i < 50; i++) {
		ck_assert_int_eq(store_drop_table(store, "dev", "big", &err), 0);
		make_table("dev", "big");
		ck_assert_str_eq(insert("dev", "big", "[{'id':1,'a':2}]"), "1");
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

/* ---- attributes ---- */

static const struct lyre_attribute indexed_a = { .size = sizeof indexed_a, .name = "a", .flags = LYRE_A_INDEXED };

START_TEST(an_attribute_is_made_once)
{
	char id[37] = "", second[37];
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(table_create_attribute(t, &indexed_a, id, &err), 0);
	ck_assert_uint_eq(strlen(id), 36);
	ck_refused(table_create_attribute(t, &indexed_a, second, &err), LYRE_EEXISTS, "attribute 'a' already exists in dev.t");
	table_unref(t);
}
END_TEST

START_TEST(an_attribute_cannot_have_just_any_name)
{
	const struct lyre_attribute bad = { .size = sizeof bad, .name = "x/y" };
	char id[37];
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	ck_refused(table_create_attribute(t, &bad, id, &err), LYRE_EINVAL,
		"Attribute names cannot include backticks or forward slashes");
	table_unref(t);
}
END_TEST

START_TEST(an_attribute_that_is_not_there_can_be_dropped)
{
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(table_drop_attribute(t, "nope", &err), 0);
	table_unref(t);
}
END_TEST

START_TEST(the_key_and_the_times_cannot_be_dropped)
{
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	ck_refused(table_drop_attribute(t, "id", &err), LYRE_EINVAL, "You cannot drop a hash attribute");
	ck_refused(table_drop_attribute(t, "__createdtime__", &err), LYRE_EINVAL,
		"cannot drop internal timestamp attribute: __createdtime__");
	table_unref(t);
}
END_TEST

/** An indexed attribute with values, then dropped. \p id: its id */
static void make_and_drop_a(char id[37])
{
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(table_create_attribute(t, &indexed_a, id, &err), 0);
	ck_assert_str_eq(insert("dev", "t", "[{'id':1,'a':'old','b':1},{'id':2,'a':'old','b':2}]"), "1 2");
	ck_assert_int_eq(table_drop_attribute(t, "a", &err), 0);
	table_unref(t);
}

START_TEST(a_dropped_attribute_is_not_shown)
{
	char id[37];
	make_and_drop_a(id);
	ck_assert_str_eq(show("dev", "t"), "{1 b:1}{2 b:2}");
}
END_TEST

START_TEST(values_of_a_dropped_attribute_never_come_back)
{
	char id[37], second[37];
	make_and_drop_a(id);
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(table_create_attribute(t, &indexed_a, second, &err), 0);
	table_unref(t);
	ck_assert_str_ne(id, second);
	ck_assert_str_eq(show("dev", "t"), "{1 b:1}{2 b:2}");
	ck_assert_str_eq(update("dev", "t", "[{'id':2,'a':'new'}]"), "2");
	ck_assert_json_eq(show_by("dev", "t", "a", false), "{2 b:2 a:'new'}");
	check_indexes("dev", "t");
	reopen_store();
	ck_assert_json_eq(show("dev", "t"), "{1 b:1}{2 b:2 a:'new'}");
	wait_freed("dev");
	check_indexes("dev", "t");
}
END_TEST

/** A table with declared attributes, and records with undeclared ones. */
static const struct table *make_with_undeclared(void)
{
	ck_assert_int_eq(make_table_as("dev", "t", "id:Int a:String", -1, 0), 0);
	ck_assert_str_eq(insert("dev", "t", "[{'id':1,'z':[1,2]},{'id':2,'z':3}]"), "1 2");
	return table_of("dev", "t");
}

START_TEST(an_undeclared_attribute_is_kept_without_an_index)
{
	const struct table *t = make_with_undeclared();
	const struct attribute *z = table_attribute(t, "z", 1);
	ck_assert(z && !(z->flags & (ATTRIBUTE_DECLARED | ATTRIBUTE_INDEXED)));
	ck_assert(table_attribute(t, "a", 1)->flags & ATTRIBUTE_DECLARED);
	table_unref(t);
}
END_TEST

START_TEST(an_attribute_declared_later_finds_its_values)
{
	char id[37];
	struct lyre_attribute given = { .size = sizeof given, .name = "z", .flags = LYRE_A_INDEXED };
	const struct table *t = make_with_undeclared();
	ck_assert_int_eq(table_create_attribute(t, &given, id, &err), 0);
	table_unref(t);
	check_indexes("dev", "t");
	ck_assert_str_eq(show_by("dev", "t", "z", true), "{2 z:3}{1 z:[1,2]}{1 z:[1,2]}");
	t = table_of("dev", "t");
	const struct attribute *z = table_attribute(t, "z", 1);
	ck_assert(z->flags & ATTRIBUTE_DECLARED && z->flags & ATTRIBUTE_MULTI);
	table_unref(t);
}
END_TEST

START_TEST(a_time_attribute_declared_later_is_recognised)
{
	char id[37];
	struct lyre_attribute time = { .size = sizeof time, .name = "__updatedtime__" };
	const struct table *t = make_with_undeclared();
	ck_assert_int_eq(table_create_attribute(t, &time, id, &err), 0);
	table_unref(t);
	check_indexes("dev", "t");
	ck_assert_double_gt(stats_of("dev", "t").last_updated, 0);
}
END_TEST

/* ---- the maximum number of trees ---- */

static void open_with_8_trees(void)
{
	close_store();
	options.max_trees = 8;
	open_store();
	make_table("dev", "t");
	ck_assert_str_eq(insert("dev", "t", "[{'id':1,'a':1,'b':1}]"), "1");
}

START_TEST(a_write_that_needs_too_many_trees_is_refused_as_a_whole)
{
	open_with_8_trees();
	ck_assert_ptr_nonnull(strstr(insert("dev", "t", "[{'id':2,'c':1,'d':1,'e':1,'f':1}]"), "storage.maxTrees"));
	ck_assert_str_eq(show("dev", "t"), "{1 a:1 b:1}");
	ck_assert_str_eq(insert("dev", "t", "[{'id':2,'c':1,'d':1,'e':1}]"), "2");
}
END_TEST

START_TEST(a_dropped_table_leaves_room_for_trees)
{
	open_with_8_trees();
	ck_assert_str_eq(insert("dev", "t", "[{'id':2,'c':1,'d':1,'e':1}]"), "2");
	ck_assert_int_eq(make_table_as("dev", "u", "", -1, 0), LYRE_ENOSPACE);
	ck_assert_int_eq(store_drop_table(store, "dev", "t", &err), 0);
	wait_freed("dev");
	ck_assert_int_eq(make_table_as("dev", "u", "", -1, 0), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_tables");
	TCase *t = tcase_create("tables");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_table_is_made_once);
	tcase_add_test(t, a_dynamic_table_has_a_key_and_two_times);
	tcase_add_test(t, every_fault_of_the_attributes_is_listed);
	tcase_add_test(t, declared_attributes_stay_after_a_restart);
	tcase_add_test(t, a_table_may_have_nothing_but_a_key);
	tcase_add_test(t, tables_are_listed_in_the_order_they_were_made);
	tcase_add_test(t, a_table_that_is_not_there_cannot_be_dropped);
	tcase_add_test(t, a_table_of_system_cannot_be_dropped);
	tcase_add_test(t, a_dropped_table_is_gone_for_its_holders);
	tcase_add_test(t, a_dropped_table_is_freed_after_a_restart);
	tcase_add_test(t, a_table_recreated_repeatedly_leaves_nothing);
	tcase_add_test(t, an_attribute_is_made_once);
	tcase_add_test(t, an_attribute_cannot_have_just_any_name);
	tcase_add_test(t, an_attribute_that_is_not_there_can_be_dropped);
	tcase_add_test(t, the_key_and_the_times_cannot_be_dropped);
	tcase_add_test(t, a_dropped_attribute_is_not_shown);
	tcase_add_test(t, values_of_a_dropped_attribute_never_come_back);
	tcase_add_test(t, an_undeclared_attribute_is_kept_without_an_index);
	tcase_add_test(t, an_attribute_declared_later_finds_its_values);
	tcase_add_test(t, a_time_attribute_declared_later_is_recognised);
	tcase_add_test(t, a_write_that_needs_too_many_trees_is_refused_as_a_whole);
	tcase_add_test(t, a_dropped_table_leaves_room_for_trees);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
