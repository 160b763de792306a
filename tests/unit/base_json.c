/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/json.h"
#include "base/text.h"
#include "json_oracle.h"

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

/* As json_decode_copy(), and the oracle agrees. */
static int decode(const char *text, size_t len, lyre_value *v, struct err *err)
{
	int rc = json_decode_copy(&arena, text, len, v, err);
	const char *fault = json_oracle(text, len, rc, v);
	ck_assert_msg(!fault, "%s: %.*s", fault, len < 400 ? (int)len : 400, text);
	return rc;
}

/* Decodes and encodes again; a refusal returns its message. */
static const char *round_trip(const char *text)
{
	static struct buf out;
	struct err err = { 0 };
	lyre_value v;
	buf_clear(&out);
	if (decode(text, strlen(text), &v, &err))
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
	{ "{\"operation\":\"describe_all\",\"x\":NaN}", "Unexpected token 'N', ...\"_all\",\"x\":NaN}\" is not valid JSON" },
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
	/* positions count UTF-16 units of the original text, even after escapes */
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

/* Each costs the same, however many there are: a million must not keep a server busy for minutes. */
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
	ck_assert_int_eq(decode(text, 2 * COUNT + 2, &v, &err), 0);
	ck_assert_uint_eq(v.len, COUNT);
	ck_assert_int_eq(v.s[COUNT - 1], '\n');
	text[2 * COUNT + 1] = '\n';
	ck_assert_int_eq(decode(text, 2 * COUNT + 2, &v, &err), LYRE_EINVAL);
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
	ck_assert_int_eq(decode(in.data, in.len, &v, &err), 0);
	buf_free(&in);
	ck_assert_uint_eq(v.len, 10000);
	ck_assert_int_eq(value_get(&v, "n0")->i, 10000);
	ck_assert_int_eq(value_get(&v, "n9999")->i, 19999);
}
END_TEST

/* A quarter of the slots in a table for as many names as can be made from four parts. */
#define PLACES (1u << 18)
#define PART 6
#define PARTS 24

static uint32_t fnv1a(uint32_t h, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

/* Names that a common hash maps to one slot, as an attacker would send them. Each consists of parts that return the
 * hash to its initial state. */
START_TEST(colliding_names)
{
	enum { COUNT = PARTS * PARTS * PARTS * PARTS };
	char parts[PARTS][PART];
	size_t found = 0;
	for (uint32_t i = 0; found < PARTS && i < 1u << 4 * PART; i++) {
		char part[PART];
		for (size_t j = 0; j < PART; j++)
			part[j] = (char)('a' + (i >> 4 * j & 15));
		if ((fnv1a(2166136261u, part, PART) ^ 2166136261u) % PLACES == 0)
			memcpy(parts[found++], part, PART);
	}
	ck_assert_uint_eq(found, PARTS);
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
	ck_assert_int_eq(decode(in.data, in.len, &v, &err), 0);
	buf_free(&in);
	ck_assert_uint_eq(v.len, COUNT);
	ck_assert_int_eq(v.members[0].value.i, COUNT); /* the first name occurred once more */
	uint32_t right = 1;
	while (right < COUNT && v.members[right].value.i == right)
		right++;
	ck_assert_uint_eq(right, COUNT);
}
END_TEST

/* ---- large documents, whose arrays are counted before they are read ---- */

#define LARGE_DOCUMENT 200000

static uint64_t seed;

static uint64_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned below(unsigned n)
{
	return (unsigned)(next_random() >> 20) % n;
}

/* As it is encoded again: names are distinct, no blanks. A few arrays and objects are longer than any stack. */
static void add_document(struct buf *b, unsigned depth)
{
	static const char *const scalars[] = { "0", "null", "\"\"", "\"a,]}[{\\\"\"", "-12.5", "true", "[]", "{}",
		"\"\xc3\xa9\\\\\"", "123456789012345678901" };
	unsigned kind = below(depth ? 6 : 4), n = below(400) ? below(5) : below(9000);
	if ((kind < 4 && depth != 0) || b->len > LARGE_DOCUMENT) {
		buf_add_str(b, scalars[below(sizeof scalars / sizeof *scalars)]);
		return;
	}
	buf_add_char(b, kind % 2 ? '[' : '{');
	for (unsigned i = 0; i < (depth ? n : 5000 + n); i++) {
		if (i)
			buf_add_char(b, ',');
		if (kind % 2 == 0)
			buf_addf(b, "\"n%u\":", i);
		if (depth < 6)
			add_document(b, depth + 1);
		else
			buf_add_str(b, scalars[below(sizeof scalars / sizeof *scalars)]);
	}
	buf_add_char(b, kind % 2 ? ']' : '}');
}

START_TEST(large_documents)
{
	seed = 88172645463325252u + (uint64_t)_i;
	struct buf in = { 0 }, out = { 0 };
	struct err err = { 0 };
	lyre_value v;
	add_document(&in, 0);
	ck_assert_int_eq(decode(in.data, in.len, &v, &err), 0);
	json_add_value(&out, &v);
	ck_assert_uint_eq(in.len, out.len);
	ck_assert(!memcmp(in.data, out.data, in.len));
	buf_free(&in);
	buf_free(&out);
}
END_TEST

/* Decoded at once, and in two steps (the outer object first): results and errors are the same. */
static void check_both_ways(const char *text, size_t len)
{
	struct err e1 = { 0 }, e2 = { 0 };
	struct buf b1 = { 0 }, b2 = { 0 };
	lyre_value v1, v2;
	char *copy = arena_strndup(&arena, text, len);
	int rc1 = decode(text, len, &v1, &e1), rc2 = json_decode_outer(&arena, copy, len, &v2, &e2);
	ck_assert_int_eq(rc1, rc2);
	/* The quoted text shows escapes if they were not decoded yet. */
	char *quoted = strstr(e1.text, "', ");
	ck_assert(!strncmp(e1.text, e2.text, quoted ? (size_t)(quoted - e1.text) : sizeof e1.text));
	if (rc1)
		return;
	for (uint32_t i = 0; v2.type == LYRE_OBJECT && i < v2.len; i++) {
		ck_assert(v2.members[i].value.type != LYRE_ARRAY && v2.members[i].value.type != LYRE_OBJECT);
		ck_assert_int_eq(json_decode_rest(&arena, &v2.members[i].value, &e2), 0);
	}
	ck_assert_int_eq(json_decode_rest(&arena, &v2, &e2), 0);
	json_add_value(&b1, &v1);
	json_add_value(&b2, &v2);
	ck_assert_uint_eq(b1.len, b2.len);
	ck_assert(!memcmp(b1.data, b2.data, b1.len));
	buf_free(&b1);
	buf_free(&b2);
}

START_TEST(outer_object_first)
{
	static const char *const texts[] = { "{\"a\":[1,{\"b\":\"\\u00e9\\n\"}],\"c\":1,\"a\":{}}", "[[1],2]", " [ ] ", "1", "",
		"{\"a\":[1,2}", "{\"a\":[\"\\u00e9\\ud800\"]}", "{\"x\\n\":1,\"a\":[\"\\n\",tru]}", "{\"a\":{\"b\":\"\x01\"}}",
		"{\"\\u00e9\":{\"b\\u00e9\":[1e999]}}", "{\"a\":[1],}", "{\"a\":[-]}", "{\"a\":[123456789012345678901,1.5]} x" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check_both_ways(texts[i], strlen(texts[i]));
}
END_TEST

/* The counted text is not always valid JSON. */
START_TEST(large_documents_with_faults)
{
	static const char bytes[] = "[]{},:\"\\0x \n";
	seed = 1181783497276652981u + (uint64_t)_i;
	struct buf in = { 0 };
	buf_add_str(&in, "{\"operation\":\"x\",\"a\":");
	add_document(&in, 0);
	buf_add_char(&in, '}');
	check_both_ways(in.data, in.len);
	for (int i = 0; i < 9; i++) {
		size_t len = i % 3 ? in.len : below((unsigned)in.len);
		for (int j = 0; j < i; j++)
			in.data[below((unsigned)in.len)] = bytes[below(sizeof bytes - 1)];
		check_both_ways(in.data, len);
		arena_reset(&arena);
	}
	buf_free(&in);
}
END_TEST

/* Without sign, point, exponent, leading and trailing zeros. */
static void digits_of(char out[40], const char *text)
{
	size_t len = 0;
	for (const char *p = text + strspn(text, "-0."); *p && *p != 'e'; p++)
		if (*p != '.')
			out[len++] = *p;
	while (len && out[len - 1] == '0')
		len--;
	out[len] = '\0';
}

static void check_shortest(double d)
{
	char text[NUMBER_TEXT_MAX], right[40], digits[40], right_digits[40];
	size_t len = double_text(text, d);
	ck_assert_uint_lt(len, NUMBER_TEXT_MAX);
	ck_assert_uint_eq(len, strlen(text));
	ck_assert_msg(strtod(text, NULL) == d, "%.17g written as %s", d, text);
	for (int precision = 0; precision < 17; precision++) {
		snprintf(right, sizeof right, "%.*e", precision, d);
		if (strtod(right, NULL) == d)
			break;
	}
	digits_of(digits, text);
	digits_of(right_digits, right);
	ck_assert_msg(!strcmp(digits, right_digits), "%s written as %s", right, text);
}

/* Of all magnitudes, and as quotients, prices and sums. */
static double some_double(int i)
{
	double d;
	switch (i % 4) {
	case 0:
		return (double)(int64_t)(next_random() % 4000000000000000u) / 1000.0;
	case 1:
		return (double)(next_random() % 1000000) / (double)(next_random() % 1000 + 1);
	case 2:
		return ldexp((double)(next_random() >> 11), (int)(next_random() % 72) - 72);
	default:
		do {
			uint64_t bits = next_random();
			memcpy(&d, &bits, sizeof d);
		} while (!isfinite(d));
		return d;
	}
}

START_TEST(doubles_are_written_shortest)
{
	seed = 88172645463325252u;
	for (int i = 0; i < 30000; i++)
		check_shortest(some_double(i));
	for (int i = -70; i < 70; i++) {
		double power = ldexp(1, i), ten = pow(10, i);
		check_shortest(power);
		check_shortest(nextafter(power, 0));
		check_shortest(nextafter(power, INFINITY));
		check_shortest(ten);
		check_shortest(nextafter(ten, 0));
		check_shortest(nextafter(ten, INFINITY));
	}
}
END_TEST

static lyre_value parsed(const char *text)
{
	lyre_value v;
	struct err err = { 0 };
	ck_assert_int_eq(decode(text, strlen(text), &v, &err), 0);
	return v;
}

START_TEST(order_of_values)
{
	static const char *const ascending[] = { "null", "{}", "false", "true", "-1e300", "-123456789012345678901",
		"-9223372036854775809", "-9223372036854775808.0", "-1", "0", "0.5", "1", "9007199254740992", "9007199254740993",
		"9223372036854775807", "9223372036854775808.0", "9223372036854775809", "18446744073709551615",
		"18446744073709551616.0", "18446744073709551617", "1e300", "\"\"", "\"a\"", "\"a\\u0000\"", "\"b\"",
		"\"\xc3\xa9\"" };
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
	tcase_add_loop_test(t, large_documents, 0, 6);
	tcase_add_test(t, outer_object_first);
	tcase_add_loop_test(t, large_documents_with_faults, 0, 4);
	tcase_add_test(t, doubles_are_written_shortest);
	tcase_add_test(t, order_of_values);
	tcase_add_test(t, equal_values);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
