/* SPDX-License-Identifier: Apache-2.0 */
/* Attribute ids that run out, and a compaction that frees them. */
#include "store_fixture.h"

/** The maximum number of attributes besides those that the table starts with; all of these are dropped at first. */
#define MADE (ATTRIBUTES_MAX - 3)
#define DROPPED 540

/* A record with attributes x<from> to x<to - 1>, and further members. */
static void insert_wide(int id, int from, int to, const char *more, const char *want)
{
	struct buf b;
	buf_init(&b);
	buf_addf(&b, "[{'id':%d,%s", id, more);
	for (int i = from; i < to; i++)
		buf_addf(&b, ",'x%d':%d", i, i);
	buf_add_str(&b, "}]");
	ck_assert_str_eq(insert("dev", "t", buf_cstr(&b)), want);
	buf_free(&b);
}

#define THREADS 32

static const struct table *dropping;

/* Drops every THREADS-th attribute. */
static void *drop_some(void *first)
{
	struct err e;
	for (int i = *(int *)first; i < DROPPED; i += THREADS) {
		char name[16];
		snprintf(name, sizeof name, "x%d", i);
		ck_assert_int_eq(table_drop_attribute(dropping, name, &e), 0);
	}
	return NULL;
}

/* Many drops at once share a transaction. */
static void drop(void)
{
	pthread_t threads[THREADS];
	int first[THREADS];
	dropping = table_of("dev", "t");
	for (int i = 0; i < THREADS; i++) {
		first[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, drop_some, &first[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	table_unref(dropping);
}

static void compact(void)
{
	uint64_t before, after;
	ck_assert_msg(!store_compact(store, "dev", &before, &after, &err), "%s", err.text);
}

/* A record's value by attribute name, as JSON; "" if absent. */
static const char *value_in(const struct table *t, struct record r, const char *name)
{
	static char text[100];
	struct field f;
	struct buf b;
	buf_init(&b);
	const struct attribute *a = table_attribute(t, name, strlen(name));
	if (a && record_find(r, a->id, &f))
		field_write(f, &b);
	snprintf(text, sizeof text, "%s", buf_cstr(&b));
	buf_free(&b);
	return text;
}

static const char *value_of(int id, const char *name)
{
	static char text[100];
	struct snapshot s;
	struct record r;
	const struct table *t = table_of("dev", "t");
	lyre_value key = value_int(id);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(snapshot_get(&s, t, &key, &r, &err), 0);
	snprintf(text, sizeof text, "%s", value_in(t, r, name));
	snapshot_end(&s);
	table_unref(t);
	return text;
}

/* What the audit log has of the first write: an attribute of the inserted record. */
static void check_log(const char *name, const char *want)
{
	struct snapshot s;
	struct commit_log l;
	struct commit_entry entry;
	struct commit_change change;
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(commit_log_open(&l, &s, 0, &err), 0);
	ck_assert_int_eq(commit_log_next(&l, &entry, &err), 0);
	ck_assert_int_eq(commit_change_next(&entry.changes, &change), 0);
	ck_assert_ptr_null(change.before.data);
	ck_assert_json_eq(value_in(t, change.after, name), want);
	commit_log_close(&l);
	snapshot_end(&s);
	table_unref(t);
}

static void check_sound(void)
{
	struct lyre_check c = { .size = sizeof c };
	ck_assert_msg(!store_check(store, "dev", &c, &err), "%s", err.text);
	check_indexes("dev", "t");
}

/* The right values under the right names, after renumbering as before. */
static void check_all(void)
{
	ck_assert_json_eq(value_of(1, "b"), "'one'");
	ck_assert_str_eq(value_of(1, "x0"), "");
	ck_assert_str_eq(value_of(1, "x1000"), "1000");
	ck_assert_str_eq(value_of(1, "x64000"), "64000");
	check_log("b", "'one'");
	check_log("x64000", "64000");
	check_sound();
}

START_TEST(exhausted_ids_are_freed_by_compaction)
{
	ck_assert_int_eq(make_table_as("dev", "t", "id a::i b", -1, 1), 0);
	insert_wide(1, 0, MADE, "'a':1,'b':'one'", "1");
	insert_wide(2, MADE, MADE + 1, "'a':2", "Table 'dev.t' cannot have more than 65000 attributes");
	/* an index after the gap, which gets another name */
	const struct table *before = table_of("dev", "t");
	ck_assert_int_eq(table_drop_attribute(before, "x0", &err), 0);
	struct lyre_attribute late = { .size = sizeof late, .name = "late", .flags = LYRE_A_INDEXED };
	char uuid[37];
	ck_assert_msg(!table_create_attribute(before, &late, uuid, &err), "%s", err.text);
	insert_wide(3, 0, 0, "'a':[7,8],'late':'x'", "3");
	drop();
	insert_wide(4, MADE, MADE + 500, "'a':4", "4");
	insert_wide(5, MADE + 500, MADE + 539, "'a':5",
		"Table 'dev.t' cannot have more attributes until the database is compacted, "
		"which frees the ids of dropped ones: lyre compact dev");
	check_all();
	compact();
	check_all();
	insert_wide(5, MADE + 500, MADE + 539, "'a':5,'late':'y'", "5");
	ck_assert_str_eq(value_of(5, "x65500"), "65500");
	ck_assert_json_eq(value_of(3, "late"), "'x'");
	check_all();
	/* a holder of the old definition sees nothing under wrong names */
	struct snapshot s;
	ck_assert_int_eq(snapshot_begin(&s, before->db, &err), 0);
	ck_assert(!snapshot_has(&s, before));
	snapshot_end(&s);
	table_unref(before);
	reopen_store();
	check_all();
	ck_assert_str_eq(upsert("dev", "t", "[{'id':1,'a':9,'x1000':'new'}]"), "1");
	ck_assert_json_eq(value_of(1, "x1000"), "'new'");
	check_sound();
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_renumber");
	TCase *c = tcase_create("renumber");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 300);
	tcase_add_test(c, exhausted_ids_are_freed_by_compaction);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
