/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_json.c
 * \brief Reading the JSON that a test passes in.
 */
#include "fake_internal.h"

#include <errno.h>
#include <stdlib.h>

struct reader {
	struct fake_memory *m;
	const char *s, *end;
	int depth;
};

static const lyre_value *read_value(struct reader *r);

static void skip_blanks(struct reader *r)
{
	while (r->s < r->end && strchr(" \t\r\n", *r->s) && *r->s)
		r->s++;
}

static int take_char(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->s == r->end || *r->s != c)
		return 0;
	r->s++;
	return 1;
}

static lyre_value *new_value(struct reader *r, enum lyre_type type)
{
	lyre_value *v = fake_take(r->m, sizeof *v);
	v->type = type;
	return v;
}

/** Four hexadecimal digits; -1 if they are not. */
static long read_hex(struct reader *r)
{
	char digits[5] = "", *end;
	long code;

	if (r->end - r->s < 4)
		return -1;
	memcpy(digits, r->s, 4);
	code = strtol(digits, &end, 16);
	r->s += 4;
	return *end || digits[0] == '-' || digits[0] == '+' ? -1 : code;
}

static size_t put_utf8(char *out, unsigned long c)
{
	if (c < 0x80)
		return out[0] = (char)c, 1;
	if (c < 0x800)
		return out[0] = (char)(0xc0 | c >> 6), out[1] = (char)(0x80 | (c & 0x3f)), 2;
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 0x3f)), out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f)), out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/** What follows a backslash. \return bytes written, 0 if it is invalid */
static size_t read_escape(struct reader *r, char *out)
{
	static const char from[] = "\"'\\/bfnrt", to[] = "\"'\\/\b\f\n\r\t";
	char c = *r->s++;
	const char *found = strchr(from, c);
	long code, low;

	if (c && found)
		return *out = to[found - from], 1;
	if (c != 'u' || (code = read_hex(r)) < 0)
		return 0;
	if (code >= 0xd800 && code < 0xdc00 && r->end - r->s >= 6 && r->s[0] == '\\' && r->s[1] == 'u') {
		r->s += 2;
		low = read_hex(r);
		code = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00) : -1;
	}
	return code < 0 || (code >= 0xd800 && code < 0xe000) ? 0 : put_utf8(out, (unsigned long)code);
}

static const lyre_value *read_string(struct reader *r, char quote)
{
	lyre_value *v = new_value(r, LYRE_STRING);
	char *out = fake_take(r->m, (size_t)(r->end - r->s) + 4);

	v->s = out;
	while (r->s < r->end && *r->s != quote) {
		size_t n = 1;
		if (*r->s != '\\')
			out[v->len] = *r->s++;
		else if (++r->s == r->end || (n = read_escape(r, out + v->len)) == 0)
			return NULL;
		v->len += n;
	}
	out[v->len] = '\0';
	return take_char(r, quote) ? v : NULL;
}

static const lyre_value *read_number(struct reader *r)
{
	size_t len = 0;
	lyre_value *v;
	char *text, *end;

	while (r->s + len < r->end && r->s[len] && strchr("+-0123456789.eE", r->s[len]))
		len++;
	text = fake_copy(r->m, r->s, len);
	r->s += len;
	v = new_value(r, LYRE_DOUBLE);
	v->d = strtod(text, &end);
	if (len == 0 || *end)
		return NULL;
	if (strpbrk(text, ".eE"))
		return v;
	errno = 0;
	v->i = strtoll(text, NULL, 10);
	v->type = errno ? LYRE_BIGINT : LYRE_INT;
	v->s = text;
	v->len = len;
	return v;
}

/** The items of an array, or the members of an object, after its bracket. */
static const lyre_value *read_items(struct reader *r, enum lyre_type type, char close)
{
	lyre_value *v = new_value(r, type);
	size_t cap = (size_t)(r->end - r->s) / 2 + 1;

	v->items = fake_take(r->m, cap * sizeof *v->items);
	v->names = fake_take(r->m, cap * sizeof *v->names);
	if (take_char(r, close))
		return v;
	do {
		const lyre_value *name = NULL, *item;
		if (type == LYRE_OBJECT && ((name = read_value(r)) == NULL || name->type != LYRE_STRING || !take_char(r, ':')))
			return NULL;
		item = read_value(r);
		if (!item)
			return NULL;
		v->names[v->count] = name ? name->s : NULL;
		v->items[v->count++] = item;
	} while (take_char(r, ','));
	return take_char(r, close) ? v : NULL;
}

static const lyre_value *read_word(struct reader *r)
{
	static const struct {
		const char *text;
		enum lyre_type type;
		int i;
	} words[] = { { "null", LYRE_NULL, 0 }, { "true", LYRE_BOOL, 1 }, { "false", LYRE_BOOL, 0 } };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i].text);
		if ((size_t)(r->end - r->s) >= len && memcmp(r->s, words[i].text, len) == 0) {
			lyre_value *v = new_value(r, words[i].type);
			v->i = words[i].i;
			r->s += len;
			return v;
		}
	}
	return read_number(r);
}

static const lyre_value *read_value(struct reader *r)
{
	const lyre_value *v;

	if (r->depth == 100)
		return NULL;
	r->depth++;
	if (take_char(r, '{'))
		v = read_items(r, LYRE_OBJECT, '}');
	else if (take_char(r, '['))
		v = read_items(r, LYRE_ARRAY, ']');
	else if (take_char(r, '"'))
		v = read_string(r, '"');
	else if (take_char(r, '\''))
		v = read_string(r, '\'');
	else
		v = read_word(r);
	r->depth--;
	return v;
}

const lyre_value *fake_parse(struct fake_memory *m, const char *s, size_t len)
{
	struct reader r = { m, s, s + len, 0 };
	const lyre_value *v = read_value(&r);

	skip_blanks(&r);
	return r.s == r.end ? v : NULL;
}

const lyre_value *fake_object(struct fake_memory *m, const char *s)
{
	const lyre_value *v = fake_parse(m, s ? s : "{}", s ? strlen(s) : 2);
	if (!v || v->type != LYRE_OBJECT)
		fake_die("not a JSON object: %s", s);
	return v;
}
