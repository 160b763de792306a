/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

START_TEST(modes)
{
	make_table("dev", "dog");
	ck_assert_str_eq(insert("dev", "dog", "[{\"id\":1,\"a\":1},{\"id\":2,\"b\":[1,null]}]"), "1 2");
	ck_assert_str_eq(insert("dev", "dog", "[{\"id\":1,\"a\":9},{\"id\":\"1\"}]"), "-1 \"1\"");
	ck_assert_str_eq(insert("dev", "dog", "[{\"id\":5,\"a\":1},{\"id\":5,\"a\":2}]"), "5 -5");
	ck_assert_str_eq(show("dev", "dog"), "{1 a:1}{2 b:[1,null]}{5 a:1}{\"1\"}");
	ck_assert_str_eq(update("dev", "dog", "[{\"id\":1,\"c\":{\"x\":1,\"y\":2}},{\"id\":99,\"new\":1},{\"id\":1,\"c\":{\"z\":3}}]"), "1 -99 1");
	ck_assert_str_eq(show("dev", "dog"), "{1 a:1 c:{\"z\":3}}{2 b:[1,null]}{5 a:1}{\"1\"}");
	const struct table *t = table_of("dev", "dog");
	ck_assert_ptr_null(table_attribute(t, "new", 3));
	table_unref(t);
	ck_assert_str_eq(upsert("dev", "dog", "[{\"id\":2,\"a\":null},{\"id\":6,\"a\":7},{\"id\":6,\"b\":8}]"), "2 6 6");
	ck_assert_str_eq(show("dev", "dog"), "{1 a:1 c:{\"z\":3}}{2 a:null b:[1,null]}{5 a:1}{6 a:7 b:8}{\"1\"}");
	ck_assert_str_eq(delete("dev", "dog", "[1,99,\"1\",1]"), "1 -99 \"1\" -1");
	ck_assert_str_eq(show("dev", "dog"), "{2 a:null b:[1,null]}{5 a:1}{6 a:7 b:8}");
	ck_assert_str_eq(insert("dev", "dog", "[]"), "");
	check_indexes("dev", "dog");
	reopen_store();
	ck_assert_str_eq(show("dev", "dog"), "{2 a:null b:[1,null]}{5 a:1}{6 a:7 b:8}");
	check_indexes("dev", "dog");
	ck_assert_str_eq(insert("dev", "nope", "[{}]"), "Table 'dev.nope' does not exist");
}
END_TEST

START_TEST(times)
{
	struct arena a;
	struct lyre_write_result first, second;
	struct record r;
	struct snapshot s;
	lyre_value key = value_int(1);
	arena_init(&a);
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_INSERT, "[{\"id\":1,\"__createdtime__\":5,\"__updatedtime__\":6}]", &first, &err), 0);
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_UPDATE, "[{\"id\":1,\"__createdtime__\":5}]", &second, &err), 0);
	ck_assert_double_gt(second.time, first.time);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(snapshot_get(&s, t, &key, &r, &err), 0);
	ck_assert_double_eq(record_created(r), first.time);
	ck_assert_double_eq(record_updated(r), second.time);
	ck_assert_uint_eq(record_count(r), 0);
	snapshot_end(&s);
	ck_assert_double_eq(stats_of("dev", "t").last_updated, second.time);
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_INSERT, "[{\"id\":2}]", &first, &err), 0);
	ck_assert_double_eq(stats_of("dev", "t").last_updated, first.time);
	delete("dev", "t", "[2]");
	ck_assert_double_eq(stats_of("dev", "t").last_updated, second.time);
	table_unref(t);
	arena_free(&a);
	check_indexes("dev", "t");
}
END_TEST

START_TEST(faults)
{
	make_table("dev", "t");
	insert("dev", "t", "[{\"id\":1,\"a\":1}]");
	ck_assert_str_eq(update("dev", "t", "[{\"a\":8}]"),
		"a valid hash attribute must be provided with update record, check log for more info");
	ck_assert_str_eq(update("dev", "t", "[{\"id\":\"\"}]"),
		"a valid hash attribute must be provided with update record, check log for more info");
	ck_assert_str_eq(upsert("dev", "t", "[{\"id\":\"null\"}]"),
		"Invalid hash value: 'null' is not a valid hash attribute value, check log for more info");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":2,\"\":1,\"null\":2,\"undefined\":3}]"),
		"Invalid attribute name: ''. Invalid attribute name: 'null'. Invalid attribute name: 'undefined'");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":2,\"a/b\":1,\"a`b\":2}]"), "Attribute names cannot include backticks or forward slashes");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":true},{\"id\":[1]},{\"id\":{}}]"),
		"Invalid primary key type: boolean. Invalid primary key type: array. Invalid primary key type: object");
	ck_assert_str_eq(insert("dev", "t", "[1]"), "'records[0]' must be of type object");
	char json[3000], name[252], want[600];
	memset(json, 'k', sizeof json);
	memcpy(json, "[{\"id\":\"", 8);
	strcpy(json + 8 + 1979, "\"}]");
	ck_assert_str_eq(insert("dev", "t", json), "Primary key size is too large: 1979");
	strcpy(json + 8 + 1978, "\"}]");
	ck_assert_int_eq(insert("dev", "t", json)[0], '"');
	memset(name, 'n', sizeof name);
	name[251] = '\0';
	snprintf(json, sizeof json, "[{\"%s\":1}]", name);
	snprintf(want, sizeof want,
		"transaction aborted due to attribute name %s being too long. Attribute names cannot be longer than 250 bytes.", name);
	ck_assert_str_eq(insert("dev", "t", json), want);
	name[250] = '\0';
	snprintf(json, sizeof json, "[{\"id\":3,\"%s\":1}]", name);
	ck_assert_str_eq(insert("dev", "t", json), "3");
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 3);
	check_indexes("dev", "t");
}
END_TEST

START_TEST(generated_keys)
{
	struct arena a;
	struct lyre_write_result one, two, three;
	arena_init(&a);
	make_table("dev", "t");
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_INSERT, "[{\"a\":1},{\"id\":null}]", &one, &err), 0);
	ck_assert_uint_eq(one.items[0].key->type, LYRE_INT);
	ck_assert(one.items[0].generated && one.items[0].done);
	ck_assert_int_eq(one.items[1].key->i, one.items[0].key->i + 1);
	char json[100];
	snprintf(json, sizeof json, "[{\"id\":%lld}]", (long long)one.items[0].key->i + 2);
	insert("dev", "t", json); /* in the way of the next */
	reopen_store();
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_UPSERT, "[{}]", &two, &err), 0);
	ck_assert_int_eq(two.items[0].key->i, one.items[0].key->i + 3);
	ck_assert_int_eq(make_table_as("dev", "typed", "id:ID", -1, 0), 0);
	ck_assert_int_eq(write_in(&a, "dev", "typed", LYRE_INSERT, "[{\"x\":1}]", &three, &err), 0);
	ck_assert_uint_eq(three.items[0].key->type, LYRE_STRING);
	ck_assert_uint_eq(three.items[0].key->len, 36);
	ck_assert_int_eq(make_table_as("dev", "int", "id:Int", -1, 0), 0);
	ck_assert_int_eq(write_in(&a, "dev", "int", LYRE_INSERT, "[{\"x\":1}]", &three, &err), 0);
	ck_assert_int_le(three.items[0].key->i, INT32_MAX);
	arena_free(&a);
}
END_TEST

START_TEST(types)
{
	ck_assert_int_eq(make_table_as("dev", "t", "id:Int s:String i:Int l:Long f:Float b:Boolean d:Date k:ID bi:BigInt by:Bytes nn:String:n", -1, 0), 0);
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":1,\"nn\":\"x\",\"s\":\"a\",\"i\":1,\"l\":2,\"f\":1.5,\"b\":true,\"d\":\"2024-01-02T03:04:05.678Z\",\"k\":[\"p\"],"
		"\"bi\":5,\"by\":\"abc\",\"u\":12345678901234567890}]"), "1");
	ck_assert_str_eq(show("dev", "t"), "{1 s:\"a\" i:1 l:2 f:1.5 b:true d:\"2024-01-02T03:04:05.678Z\" k:[\"p\"] bi:5 "
		"by:{\"type\":\"Buffer\",\"data\":[97,98,99]} nn:\"x\" u:12345678901234567890}");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":2,\"nn\":\"x\",\"i\":\"5\"}]"), "Value \"5\" in property i must be an integer (from -2147483648 to 2147483647)");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":2,\"nn\":\"x\",\"i\":5.5,\"l\":\"a\"},{\"id\":3,\"nn\":4}]"),
		"Value 5.5 in property i must be an integer (from -2147483648 to 2147483647). "
		"Value \"a\" in property l must be an integer (from -9007199254740992 to 9007199254740992). Value 4 in property nn must be a string");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":2,\"nn\":\"x\",\"s\":{\"x\":1},\"f\":\"1.5\",\"b\":0,\"d\":true,\"k\":[1]}]"),
		"Value {\"x\":1} in property s must be a string. Value \"1.5\" in property f must be a number. Value 0 in property b must be a boolean. "
		"Value true in property d must be a Date. Value [1] in property k must be a string, or an array of strings");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":\"2\",\"nn\":\"x\"}]"), "Value \"2\" in property id must be an integer (from -2147483648 to 2147483647)");
	ck_assert_str_eq(insert("dev", "t", "[{\"id\":2}]"), "Property nn is required (and not does not allow null values)");
	ck_assert_str_eq(upsert("dev", "t", "[{\"id\":2}]"), "Property nn is required (and not does not allow null values)");
	ck_assert_str_eq(upsert("dev", "t", "[{\"id\":1}]"), "1");
	ck_assert_str_eq(upsert("dev", "t", "[{\"id\":2,\"nn\":\"y\"},{\"id\":2,\"s\":\"z\"}]"), "2 2");
	ck_assert_str_eq(update("dev", "t", "[{\"id\":1,\"nn\":null}]"), "Property nn is required (and not does not allow null values)");
	ck_assert_str_eq(update("dev", "t", "[{\"id\":1,\"l\":9007199254740993,\"bi\":\"-000123456789012345678901234567890\",\"d\":\"no date\",\"by\":{\"type\":\"Buffer\",\"data\":[1,255]}}]"), "1");
	ck_assert_str_eq(show("dev", "t"), "{1 s:\"a\" i:1 l:9007199254740993 f:1.5 b:true d:null k:[\"p\"] bi:-123456789012345678901234567890 "
		"by:{\"type\":\"Buffer\",\"data\":[1,255]} nn:\"x\" u:12345678901234567890}{2 s:\"z\" nn:\"y\"}");
	ck_assert_str_eq(update("dev", "t", "[{\"id\":1,\"bi\":\"9223372036854775807\",\"d\":1704164645678}]"), "1");
	ck_assert_ptr_nonnull(strstr(show("dev", "t"), "d:\"2024-01-02T03:04:05.678Z\" k:[\"p\"] bi:9223372036854775807"));
}
END_TEST

/* Keys and texts that are longer than what fits into a key. */
START_TEST(long_texts)
{
	char json[8000], *s = json;
	make_table("dev", "t");
	s += sprintf(s, "[");
	for (int i = 0; i < 4; i++) {
		s += sprintf(s, "%s{\"id\":\"", i ? "," : "");
		memset(s, 'k', 600);
		s += 600;
		s += sprintf(s, "%d\",\"v\":\"", 3 - i);
		memset(s, 'v', 900);
		s += 900;
		s += sprintf(s, "%d\"}", i % 2);
	}
	strcpy(s, "]");
	insert("dev", "t", json);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 4);
	check_indexes("dev", "t");
	const struct table *t = table_of("dev", "t");
	const struct attribute *v = table_attribute(t, "v", 1);
	ck_assert(v->flags & ATTRIBUTE_CUT && t->attributes[t->key].flags & ATTRIBUTE_CUT);
	struct snapshot snap;
	struct record r;
	char text[602];
	memset(text, 'k', 600);
	strcpy(text + 600, "2");
	lyre_value key = value_text(text, 601);
	ck_assert_int_eq(snapshot_begin(&snap, t->db, &err), 0);
	ck_assert(!index_is_complete(&snap, t, v));
	ck_assert_int_eq(snapshot_get(&snap, t, &key, &r, &err), 0);
	text[600] = '7';
	ck_assert_int_eq(snapshot_get(&snap, t, &key, &r, &err), LYRE_ENOTFOUND);
	snapshot_end(&snap);
	table_unref(t);
	insert("dev", "t", json);
	update("dev", "t", json);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 4);
	check_indexes("dev", "t");
	snprintf(json, sizeof json, "[\"%.600s2\"]", text);
	delete("dev", "t", json);
	ck_assert_uint_eq(stats_of("dev", "t").record_count, 3);
	check_indexes("dev", "t");
}
END_TEST

/* Indexes fit the records whatever was done to them. */
START_TEST(random_writes)
{
	static const char *const values[] = {
		"null", "true", "0", "-7.25", "9007199254740993", "\"\"", "\"text\"", "\"t\\u0000x\"", "[]", "[1,2,1]", "[\"a\",\"b\",null,[1],{}]", "{\"x\":[1]}", "{}",
	};
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
			s += sprintf(s, "{\"id\":%d", rand() % 40);
			for (int k = 0; k < 4; k++)
				if (rand() % 2)
					s += sprintf(s, ",\"%c\":%s", "abcd"[k], values[(size_t)rand() % (sizeof values / sizeof *values)]);
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

START_TEST(walking)
{
	make_table("dev", "t");
	insert("dev", "t", "[{\"id\":1,\"a\":3},{\"id\":2,\"a\":1},{\"id\":3,\"a\":2},{\"id\":4,\"a\":\"x\"},{\"id\":5,\"a\":2}]");
	ck_assert_str_eq(show_by("dev", "t", "a", false), "{2 a:1}{3 a:2}{5 a:2}{1 a:3}{4 a:\"x\"}");
	ck_assert_str_eq(show_by("dev", "t", "a", true), "{4 a:\"x\"}{1 a:3}{5 a:2}{3 a:2}{2 a:1}");
	ck_assert_str_eq(show_by("dev", "t", NULL, true), "{5 a:2}{4 a:\"x\"}{3 a:2}{2 a:1}{1 a:3}");
	const struct table *t = table_of("dev", "t");
	const struct attribute *a = table_attribute(t, "a", 1);
	static const struct {
		int low, high; /* 0: none */
		bool low_open, high_open;
		const char *want;
	} cases[] = {
		{ 0, 0, false, false, "23514" }, { 2, 0, false, false, "3514" }, { 2, 0, true, false, "14" }, { 0, 2, false, false, "235" },
		{ 0, 2, false, true, "2" }, { 1, 3, true, true, "35" }, { 2, 2, false, false, "35" }, { 2, 2, true, false, "" },
		{ 7, 9, false, false, "" }, { 3, 1, false, false, "" },
	};
	struct snapshot s;
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert(index_is_complete(&s, t, a));
	for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
		struct walk_range range = {
			.attribute = a, .low_open = cases[i / 2].low_open, .high_open = cases[i / 2].high_open, .reverse = i % 2
		};
		lyre_value low = value_int(cases[i / 2].low), high = value_int(cases[i / 2].high);
		if (cases[i / 2].low)
			key_index_value(&range.low, &low);
		if (cases[i / 2].high)
			key_index_value(&range.high, &high);
		/* at once, and with a new walk for each step */
		for (int steps = 0; steps < 2; steps++) {
			char got[10] = "";
			size_t n = 0;
			struct key position = { 0 };
			struct walk w;
			ck_assert_int_eq(walk_open(&w, &s, t, &range, NULL, &err), 0);
			while (!walk_next(&w, &err)) {
				lyre_value key;
				ck_assert(key_primary_value(w.key, w.key_len, NULL, &key));
				got[n++] = (char)('0' + key.i);
				if (steps) {
					walk_position(&w, &position);
					walk_close(&w);
					ck_assert_int_eq(walk_open(&w, &s, t, &range, &position, &err), 0);
				}
			}
			walk_close(&w);
			got[n] = '\0';
			char want[10] = "";
			size_t count = strlen(cases[i / 2].want);
			for (size_t j = 0; j < count; j++)
				want[j] = cases[i / 2].want[i % 2 ? count - 1 - j : j];
			ck_assert_str_eq(got, want);
			ck_assert_uint_eq(walk_estimate(&s, t, &range, 100), n);
		}
	}
	snapshot_end(&s);
	/* a snapshot stays as it is */
	struct snapshot one, two;
	lyre_value key = value_int(6);
	struct record r;
	ck_assert_int_eq(snapshot_begin(&one, t->db, &err), 0);
	insert("dev", "t", "[{\"id\":6,\"a\":[1,2]}]");
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
	Suite *s = suite_create("store_write");
	TCase *c = tcase_create("write");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, modes);
	tcase_add_test(c, times);
	tcase_add_test(c, faults);
	tcase_add_test(c, generated_keys);
	tcase_add_test(c, types);
	tcase_add_test(c, long_texts);
	tcase_add_test(c, random_writes);
	tcase_add_test(c, walking);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
