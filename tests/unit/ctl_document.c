/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buf.h"
#include "ctl/document.h"
#include "json_grammar.h"

#include <stdio.h>
#include <string.h>

/* As json-c prints it; a refusal returns its message. */
static const char *read_back(const char *text)
{
	static char ret[4096];
	struct json_object *o;
	struct err e = { 0 };
	int rc = document_read(text, strlen(text), &o, &e);
	ck_assert_int_eq(rc, e.code);
	snprintf(ret, sizeof ret, "%s", rc ? e.text : json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
	json_object_put(o);
	return ret;
}

static const struct {
	const char *in, *out;
} documents[] = {
	{ "null", "null" },
	{ " \xef\xbb\xbf[]", "unexpected character at byte 2" },
	{ "\xef\xbb\xbf [1 , true]\n", "[1,true]" },
	{ "{\"b\":1,\"a\":2,\"b\":3}", "{\"b\":3,\"a\":2}" },
	/* numbers */
	{ "[9223372036854775807,-9223372036854775808,18446744073709551615]",
		"[9223372036854775807,-9223372036854775808,18446744073709551615]" },
	{ "[18446744073709551616,-9223372036854775809,{\"n\":123456789012345678901234567890}]",
		"[18446744073709551616,-9223372036854775809,{\"n\":123456789012345678901234567890}]" },
	{ "123456789012345678901234567890", "123456789012345678901234567890" },
	{ "[1.0,1e3,0.10000000000000000001,1E-07,1e999,100e-00]", "[1.0,1e3,0.10000000000000000001,1E-07,1e999,100e-00]" },
	{ "01", "malformed number at byte 1" },
	{ "[1,-]", "malformed number at byte 4" },
	{ "1.", "malformed number at byte 1" },
	{ "1-2", "malformed number at byte 1" },
	{ "NaN", "unexpected character at byte 1" },
	{ "-Infinity", "malformed number at byte 1" },
	/* texts */
	{ "\"\\ud83d\\udc36\\n\"", "\"\xf0\x9f\x90\xb6\\n\"" },
	{ "[\"\\ud83d\"]", "an unpaired surrogate at byte 3" },
	{ "\"\\udc36\\udc36\"", "an unpaired surrogate at byte 2" },
	{ "\"\\ud83d", "an unpaired surrogate at byte 2" },
	{ "\"\\x\"", "malformed escape at byte 2" },
	{ "\"\\u12g4\"", "malformed escape at byte 2" },
	{ "\"a\tb\"", "control character in a string at byte 3" },
	{ "\"a\xc0\x80\"", "invalid UTF-8 at byte 3" },
	{ "\"a", "unexpected end" },
	{ "\"\\", "unexpected end" },
	{ "'a'", "unexpected character at byte 1" },
	/* order of tokens */
	{ "", "unexpected end" },
	{ "[1,", "unexpected end" },
	{ "[1,]", "unexpected character at byte 4" },
	{ "{\"a\":1,}", "unexpected character at byte 8" },
	{ "{\"a\":1]", "object value separator ',' expected at byte 7" },
	{ "[1 2]", "array value separator ',' expected at byte 4" },
	{ "[18446744073709551616 2]", "array value separator ',' expected at byte 1" },
	{ "{1:2}", "quoted object property name expected at byte 2" },
	{ "]", "unexpected character at byte 1" },
	{ "1 2", "unexpected character at byte 3" },
	{ "[1] /* */", "unexpected character at byte 5" },
	{ "nul", "unexpected character at byte 1" },
	{ "True", "unexpected character at byte 1" },
};

START_TEST(test_documents)
{
	ck_assert_str_eq(read_back(documents[_i].in), documents[_i].out);
}
END_TEST

/* A NUL character is C0 80, so that names which differ after it do differ. */
START_TEST(test_nul)
{
	static const char text[] = "{\"a\\u0000b\":\"\\u0000\",\"a\\u0000c\":{\"\\\\u0000\":1}}";
	struct json_object *o;
	struct err e;
	ck_assert_int_eq(document_read(text, strlen(text), &o, &e), 0);
	ck_assert_uint_eq(member_count(o), 2);
	ck_assert_str_eq(text_member(o,
				 "a\xc0\x80"
				 "b"),
		"\xc0\x80");
	ck_assert(json_object_object_get_ex(json_object_object_get(o,
						    "a\xc0\x80"
						    "c"),
		"\\u0000", NULL));
	json_object_put(o);
}
END_TEST

START_TEST(test_depth)
{
	for (int depth = DEPTH_MAX; depth <= DEPTH_MAX + 1; depth++) {
		struct json_object *o;
		struct err e = { 0 };
		struct buf b;
		buf_init(&b);
		for (int i = 0; i < depth; i++)
			buf_add_str(&b, i % 2 ? "{\"a\":" : "[");
		buf_add_str(&b, "1");
		for (int i = depth; i-- > 0;)
			buf_add_str(&b, i % 2 ? "}" : "]");
		ck_assert_int_eq(document_read(b.data, b.len, &o, &e), depth > DEPTH_MAX ? LYRE_EINVAL : 0);
		ck_assert_str_eq(e.text, depth > DEPTH_MAX ? "arrays and objects are nested deeper than 512 levels" : "");
		json_object_put(o);
		buf_free(&b);
	}
}
END_TEST

static int collect(void *arg, struct json_object *item)
{
	buf_addf(arg, "%s;", json_object_to_json_string_ext(item, JSON_C_TO_STRING_PLAIN));
	return text_is(item, "stop") ? 7 : 0;
}

static const struct {
	const char *in, *items;
	int rc;
} arrays[] = {
	{ " [ ] ", "", 0 },
	{ "[1, null ,[2,{}],18446744073709551616]", "1;null;[2,{}];18446744073709551616;", 0 },
	{ "{\"a\":[1]}", "{\"a\":[1]};", 0 },
	{ "[1,\"stop\",3", "1;\"stop\";", 7 },
	{ "[1,2", "1;2;", LYRE_EINVAL },
	{ "[1,]", "1;", LYRE_EINVAL },
	{ "[,1]", "", LYRE_EINVAL },
	{ "[1}", "1;", LYRE_EINVAL },
	{ "[1]]", "1;", LYRE_EINVAL },
};

START_TEST(test_items)
{
	struct err e = { 0 };
	struct buf b;
	buf_init(&b);
	ck_assert_int_eq(document_each(arrays[_i].in, strlen(arrays[_i].in), collect, &b, &e), arrays[_i].rc);
	ck_assert_str_eq(buf_cstr(&b), arrays[_i].items);
	ck_assert_int_eq(*e.text != '\0', arrays[_i].rc < 0);
	buf_free(&b);
}
END_TEST

static int pass(void *arg, struct json_object *item)
{
	(void)arg, (void)item;
	return 0;
}

/* Accepts what is JSON, including numbers beyond double, as a whole or by items. */
static void judge(const char *text, size_t len)
{
	struct json_object *o;
	struct err e = { 0 };
	/* allocated exactly, so that reads beyond the end are detected */
	char *copy = malloc(len ? len : 1);
	memcpy(copy, text, len);
	bool good = (json_grammar(text, len) & ~(unsigned)LAX_RANGE) == 0;
	ck_assert_msg((document_read(copy, len, &o, &e) == 0) == good, "%.*s: %s", (int)len, text, e.text);
	ck_assert_msg((document_each(copy, len, pass, NULL, &e) == 0) == good, "%.*s: %s", (int)len, text, e.text);
	json_object_put(o);
	free(copy);
}

static const char *const pieces[] = { "[", "]", "{", "}", ",", ":", "\"", "\"a\":", "\"\"", "[1,\"x\"]", "{\"a\":1}",
	"{\"\\u0000\":[]}", " ", "\n", "\v", "'", "/**/", "\\", "\\u0000", "\\ud83d\\udc36", "\\ud800", "\\udc00", "\\u12", "\\/",
	"\x01", "\x7f", "\xc3\xa9", "\xc0\x80", "\xed\xa0\x80", "\xff", "\xef\xbb\xbf", "null", "true", "false", "NaN", "Infinity",
	"-", "+", "0", "1", "-0", "01", "1.", ".5", "1.5", "e", "E+", "1e5", "e-00", "18446744073709551616", "-9223372036854775809",
	"1e400" };

START_TEST(test_random)
{
	uint32_t seed = 1;
	for (int round = 0; round < 200000; round++) {
		char text[256] = "";
		size_t len = 0;
		for (unsigned n = 1 + round % 8; n > 0; n--) {
			seed = seed * 1664525 + 1013904223;
			const char *piece = pieces[(seed >> 8) % (sizeof pieces / sizeof *pieces)];
			len += (size_t)snprintf(text + len, sizeof text - len, "%s", piece);
		}
		judge(text, len);
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("ctl_document");
	TCase *t = tcase_create("document");
	tcase_add_loop_test(t, test_documents, 0, sizeof documents / sizeof *documents);
	tcase_add_test(t, test_nul);
	tcase_add_test(t, test_depth);
	tcase_add_loop_test(t, test_items, 0, sizeof arrays / sizeof *arrays);
	tcase_add_test(t, test_random);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
