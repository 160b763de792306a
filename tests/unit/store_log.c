/* SPDX-License-Identifier: Apache-2.0 */
/* Records that expire, and the audit log. */
#include "store_fixture.h"

START_TEST(records_with_a_zero_ttl_are_gone_at_once)
{
	ck_assert_int_eq(make_table_as("dev", "now", NULL, 0, 0), 0);
	ck_assert_str_eq(insert("dev", "now", "[{'id':1}]"), "1");
	ck_assert_str_eq(insert("dev", "now", "[{'id':1}]"), "1");
	ck_assert_str_eq(show("dev", "now"), "");
	ck_assert_str_eq(update("dev", "now", "[{'id':1}]"), "-1");
	check_indexes("dev", "now");
}
END_TEST

START_TEST(records_exist_until_they_expire)
{
	ck_assert_int_eq(make_table_as("dev", "t", "id a::i __updatedtime__", 60, 0), 0);
	ck_assert_str_eq(insert("dev", "t", "[{'id':1,'a':1},{'id':2,'a':[2,3]}]"), "1 2");
	ck_assert_str_eq(show("dev", "t"), "{1 a:1}{2 a:[2,3]}");
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 2);
	ck_assert_double_gt(stats_of("dev", "t").last_updated, 0);
}
END_TEST

/** A table whose records live for this many seconds, and two expired records. */
static void make_expired(double seconds)
{
	ck_assert_int_eq(make_table_as("dev", "t", "id a::i __updatedtime__", seconds, 0), 0);
	ck_assert_str_eq(insert("dev", "t", "[{'id':1,'a':1},{'id':2,'a':[2,3]}]"), "1 2");
	for (int i = 0; stats_of("dev", "t").record_count; i++) {
		ck_assert_int_lt(i, 6000);
		usleep(10000);
	}
}

START_TEST(expired_records_are_not_seen)
{
	make_expired(0.3);
	ck_assert_str_eq(show("dev", "t"), "");
	ck_assert_double_eq(stats_of("dev", "t").last_updated, 0);
}
END_TEST

START_TEST(nothing_of_an_expired_record_comes_back)
{
	make_expired(1);
	ck_assert_str_eq(upsert("dev", "t", "[{'id':1,'b':1}]"), "1");
	ck_assert_str_eq(show("dev", "t"), "{1 b:1}");
	check_indexes("dev", "t");
}
END_TEST

START_TEST(expired_records_are_swept)
{
	make_expired(0.3);
	const struct table *t = table_of("dev", "t");
	for (int i = 0; records_stored(t); i++) {
		ck_assert_int_lt(i, 6000);
		usleep(10000);
	}
	table_unref(t);
	check_indexes("dev", "t");
}
END_TEST

/* ---- the audit log ---- */

/** The log from a position on, as text: "1 insert(1) 2 …". */
static const char *show_log(uint64_t after, uint64_t *last)
{
	static char text[4000];
	static const char *const modes[] = { "insert", "update", "upsert", "delete" };
	struct database *db;
	struct snapshot s;
	struct commit_log l;
	struct commit_entry entry;
	struct arena a;
	struct buf b;
	arena_init(&a);
	buf_init(&b);
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(snapshot_begin(&s, db, &err), 0);
	ck_assert_int_eq(commit_log_open(&l, &s, after, &err), 0);
	int rc;
	while ((rc = commit_log_next(&l, &entry, &err)) != LYRE_END) {
		if (rc == LYRE_ENOTFOUND) {
			buf_add_str(&b, "gap ");
			continue;
		}
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(entry.user.len, 3);
		ck_assert(!memcmp(entry.user.data, "ann", 3) && !memcmp(entry.node.data, "one", 3) &&
			!memcmp(entry.database.data, "dev", 3));
		buf_addf(&b, "%s(", modes[entry.mode]);
		struct commit_change change;
		uint32_t n = 0;
		while (!(rc = commit_change_next(&entry.changes, &change))) {
			lyre_value key;
			ck_assert(key_primary_value(change.key.data, change.key.len, &a, &key));
			buf_add_str(&b, n++ ? " " : "");
			json_add_value(&b, &key);
			buf_addf(&b, "%s%s", change.before.data ? "-" : "", change.after.data ? "+" : "");
		}
		ck_assert_int_eq(rc, LYRE_END);
		ck_assert_uint_eq(n, entry.count);
		buf_addf(&b, ")%s ", entry.continued ? "…" : "");
		*last = entry.sequence;
	}
	commit_log_close(&l);
	snapshot_end(&s);
	database_unref(db);
	snprintf(text, sizeof text, "%s", b.len ? buf_cstr(&b) : "");
	buf_free(&b);
	arena_free(&a);
	return text;
}

START_TEST(a_table_that_is_not_audited_is_not_logged)
{
	uint64_t last = 0;
	make_table("dev", "quiet");
	insert("dev", "quiet", "[{'id':1}]");
	ck_assert_str_eq(show_log(0, &last), "");
}
END_TEST

/** Two entries in the log. */
static void make_log(void)
{
	ck_assert_int_eq(make_table_as("dev", "t", NULL, -1, 1), 0);
	insert("dev", "t", "[{'id':1},{'id':2},{'id':1}]");
	insert("dev", "t", "[{'id':1}]"); /* changes nothing */
	upsert("dev", "t", "[{'id':2,'a':1},{'id':'x'}]");
}

START_TEST(the_log_has_what_was_changed)
{
	uint64_t last = 0;
	make_log();
	ck_assert_json_eq(show_log(0, &last), "insert(1+ 2+) upsert(2-+ 'x'+) ");
	ck_assert_uint_eq(last, 2);
	ck_assert_uint_gt(stats_of("dev", "t").audit_size, 0);
}
END_TEST

START_TEST(the_log_continues_after_a_restart)
{
	uint64_t last = 2;
	make_log();
	reopen_store();
	delete ("dev", "t", "[2,3]");
	ck_assert_str_eq(show_log(last, &last), "delete(2-) ");
	ck_assert_uint_eq(last, 3);
	ck_assert_str_eq(show_log(last, &last), "");
}
END_TEST

/* So that no number is used twice. */
START_TEST(the_newest_entry_stays)
{
	uint64_t last = 2;
	make_log();
	delete ("dev", "t", "[2,3]");
	close_store();
	options.audit_retention = 1;
	open_store();
	for (int i = 0; strcmp(show_log(0, &last), "gap delete(2-) ") != 0; i++) {
		ck_assert_int_lt(i, 6000);
		usleep(10000);
	}
	insert("dev", "t", "[{'id':9}]");
	ck_assert_str_eq(show_log(last, &last), "insert(9+) ");
	ck_assert_uint_eq(last, 4);
}
END_TEST

/* And in one transaction. */
START_TEST(a_large_write_has_some_entries_in_the_log)
{
	struct buf b;
	buf_init(&b);
	ck_assert_int_eq(make_table_as("dev", "t", NULL, -1, 1), 0);
	buf_add_str(&b, "[");
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "%s{'id':%d,'name':'somebody number %d','age':%d,'c%d':1}", i ? "," : "", i, i, i % 100, i % 70);
	buf_add_str(&b, "]");
	(void)insert("dev", "t", buf_cstr(&b));
	buf_free(&b);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 20000);
	struct database *db;
	struct snapshot s;
	struct commit_log l;
	struct commit_entry entry;
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	ck_assert_int_eq(snapshot_begin(&s, db, &err), 0);
	ck_assert_int_eq(commit_log_open(&l, &s, 0, &err), 0);
	size_t changes = 0, entries = 0;
	while (!commit_log_next(&l, &entry, &err)) {
		changes += entry.count;
		entries++;
	}
	ck_assert_uint_eq(changes, 20000);
	ck_assert_uint_gt(entries, 1);
	ck_assert(!entry.continued);
	commit_log_close(&l);
	snapshot_end(&s);
	database_unref(db);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_log");
	TCase *t = tcase_create("log");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, records_with_a_zero_ttl_are_gone_at_once);
	tcase_add_test(t, records_exist_until_they_expire);
	tcase_add_test(t, expired_records_are_not_seen);
	tcase_add_test(t, nothing_of_an_expired_record_comes_back);
	tcase_add_test(t, expired_records_are_swept);
	tcase_add_test(t, a_table_that_is_not_audited_is_not_logged);
	tcase_add_test(t, the_log_has_what_was_changed);
	tcase_add_test(t, the_log_continues_after_a_restart);
	tcase_add_test(t, the_newest_entry_stays);
	tcase_add_test(t, a_large_write_has_some_entries_in_the_log);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
