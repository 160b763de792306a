/* SPDX-License-Identifier: Apache-2.0 */
#include "json_grammar.h"

#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct text {
	const char *p, *end;
	unsigned depth;
	unsigned laxness;
};

static bool value(struct text *t);

static bool lax(struct text *t, enum json_laxness what)
{
	t->laxness |= what;
	return true;
}

static void blanks(struct text *t)
{
	while (t->p < t->end && memchr(" \t\r\n", *t->p, 4))
		t->p++;
}

static bool take(struct text *t, char c)
{
	if (t->p == t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

static bool word(struct text *t, const char *w)
{
	while (*w)
		if (!take(t, *w++))
			return false;
	return true;
}

/* ---- numbers ---- */

static size_t digits(struct text *t)
{
	const char *start = t->p;
	while (t->p < t->end && *t->p >= '0' && *t->p <= '9')
		t->p++;
	return (size_t)(t->p - start);
}

/* The digits before and after the point. */
static bool mantissa(struct text *t)
{
	const char *first = t->p;
	size_t before = digits(t), behind = 0;
	if (take(t, '.')) {
		behind = digits(t);
		if (!before || !behind)
			lax(t, LAX_DIGITS);
	}
	if (before > 1 && *first == '0')
		lax(t, LAX_DIGITS);
	return before + behind > 0;
}

static void range(struct text *t, const char *from)
{
	char *copy = strndup(from, (size_t)(t->p - from));
	if (!copy)
		abort();
	if (!isfinite(strtod(copy, NULL)))
		lax(t, LAX_RANGE);
	free(copy);
}

static bool number(struct text *t)
{
	const char *from = t->p;
	if (take(t, '-') && t->p < t->end && *t->p == 'I')
		return word(t, "Infinity") && lax(t, LAX_WORDS);
	if (!mantissa(t))
		return false;
	bool exponent = take(t, 'e') || take(t, 'E');
	if (exponent) {
		if (!take(t, '-'))
			take(t, '+');
		if (!digits(t))
			return false;
	}
	if (exponent || t->p - from > 300)
		range(t, from);
	return true;
}

/* ---- strings ---- */

/* The remaining bytes of a multi-byte character. */
static bool character(struct text *t, unsigned char first)
{
	static const unsigned least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned more = first >= 0xf8 ? 0 : first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
	unsigned u = first & (0x3fu >> more);
	if (!more)
		return false;
	for (unsigned i = 0; i < more; i++) {
		if (t->p == t->end || (*t->p & 0xc0) != 0x80)
			return false;
		u = u << 6 | (*t->p++ & 0x3f);
	}
	if (u < least[more] || (u >= 0xd800 && u < 0xe000) || u > 0x10ffff)
		lax(t, LAX_UTF8);
	return true;
}

static bool hex4(struct text *t, unsigned *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, t->p++) {
		const char *all = "0123456789abcdef0123456789ABCDEF", *digit = t->p < t->end ? memchr(all, *t->p, 32) : NULL;
		if (!digit)
			return false;
		*ret = *ret << 4 | ((unsigned)(digit - all) & 15);
	}
	return true;
}

/* After \u; looks at the second half of a pair, and leaves it to be read by itself if it is none. */
static bool unicode(struct text *t)
{
	unsigned u, low;
	if (!hex4(t, &u))
		return false;
	if (u < 0xd800 || u >= 0xe000)
		return true;
	struct text next = *t;
	if (u < 0xdc00 && word(&next, "\\u") && hex4(&next, &low) && low >= 0xdc00 && low < 0xe000) {
		t->p = next.p;
		return true;
	}
	return lax(t, LAX_SURROGATE);
}

static bool string(struct text *t, char quote)
{
	while (t->p < t->end) {
		unsigned char c = (unsigned char)*t->p++;
		if (c == (unsigned char)quote)
			return true;
		if (c == '\0' || (c >= 0x80 && !character(t, c)))
			return false;
		if (c < ' ')
			lax(t, LAX_CONTROL);
		if (c != '\\')
			continue;
		if (take(t, 'u')) {
			if (!unicode(t))
				return false;
		} else if (t->p == t->end || !memchr("\"\\/bfnrt", *t->p++, 8)) {
			return false;
		}
	}
	return false;
}

/* ---- arrays and objects ---- */

static bool name(struct text *t)
{
	blanks(t);
	if (!take(t, '"') && !(take(t, '\'') && lax(t, LAX_QUOTES)))
		return false;
	if (!string(t, t->p[-1]))
		return false;
	blanks(t);
	return take(t, ':');
}

static bool list(struct text *t, char end, bool named)
{
	if (++t->depth > JSON_DEPTH_MAX)
		lax(t, LAX_DEPTH);
	if (t->depth > JSON_DEPTH_MAX + 1)
		return false;
	blanks(t);
	if (take(t, end)) {
		t->depth--;
		return true;
	}
	do {
		if (named && !name(t))
			return false;
		blanks(t);
		if (!value(t))
			return false;
		blanks(t);
	} while (take(t, ','));
	t->depth--;
	return take(t, end);
}

static bool value(struct text *t)
{
	if (t->p == t->end)
		return false;
	switch (*t->p) {
	case '{':
		t->p++;
		return list(t, '}', true);
	case '[':
		t->p++;
		return list(t, ']', false);
	case '"':
		t->p++;
		return string(t, '"');
	case 't':
		return word(t, "true");
	case 'f':
		return word(t, "false");
	case 'n':
		return word(t, "null");
	case 'N':
		return word(t, "NaN") && lax(t, LAX_WORDS);
	case 'I':
		return word(t, "Infinity") && lax(t, LAX_WORDS);
	default:
		return number(t);
	}
}

unsigned json_grammar(const char *text, size_t len)
{
	struct text t = { .p = text, .end = text + len };
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		t.p += 3;
	blanks(&t);
	if (!value(&t))
		return NOT_JSON;
	blanks(&t);
	return t.p == t.end ? t.laxness : NOT_JSON;
}
