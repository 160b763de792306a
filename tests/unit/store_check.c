/* SPDX-License-Identifier: Apache-2.0 */
/* The check of a database in use: finds damage done behind the store's back, and nothing in intact databases. */
#include "store/codec.h"
#include "store_fixture.h"

/* ---- changing the file while the store is closed ---- */

static MDB_env *env;
static MDB_txn *txn;

static void begin_damage(void)
{
	char path[128];
	close_store();
	snprintf(path, sizeof path, "%s/dev.mdb", folder);
	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 100), 0);
	ck_assert_int_eq(mdb_env_set_mapsize(env, 64 << 20), 0);
	ck_assert_int_eq(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
}

static void end_damage(void)
{
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	open_store();
}

static MDB_dbi tree(const char *name)
{
	MDB_dbi dbi;
	ck_assert_msg(mdb_dbi_open(txn, name, 0, &dbi) == 0, "%s", name);
	return dbi;
}

static MDB_dbi records_of(uint32_t table)
{
	char name[TREE_NAME_MAX];
	records_tree(name, table);
	return tree(name);
}

/** A copy of an entry's data. */
static MDB_val data_of(MDB_dbi dbi, MDB_val key)
{
	MDB_val data;
	ck_assert_int_eq(mdb_get(txn, dbi, &key, &data), 0);
	void *copy = malloc(data.mv_size);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data.mv_data, data.mv_size);
	return val(copy, data.mv_size);
}

static void put(MDB_dbi dbi, MDB_val key, MDB_val data)
{
	ck_assert_int_eq(mdb_put(txn, dbi, &key, &data, 0), 0);
}

static void del(MDB_dbi dbi, MDB_val key)
{
	ck_assert_int_eq(mdb_del(txn, dbi, &key, NULL), 0);
}

static void remove_log_entry(uint64_t sequence)
{
	unsigned char key[8];
	be_put(key, sequence, 8);
	del(tree("log"), val(key, sizeof key));
}

static MDB_val key_of(int64_t number)
{
	static struct key k;
	lyre_value v = value_int(number);
	ck_assert_int_eq(key_primary(&k, &v), 0);
	return val(k.bytes, k.len);
}

/* ---- the check ---- */

static const char *check(const char *database)
{
	struct lyre_check c = { .size = sizeof c };
	err = (struct err){ 0 };
	int rc = store_check(store, database, &c, &err);
	ck_assert_msg(!rc || rc == LYRE_ECORRUPT, "%d: %s", rc, err.text);
	return rc ? err.text : "sound";
}

static void finds(const char *what)
{
	const char *found = check("dev");
	ck_assert_msg(strstr(found, what), "'%s' was not found: %s", what, found);
}

static uint32_t dog, cat;
static char index_of_a[TREE_NAME_MAX];

/* Entries 1 to 8; dog has 1 (written twice in one request), 2, 4 and 5; cat, without expiry or a log, has 1. */
static void make_dogs(void)
{
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
	ck_assert_int_eq(make_table_as("dev", "dog", NULL, -1, 1), 0);
	ck_assert_int_eq(make_table_as("dev", "cat", NULL, -1, 0), 0);
	ck_assert_str_eq(insert("dev", "dog", "[{'id':1,'a':1},{'id':2,'a':1},{'id':3,'a':1}]"), "1 2 3");
	ck_assert_str_eq(insert("dev", "cat", "[{'id':1,'a':1}]"), "1");
	ck_assert_str_eq(update("dev", "dog", "[{'id':2,'a':2}]"), "2");
	ck_assert_str_eq(upsert("dev", "dog", "[{'id':1,'a':5},{'id':1,'a':6},{'id':1,'a':5}]"), "1 1 1");
	ck_assert_str_eq(delete ("dev", "dog", "[3]"), "3");
	ck_assert_str_eq(insert("dev", "dog", "[{'id':3,'a':3}]"), "3");
	ck_assert_str_eq(insert("dev", "dog", "[{'id':4,'a':4}]"), "4");
	ck_assert_str_eq(delete ("dev", "dog", "[3]"), "3");
	ck_assert_str_eq(insert("dev", "dog", "[{'id':5,'a':[5,6]}]"), "5");
	const struct table *t = table_of("dev", "dog");
	dog = t->id;
	index_tree(index_of_a, t->id, table_attribute(t, "a", 1)->id);
	table_unref(t);
	t = table_of("dev", "cat");
	cat = t->id;
	table_unref(t);
	ck_assert_str_eq(check("dev"), "sound");
}

START_TEST(a_lost_index_entry_is_found)
{
	make_dogs();
	begin_damage();
	MDB_cursor *cursor;
	MDB_val key, data;
	ck_assert_int_eq(mdb_cursor_open(txn, tree(index_of_a), &cursor), 0);
	ck_assert_int_eq(mdb_cursor_get(cursor, &key, &data, MDB_FIRST), 0);
	ck_assert_int_eq(mdb_cursor_del(cursor, 0), 0);
	mdb_cursor_close(cursor);
	end_damage();
	finds("the index of 'a' in table 'dog' lacks a record");
}
END_TEST

/* A record replaced by a state that it never had, with its time unchanged: if no index shows it, only the log does. */
START_TEST(a_changed_record_is_found)
{
	make_dogs();
	ck_assert_str_eq(insert("dev", "dog", "[{'id':9,'a':'b','list':{'x':77}}]"), "9");
	ck_assert_str_eq(check("dev"), "sound");
	begin_damage();
	MDB_dbi records = records_of(dog);
	MDB_val data = data_of(records, key_of(9));
	unsigned char *at = memrchr(data.mv_data, 77, data.mv_size); /* the times before it may contain this byte too */
	ck_assert_ptr_nonnull(at);
	*at = 78;
	put(records, key_of(9), data);
	free(data.mv_data);
	end_damage();
	finds("records of table 'dog' differ from the audit log");
}
END_TEST

START_TEST(a_lost_record_is_found)
{
	make_dogs();
	begin_damage();
	del(records_of(dog), key_of(5));
	end_damage();
	finds("entries without a record"); /* of its indexes */
	begin_damage();
	MDB_dbi dbi = tree(index_of_a);
	ck_assert_int_eq(mdb_drop(txn, dbi, 0), 0);
	end_damage();
	finds("lacks a record");
}
END_TEST

/* Without any index, only the log knows that there was a record. */
START_TEST(a_lost_record_without_an_index_is_found)
{
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
	ck_assert_int_eq(make_table_as("dev", "dog", "id:Int a:Int", -1, 1), 0);
	ck_assert_str_eq(insert("dev", "dog", "[{'id':1,'a':1},{'id':2,'a':1}]"), "1 2");
	ck_assert_str_eq(update("dev", "dog", "[{'id':2,'a':2}]"), "2");
	ck_assert_str_eq(check("dev"), "sound");
	const struct table *t = table_of("dev", "dog");
	dog = t->id;
	table_unref(t);

	begin_damage();
	MDB_dbi records = records_of(dog);
	MDB_val two = data_of(records, key_of(2));
	del(records, key_of(2));
	end_damage();
	finds("table 'dog' lacks records that are in the audit log: 1");

	/* an old state under a key of which the log has a newer one */
	begin_damage();
	MDB_val one = data_of(records_of(dog), key_of(1));
	put(records_of(dog), key_of(2), one);
	end_damage();
	finds("record 2 of table 'dog' is older than entry 2 of the audit log");

	/* a state from a time of which the log has nothing */
	begin_damage();
	double later = now_ms() + 1000;
	memcpy((unsigned char *)two.mv_data + 12, &later, sizeof later);
	ck_assert(record_updated((struct record){ two.mv_data, two.mv_size }) > later - 1);
	del(records_of(dog), key_of(2));
	put(records_of(dog), key_of(2), val(one.mv_data, one.mv_size));
	put(records_of(dog), key_of(2), two);
	put(records_of(dog), key_of(3), two);
	end_damage();
	finds("the audit log lacks the newest change of records of table 'dog': 1");
	free(one.mv_data);
	free(two.mv_data);
}
END_TEST

/* A record that the log says was deleted, as old as the log. */
START_TEST(a_deleted_record_that_is_back_is_found)
{
	make_dogs();
	begin_damage();
	MDB_val data = data_of(records_of(dog), key_of(2));
	end_damage();
	ck_assert_str_eq(delete ("dev", "dog", "[2]"), "2");
	begin_damage();
	put(records_of(dog), key_of(2), data);
	free(data.mv_data);
	end_damage();
	finds("record 2 of table 'dog' is older than entry 9 of the audit log");
}
END_TEST

START_TEST(lost_log_entries_are_found)
{
	make_dogs();
	begin_damage();
	remove_log_entry(3);
	remove_log_entry(4);
	end_damage();
	finds("the audit log lacks entries 3 to 4");
}
END_TEST

START_TEST(a_lost_last_log_entry_is_found)
{
	make_dogs();
	begin_damage();
	remove_log_entry(8);
	end_damage();
	finds("the audit log lacks the newest change of records of table 'dog': 1");
}
END_TEST

START_TEST(an_invalid_log_entry_is_found)
{
	make_dogs();
	unsigned char key[8];
	be_put(key, 8, 8);
	begin_damage();
	MDB_val data = data_of(tree("log"), val(key, sizeof key));
	put(tree("log"), val(key, sizeof key), val(data.mv_data, data.mv_size - 3));
	end_damage();
	finds("entry 8 of the audit log is invalid");
	begin_damage();
	((unsigned char *)data.mv_data)[1] |= 1; /* mark it as continued */
	put(tree("log"), val(key, sizeof key), data);
	end_damage();
	finds("entry 8 of the audit log is not the end of its write");
	free(data.mv_data);
}
END_TEST

/* A table without audit is not compared. */
START_TEST(a_table_without_a_log_is_not_compared)
{
	make_dogs();
	for (int i = 0; i < 20; i++) {
		ck_assert_str_eq(upsert("dev", "cat", "[{'id':1,'a':1},{'id':2,'a':1}]"), "1 2");
		ck_assert_str_eq(delete ("dev", "cat", "[2]"), "2");
	}
	ck_assert_str_eq(check("dev"), "sound");
	ck_assert_str_eq(check("system"), "sound");
}
END_TEST

/* Whatever part of the log is kept, even the second half of a write. */
START_TEST(any_remaining_part_of_the_log_is_valid)
{
	make_dogs();
	struct buf b;
	buf_init(&b);
	for (int i = 0; i < 30; i++)
		buf_addf(&b, "%c{'id':%d,'text':'%0*d'}", i ? ',' : '[', 100 + i, 100000, i);
	buf_add_str(&b, "]");
	ck_assert_ptr_nonnull(strstr(insert("dev", "dog", buf_cstr(&b)), "129"));
	buf_free(&b);
	ck_assert_str_eq(delete ("dev", "dog", "[1,105,129]"), "1 105 129");
	ck_assert_str_eq(update("dev", "dog", "[{'id':2,'a':7},{'id':110,'a':1}]"), "2 110");
	ck_assert_str_eq(check("dev"), "sound");
	uint64_t last = 0;
	begin_damage();
	MDB_stat st;
	ck_assert_int_eq(mdb_stat(txn, tree("log"), &st), 0);
	last = st.ms_entries;
	end_damage();
	ck_assert_uint_gt(last, 12); /* the large write has several */
	for (uint64_t i = 1; i < last; i++) {
		begin_damage();
		remove_log_entry(i);
		end_damage();
		ck_assert_str_eq(check("dev"), "sound");
	}
	/* without any log, as in a backup of some tables */
	begin_damage();
	ck_assert_int_eq(mdb_drop(txn, tree("log"), 1), 0);
	end_damage();
	ck_assert_str_eq(check("dev"), "sound");
	ck_assert_str_eq(upsert("dev", "dog", "[{'id':2,'a':8},{'id':200,'a':1}]"), "2 200");
	ck_assert_str_eq(check("dev"), "sound");
}
END_TEST

/* Audit enabled after records existed. */
START_TEST(a_log_enabled_later_is_checked)
{
	make_dogs();
	begin_damage();
	unsigned char key[ATTRIBUTE_KEY_LEN];
	table_key(key, cat, 0);
	MDB_val data = data_of(tree("tables"), val(key, TABLE_KEY_LEN));
	((unsigned char *)data.mv_data)[1] |= 2;
	put(tree("tables"), val(key, TABLE_KEY_LEN), data);
	free(data.mv_data);
	end_damage();
	const struct table *t = table_of("dev", "cat");
	ck_assert(t->audit);
	table_unref(t);
	ck_assert_str_eq(check("dev"), "sound");
	ck_assert_str_eq(insert("dev", "cat", "[{'id':2,'a':1}]"), "2");
	ck_assert_str_eq(update("dev", "cat", "[{'id':1,'a':3}]"), "1");
	ck_assert_str_eq(check("dev"), "sound");
	begin_damage();
	remove_log_entry(10);
	end_damage();
	finds("the audit log lacks the newest change of");
}
END_TEST

/* Expired records leave no entry. */
START_TEST(expired_records_are_sound)
{
	ck_assert_int_eq(store_create_database(store, "dev", &err), 0);
	ck_assert_int_eq(make_table_as("dev", "dog", NULL, 0.1, 1), 0);
	ck_assert_int_eq(make_table_as("dev", "cat", NULL, 3600, 1), 0);
	ck_assert_str_eq(insert("dev", "dog", "[{'id':1,'a':1},{'id':2,'a':1}]"), "1 2");
	ck_assert_str_eq(insert("dev", "cat", "[{'id':1,'a':1},{'id':2,'a':1}]"), "1 2");
	ck_assert_str_eq(check("dev"), "sound");
	usleep(150000);
	ck_assert_str_eq(insert("dev", "dog", "[{'id':1,'a':2}]"), "1");
	ck_assert_str_eq(check("dev"), "sound");
	const struct table *t = table_of("dev", "dog");
	for (int i = 0; records_stored(t); i++) {
		ck_assert_int_lt(i, 6000);
		usleep(10000);
	}
	table_unref(t);
	ck_assert_str_eq(check("dev"), "sound");
	ck_assert_str_eq(update("dev", "cat", "[{'id':1,'a':9}]"), "1");
	ck_assert_str_eq(check("dev"), "sound");
	begin_damage();
	remove_log_entry(4);
	end_damage();
	finds("records of table 'cat' differ from the audit log");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_check");
	TCase *c = tcase_create("check");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_lost_index_entry_is_found);
	tcase_add_test(c, a_changed_record_is_found);
	tcase_add_test(c, a_lost_record_is_found);
	tcase_add_test(c, a_lost_record_without_an_index_is_found);
	tcase_add_test(c, a_deleted_record_that_is_back_is_found);
	tcase_add_test(c, lost_log_entries_are_found);
	tcase_add_test(c, a_lost_last_log_entry_is_found);
	tcase_add_test(c, an_invalid_log_entry_is_found);
	tcase_add_test(c, a_table_without_a_log_is_not_compared);
	tcase_add_test(c, any_remaining_part_of_the_log_is_valid);
	tcase_add_test(c, a_log_enabled_later_is_checked);
	tcase_add_test(c, expired_records_are_sound);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
