/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

/* The character after the backslash; 'u' is written as \u00xx; 0 needs no escape. */
/* clang-format off */
static const char escapes[256] = {
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	['"'] = '"', ['\\'] = '\\',
};
/* clang-format on */

/* Whether one of eight bytes needs an escape. */
static inline bool has_special(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
	uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\';
	/* a top bit is set for a byte below 0x20, or one that the exclusive or made 0 */
	return ((x - ones * 0x20) | (quote - ones) | (backslash - ones)) & ~x & tops;
}

static uint64_t load(const char *s, size_t bytes)
{
	uint64_t x = 0;
	memcpy(&x, s, bytes);
	return x;
}

/* Whether no byte needs an escape, checked eight at a time; some twice, if the length is not a multiple. */
static inline bool is_plain(const char *s, size_t len)
{
	if (len >= 8) {
		for (size_t i = 0; i + 8 < len; i += 8)
			if (has_special(load(s + i, 8)))
				return false;
		return !has_special(load(s + len - 8, 8));
	}
	if (len >= 4)
		return !has_special(load(s, 4) | load(s + len - 4, 4) << 32);
	for (size_t i = 0; i < len; i++)
		if (escapes[(unsigned char)s[i]])
			return false;
	return true;
}

void json_add_string(struct buf *b, const char *s, size_t len)
{
	/* Most strings need no escape: reserve for that, and grow only if one does. */
	if (!buf_reserve(b, len + 2))
		return;
	char *to = b->data + b->len;
	*to = '"';
	if (is_plain(s, len)) {
		if (len)
			memcpy(to + 1, s, len);
		to[len + 1] = '"';
		b->len += len + 2;
		return;
	}
	b->len++;
	size_t plain = 0;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		if (!escapes[c])
			continue;
		buf_add(b, s + plain, i - plain);
		plain = i + 1;
		if (escapes[c] == 'u')
			buf_addf(b, "\\u%04x", c);
		else
			buf_add(b, (char[]){ '\\', escapes[c] }, 2);
	}
	buf_add(b, s + plain, len - plain);
	buf_add_char(b, '"');
}

void json_add_name(struct buf *b, bool comma, const char *name, size_t len)
{
	if (!is_plain(name, len)) {
		if (comma)
			buf_add_char(b, ',');
		json_add_string(b, name, len);
		buf_add_char(b, ':');
		return;
	}
	if (!buf_reserve(b, len + 4))
		return;
	char *to = b->data + b->len;
	*to = ',';
	to += comma;
	*to = '"';
	if (len)
		memcpy(to + 1, name, len);
	to[len + 1] = '"';
	to[len + 2] = ':';
	b->len += len + 3 + comma;
}

void json_add_int(struct buf *b, int64_t i)
{
	if (buf_reserve(b, NUMBER_TEXT_MAX))
		b->len += int_text(b->data + b->len, i);
}

void json_add_double(struct buf *b, double d)
{
	if (buf_reserve(b, NUMBER_TEXT_MAX))
		b->len += double_text(b->data + b->len, d);
}

void json_add_value(struct buf *b, const lyre_value *v)
{
	switch (v ? (enum lyre_type)v->type : LYRE_NULL) {
	case LYRE_NULL:
		buf_add(b, "null", 4);
		break;
	case LYRE_BOOL:
		buf_add_str(b, v->b ? "true" : "false");
		break;
	case LYRE_INT:
		json_add_int(b, v->i);
		break;
	case LYRE_DOUBLE:
		json_add_double(b, v->d);
		break;
	case LYRE_BIGINT:
		buf_add(b, v->s, v->len);
		break;
	case LYRE_STRING:
		json_add_string(b, v->s, v->len);
		break;
	case LYRE_ARRAY:
		buf_add_char(b, '[');
		for (uint32_t i = 0; i < v->len; i++) {
			if (i)
				buf_add_char(b, ',');
			json_add_value(b, &v->items[i]);
		}
		buf_add_char(b, ']');
		break;
	case LYRE_OBJECT:
		buf_add_char(b, '{');
		for (uint32_t i = 0; i < v->len; i++) {
			json_add_name(b, i > 0, v->members[i].name, v->members[i].name_len);
			json_add_value(b, &v->members[i].value);
		}
		buf_add_char(b, '}');
		break;
	default: /* VALUE_UNREAD: out of memory when it was to be decoded */
		b->failed = true;
	}
}
