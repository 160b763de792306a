/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "store/changes.h"

static struct buf seen;

static void begin(void)
{
	setup();
	buf_init(&seen);
}

static void end(void)
{
	buf_free(&seen);
	teardown();
}

static void make_logged(const char *name)
{
	ck_assert_msg(!make_table_as("dev", name, NULL, -1, 1), "%s", err.text);
}

/** One word per change: "1+3" key 1, inserted in the third write seen; - deleted, = changed. */
struct seeing {
	uint64_t sequence;
	int writes;
	double time;
	bool newest_first;
};

static int see(void *arg, const struct table_change *c)
{
	struct seeing *s = arg;
	struct arena a;
	lyre_value key;
	arena_init(&a);
	if (s->writes && c->sequence != s->sequence)
		ck_assert(s->newest_first ? c->sequence < s->sequence && c->time < s->time :
					    c->sequence > s->sequence && c->time > s->time);
	s->writes += c->sequence != s->sequence;
	s->sequence = c->sequence;
	s->time = c->time;
	struct record r = c->change.after.data ? c->change.after : c->change.before;
	ck_assert_int_eq(record_key(c->table, c->change.key.data, c->change.key.len, r, &a, &key), 0);
	json_add_value(&seen, &key);
	buf_addf(&seen, "%c%d ", !c->change.before.data ? '+' : c->change.after.data ? '=' : '-', s->writes);
	arena_free(&a);
	return 0;
}

static struct lyre_change_query everything(void)
{
	return (struct lyre_change_query){
		.size = sizeof(struct lyre_change_query), .from = NAN, .until = NAN, .limit = UINT64_MAX
	};
}

static const char *changes(const char *name, struct lyre_change_query q)
{
	const struct table *t = table_of("dev", name);
	struct seeing s = { .newest_first = q.newest_first };
	buf_clear(&seen);
	int rc = table_changes(t, &q, see, &s, &err);
	table_unref(t);
	ck_assert_msg(!rc, "%s", err.text);
	return seen.len ? buf_cstr(&seen) : "";
}

static int note_time(void *arg, const struct table_change *c)
{
	double *times = arg;
	for (size_t i = 0; i < 20; i++) {
		if (times[i] >= c->time)
			return 0;
		if (times[i] <= 0) {
			times[i] = c->time;
			return 0;
		}
	}
	return 0;
}

/** The times of the table's writes, oldest first. */
static void times_of(const char *name, double times[20])
{
	const struct table *t = table_of("dev", name);
	struct lyre_change_query q = everything();
	memset(times, 0, 20 * sizeof *times);
	ck_assert_int_eq(table_changes(t, &q, note_time, times, &err), 0);
	table_unref(t);
}

static uint64_t remove_before(const char *name, double before)
{
	const struct table *t = table_of("dev", name);
	uint64_t removed;
	int rc = table_changes_remove(t, before, NULL, NULL, &removed, &err);
	table_unref(t);
	ck_assert_msg(!rc, "%s", err.text);
	return removed;
}

/** Entries of the log, numbered without gaps: "7:2 8:0", number and changes. */
static const char *entries(void)
{
	static char text[4000];
	const struct table *t = table_of("dev", "a");
	struct snapshot s;
	struct commit_log l;
	struct commit_entry entry;
	size_t len = 0;
	int rc;
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(commit_log_open(&l, &s, 0, &err), 0);
	text[0] = '\0';
	for (uint64_t last = 0; (rc = commit_log_next(&l, &entry, &err)) != LYRE_END;) {
		if (rc == LYRE_ENOTFOUND && !last)
			continue; /* the first ones were removed */
		ck_assert_int_eq(rc, 0);
		ck_assert(!last || entry.sequence == last + 1);
		last = entry.sequence;
		len += (size_t)snprintf(text + len, sizeof text - len, "%llu:%u ", (unsigned long long)last, entry.count);
	}
	commit_log_close(&l);
	snapshot_end(&s);
	table_unref(t);
	return text;
}

static void write_some(void)
{
	make_logged("a");
	make_logged("b");
	insert("dev", "a", "[{'id':1},{'id':2}]");
	insert("dev", "b", "[{'id':7}]");
	update("dev", "a", "[{'id':1,'x':1}]");
	delete ("dev", "b", "[7]");
	upsert("dev", "a", "[{'id':1,'x':2},{'id':'long'}]");
	delete ("dev", "a", "[2,99]");
}

START_TEST(changes_are_read_by_table)
{
	write_some();
	double t[20];
	times_of("a", t);
	struct lyre_change_query q = everything();
	ck_assert_json_eq(changes("a", q), "1+1 2+1 1=2 1=3 'long'+3 2-4 ");
	ck_assert_str_eq(changes("b", q), "7+1 7-2 ");
	q.newest_first = 1;
	ck_assert_json_eq(changes("a", q), "2-1 1=2 'long'+2 1=3 1+4 2+4 ");
	q.limit = 2;
	ck_assert_json_eq(changes("a", q), "2-1 1=2 'long'+2 ");
	q.newest_first = 0;
	ck_assert_str_eq(changes("a", q), "1+1 2+1 1=2 ");
	q.from = t[1];
	ck_assert_json_eq(changes("a", q), "1=1 1=2 'long'+2 ");
	q.until = t[1];
	ck_assert_str_eq(changes("a", q), "1=1 ");
	q.newest_first = 1;
	ck_assert_str_eq(changes("a", q), "1=1 ");
	q.from = t[3] + 1e6;
	q.until = NAN;
	ck_assert_str_eq(changes("a", q), "");
	q.limit = 0;
	q.from = NAN;
	ck_assert_str_eq(changes("a", q), "");
}
END_TEST

START_TEST(changes_are_filtered)
{
	lyre_value keys[] = { value_text("long", 4), value_int(2), value_int(99), value_null() };
	lyre_value list = { .type = LYRE_ARRAY, .len = 4, .items = keys };
	lyre_value names[] = { value_text("bob", 3), value_text("ann", 3) };
	lyre_value users = { .type = LYRE_ARRAY, .len = 1, .items = names };
	write_some();
	struct lyre_change_query q = everything();
	q.keys = &list;
	ck_assert_json_eq(changes("a", q), "2+1 'long'+2 2-3 ");
	q.limit = 2;
	ck_assert_json_eq(changes("a", q), "2+1 'long'+2 ");
	q.newest_first = 1;
	ck_assert_json_eq(changes("a", q), "2-1 'long'+2 ");
	list.len = 0;
	ck_assert_str_eq(changes("a", q), "");
	q = everything();
	q.users = &users;
	ck_assert_str_eq(changes("b", q), "");
	users.len = 2;
	ck_assert_str_eq(changes("b", q), "7+1 7-2 ");
	const struct table *t;
	make_table("dev", "none");
	t = table_of("dev", "none");
	ck_assert_int_eq(table_changes(t, &q, see, NULL, &err), LYRE_EINVAL);
	table_unref(t);
	t = table_of("dev", "b");
	ck_assert_int_eq(store_drop_table(store, "dev", "b", &err), 0);
	ck_assert_int_eq(table_changes(t, &q, see, NULL, &err), LYRE_ENOTFOUND);
	table_unref(t);
}
END_TEST

START_TEST(old_entries_are_removed)
{
	double t[20];
	write_some();
	times_of("a", t);
	ck_assert_str_eq(entries(), "1:2 2:1 3:1 4:1 5:2 6:1 ");
	ck_assert_uint_eq(remove_before("a", t[0]), 0);
	ck_assert_uint_eq(remove_before("a", t[2]), 2);
	ck_assert_str_eq(entries(), "2:1 3:0 4:1 5:2 6:1 ");
	ck_assert_json_eq(changes("a", everything()), "1=1 'long'+1 2-2 ");
	ck_assert_str_eq(changes("b", everything()), "7+1 7-2 ");
	ck_assert_uint_eq(remove_before("b", 1e15), 2);
	ck_assert_str_eq(entries(), "5:2 6:1 ");
	ck_assert_uint_eq(remove_before("a", 1e15), 2);
	ck_assert_str_eq(entries(), "6:0 ");
	ck_assert_uint_eq(remove_before("a", 1e15), 0);
	reopen_store();
	ck_assert_str_eq(changes("a", everything()), "");
	insert("dev", "a", "[{'id':5}]");
	ck_assert_str_eq(entries(), "6:0 7:1 ");
	ck_assert_str_eq(changes("a", everything()), "5+1 ");
	struct lyre_check check = { .size = sizeof check };
	int rc = store_check(store, "dev", &check, &err);
	ck_assert_msg(!rc, "%s", err.text);
}
END_TEST

/** A write of several entries, larger than a slice. */
static void write_much(int first)
{
	static char json[8 << 20];
	static char pad[20001];
	size_t len = 0;
	memset(pad, 'p', sizeof pad - 1);
	for (int i = 0; i < 150; i++)
		len += (size_t)snprintf(json + len, sizeof json - len, "%c{'id':%d,'p':{'s':'%s'}}", i ? ',' : '[', first + i, pad);
	snprintf(json + len, sizeof json - len, "]");
	struct arena a;
	arena_init(&a);
	int rc = write_in(&a, "dev", "a", LYRE_INSERT, json, NULL, &err);
	ck_assert_msg(!rc, "%s", err.text);
	arena_free(&a);
}

struct order {
	int next, writes;
	uint64_t sequence;
	int step;
};

static int in_order(void *arg, const struct table_change *c)
{
	struct order *o = arg;
	struct arena a;
	lyre_value key;
	arena_init(&a);
	ck_assert_int_eq(record_key(c->table, c->change.key.data, c->change.key.len, c->change.after, &a, &key), 0);
	if (c->sequence != o->sequence) {
		o->next = (int)key.i / 1000 * 1000;
		o->writes++;
	}
	ck_assert_int_eq((int)key.i, o->next++);
	o->sequence = c->sequence;
	arena_free(&a);
	return 0;
}

START_TEST(large_writes_are_read_whole)
{
	make_logged("a");
	make_logged("b");
	for (int i = 1; i <= 4; i++) {
		write_much(i * 1000);
		char json[64];
		snprintf(json, sizeof json, "[{'id':%d}]", i);
		insert("dev", "b", json);
	}
	const struct table *t = table_of("dev", "a");
	for (int newest = 0; newest < 2; newest++) {
		struct order o = { 0 };
		struct lyre_change_query q = everything();
		q.newest_first = (uint32_t)newest;
		ck_assert_int_eq(table_changes(t, &q, in_order, &o, &err), 0);
		ck_assert_int_eq(o.writes, 4);
		ck_assert_int_eq(o.next, newest ? 1150 : 4150);
	}
	double times[20];
	times_of("a", times);
	ck_assert_uint_eq(remove_before("a", times[2]), 2);
	struct order o = { 0 };
	struct lyre_change_query q = everything();
	ck_assert_int_eq(table_changes(t, &q, in_order, &o, &err), 0);
	ck_assert_int_eq(o.writes, 2);
	table_unref(t);
	ck_assert_str_eq(changes("b", everything()), "1+1 2+2 3+3 4+4 ");
	struct lyre_check check = { .size = sizeof check };
	int rc = store_check(store, "dev", &check, &err);
	ck_assert_msg(!rc, "%s", err.text);
}
END_TEST

static int end_at_once(void *arg, uint64_t removed)
{
	*(uint64_t *)arg = removed;
	return LYRE_EBUSY;
}

START_TEST(removing_can_be_cancelled)
{
	make_logged("a");
	make_logged("b");
	insert("dev", "b", "[{'id':1}]");
	for (int i = 0; i < 600; i++) {
		char json[64];
		snprintf(json, sizeof json, "[{'id':%d}]", i);
		upsert("dev", "a", json);
	}
	const struct table *t = table_of("dev", "a");
	uint64_t said = 0, removed;
	ck_assert_int_eq(table_changes_remove(t, 1e15, end_at_once, &said, &removed, &err), LYRE_EBUSY);
	ck_assert_uint_gt(said, 0);
	ck_assert_uint_lt(said, 600);
	ck_assert_uint_eq(removed, said);
	table_unref(t);
	ck_assert_uint_eq(remove_before("a", 1e15), 600 - said);
	ck_assert_str_eq(changes("b", everything()), "1+1 ");
	insert("dev", "b", "[{'id':2}]");
	remove_before("b", 1e15);
	ck_assert_str_eq(entries(), "602:0 ");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_changes");
	TCase *c = tcase_create("changes");
	tcase_add_checked_fixture(c, begin, end);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, changes_are_read_by_table);
	tcase_add_test(c, changes_are_filtered);
	tcase_add_test(c, old_entries_are_removed);
	tcase_add_test(c, large_writes_are_read_whole);
	tcase_add_test(c, removing_can_be_cancelled);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
