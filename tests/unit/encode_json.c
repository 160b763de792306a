/* SPDX-License-Identifier: Apache-2.0 */
/* JSON and JSON lines, token by token. */
#include <config.h>

#include "encode_fixture.h"

static const struct {
	const char *json, *lines;
} cases[] = {
	{ "{}", "{}\n" },
	{ "[]", "" },
	{ "null", "null\n" },
	{ "\"a\\nb\"", "\"a\\nb\"\n" },
	{ "1.5", "1.5\n" },
	{ "{\"a\":[-1,null,[]],\"b\":\"x\\\"y\"}", "{\"a\":[-1,null,[]],\"b\":\"x\\\"y\"}\n" },
	{ "[{\"a\":1},{\"a\":[{}]}]", "{\"a\":1}\n{\"a\":[{}]}\n" },
	{ "[1,\"x\",[2,[3]],[],null,true]", "1\n\"x\"\n[2,[3]]\n[]\nnull\ntrue\n" },
	{ "[[{},{}]]", "[{},{}]\n" },
};

START_TEST(writes_json)
{
	lyre_value v = value_of_json(cases[_i].json);

	ck_assert_str_eq(encode(&encode_json, &v, false), cases[_i].json);
	ck_assert_str_eq(encode(&encode_json, &v, true), cases[_i].json);
}
END_TEST

#ifdef LYRE_FORMAT_JSONL
START_TEST(writes_lines)
{
	lyre_value v = value_of_json(cases[_i].json);

	ck_assert_str_eq(encode(&encode_jsonl, &v, false), cases[_i].lines);
	ck_assert_str_eq(encode(&encode_jsonl, &v, true), cases[_i].lines);
}
END_TEST
#endif

START_TEST(names_are_escaped)
{
	lyre_value v = value_of_json("{\"\":{\"a\\\"\":1,\"b\\u0001\":2}}");

	ck_assert_str_eq(encode(&encode_json, &v, true), "{\"\":{\"a\\\"\":1,\"b\\u0001\":2}}");
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("encode_json");
	TCase *t = tcase_create("json");

	tcase_add_checked_fixture(t, encode_setup, encode_teardown);
	tcase_add_loop_test(t, writes_json, 0, COUNT(cases));
#ifdef LYRE_FORMAT_JSONL
	tcase_add_loop_test(t, writes_lines, 0, COUNT(cases));
#endif
	tcase_add_test(t, names_are_escaped);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
