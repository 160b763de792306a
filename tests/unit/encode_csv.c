/* SPDX-License-Identifier: Apache-2.0 */
/* Handlers' output as CSV. Rows whose columns are announced are in query_recorded.c. */
#include "encode_fixture.h"

static const struct {
	const char *json, *csv;
} cases[] = {
	{ "{\"message\":\"inserted 0 of 1 records\",\"inserted_hashes\":[],\"skipped_hashes\":[1]}",
		"\"message\",\"inserted_hashes\",\"skipped_hashes\"\n\"inserted 0 of 1 records\",\"[]\",\"[1]\"" },
	{ "{\"error\":\"Operation 'nope' not found\"}", "\"error\"\n\"Operation 'nope' not found\"" },
	{ "[{\"id\":1,\"name\":\"a, \\\"b\\\"\\nc\",\"n\":1.5,\"o\":{\"x\":[1,{\"y\":null}]},\"b\":true,\"l\":null},"
	  "{\"id\":2,\"l\":[1,2]}]",
		"\"id\",\"name\",\"n\",\"o\",\"b\",\"l\"\n"
		"1,\"a, \"\"b\"\"\nc\",1.5,\"{\"\"x\"\":[1,{\"\"y\"\":null}]}\",true,\n"
		"2,,,,,\"[1,2]\"" },
	{ "[{\"a\":1},{\"b\\\"\":2}]", "\"a\",\"b\"\"\"\n1,\n,2" },
	{ "{\"a\":\"\"}", "\"a\"\n\"\"" },
	{ "{\"a\":12345678901234567890}", "\"a\"\n12345678901234567890" },
	{ "{}", "" },
	{ "[]", "" },
	{ "[1,\"x\",null]", "\"value\"\n1\n\"x\"\n" },
	{ "\"x\"", "\"value\"\n\"x\"" },
};

START_TEST(test_write)
{
	lyre_value v = value_of_json(cases[_i].json);

	ck_assert_str_eq(encode(&encode_csv, &v, false), cases[_i].csv);
	ck_assert_str_eq(encode(&encode_csv, &v, true), cases[_i].csv);
}
END_TEST

/* Rows written immediately: only cells, in the order of the columns. */
START_TEST(test_rows)
{
	lyre_value row = value_of_json("{\"a\":\"x\",\"b\":[1]}");
	lyre_out o;

	for (int rows = 0; rows < 3; rows++) {
		buf_clear(&written);
		out_begin(&o, &encode_csv, &written, &arena);
		encode_csv.column(&o, "a", 1);
		encode_csv.column(&o, "\"b", 2);
		out_array_begin(&o);
		for (int i = 0; i < rows; i++)
			out_value(&o, &row);
		out_array_end(&o);
		out_finish(&o);
		ck_assert_str_eq(buf_cstr(&written),
			rows == 0         ? "" :
				rows == 1 ? "\"a\",\"\"\"b\"\n\"x\",\"[1]\"" :
					    "\"a\",\"\"\"b\"\n\"x\",\"[1]\"\n\"x\",\"[1]\"");
	}
}
END_TEST

/* The same rows in tokens, as handlers write them: names do not matter, nested values are one cell. */
START_TEST(test_rows_in_tokens)
{
	lyre_value list = value_of_json("[2]");
	lyre_out o;

	out_begin(&o, &encode_csv, &written, &arena);
	out_column(&o, "a");
	out_column(&o, "b");
	out_column(&o, "c");
	out_array_begin(&o);
	for (int i = 0; i < 2; i++) {
		out_object_begin(&o);
		out_key(&o, "a");
		out_int(&o, i);
		out_key(&o, "b");
		out_object_begin(&o);
		out_key(&o, "x");
		out_value(&o, &list);
		out_key(&o, "y");
		out_array_begin(&o);
		out_null(&o);
		out_array_end(&o);
		out_object_end(&o);
		out_key(&o, "c");
		out_value(&o, i ? NULL : &list);
		out_object_end(&o);
	}
	out_array_end(&o);
	out_finish(&o);
	out_drop(&o);
	ck_assert_str_eq(buf_cstr(&written),
		"\"a\",\"b\",\"c\"\n"
		"0,\"{\"\"x\"\":[2],\"\"y\"\":[null]}\",\"[2]\"\n"
		"1,\"{\"\"x\"\":[2],\"\"y\"\":[null]}\",");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("encode_csv");
	TCase *t = tcase_create("csv");

	tcase_add_checked_fixture(t, encode_setup, encode_teardown);
	tcase_add_loop_test(t, test_write, 0, COUNT(cases));
	tcase_add_test(t, test_rows);
	tcase_add_test(t, test_rows_in_tokens);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
