/* SPDX-License-Identifier: Apache-2.0 */
/* YAML: what is quoted. tests/api/test_formats.py checks with a second reader that it reads back. */
#include "encode_fixture.h"

static const struct {
	const char *json, *yaml;
} cases[] = {
	{ "{\"message\":\"inserted 0 of 1 records\",\"inserted_hashes\":[],\"skipped_hashes\":[1]}",
		"message: inserted 0 of 1 records\ninserted_hashes: []\nskipped_hashes:\n- 1\n" },
	{ "[{\"id\":1,\"name\":\"a, \\\"b\\\"\\nc\",\"n\":1.5,\"o\":{\"x\":[1,{\"y\":null}]},\"b\":true,\"l\":null}]",
		"- id: 1\n  name: |-\n    a, \"b\"\n    c\n  \"n\": 1.5\n  o:\n    x:\n    - 1\n    - \"y\": null\n  b: true\n  l: null\n" },
	{ "[]", "[]\n" },
	{ "{}", "{}\n" },
	{ "[[],{},[[1]]]", "- []\n- {}\n- - - 1\n" },
	{ "[\"zw\xc3\xb6lf\",\"a b\",\"x: y\",\"- x\",\"#\"]", "- zw\xc3\xb6lf\n- a b\n- 'x: y'\n- '- x'\n- '#'\n" },
	/* strings that would be read as another type */
	{ "[\"\",\"~\",\"null\",\"True\",\"no\",\"Y\",\"on\",\"=\",\"<<\"]",
		"- \"\"\n- \"~\"\n- \"null\"\n- \"True\"\n- \"no\"\n- \"Y\"\n- \"on\"\n- \"=\"\n- \"<<\"\n" },
	{ "[\"1\",\"-1.5\",\"1e3\",\"0x1f\",\"0o7\",\".5\",\".inf\",\"-.INF\",\".NaN\",\"1_000\",\"12:30:45\",\"+1\"]",
		"- \"1\"\n- \"-1.5\"\n- \"1e3\"\n- \"0x1f\"\n- \"0o7\"\n- \".5\"\n- \".inf\"\n- \"-.INF\"\n- \".NaN\"\n- \"1_000\"\n"
		"- \"12:30:45\"\n- \"+1\"\n" },
	{ "[\"2001-12-14\",\"2001-12-14T21:59:43.10Z\",\"2001-12-14 21:59:43.10 -5\"]",
		"- \"2001-12-14\"\n- \"2001-12-14T21:59:43.10Z\"\n- \"2001-12-14 21:59:43.10 -5\"\n" },
	{ "[\"3 of 3 records\",\"1 dog\",\"nullify\",\"yes!\"]", "- 3 of 3 records\n- 1 dog\n- nullify\n- yes!\n" },
	{ "{\"1\":1,\"no\":2}", "\"1\": 1\n\"no\": 2\n" },
	/* lines */
	{ "[\"a\\nb\",\"a\\n\",\" a\\nb\",\"a \\nb\",\"a\\rb\",\"a\\tb\",\"\\u2028\",\"\\u0085\",\"\\u0000\"]",
		"- |-\n  a\n  b\n- \"a\\n\"\n- \" a\\nb\"\n- \"a \\nb\"\n- \"a\\rb\"\n- \"a\\tb\"\n- \"\\L\"\n- \"\\N\"\n- \"\\0\"\n" },
	/* numbers */
	{ "[1e+21,1e-7,1.5e+300,-0.25,123456789012345678901234567890]",
		"- 1.0e+21\n- 1.0e-7\n- 1.5e+300\n- -0.25\n- 123456789012345678901234567890\n" },
};

START_TEST(writes)
{
	lyre_value v = value_of_json(cases[_i].json);

	ck_assert_str_eq(encode(&encode_yaml, &v, false), cases[_i].yaml);
	ck_assert_str_eq(encode(&encode_yaml, &v, true), cases[_i].yaml);
}
END_TEST

/* The emitter's memory is charged, and returned if the answer breaks off. */
START_TEST(breaks_off)
{
	struct budget budget;
	struct charge charge;
	struct buf out;
	lyre_out o;

	budget_init(&budget, 1 << 20, 256 << 10, 1);
	charge_init(&charge, &budget, 0);
	buf_init_charged(&out, &charge);
	out_begin(&o, &encode_yaml, &out, &arena);
	out_array_begin(&o);
	out_int(&o, 1);
	ck_assert(out_begun(&o));
	ck_assert_uint_gt(charge.held, 0);
	out_drop(&o);
	out_drop(&o);
	buf_free(&out);
	ck_assert_uint_eq(charge.held, 0);
	/* a string too large for a second copy */
	size_t len = 200 << 10;
	char *text = malloc(len);
	memset(text, 'x', len);
	out_begin(&o, &encode_yaml, &out, &arena);
	out_string(&o, text, len);
	out_finish(&o);
	out_drop(&o);
	ck_assert(out.failed);
	buf_free(&out);
	ck_assert_uint_eq(charge.held, 0);
	free(text);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("encode_yaml");
	TCase *t = tcase_create("yaml");

	tcase_add_checked_fixture(t, encode_setup, encode_teardown);
	tcase_add_loop_test(t, writes, 0, COUNT(cases));
	tcase_add_test(t, breaks_off);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
