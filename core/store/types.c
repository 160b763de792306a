/* SPDX-License-Identifier: Apache-2.0 */
/* The values that each attribute type accepts, and their stored form. */
#include "base/json.h"
#include "base/round.h"
#include "base/text.h"
#include "store/store_internal.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <strings.h>

/** Longest list of faults shown. */
#define FAULTS_MAX 2000
#define LONG_MAX_VALUE 9007199254740992.0
/** The most digits of a double. */
#define DIGITS_MAX 309

static const struct {
	const char *name;
	enum attribute_type type;
} type_names[] = {
	{ "Any", ATTRIBUTE_ANY },
	{ "String", ATTRIBUTE_STRING },
	{ "Int", ATTRIBUTE_INT },
	{ "Long", ATTRIBUTE_LONG },
	{ "BigInt", ATTRIBUTE_BIGINT },
	{ "Float", ATTRIBUTE_FLOAT },
	{ "Boolean", ATTRIBUTE_BOOLEAN },
	{ "Date", ATTRIBUTE_DATE },
	{ "ID", ATTRIBUTE_ID },
	{ "Bytes", ATTRIBUTE_BYTES },
	{ "Blob", ATTRIBUTE_BYTES },
};

int type_named(const char *name)
{
	for (size_t i = 0; i < sizeof type_names / sizeof *type_names; i++)
		if (!strcasecmp(name, type_names[i].name))
			return (int)type_names[i].type;
	return -1;
}

/* ---- faults ---- */

void fault_add(struct buf *faults, const char *fmt, ...)
{
	if (faults->len > FAULTS_MAX)
		return;
	struct buf one;
	buf_init(&one);
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&one, fmt, ap);
	va_end(ap);
	if (one.failed) {
		faults->failed = true;
	} else if (!faults->len || !memmem(faults->data, faults->len, one.data, one.len)) {
		if (faults->len)
			buf_add(faults, ". ", 2);
		buf_add(faults, one.data, one.len);
	}
	buf_free(&one);
}

bool name_fault(const char *name, size_t len, struct buf *faults)
{
	if (!len || (len == 4 && !memcmp(name, "null", 4)) || (len == 9 && !memcmp(name, "undefined", 9)))
		fault_add(faults, "Invalid attribute name: '%.*s'", (int)len, name);
	else if (memchr(name, '/', len) || memchr(name, '`', len))
		fault_add(faults, "Attribute names cannot include backticks or forward slashes");
	else if (memchr(name, '\0', len))
		fault_add(faults, "Attribute names cannot include NUL characters");
	else if (len > ATTRIBUTE_NAME_MAX)
		fault_add(faults,
			"transaction aborted due to attribute name %.*s being too long. "
			"Attribute names cannot be longer than %d bytes.",
			(int)len, name, ATTRIBUTE_NAME_MAX);
	else
		return false;
	return true;
}

static void type_fault(const struct attribute *a, const lyre_value *v, const char *must, struct buf *faults)
{
	struct buf text;
	buf_init(&text);
	json_add_value(&text, v);
	if (text.failed)
		faults->failed = true;
	else
		fault_add(faults, "Value %.*s in property %s must be %s", (int)(text.len > FAULTS_MAX ? FAULTS_MAX : text.len),
			text.data, a->name, must);
	buf_free(&text);
}

/* ---- values ---- */

static lyre_value *value_new(struct arena *a, lyre_value v)
{
	lyre_value *copy = arena_alloc(a, sizeof *copy);
	if (copy)
		*copy = v;
	return copy;
}

static bool is_wide(const lyre_value *v)
{
	uint64_t magnitude;
	return v->type == LYRE_BIGINT && !value_magnitude(v, &magnitude);
}

static bool has_wide(const lyre_value *v)
{
	if (is_wide(v))
		return true;
	if (v->type == LYRE_ARRAY)
		for (uint32_t i = 0; i < v->len; i++)
			if (has_wide(&v->items[i]))
				return true;
	if (v->type == LYRE_OBJECT)
		for (uint32_t i = 0; i < v->len; i++)
			if (has_wide(&v->members[i].value))
				return true;
	return false;
}

static bool make_plain(lyre_value *v, struct arena *a)
{
	if (is_wide(v)) {
		*v = value_double(value_number(v));
	} else if (v->type == LYRE_ARRAY && v->len) {
		lyre_value *items = arena_alloc(a, v->len * sizeof *items);
		if (!items)
			return false;
		memcpy(items, v->items, v->len * sizeof *items);
		v->items = items;
		for (uint32_t i = 0; i < v->len; i++)
			if (!make_plain(&items[i], a))
				return false;
	} else if (v->type == LYRE_OBJECT && v->len) {
		struct value_member *members = arena_alloc(a, v->len * sizeof *members);
		if (!members)
			return false;
		memcpy(members, v->members, v->len * sizeof *members);
		v->members = members;
		for (uint32_t i = 0; i < v->len; i++)
			if (!make_plain(&members[i].value, a))
				return false;
	}
	return true;
}

const lyre_value *value_plain(const lyre_value *v, struct arena *a)
{
	if (!has_wide(v))
		return v;
	lyre_value *copy = value_new(a, *v);
	return copy && make_plain(copy, a) ? copy : NULL;
}

static bool is_integer_between(const lyre_value *v, double low, double high)
{
	if (!value_is_number(v))
		return false;
	double d = value_number(v);
	return d >= low && d <= high && d == round_to_zero(d);
}

static bool is_digits(const lyre_value *v)
{
	if (v->type != LYRE_STRING || !v->len || v->len > DIGITS_MAX)
		return false;
	uint32_t i = v->s[0] == '-';
	if (i == v->len)
		return false;
	for (; i < v->len; i++)
		if (!isdigit((unsigned char)v->s[i]))
			return false;
	return true;
}

/* Digits as an integer, if necessary a BIGINT; without leading zeros. */
static const lyre_value *integer_of(const lyre_value *v, struct arena *a)
{
	bool minus = v->s[0] == '-';
	const char *s = v->s + minus, *end = v->s + v->len;
	while (s + 1 < end && *s == '0')
		s++;
	char *text = arena_alloc(a, (size_t)(end - s) + 2);
	if (!text)
		return NULL;
	char *t = text;
	if (minus)
		*t++ = '-';
	memcpy(t, s, (size_t)(end - s));
	t[end - s] = '\0';
	errno = 0;
	long long i = strtoll(text, NULL, 10);
	if (errno == ERANGE)
		return value_new(a, (lyre_value){ .type = LYRE_BIGINT, .len = (uint32_t)(t - text + (end - s)), .s = text });
	return value_new(a, value_int(i));
}

static const lyre_value *accept_date(
	const struct attribute *a, const lyre_value *v, struct arena *arena, uint16_t *kind, struct buf *faults)
{
	double ms;
	if (v->type == LYRE_STRING) {
		if (!iso_time_parse(v->s, v->len, &ms))
			return value_new(arena, value_null());
	} else if (value_is_number(v)) {
		ms = value_number(v);
	} else {
		type_fault(a, v, "a Date", faults);
		return v;
	}
	*kind = FIELD_DATE;
	return value_new(arena, (lyre_value){ .type = LYRE_DOUBLE, .d = ms });
}

/* A string, or the displayed form of bytes: {"type":"Buffer","data":[…]}. */
static const lyre_value *accept_bytes(
	const struct attribute *a, const lyre_value *v, struct arena *arena, uint16_t *kind, struct buf *faults)
{
	const lyre_value *data = value_get(v, "data");
	bool shown = value_equals_str(value_get(v, "type"), "Buffer") && value_is(data, LYRE_ARRAY);
	for (uint32_t i = 0; shown && i < data->len; i++)
		shown = is_integer_between(&data->items[i], 0, 255);
	if (v->type != LYRE_STRING && !shown) {
		type_fault(a, v, "a string", faults);
		return v;
	}
	*kind = FIELD_BYTES;
	if (v->type == LYRE_STRING)
		return v;
	char *bytes = arena_alloc(arena, data->len + 1);
	if (!bytes)
		return NULL;
	for (uint32_t i = 0; i < data->len; i++)
		bytes[i] = (char)(unsigned char)value_number(&data->items[i]);
	bytes[data->len] = '\0';
	return value_new(arena, value_text(bytes, data->len));
}

static bool is_id(const lyre_value *v)
{
	if (v->type != LYRE_ARRAY)
		return v->type == LYRE_STRING;
	for (uint32_t i = 0; i < v->len; i++)
		if (v->items[i].type != LYRE_STRING)
			return false;
	return true;
}

const lyre_value *type_accept(
	const struct attribute *a, const lyre_value *v, struct arena *arena, uint16_t *kind, struct buf *faults)
{
	*kind = FIELD_PLAIN;
	if (v->type == LYRE_NULL)
		return v;
	const char *must = NULL;
	switch (a->type) {
	case ATTRIBUTE_STRING:
		must = v->type == LYRE_STRING ? NULL : "a string";
		break;
	case ATTRIBUTE_INT:
		must = is_integer_between(v, INT32_MIN, INT32_MAX) ? NULL : "an integer (from -2147483648 to 2147483647)";
		break;
	case ATTRIBUTE_LONG:
		must = "an integer (from -9007199254740992 to 9007199254740992)";
		if (is_integer_between(v, -LONG_MAX_VALUE, LONG_MAX_VALUE))
			must = NULL;
		break;
	case ATTRIBUTE_BIGINT:
		if (is_digits(v))
			return integer_of(v, arena);
		if (is_integer_between(v, -INFINITY, INFINITY))
			return v;
		must = "an integer";
		break;
	case ATTRIBUTE_FLOAT:
		must = value_is_number(v) ? NULL : "a number";
		break;
	case ATTRIBUTE_BOOLEAN:
		must = v->type == LYRE_BOOL ? NULL : "a boolean";
		break;
	case ATTRIBUTE_DATE:
		return accept_date(a, v, arena, kind, faults);
	case ATTRIBUTE_ID:
		must = is_id(v) ? NULL : "a string, or an array of strings";
		break;
	case ATTRIBUTE_BYTES:
		return accept_bytes(a, v, arena, kind, faults);
	default:
		break;
	}
	if (must) {
		type_fault(a, v, must, faults);
		return v;
	}
	return value_plain(v, arena);
}
