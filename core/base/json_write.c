/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands behind the backslash; 'u' is written as \u00xx; 0 needs no escape. */
static const char escapes[256] = {
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	['"'] = '"', ['\\'] = '\\',
};

void json_add_string(struct buf *b, const char *s, size_t len)
{
	/* Most texts need no escape: reserve for that, and grow only where one does. */
	if (!buf_reserve(b, len + 2))
		return;
	b->data[b->len++] = '"';
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

size_t int_text(char out[NUMBER_TEXT_MAX], int64_t i)
{
	char tmp[NUMBER_TEXT_MAX];
	size_t n = 0, len = 0;
	uint64_t u = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
	do
		tmp[n++] = (char)('0' + u % 10);
	while (u /= 10);
	if (i < 0)
		out[len++] = '-';
	while (n)
		out[len++] = tmp[--n];
	out[len] = '\0';
	return len;
}

/* Times and prices: up to three decimals, few enough digits that the text is the only one so short. */
static size_t short_decimal_text(char *out, double d)
{
	double scaled = d * 1000.0;
	if (!(fabs(scaled) < 9e15))
		return 0;
	int64_t n = llround(scaled);
	if ((double)n / 1000.0 != d)
		return 0;
	size_t len = 0;
	if (n < 0) {
		out[len++] = '-';
		n = -n;
	}
	len += int_text(out + len, n / 1000);
	int rest = (int)(n % 1000);
	if (rest) {
		out[len++] = '.';
		for (int unit = 100; rest; unit /= 10) {
			out[len++] = (char)('0' + rest / unit);
			rest %= unit;
		}
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
	/* Fifteen digits show every shorter text as itself, but for subnormal numbers, which have fewer. */
	for (int precision = fabs(d) < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	/* text is [-]d.ddde±xx: take it apart and set it as ECMAScript's Number::toString does. */
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
			if (i)
				buf_add_char(b, ',');
			json_add_string(b, v->members[i].name, v->members[i].name_len);
			buf_add_char(b, ':');
			json_add_value(b, &v->members[i].value);
		}
		buf_add_char(b, '}');
		break;
	}
}

static void place_comma(lyre_out *o)
{
	if (o->comma)
		buf_add_char(o->buf, ',');
	o->comma = true;
}

void out_object_begin(lyre_out *o)
{
	place_comma(o);
	buf_add_char(o->buf, '{');
	o->comma = false;
}

void out_object_end(lyre_out *o)
{
	buf_add_char(o->buf, '}');
	o->comma = true;
}

void out_array_begin(lyre_out *o)
{
	place_comma(o);
	buf_add_char(o->buf, '[');
	o->comma = false;
}

void out_array_end(lyre_out *o)
{
	buf_add_char(o->buf, ']');
	o->comma = true;
}

void out_keyn(lyre_out *o, const char *name, size_t len)
{
	place_comma(o);
	json_add_string(o->buf, name, len);
	buf_add_char(o->buf, ':');
	o->comma = false;
}

void out_key(lyre_out *o, const char *name)
{
	out_keyn(o, name, strlen(name));
}

void out_string(lyre_out *o, const char *s, size_t len)
{
	place_comma(o);
	json_add_string(o->buf, s, len);
}

void out_int(lyre_out *o, int64_t i)
{
	place_comma(o);
	json_add_int(o->buf, i);
}

void out_double(lyre_out *o, double d)
{
	place_comma(o);
	json_add_double(o->buf, d);
}

void out_bool(lyre_out *o, int b)
{
	place_comma(o);
	buf_add_str(o->buf, b ? "true" : "false");
}

void out_null(lyre_out *o)
{
	place_comma(o);
	buf_add(o->buf, "null", 4);
}

void out_value(lyre_out *o, const lyre_value *v)
{
	place_comma(o);
	json_add_value(o->buf, v);
}

void out_raw(lyre_out *o, const char *json, size_t len)
{
	place_comma(o);
	buf_add(o->buf, json, len);
}
