/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file json.c
 * \brief JSON: decoded as by other readers; what is encoded decodes to the same value and encodes the same again.
 */
#include "fuzz.h"
#include "vary.h"

#include "base/json.h"
#include "json_oracle.h"

/** How many random inputs main.c runs besides the corpus. */
extern unsigned fuzz_rounds;
unsigned fuzz_rounds = 200000;

/* Pieces of JSON, pieces that are not JSON, and values at limits. */
static const char *const words[] = { "[", "]", "{", "}", ",", ":", "\"", "'", "\\", "/", " ", "\t", "\n", "\v", "/**/", "[[[[",
	"\xef\xbb\xbf", "null", "true", "false", "NaN", "Infinity", "-Infinity", "\"a\":", "{'a':1}", "{\"a\":1,\"b\":[],\"a\":2}",
	"[1,\"x\",null]", "-", "0", "1", "-0", "01", "-01", "1.", "-.5", ".5", "1.5", "0.1", "e", "E+", "1e5", "1e400", "-1e-400",
	"9e18", "9223372036854775807", "9223372036854775808", "-9223372036854775808.0", "-9223372036854775809",
	"18446744073709551615", "18446744073709551616", "123456789012345678901234", "\\u0000", "\\u0041", "\\ud83d\\udc36",
	"\\ud800", "\\udc00", "\\u12", "\\n", "\\/", "\\x", "\x01", "\x7f", "\xc3\xa9", "\xf0\x9f\x90\xb6", "\xc0\x80",
	"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82", NULL };
const char *const *fuzz_words = words;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct buf out, rewritten;
	struct err e = { 0 };
	lyre_value v, again;
	char *text = fuzz_copy(data, size, 1);
	arena_init(&a);
	buf_init(&out);
	buf_init(&rewritten);
	int rc = json_decode(&a, text, size, &v, &e);
	must(rc == e.code && (rc == 0 || (rc == LYRE_EINVAL && *e.text)));
	must_not_say(json_oracle((const char *)data, size, rc, &v));
	if (!rc) {
		json_add_value(&out, &v);
		must(buf_cstr(&out));
		must(json_decode_copy(&a, out.data, out.len, &again, &e) == 0);
		must_not_say(json_oracle(out.data, out.len, 0, &again));
		must(value_equal(&v, &v) && value_compare(&v, &v) == 0);
		/* Not the same value: from 2^53 on, a double is written as a nearby integer, with as few digits as possible. */
		json_add_value(&rewritten, &again);
		must(rewritten.len == out.len && !memcmp(rewritten.data, out.data, out.len));
	}
	buf_free(&rewritten);
	buf_free(&out);
	arena_free(&a);
	free(text);
	return 0;
}
