/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "dispatch/dispatch_internal.h"

#include <string.h>

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
	lyre_value v;
	struct arena a;
	struct buf b;
	struct err e;

	arena_init(&a);
	buf_init(&b);
	ck_assert_int_eq(json_decode_copy(&a, cases[_i].json, strlen(cases[_i].json), &v, &e), 0);
	csv_write(&b, &v, &a);
	ck_assert_str_eq(buf_cstr(&b), cases[_i].csv);
	buf_free(&b);
	arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("dispatch_csv");
	TCase *t = tcase_create("csv");

	tcase_add_loop_test(t, test_write, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
