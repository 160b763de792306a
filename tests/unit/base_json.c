/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;

static void begin(void)
{
	arena_init(&arena);
}

static void end(void)
{
	arena_free(&arena);
}

/* Decodes and writes again; a refusal gives its sentence. */
static const char *round_trip(const char *text)
{
	static struct buf out;
	struct err err = { 0 };
	lyre_value v;
	buf_clear(&out);
	if (json_decode_copy(&arena, text, strlen(text), &v, &err))
		return arena_strndup(&arena, err.text, strlen(err.text));
	json_add_value(&out, &v);
	char *copy = arena_strndup(&arena, buf_cstr(&out), out.len);
	buf_free(&out);
	return copy;
}

static const struct {
	const char *in, *out;
} same[] = {
	{ "{}", "{}" },
	{ " [ 1 , 2 ] ", "[1,2]" },
	{ "\xef\xbb\xbf[1]", "[1]" },
	{ "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" },
	{ "\"\\u00e9\\ud83d\\udc36\\n\\/\"", "\"\xc3\xa9\xf0\x9f\x90\xb6\\n/\"" },
	{ "\"a\\u0000b\\u0001\"", "\"a\\u0000b\\u0001\"" },
	{ "1.0", "1" },
	{ "-0", "0" },
	{ "-0.0", "0" },
	{ "1e2", "100" },
	{ "0.1e-10", "1e-11" },
	{ "1e21", "1e+21" },
	{ "1e-7", "1e-7" },
	{ "0.000001", "0.000001" },
	{ "0.30000000000000004", "0.30000000000000004" },
	{ "1795297235721.01", "1795297235721.01" },
	{ "5e-324", "5e-324" },
	{ "1.7976931348623157e308", "1.7976931348623157e+308" },
	{ "9007199254740993", "9007199254740993" },
	{ "9223372036854775807", "9223372036854775807" },
	{ "-9223372036854775808", "-9223372036854775808" },
	{ "123456789012345678901234567890", "123456789012345678901234567890" },
	{ "12345678901234567890.5", "12345678901234567000" },
	{ "1.2345678901234568e+29", "1.2345678901234568e+29" },
};

START_TEST(accepts)
{
	ck_assert_str_eq(round_trip(same[_i].in), same[_i].out);
}
END_TEST

static const struct {
	const char *in, *text;
} refused[] = {
	{ "", "Unexpected end of JSON input" },
	{ "{\"operation\":", "Unexpected end of JSON input" },
	{ "{\"operation\":\"describe_all\",}", "Expected double-quoted property name in JSON at position 28" },
	{ "{'operation':'describe_all'}", "Expected property name or '}' in JSON at position 1" },
	{ "{\"operation\":\"describe_all\",\"x\":NaN}",
		"Unexpected token 'N', ...\"_all\",\"x\":NaN}\" is not valid JSON" },
	{ "{\"a\":1}{\"a\":1}", "Unexpected non-whitespace character after JSON at position 7" },
	{ "hello", "Unexpected token 'h', \"hello\" is not valid JSON" },
	{ "{\"operation\":\"describe\x01_all\"}", "Bad control character in string literal in JSON at position 22" },
	{ "[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON" },
	{ "[1 2]", "Expected ',' or ']' after array element in JSON at position 3" },
	{ "{\"a\" 1}", "Expected ':' after property name in JSON at position 5" },
	{ "{\"a\":1 \"b\":2}", "Expected ',' or '}' after property value in JSON at position 7" },
	{ "-", "Unexpected end of JSON input" },
	{ "-x", "No number after minus sign in JSON at position 1" },
	{ "01", "Unexpected number in JSON at position 1" },
	{ "1.", "Unterminated fractional number in JSON at position 2" },
	{ "1e", "Exponent part is missing a number in JSON at position 2" },
	{ "1e400", "Number out of range in JSON at position 0" },
	{ "Infinity", "Unexpected token 'I', \"Infinity\" is not valid JSON" },
	{ "\"\\x\"", "Bad escaped character in JSON at position 2" },
	{ "\"\\u12\"", "Bad Unicode escape in JSON at position 3" },
	{ "\"abc", "Unterminated string in JSON at position 4" },
	{ "\"\\ud800\"", "Lone surrogate in string literal in JSON at position 1" },
	{ "\"a\xff\"", "Invalid UTF-8 in string literal in JSON at position 2" },
	{ "\"\xed\xa0\x80\"", "Invalid UTF-8 in string literal in JSON at position 1" },
	/* positions count what was written, in UTF-16 units, also behind escapes */
	{ "{\"\\u00e9\xc3\xa9\xf0\x9f\x90\xb6\\n\" 1}", "Expected ':' after property name in JSON at position 15" },
};

START_TEST(refuses)
{
	ck_assert_str_eq(round_trip(refused[_i].in), refused[_i].text);
}
END_TEST

START_TEST(depth_is_limited)
{
	char text[2 * JSON_DEPTH_MAX + 3];
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	text[2 * JSON_DEPTH_MAX] = '\0';
	ck_assert_str_eq(round_trip(text), text);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	ck_assert_str_eq(round_trip(text), "Nesting too deep in JSON at position 512");
}
END_TEST

/* Each costs the same, however many there are: a million of them must not keep a server busy for minutes. */
START_TEST(many_escapes)
{
	enum { COUNT = 1000000 };
	struct err err = { 0 };
	lyre_value v;
	char *text = malloc(2 * COUNT + 2);
	ck_assert_ptr_nonnull(text);
	text[0] = '"';
	for (size_t i = 0; i < COUNT; i++)
		memcpy(text + 1 + 2 * i, "\\n", 2);
	text[2 * COUNT + 1] = '"';
	ck_assert_int_eq(json_decode_copy(&arena, text, 2 * COUNT + 2, &v, &err), 0);
	ck_assert_uint_eq(v.len, COUNT);
	ck_assert_int_eq(v.s[COUNT - 1], '\n');
	text[2 * COUNT + 1] = '\n';
	ck_assert_int_eq(json_decode_copy(&arena, text, 2 * COUNT + 2, &v, &err), LYRE_EINVAL);
	ck_assert_str_eq(err.text, "Bad control character in string literal in JSON at position 2000001");
	free(text);
}
END_TEST

START_TEST(many_names)
{
	struct buf in = { 0 };
	buf_add_str(&in, "{");
	for (int i = 0; i < 20000; i++)
		buf_addf(&in, "%s\"n%d\":%d", i ? "," : "", i % 10000, i);
	buf_add_str(&in, "}");
	lyre_value v;
	struct err err = { 0 };
	ck_assert_int_eq(json_decode_copy(&arena, in.data, in.len, &v, &err), 0);
	buf_free(&in);
	ck_assert_uint_eq(v.len, 10000);
	ck_assert_int_eq(value_get(&v, "n0")->i, 10000);
	ck_assert_int_eq(value_get(&v, "n9999")->i, 19999);
}
END_TEST

/* A quarter of the places that a table of as many names has as are made of four parts. */
#define PLACES (1u << 18)
#define PART 6
#define PARTS 24

static uint32_t fnv1a(uint32_t h, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

/* Names that a common hash puts in one place of a table, as somebody sends them who wants to keep the server busy. Each is made
 * of parts that bring the hash back to where it began. */
START_TEST(colliding_names)
{
	enum { COUNT = PARTS * PARTS * PARTS * PARTS };
	char parts[PARTS][PART];
	size_t found = 0;
	for (uint32_t i = 0; found < PARTS; i++) {
		char part[PART];
		for (size_t j = 0; j < PART; j++)
			part[j] = (char)('a' + (i >> 4 * j & 15));
		ck_assert_uint_lt(i, 1u << 4 * PART);
		if ((fnv1a(2166136261u, part, PART) ^ 2166136261u) % PLACES == 0)
			memcpy(parts[found++], part, PART);
	}
	struct buf in = { 0 };
	for (uint32_t i = 0; i <= COUNT; i++) {
		buf_add_char(&in, i ? ',' : '{');
		buf_add_char(&in, '"');
		for (uint32_t j = 0, rest = i; j < 4; j++, rest /= PARTS)
			buf_add(&in, parts[rest % PARTS], PART);
		buf_addf(&in, "\":%u", i);
	}
	buf_add_char(&in, '}');
	lyre_value v;
	struct err err = { 0 };
	ck_assert_int_eq(json_decode_copy(&arena, in.data, in.len, &v, &err), 0);
	buf_free(&in);
	ck_assert_uint_eq(v.len, COUNT);
	ck_assert_int_eq(v.members[0].value.i, COUNT); /* the name of the first came once more */
	for (uint32_t i = 1; i < COUNT; i++)
		ck_assert_int_eq(v.members[i].value.i, i);
}
END_TEST

START_TEST(doubles_read_back)
{
	uint64_t state = 88172645463325252u;
	for (int i = 0; i < 200000; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		double d;
		memcpy(&d, &state, sizeof d);
		if (!isfinite(d))
			continue;
		if (i % 3 == 0)
			d = (double)(int64_t)(state % 4000000000000000u) / 1000.0;
		char text[NUMBER_TEXT_MAX];
		size_t len = double_text(text, d);
		ck_assert_uint_lt(len, NUMBER_TEXT_MAX);
		ck_assert_msg(strtod(text, NULL) == d, "%.17g written as %s", d, text);
	}
}
END_TEST

static lyre_value parsed(const char *text)
{
	lyre_value v;
	struct err err = { 0 };
	ck_assert_int_eq(json_decode_copy(&arena, text, strlen(text), &v, &err), 0);
	return v;
}

START_TEST(order_of_values)
{
	static const char *const ascending[] = { "null", "{}", "false", "true", "-1e300", "-123456789012345678901",
		"-9223372036854775809", "-9223372036854775808.0", "-1", "0", "0.5", "1", "9007199254740992", "9007199254740993",
		"9223372036854775807", "9223372036854775808.0", "9223372036854775809", "18446744073709551615",
		"18446744073709551616.0", "18446744073709551617", "1e300",
		"\"\"", "\"a\"", "\"a\\u0000\"", "\"b\"", "\"\xc3\xa9\"" };
	size_t n = sizeof ascending / sizeof *ascending;
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			lyre_value a = parsed(ascending[i]), b = parsed(ascending[j]);
			int c = value_compare(&a, &b);
			ck_assert_msg((c > 0) - (c < 0) == (i > j) - (i < j), "%s and %s", ascending[i], ascending[j]);
		}
}
END_TEST

START_TEST(equal_values)
{
	lyre_value a = parsed("{\"x\":[1,{\"y\":null}],\"z\":1.0}"), b = parsed("{\"z\":1,\"x\":[1,{\"y\":null}]}");
	lyre_value c = parsed("{\"z\":1,\"x\":[1,{\"y\":false}]}");
	ck_assert(value_equal(&a, &b));
	ck_assert(!value_equal(&a, &c));
}
END_TEST

START_TEST(writer_places_commas)
{
	struct buf b = { 0 };
	lyre_out o;
	out_init(&o, &b);
	out_object_begin(&o);
	out_key(&o, "a");
	out_array_begin(&o);
	out_int(&o, -1);
	out_null(&o);
	out_array_begin(&o);
	out_array_end(&o);
	out_array_end(&o);
	out_key(&o, "b");
	out_string(&o, "x\"y", 3);
	out_object_end(&o);
	ck_assert_str_eq(buf_cstr(&b), "{\"a\":[-1,null,[]],\"b\":\"x\\\"y\"}");
	buf_free(&b);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base/json");
	TCase *t = tcase_create("json");
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_loop_test(t, accepts, 0, (int)(sizeof same / sizeof *same));
	tcase_add_loop_test(t, refuses, 0, (int)(sizeof refused / sizeof *refused));
	tcase_add_test(t, depth_is_limited);
	tcase_add_test(t, many_escapes);
	tcase_add_test(t, many_names);
	tcase_add_test(t, colliding_names);
	tcase_add_test(t, doubles_read_back);
	tcase_add_test(t, order_of_values);
	tcase_add_test(t, equal_values);
	tcase_add_test(t, writer_places_commas);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
