/* SPDX-License-Identifier: Apache-2.0 */
/* Writing records: modes, times, faults, generated keys, types. */
#include "store_fixture.h"

/* ---- modes ---- */

static void make_dogs(void)
{
	make_table("dev", "dog");
	ck_assert_str_eq(insert("dev", "dog", "[{'id':1,'a':1},{'id':2,'b':[1,null]}]"), "1 2");
}

START_TEST(insert_skips_existing_records)
{
	make_dogs();
	ck_assert_json_eq(insert("dev", "dog", "[{'id':1,'a':9},{'id':'1'}]"), "-1 '1'");
	ck_assert_json_eq(show("dev", "dog"), "{1 a:1}{2 b:[1,null]}{'1'}");
}
END_TEST

START_TEST(insert_skips_a_repeated_key)
{
	make_dogs();
	ck_assert_str_eq(insert("dev", "dog", "[{'id':5,'a':1},{'id':5,'a':2}]"), "5 -5");
	ck_assert_str_eq(show("dev", "dog"), "{1 a:1}{2 b:[1,null]}{5 a:1}");
}
END_TEST

START_TEST(insert_of_nothing_does_nothing)
{
	make_dogs();
	ck_assert_str_eq(insert("dev", "dog", "[]"), "");
	ck_assert_str_eq(show("dev", "dog"), "{1 a:1}{2 b:[1,null]}");
}
END_TEST

START_TEST(update_replaces_attributes_of_existing_records)
{
	make_dogs();
	ck_assert_str_eq(update("dev", "dog", "[{'id':1,'c':{'x':1,'y':2}},{'id':99,'new':1},{'id':1,'c':{'z':3}}]"), "1 -99 1");
	ck_assert_json_eq(show("dev", "dog"), "{1 a:1 c:{'z':3}}{2 b:[1,null]}");
	const struct table *t = table_of("dev", "dog");
	ck_assert_ptr_null(table_attribute(t, "new", 3));
	table_unref(t);
}
END_TEST

START_TEST(upsert_inserts_or_updates)
{
	make_dogs();
	ck_assert_str_eq(upsert("dev", "dog", "[{'id':2,'a':null},{'id':6,'a':7},{'id':6,'b':8}]"), "2 6 6");
	ck_assert_str_eq(show("dev", "dog"), "{1 a:1}{2 a:null b:[1,null]}{6 a:7 b:8}");
}
END_TEST

START_TEST(delete_skips_nonexistent_keys)
{
	make_dogs();
	insert("dev", "dog", "[{'id':'1'}]");
	ck_assert_json_eq(delete ("dev", "dog", "[1,99,'1',1]"), "1 -99 '1' -1");
	ck_assert_str_eq(show("dev", "dog"), "{2 b:[1,null]}");
}
END_TEST

START_TEST(written_records_stay_after_a_restart)
{
	make_dogs();
	update("dev", "dog", "[{'id':1,'c':{'z':3}}]");
	upsert("dev", "dog", "[{'id':6,'a':7},{'id':2,'a':null}]");
	delete ("dev", "dog", "[1]");
	check_indexes("dev", "dog");
	reopen_store();
	ck_assert_str_eq(show("dev", "dog"), "{2 a:null b:[1,null]}{6 a:7}");
	check_indexes("dev", "dog");
}
END_TEST

START_TEST(a_write_to_no_table_is_refused)
{
	make_dogs();
	ck_assert_str_eq(insert("dev", "nope", "[{}]"), "Table 'dev.nope' does not exist");
}
END_TEST

/* ---- times ---- */

START_TEST(times_are_the_servers)
{
	struct arena a;
	struct lyre_write_result first, second;
	struct record r;
	struct snapshot s;
	lyre_value key = value_int(1);
	arena_init(&a);
	make_table("dev", "t");
	const struct table *t = table_of("dev", "t");
	ck_assert_int_eq(
		write_in(&a, "dev", "t", LYRE_INSERT, "[{'id':1,'__createdtime__':5,'__updatedtime__':6}]", &first, &err), 0);
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_UPDATE, "[{'id':1,'__createdtime__':5}]", &second, &err), 0);
	ck_assert_double_gt(second.time, first.time);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(snapshot_get(&s, t, &key, &r, &err), 0);
	ck_assert_double_eq(record_created(r), first.time);
	ck_assert_double_eq(record_updated(r), second.time);
	ck_assert_uint_eq(record_count(r), 0);
	snapshot_end(&s);
	table_unref(t);
	arena_free(&a);
	check_indexes("dev", "t");
}
END_TEST

START_TEST(the_last_update_is_that_of_an_existing_record)
{
	struct arena a;
	struct lyre_write_result first, second;
	arena_init(&a);
	make_table("dev", "t");
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_INSERT, "[{'id':1}]", &first, &err), 0);
	ck_assert_double_eq(stats_of("dev", "t").last_updated, first.time);
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_INSERT, "[{'id':2}]", &second, &err), 0);
	ck_assert_double_eq(stats_of("dev", "t").last_updated, second.time);
	delete ("dev", "t", "[2]");
	ck_assert_double_eq(stats_of("dev", "t").last_updated, first.time);
	arena_free(&a);
	check_indexes("dev", "t");
}
END_TEST

/* ---- faults ---- */

#define NO_KEY "a valid hash attribute must be provided with update record, check log for more info"

static const struct {
	const char *name;
	int mode;
	const char *records, *sentence;
} faults[] = {
	{ "update without a key", LYRE_UPDATE, "[{'a':8}]", NO_KEY },
	{ "update with an empty key", LYRE_UPDATE, "[{'id':''}]", NO_KEY },
	{ "key that is the text null", LYRE_UPSERT, "[{'id':'null'}]",
		"Invalid hash value: 'null' is not a valid hash attribute value, check log for more info" },
	{ "names that are no names", LYRE_INSERT, "[{'id':2,'':1,'null':2,'undefined':3}]",
		"Invalid attribute name: ''. Invalid attribute name: 'null'. Invalid attribute name: 'undefined'" },
	{ "slash in a name", LYRE_INSERT, "[{'id':2,'a/b':1}]", "Attribute names cannot include backticks or forward slashes" },
	{ "backtick in a name", LYRE_INSERT, "[{'id':2,'a\\u0060b':2}]",
		"Attribute names cannot include backticks or forward slashes" },
	{ "keys of other types", LYRE_INSERT, "[{'id':true},{'id':[1]},{'id':{}}]",
		"Invalid primary key type: boolean. Invalid primary key type: array. Invalid primary key type: object" },
	{ "number for a record", LYRE_INSERT, "[1]", "'records[0]' must be of type object" },
};

START_TEST(a_faulty_record_is_refused)
{
	make_table("dev", "t");
	insert("dev", "t", "[{'id':1,'a':1}]");
	ck_assert_row_str_eq(faults[_i].name, write_text("dev", "t", faults[_i].mode, faults[_i].records), faults[_i].sentence);
	ck_assert_row_str_eq(faults[_i].name, show("dev", "t"), "{1 a:1}");
	check_indexes("dev", "t");
}
END_TEST

static const char *key_of(size_t length)
{
	static char json[3000];
	memset(json, 'k', sizeof json);
	memcpy(json, "[{'id':'", 8);
	strcpy(json + 8 + length, "'}]");
	return json;
}

START_TEST(a_key_has_a_maximum_length)
{
	make_table("dev", "t");
	ck_assert_str_eq(insert("dev", "t", key_of(1979)), "Primary key size is too large: 1979");
	ck_assert_int_eq(insert("dev", "t", key_of(1978))[0], '"');
	check_indexes("dev", "t");
}
END_TEST

START_TEST(an_attribute_name_has_a_maximum_length)
{
	char json[600], name[252], want[600];
	make_table("dev", "t");
	memset(name, 'n', sizeof name);
	name[251] = '\0';
	snprintf(json, sizeof json, "[{'%s':1}]", name);
	snprintf(want, sizeof want,
		"transaction aborted due to attribute name %s being too long. Attribute names cannot be longer than 250 bytes.",
		name);
	ck_assert_str_eq(insert("dev", "t", json), want);
	name[250] = '\0';
	snprintf(json, sizeof json, "[{'id':3,'%s':1}]", name);
	ck_assert_str_eq(insert("dev", "t", json), "3");
	check_indexes("dev", "t");
}
END_TEST

/* ---- generated keys ---- */

START_TEST(generated_keys_increase)
{
	struct arena a;
	struct lyre_write_result one, two;
	arena_init(&a);
	make_table("dev", "t");
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_INSERT, "[{'a':1},{'id':null}]", &one, &err), 0);
	ck_assert_uint_eq(one.items[0].key->type, LYRE_INT);
	ck_assert(one.items[0].generated && one.items[0].done);
	ck_assert_int_eq(one.items[1].key->i, one.items[0].key->i + 1);
	char json[100];
	snprintf(json, sizeof json, "[{'id':%lld}]", (long long)one.items[0].key->i + 2);
	insert("dev", "t", json); /* occupies the next generated key */
	reopen_store();
	ck_assert_int_eq(write_in(&a, "dev", "t", LYRE_UPSERT, "[{}]", &two, &err), 0);
	ck_assert_int_eq(two.items[0].key->i, one.items[0].key->i + 3);
	arena_free(&a);
}
END_TEST

START_TEST(a_generated_key_of_type_id_is_a_uuid)
{
	struct arena a;
	struct lyre_write_result result;
	arena_init(&a);
	ck_assert_int_eq(make_table_as("dev", "typed", "id:ID", -1, 0), 0);
	ck_assert_int_eq(write_in(&a, "dev", "typed", LYRE_INSERT, "[{'x':1}]", &result, &err), 0);
	ck_assert_uint_eq(result.items[0].key->type, LYRE_STRING);
	ck_assert_uint_eq(result.items[0].key->len, 36);
	arena_free(&a);
}
END_TEST

START_TEST(a_generated_key_of_type_int_fits)
{
	struct arena a;
	struct lyre_write_result result;
	arena_init(&a);
	ck_assert_int_eq(make_table_as("dev", "int", "id:Int", -1, 0), 0);
	ck_assert_int_eq(write_in(&a, "dev", "int", LYRE_INSERT, "[{'x':1}]", &result, &err), 0);
	ck_assert_int_le(result.items[0].key->i, INT32_MAX);
	arena_free(&a);
}
END_TEST

/* ---- types ---- */

#define FULL                                                                                                                 \
	"[{'id':1,'nn':'x','s':'a','i':1,'l':2,'f':1.5,'b':true,'d':'2024-01-02T03:04:05.678Z','k':['p'],'bi':5,'by':'abc'," \
	"'u':12345678901234567890}]"
#define BUFFER(bytes) "{'type':'Buffer','data':[" bytes "]}"
#define NN_MISSING "Property nn is required (and not does not allow null values)"
#define INTEGER "must be an integer (from -2147483648 to 2147483647)"
#define LONG "must be an integer (from -9007199254740992 to 9007199254740992)"

static void make_typed(void)
{
	ck_assert_int_eq(
		make_table_as("dev", "t",
			"id:Int s:String i:Int l:Long f:Float b:Boolean d:Date k:ID bi:BigInt by:Bytes nn:String:n", -1, 0),
		0);
	ck_assert_str_eq(insert("dev", "t", FULL), "1");
}

START_TEST(values_of_the_right_type_are_stored)
{
	make_typed();
	ck_assert_json_eq(show("dev", "t"),
		"{1 s:'a' i:1 l:2 f:1.5 b:true d:'2024-01-02T03:04:05.678Z' k:['p'] bi:5 "
		"by:" BUFFER("97,98,99") " nn:'x' u:12345678901234567890}");
}
END_TEST

static const struct {
	const char *name;
	int mode;
	const char *records, *sentence;
} type_faults[] = {
	{ "text for an integer", LYRE_INSERT, "[{'id':2,'nn':'x','i':'5'}]", "Value '5' in property i " INTEGER },
	{ "faults of several records", LYRE_INSERT, "[{'id':2,'nn':'x','i':5.5,'l':'a'},{'id':3,'nn':4}]",
		"Value 5.5 in property i " INTEGER ". Value 'a' in property l " LONG ". Value 4 in property nn must be a string" },
	{ "every other type", LYRE_INSERT, "[{'id':2,'nn':'x','s':{'x':1},'f':'1.5','b':0,'d':true,'k':[1]}]",
		"Value {'x':1} in property s must be a string. Value '1.5' in property f must be a number. "
		"Value 0 in property b must be a boolean. Value true in property d must be a Date. "
		"Value [1] in property k must be a string, or an array of strings" },
	{ "text for a key", LYRE_INSERT, "[{'id':'2','nn':'x'}]", "Value '2' in property id " INTEGER },
	{ "insert without a required attribute", LYRE_INSERT, "[{'id':2}]", NN_MISSING },
	{ "upsert of a new record without a required attribute", LYRE_UPSERT, "[{'id':2}]", NN_MISSING },
	{ "null for a required attribute", LYRE_UPDATE, "[{'id':1,'nn':null}]", NN_MISSING },
};

START_TEST(a_value_of_another_type_is_refused)
{
	make_typed();
	ck_assert_row_str_eq(type_faults[_i].name, write_text("dev", "t", type_faults[_i].mode, type_faults[_i].records),
		json_of(type_faults[_i].sentence));
	ck_assert_row_int_eq(type_faults[_i].name, (long long)stats_of("dev", "t").record_count, 1);
}
END_TEST

START_TEST(required_attributes_may_exist_already)
{
	make_typed();
	ck_assert_str_eq(upsert("dev", "t", "[{'id':1}]"), "1");
	ck_assert_str_eq(upsert("dev", "t", "[{'id':2,'nn':'y'},{'id':2,'s':'z'}]"), "2 2");
	ck_assert_ptr_nonnull(strstr(show("dev", "t"), json_of("{2 s:'z' nn:'y'}")));
}
END_TEST

START_TEST(values_are_converted_to_their_types)
{
	make_typed();
	ck_assert_str_eq(update("dev", "t",
				 "[{'id':1,'l':9007199254740993,'bi':'-000123456789012345678901234567890','d':'no date',"
				 "'by':" BUFFER("1,255") "}]"),
		"1");
	ck_assert_json_eq(show("dev", "t"),
		"{1 s:'a' i:1 l:9007199254740993 f:1.5 b:true d:null k:['p'] "
		"bi:-123456789012345678901234567890 by:" BUFFER("1,255") " nn:'x' u:12345678901234567890}");
	ck_assert_str_eq(update("dev", "t", "[{'id':1,'bi':'9223372036854775807','d':1704164645678}]"), "1");
	ck_assert_ptr_nonnull(strstr(show("dev", "t"), json_of("d:'2024-01-02T03:04:05.678Z' k:['p'] bi:9223372036854775807")));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store_write");
	TCase *t = tcase_create("write");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, insert_skips_existing_records);
	tcase_add_test(t, insert_skips_a_repeated_key);
	tcase_add_test(t, insert_of_nothing_does_nothing);
	tcase_add_test(t, update_replaces_attributes_of_existing_records);
	tcase_add_test(t, upsert_inserts_or_updates);
	tcase_add_test(t, delete_skips_nonexistent_keys);
	tcase_add_test(t, written_records_stay_after_a_restart);
	tcase_add_test(t, a_write_to_no_table_is_refused);
	tcase_add_test(t, times_are_the_servers);
	tcase_add_test(t, the_last_update_is_that_of_an_existing_record);
	tcase_add_loop_test(t, a_faulty_record_is_refused, 0, ROWS(faults));
	tcase_add_test(t, a_key_has_a_maximum_length);
	tcase_add_test(t, an_attribute_name_has_a_maximum_length);
	tcase_add_test(t, generated_keys_increase);
	tcase_add_test(t, a_generated_key_of_type_id_is_a_uuid);
	tcase_add_test(t, a_generated_key_of_type_int_fits);
	tcase_add_test(t, values_of_the_right_type_are_stored);
	tcase_add_loop_test(t, a_value_of_another_type_is_refused, 0, ROWS(type_faults));
	tcase_add_test(t, required_attributes_may_exist_already);
	tcase_add_test(t, values_are_converted_to_their_types);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
