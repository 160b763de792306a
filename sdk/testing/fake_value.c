/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_value.c
 * \brief lyre/value.h: values, and writing answers.
 */
#include "fake_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const lyre_value *fake_get(const lyre_value *v, const char *name)
{
	for (size_t i = 0; v && v->type == LYRE_OBJECT && i < v->count; i++)
		if (strcmp(v->names[i], name) == 0)
			return v->items[i];
	return NULL;
}

const lyre_value *fake_text_value(struct fake_memory *m, const char *s)
{
	lyre_value *v = fake_take(m, sizeof *v);
	v->type = LYRE_STRING;
	v->len = strlen(s);
	v->s = fake_copy(m, s, v->len);
	return v;
}

const lyre_value *fake_copy_value(struct fake_memory *m, const lyre_value *v)
{
	lyre_value *copy = fake_take(m, sizeof *copy);

	*copy = *v;
	if (v->s)
		copy->s = fake_copy(m, v->s, v->len);
	copy->items = fake_take(m, (v->count + 1) * sizeof *copy->items);
	copy->names = fake_take(m, (v->count + 1) * sizeof *copy->names);
	for (size_t i = 0; i < v->count; i++) {
		copy->items[i] = fake_copy_value(m, v->items[i]);
		if (v->type == LYRE_OBJECT)
			copy->names[i] = fake_copy(m, v->names[i], strlen(v->names[i]));
	}
	return copy;
}

static double as_double(const lyre_value *v)
{
	if (!v)
		return 0;
	return v->type == LYRE_INT ? (double)v->i : v->type == LYRE_DOUBLE || v->type == LYRE_BIGINT ? v->d : 0;
}

static int is_number(const lyre_value *v)
{
	return v->type == LYRE_INT || v->type == LYRE_DOUBLE || v->type == LYRE_BIGINT;
}

int fake_equal(const lyre_value *a, const lyre_value *b)
{
	if (!a || !b)
		return a == b;
	if (is_number(a) && is_number(b))
		return a->type == LYRE_INT && b->type == LYRE_INT ? a->i == b->i :
								    !(as_double(a) < as_double(b) || as_double(a) > as_double(b));
	if (a->type != b->type || a->count != b->count)
		return 0;
	for (size_t i = 0; i < a->count; i++)
		if (!fake_equal(a->items[i], a->type == LYRE_OBJECT ? fake_get(b, a->names[i]) : b->items[i]))
			return 0;
	return a->type == LYRE_STRING ? a->len == b->len && memcmp(a->s, b->s, a->len) == 0 : a->i == b->i;
}

/* ---- reading ---- */

static int value_type(const lyre_value *v)
{
	return v ? (int)v->type : LYRE_NULL;
}

static int value_bool(const lyre_value *v)
{
	return v && v->type == LYRE_BOOL && v->i;
}

static int64_t value_int(const lyre_value *v)
{
	if (!v || v->type != LYRE_DOUBLE)
		return v && v->type == LYRE_INT ? v->i : 0;
	if (v->d >= 9223372036854775808.0)
		return INT64_MAX;
	return v->d < -9223372036854775808.0 ? INT64_MIN : (int64_t)v->d;
}

static const char *value_string(const lyre_value *v, size_t *len)
{
	int has = v && (v->type == LYRE_STRING || v->type == LYRE_BIGINT);
	if (len)
		*len = has ? v->len : 0;
	return has ? v->s : NULL;
}

static size_t value_count(const lyre_value *v)
{
	return v ? v->count : 0;
}

static const lyre_value *value_at(const lyre_value *v, size_t i)
{
	return v && i < v->count ? v->items[i] : NULL;
}

static const char *value_name(const lyre_value *v, size_t i, size_t *len)
{
	const char *name = v && v->type == LYRE_OBJECT && i < v->count ? v->names[i] : NULL;
	if (len)
		*len = name ? strlen(name) : 0;
	return name;
}

/* ---- making ---- */

static lyre_value *make(lyre_call *call, enum lyre_type type)
{
	lyre_value *v = fake_take(&call->memory, sizeof *v);
	v->type = type;
	return v;
}

static const lyre_value *make_null(lyre_call *call)
{
	return make(call, LYRE_NULL);
}

static const lyre_value *make_bool(lyre_call *call, int b)
{
	lyre_value *v = make(call, LYRE_BOOL);
	v->i = b != 0;
	return v;
}

static const lyre_value *make_int(lyre_call *call, int64_t i)
{
	lyre_value *v = make(call, LYRE_INT);
	v->i = i;
	return v;
}

static const lyre_value *make_uint(lyre_call *call, uint64_t u)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, u);
	return fake_parse(&call->memory, digits, (size_t)len);
}

static const lyre_value *make_double(lyre_call *call, double d)
{
	lyre_value *v = make(call, isfinite(d) ? LYRE_DOUBLE : LYRE_NULL);
	v->d = d;
	return v;
}

static const lyre_value *make_string(lyre_call *call, const char *s, size_t len)
{
	lyre_value *v = make(call, LYRE_STRING);
	v->s = fake_copy(&call->memory, s, len);
	v->len = len;
	return v;
}

static const lyre_value *make_object(lyre_call *call, const char *const *names, const lyre_value *const *values, size_t count)
{
	lyre_value *v = make(call, names ? LYRE_OBJECT : LYRE_ARRAY);

	v->items = fake_take(&call->memory, (count + 1) * sizeof *v->items);
	v->names = fake_take(&call->memory, (count + 1) * sizeof *v->names);
	for (v->count = 0; v->count < count; v->count++) {
		if (!values[v->count])
			return NULL;
		v->items[v->count] = values[v->count];
		if (names)
			v->names[v->count] = fake_copy(&call->memory, names[v->count], strlen(names[v->count]));
	}
	return v;
}

static const lyre_value *make_array(lyre_call *call, const lyre_value *const *items, size_t count)
{
	return make_object(call, NULL, items, count);
}

static const lyre_value *make_copy(lyre_call *call, const lyre_value *v)
{
	return v ? fake_copy_value(&call->memory, v) : NULL;
}

static int text_is_utf8(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + len;

	while (p < end) {
		unsigned long c = *p++, least = c < 0xe0 ? 0x80 : c < 0xf0 ? 0x800 : 0x10000;
		int more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : -1;
		if (more < 0 || end - p < more)
			return 0;
		c &= more == 0 ? 0x7f : 0x3fu >> more;
		for (int i = 0; i < more; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (*p & 0x3f);
		}
		if (more && (c < least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)))
			return 0;
	}
	return 1;
}

/* ---- writing ---- */

/** A comma, unless this is the first of its container, or the value after a name. */
static void separate(lyre_out *o)
{
	if (o->text.len && !strchr("{[:", o->text.s[o->text.len - 1]))
		fake_add(&o->text, ",", 1);
}

static void out_object_begin(lyre_out *o)
{
	separate(o);
	fake_add(&o->text, "{", 1);
}

static void out_object_end(lyre_out *o)
{
	fake_add(&o->text, "}", 1);
}

static void out_array_begin(lyre_out *o)
{
	separate(o);
	fake_add(&o->text, "[", 1);
}

static void out_array_end(lyre_out *o)
{
	fake_add(&o->text, "]", 1);
}

static void out_string(lyre_out *o, const char *s, size_t len)
{
	separate(o);
	fake_add(&o->text, "\"", 1);
	for (size_t i = 0; i < len; i++) {
		char escape[8];
		if (s[i] == '"' || s[i] == '\\')
			fake_add(&o->text, "\\", 1);
		if ((unsigned char)s[i] < 0x20)
			fake_add(&o->text, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", (unsigned)s[i]));
		else
			fake_add(&o->text, s + i, 1);
	}
	fake_add(&o->text, "\"", 1);
}

static void out_key(lyre_out *o, const char *name)
{
	out_string(o, name, strlen(name));
	fake_add(&o->text, ":", 1);
}

static void out_word(lyre_out *o, const char *word)
{
	separate(o);
	fake_add(&o->text, word, strlen(word));
}

static void out_int(lyre_out *o, int64_t i)
{
	char digits[24];
	snprintf(digits, sizeof digits, "%" PRId64, i);
	out_word(o, digits);
}

static void out_double(lyre_out *o, double d)
{
	char digits[32] = "null";
	for (int precision = 15; isfinite(d) && precision < 18; precision++) {
		double back;
		snprintf(digits, sizeof digits, "%.*g", precision, d);
		back = strtod(digits, NULL);
		if (!(back < d || back > d))
			break;
	}
	out_word(o, digits);
}

static void out_bool(lyre_out *o, int b)
{
	out_word(o, b ? "true" : "false");
}

static void out_null(lyre_out *o)
{
	out_word(o, "null");
}

static void out_column(lyre_out *o, const char *name)
{
	(void)o;
	(void)name; /* JSON has no columns */
}

void fake_write(lyre_out *o, const lyre_value *v)
{
	switch (v ? v->type : LYRE_NULL) {
	case LYRE_NULL:
		out_null(o);
		break;
	case LYRE_BOOL:
		out_bool(o, v->i != 0);
		break;
	case LYRE_INT:
		out_int(o, v->i);
		break;
	case LYRE_DOUBLE:
		out_double(o, v->d);
		break;
	case LYRE_BIGINT:
		out_word(o, v->s);
		break;
	case LYRE_STRING:
		out_string(o, v->s, v->len);
		break;
	case LYRE_ARRAY:
	case LYRE_OBJECT:
		out_word(o, v->type == LYRE_ARRAY ? "[" : "{");
		for (size_t i = 0; i < v->count; i++) {
			if (v->type == LYRE_OBJECT)
				out_key(o, v->names[i]);
			fake_write(o, v->items[i]);
		}
		fake_add(&o->text, v->type == LYRE_ARRAY ? "]" : "}", 1);
		break;
	}
}

const struct lyre_value_api fake_value_api = {
	.size = sizeof fake_value_api,
	.value_type = value_type,
	.value_bool = value_bool,
	.value_int = value_int,
	.value_double = as_double,
	.value_string = value_string,
	.value_count = value_count,
	.value_at = value_at,
	.value_name = value_name,
	.value_get = fake_get,
	.make_null = make_null,
	.make_bool = make_bool,
	.make_int = make_int,
	.make_double = make_double,
	.make_string = make_string,
	.make_array = make_array,
	.make_object = make_object,
	.make_copy = make_copy,
	.out_object_begin = out_object_begin,
	.out_object_end = out_object_end,
	.out_array_begin = out_array_begin,
	.out_array_end = out_array_end,
	.out_key = out_key,
	.out_string = out_string,
	.out_int = out_int,
	.out_double = out_double,
	.out_bool = out_bool,
	.out_null = out_null,
	.out_value = fake_write,
	.time_now = fake_time_now,
	.time_parse = fake_time_parse,
	.time_text = fake_time_text,
	.make_uint = make_uint,
	.text_is_utf8 = text_is_utf8,
	.out_column = out_column,
};
