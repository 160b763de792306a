/* SPDX-License-Identifier: Apache-2.0 */
/* Indexes match the records whatever was written, and walks follow them. */
#include "store_fixture.h"

/* ---- strings longer than what fits into a key ---- */

/** Four records whose keys and values differ only in their last letters. */
static void make_long_texts(void)
{
	static char json[8000];
	char *s = json;
	make_table("dev", "t");
	s += sprintf(s, "[");
	for (int i = 0; i < 4; i++) {
		s += sprintf(s, "%s{'id':'", i ? "," : "");
		memset(s, 'k', 600);
		s += 600;
		s += sprintf(s, "%d','v':'", 3 - i);
		memset(s, 'v', 900);
		s += 900;
		s += sprintf(s, "%d'}", i % 2);
	}
	strcpy(s, "]");
	for (int mode = LYRE_INSERT; mode <= LYRE_UPDATE; mode++) {
		write_text("dev", "t", mode, json);
		ck_assert_uint_eq(stats_of("dev", "t").record_count, 4);
		check_indexes("dev", "t");
	}
}

/** \return the key of a record of make_long_texts() */
static const char *long_key(char last)
{
	static char text[602];
	memset(text, 'k', 600);
	text[600] = last;
	return text;
}

START_TEST(an_index_of_long_texts_is_marked_as_cut)
{
	struct snapshot snap;
	make_long_texts();
	const struct table *t = table_of("dev", "t");
	const struct attribute *v = table_attribute(t, "v", 1);
	ck_assert(v->flags & ATTRIBUTE_CUT && t->attributes[t->key].flags & ATTRIBUTE_CUT);
	ck_assert_int_eq(snapshot_begin(&snap, t->db, &err), 0);
	ck_assert(!index_is_complete(&snap, t, v));
	snapshot_end(&snap);
	table_unref(t);
}
END_TEST

START_TEST(long_keys_differ_in_their_last_letter)
{
	struct snapshot snap;
	struct record r;
	make_long_texts();
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(snapshot_begin(&snap, t->db, &err), 0);
	lyre_value key = value_text(long_key('2'), 601);
	ck_assert_int_eq(snapshot_get(&snap, t, &key, &r, &err), 0);
	key = value_text(long_key('7'), 601);
	ck_assert_int_eq(snapshot_get(&snap, t, &key, &r, &err), LYRE_ENOTFOUND);
	snapshot_end(&snap);
	table_unref(t);
}
END_TEST

START_TEST(a_record_with_a_long_key_can_be_deleted)
{
	char json[700];
	make_long_texts();
	snprintf(json, sizeof json, "['%s']", long_key('2'));
	delete ("dev", "t", json);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 3);
	check_indexes("dev", "t");
}
END_TEST

START_TEST(indexes_fit_after_random_writes)
{
	static const char *const values[] = { "null", "true", "0", "-7.25", "9007199254740993", "''", "'text'", "'t\\u0000x'", "[]",
		"[1,2,1]", "['a','b',null,[1],{}]", "{'x':[1]}", "{}" };
	make_table("dev", "t");
	ck_assert_int_eq(make_table_as("dev", "typed", "id a::i b: c::i __updatedtime__:Date", 1000, 1), 0);
	srand(7);
	for (int i = 0; i < 600; i++) {
		char json[2000], *s = json;
		int mode = rand() % 4;
		s += sprintf(s, "[");
		for (int j = rand() % 4; j >= 0; j--) {
			if (mode == LYRE_DELETE) {
				s += sprintf(s, "%d%s", rand() % 40, j ? "," : "");
				continue;
			}
			s += sprintf(s, "{'id':%d", rand() % 40);
			for (int k = 0; k < 4; k++)
				if (rand() % 2)
					s += sprintf(s, ",'%c':%s", "abcd"[k],
						values[(size_t)rand() % (sizeof values / sizeof *values)]);
			s += sprintf(s, "}%s", j ? "," : "");
		}
		strcpy(s, "]");
		write_text("dev", i % 2 ? "t" : "typed", mode, json);
		ck_assert_int_eq(err.code, 0);
		if (i % 50 == 0) {
			check_indexes("dev", "t");
			check_indexes("dev", "typed");
		}
	}
	reopen_store();
	check_indexes("dev", "t");
	check_indexes("dev", "typed");
}
END_TEST

/* ---- walks ---- */

static void make_walked(void)
{
	make_table("dev", "t");
	insert("dev", "t", "[{'id':1,'a':3},{'id':2,'a':1},{'id':3,'a':2},{'id':4,'a':'x'},{'id':5,'a':2}]");
}

START_TEST(a_walk_goes_in_the_order_of_an_index_or_the_key)
{
	make_walked();
	ck_assert_json_eq(show_by("dev", "t", "a", false), "{2 a:1}{3 a:2}{5 a:2}{1 a:3}{4 a:'x'}");
	ck_assert_json_eq(show_by("dev", "t", "a", true), "{4 a:'x'}{1 a:3}{5 a:2}{3 a:2}{2 a:1}");
	ck_assert_json_eq(show_by("dev", "t", NULL, true), "{5 a:2}{4 a:'x'}{3 a:2}{2 a:1}{1 a:3}");
}
END_TEST

static const struct {
	const char *name;
	int low, high; /**< 0: none */
	bool low_open, high_open;
	const char *want;
} ranges[] = { { "everything", 0, 0, false, false, "23514" }, { "from 2", 2, 0, false, false, "3514" },
	{ "above 2", 2, 0, true, false, "14" }, { "to 2", 0, 2, false, false, "235" }, { "below 2", 0, 2, false, true, "2" },
	{ "between 1 and 3", 1, 3, true, true, "35" }, { "2", 2, 2, false, false, "35" }, { "above 2 to 2", 2, 2, true, false, "" },
	{ "from 7 to 9", 7, 9, false, false, "" }, { "from 3 to 1", 3, 1, false, false, "" } };

/** \return the keys of a walk; \p anew: reopening the walk for each step */
static const char *walked(struct snapshot *s, const struct table *t, const struct walk_range *range, bool anew)
{
	static char got[10];
	size_t n = 0;
	struct key position = { 0 };
	struct walk w;
	ck_assert_int_eq(walk_open(&w, s, t, range, NULL, &err), 0);
	while (!walk_next(&w, &err)) {
		lyre_value key;
		ck_assert(key_primary_value(w.key, w.key_len, NULL, &key));
		got[n++] = (char)('0' + key.i);
		if (anew) {
			walk_position(&w, &position);
			walk_close(&w);
			ck_assert_int_eq(walk_open(&w, s, t, range, &position, &err), 0);
		}
	}
	walk_close(&w);
	got[n] = '\0';
	return got;
}

static const char *reversed(const char *text)
{
	static char other[10];
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		other[i] = text[len - 1 - i];
	other[len] = '\0';
	return other;
}

START_TEST(a_walk_keeps_to_its_range)
{
	struct snapshot s;
	make_walked();
	const struct table *t = table_of("dev", "t");
	struct walk_range range = {
		.attribute = table_attribute(t, "a", 1), .low_open = ranges[_i].low_open, .high_open = ranges[_i].high_open
	};
	lyre_value low = value_int(ranges[_i].low), high = value_int(ranges[_i].high);
	if (ranges[_i].low)
		key_index_value(&range.low, &low);
	if (ranges[_i].high)
		key_index_value(&range.high, &high);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	for (int anew = 0; anew < 2; anew++) {
		range.reverse = false;
		ck_assert_row_str_eq(ranges[_i].name, walked(&s, t, &range, anew), ranges[_i].want);
		ck_assert_row_int_eq(
			ranges[_i].name, (long long)walk_estimate(&s, t, &range, 100), (long long)strlen(ranges[_i].want));
		range.reverse = true;
		ck_assert_row_str_eq(ranges[_i].name, walked(&s, t, &range, anew), reversed(ranges[_i].want));
		ck_assert_row_int_eq(
			ranges[_i].name, (long long)walk_estimate(&s, t, &range, 100), (long long)strlen(ranges[_i].want));
	}
	snapshot_end(&s);
	table_unref(t);
}
END_TEST

START_TEST(a_snapshot_stays_as_it_is)
{
	struct snapshot one, two;
	lyre_value key = value_int(6);
	struct record r;
	make_walked();
	const struct table *t = table_of("dev", "t");
	const struct attribute *a = table_attribute(t, "a", 1);
	ck_assert_int_eq(snapshot_begin(&one, t->db, &err), 0);
	insert("dev", "t", "[{'id':6,'a':[1,2]}]");
	ck_assert_int_eq(snapshot_begin(&two, t->db, &err), 0);
	ck_assert_int_eq(snapshot_get(&one, t, &key, &r, &err), LYRE_ENOTFOUND);
	ck_assert_int_eq(snapshot_get(&two, t, &key, &r, &err), 0);
	ck_assert(index_is_complete(&one, t, a));
	ck_assert(!index_is_complete(&two, t, a));
	ck_assert(snapshot_table(&one, t) == t);
	ck_assert(snapshot_table(&two, t) != t);
	snapshot_end(&one);
	snapshot_end(&two);
	table_unref(t);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_walk");
	TCase *t = tcase_create("walk");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, an_index_of_long_texts_is_marked_as_cut);
	tcase_add_test(t, long_keys_differ_in_their_last_letter);
	tcase_add_test(t, a_record_with_a_long_key_can_be_deleted);
	tcase_add_test(t, indexes_fit_after_random_writes);
	tcase_add_test(t, a_walk_goes_in_the_order_of_an_index_or_the_key);
	tcase_add_loop_test(t, a_walk_keeps_to_its_range, 0, ROWS(ranges));
	tcase_add_test(t, a_snapshot_stays_as_it_is);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
