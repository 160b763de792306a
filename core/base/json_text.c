/* SPDX-License-Identifier: Apache-2.0 */
/* Strings in JSON, and the errors about invalid documents. */
#include "base/json_reader.h"
#include "base/text.h"

#include <string.h>

size_t json_position(const struct json_reader *r, const char *at)
{
	size_t n = r->adjust;
	for (const char *p = r->start; p < at; p++) {
		unsigned char c = (unsigned char)*p;
		n += (c & 0xc0) != 0x80;
		n += c >= 0xf0;
	}
	return n;
}

int json_fail_at(struct json_reader *r, const char *at, const char *what)
{
	return err_set(r->err, LYRE_EINVAL, "%s in JSON at position %zu", what, json_position(r, at));
}

int json_fail_end(struct json_reader *r)
{
	return err_set(r->err, LYRE_EINVAL, "Unexpected end of JSON input");
}

int json_fail_token(struct json_reader *r)
{
	enum { AROUND = 10 };
	if (r->p >= r->end)
		return json_fail_end(r);
	char *from = r->p - r->start > AROUND ? r->p - AROUND : r->start;
	while (from < r->p && ((unsigned char)*from & 0xc0) == 0x80)
		from++;
	size_t rest = (size_t)(r->end - r->p);
	size_t tail = utf8_valid_prefix(r->p, utf8_cut(r->p, rest, rest < AROUND ? rest : AROUND));
	if (!tail)
		return json_fail_at(r, r->p, "Invalid UTF-8");
	int char_len = 1;
	while (char_len < (int)tail && ((unsigned char)r->p[char_len] & 0xc0) == 0x80)
		char_len++;
	/* Strings already read have a NUL in place of their quote. */
	for (char *p = from; p < r->p; p++)
		if (*p == '\0')
			*p = '"';
	/* Strings decoded in place may have left part of a character behind. */
	while (from < r->p && utf8_valid_prefix(from, (size_t)(r->p - from)) < (size_t)(r->p - from))
		from++;
	return err_set(r->err, LYRE_EINVAL, "Unexpected token '%.*s', %s\"%.*s\"%s is not valid JSON", char_len, r->p,
		from > r->start ? "..." : "", (int)(r->p - from) + (int)tail, from, tail < rest ? "... " : "");
}

static int hex4(const char *p, const char *end, unsigned *ret)
{
	unsigned u = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') :
			c >= 'a' && c <= 'f'          ? (unsigned)(c - 'a') + 10 :
			c >= 'A' && c <= 'F'          ? (unsigned)(c - 'A') + 10 :
							16;
		if (digit == 16)
			return -1;
		u = u << 4 | digit;
	}
	*ret = u;
	return 0;
}

static char *put_utf8(char *w, unsigned u)
{
	if (u < 0x80) {
		*w++ = (char)u;
	} else if (u < 0x800) {
		*w++ = (char)(0xc0 | u >> 6);
		*w++ = (char)(0x80 | (u & 0x3f));
	} else if (u < 0x10000) {
		*w++ = (char)(0xe0 | u >> 12);
		*w++ = (char)(0x80 | (u >> 6 & 0x3f));
		*w++ = (char)(0x80 | (u & 0x3f));
	} else {
		*w++ = (char)(0xf0 | u >> 18);
		*w++ = (char)(0x80 | (u >> 12 & 0x3f));
		*w++ = (char)(0x80 | (u >> 6 & 0x3f));
		*w++ = (char)(0x80 | (u & 0x3f));
	}
	return w;
}

/* Overwrites what unescaping leaves after the string, so that it counts one unit per byte. */
static void blank(const struct json_reader *r, char *from, const char *to)
{
	if (from < to && !r->skims)
		memset(from, 'x', (size_t)(to - from));
}

/* A failure within a string, whose rest after \p w has not been moved yet. */
static int fail_text(struct json_reader *r, char *w, const char *rest, const char *at, const char *why)
{
	blank(r, w, rest);
	return json_fail_at(r, at, why);
}

/* r->p is after a backslash; the unescaped character goes to *w, which is never ahead of r->p. */
static int read_escape(struct json_reader *r, char **w)
{
	static const char plain[256] = {
		['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t'
	};
	const char *at = r->p - 1;
	char unread[4], *start = r->skims ? unread : *w, *to = start;
	if (r->p >= r->end)
		return fail_text(r, *w, at, r->p, "Unterminated string");
	unsigned char c = (unsigned char)*r->p;
	if (plain[c]) {
		*start = plain[c];
		r->p++;
		*w += 1;
		return 0;
	}
	if (c != 'u')
		return fail_text(r, *w, at, r->p, "Bad escaped character");
	unsigned u, low;
	if (hex4(r->p + 1, r->end, &u))
		return fail_text(r, *w, at, r->p + 1, "Bad Unicode escape");
	r->p += 5;
	if (u >= 0xd800 && u < 0xe000) {
		if (u >= 0xdc00 || r->end - r->p < 6 || r->p[0] != '\\' || r->p[1] != 'u' || hex4(r->p + 2, r->end, &low) ||
			low < 0xdc00 || low >= 0xe000)
			return fail_text(r, *w, at, at, "Lone surrogate in string literal");
		r->p += 6;
		u = 0x10000 + ((u - 0xd800) << 10) + (low - 0xdc00);
	}
	to = put_utf8(start, u);
	*w += to - start;
	if (!r->skims)
		r->adjust += (size_t)(to - start) - (u >= 0x10000 ? 2 : 1);
	return 0;
}

/* Skips to the next byte that ends a string or needs attention, eight at a time. Returns whether all skipped bytes are ASCII. */
static bool pass_plain(struct json_reader *r)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	char *p = r->p;
	uint64_t x, seen = 0;
	for (; r->end - p >= 8; p += 8) {
		memcpy(&x, p, 8);
		uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\';
		if (((x - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~x & tops)
			break;
		seen |= x;
	}
	for (; p < r->end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\'; p++)
		seen |= (unsigned char)*p;
	r->p = p;
	return !(seen & tops);
}

int json_read_text(struct json_reader *r, const char **ret, uint32_t *len)
{
	char *from = r->p, *w = r->p;
	for (;;) {
		char *plain = r->p;
		bool ascii = pass_plain(r);
		size_t n = (size_t)(r->p - plain);
		size_t good = ascii ? n : utf8_valid_prefix(plain, n);
		if (good != n)
			return fail_text(r, w, plain, plain + good, "Invalid UTF-8 in string literal");
		if (w != plain && !r->skims)
			memmove(w, plain, n);
		w += n;
		if (r->p < r->end && *r->p == '"')
			break;
		if (r->p >= r->end)
			return fail_text(r, w, r->p, r->p, "Unterminated string");
		if (*r->p != '\\')
			return fail_text(r, w, r->p, r->p, "Bad control character in string literal");
		r->p++;
		int rc = read_escape(r, &w);
		if (rc)
			return rc;
	}
	blank(r, w, r->p);
	r->p++;
	if (!r->skims)
		*w = '\0';
	*ret = from;
	*len = (uint32_t)(w - from);
	return 0;
}
