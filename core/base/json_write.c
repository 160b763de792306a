/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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

static unsigned digit_count(uint64_t u)
{
	static const uint64_t tens[] = { 0, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
		100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
		100000000000000000, 1000000000000000000, UINT64_C(10000000000000000000) };
	/* 1233/4096 is a little over log10(2) */
	unsigned n = (64 - (unsigned)__builtin_clzll(u | 1)) * 1233 >> 12;
	return n + (u >= tens[n]);
}

/* Two digits per step, from the end. */
static size_t uint_text(char *out, uint64_t u)
{
	static const char pairs[] =
		"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
		"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	size_t len = digit_count(u);
	char *p = out + len;
	for (; u >= 100; u /= 100)
		memcpy(p -= 2, pairs + u % 100 * 2, 2);
	if (u >= 10)
		memcpy(out, pairs + u * 2, 2);
	else
		*out = (char)('0' + u);
	return len;
}

size_t int_text(char out[NUMBER_TEXT_MAX], int64_t i)
{
	size_t sign = i < 0;
	out[0] = '-';
	size_t len = sign + uint_text(out + sign, sign ? 0 - (uint64_t)i : (uint64_t)i);
	out[len] = '\0';
	return len;
}

/*
 * The thousandths whose nearest double is fraction / 2^shift, computed with integers: an x87 keeps more bits of a quotient
 * than a double has. \return false if there are none, and for a few borderline cases
 */
static bool whole_thousandths(uint64_t fraction, unsigned shift, uint64_t *ret)
{
	uint64_t scaled = fraction * 1000, half = UINT64_C(1) << (shift - 1);
	uint64_t n = (scaled + half) >> shift, back = n << shift;
	/* A thousand is one unit of the fraction's last place; below a power of two the doubles are twice as dense. */
	uint64_t limit = fraction == UINT64_C(1) << 52 ? 250 : 500;
	*ret = n;
	return (back > scaled ? back - scaled : scaled - back) < limit;
}

/* Fast path for times and prices: up to three decimals, and few enough digits that no other text is as short. */
static size_t short_decimal_text(char *out, double d)
{
	uint64_t bits, n = 0;
	memcpy(&bits, &d, sizeof bits);
	unsigned exponent = bits >> 52 & 0x7ff;
	uint64_t fraction = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	/* From 2^43 on, thousandths share doubles; below 2^-11 there is none but zero. */
	if (bits << 1 && (exponent < 1012 || exponent > 1065 || !whole_thousandths(fraction, 1075 - exponent, &n)))
		return 0;
	size_t len = n && bits >> 63;
	out[0] = '-';
	len += uint_text(out + len, n / 1000);
	unsigned rest = (unsigned)(n % 1000);
	if (rest) {
		out[len] = '.';
		out[len + 1] = (char)('0' + rest / 100);
		out[len + 2] = (char)('0' + rest / 10 % 10);
		out[len + 3] = (char)('0' + rest % 10);
		len += rest % 10 ? 4 : rest % 100 ? 3 : 2;
	}
	out[len] = '\0';
	return len;
}

size_t double_text(char out[NUMBER_TEXT_MAX], double d)
{
	if (!isfinite(d))
		return (size_t)snprintf(out, NUMBER_TEXT_MAX, "null");
	size_t len = short_decimal_text(out, d);
	if (len)
		return len;

	char text[NUMBER_TEXT_MAX];
	/* Fifteen digits reproduce every shorter text, except for subnormal numbers, which have fewer. */
	for (int precision = fabs(d) < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	/* text is [-]d.ddde±xx: convert it to the form of ECMAScript's Number::toString. */
	char digits[20];
	int n = 0;
	const char *p = text;
	if (*p == '-')
		out[len++] = *p++;
	for (; *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	int exponent = atoi(p + 1);
	while (n > 1 && digits[n - 1] == '0')
		n--;
	int point = exponent + 1; /* digits before the point */
	if (point > 21 || point < -5) {
		out[len++] = digits[0];
		if (n > 1) {
			out[len++] = '.';
			memcpy(out + len, digits + 1, (size_t)n - 1);
			len += (size_t)n - 1;
		}
		return len + (size_t)snprintf(out + len, NUMBER_TEXT_MAX - len, "e%+d", exponent);
	}
	if (point <= 0) {
		out[len++] = '0';
		out[len++] = '.';
		for (int i = point; i < 0; i++)
			out[len++] = '0';
	}
	for (int i = 0; i < n || i < point; i++) {
		if (i == point && i > 0)
			out[len++] = '.';
		out[len++] = i < n ? digits[i] : '0';
	}
	out[len] = '\0';
	return len;
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
