/* SPDX-License-Identifier: Apache-2.0 */
/* Stored values, read in place. */
#include "base/text.h"
#include "store/record.h"
#include "store/record_format.h"

#include <math.h>

/* No number accepted in JSON has more. */
#define BIGINT_MAX 400

/*
 * record_check() checks only the frame, as it is called for each record read. The inside of a value is checked here when it
 * is read: an invalid part reads as null, and whatever follows it in its container is missing.
 */

/** The unread rest of a container. */
struct reader {
	const unsigned char *p, *end;
};

static bool read_length(struct reader *r, size_t *ret)
{
	uint64_t u = 0;

	for (unsigned shift = 0; shift < 7 * LENGTH_MAX && r->p < r->end; shift += 7) {
		unsigned char c = *r->p++;

		u |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = (size_t)u;
			return u <= UINT32_MAX;
		}
	}
	return false;
}

static bool read_bytes(struct reader *r, struct field *ret)
{
	size_t len;

	if (!read_length(r, &len) || len > (size_t)(r->end - r->p))
		return false;
	*ret = (struct field){ .data = r->p, .len = len };
	r->p += len;
	return true;
}

/** Starts reading a container; \return the stated number of items or members, limited to what can fit */
static size_t read_container(struct reader *r, struct field f, size_t least)
{
	size_t count;

	*r = (struct reader){ .p = f.data + 1, .end = f.data + f.len };
	if (!read_length(r, &count) || count > (size_t)(r->end - r->p) / least)
		return 0;
	return count;
}

/* Minimum sizes of an item and of a member. */
#define ITEM_LEAST 2
#define MEMBER_LEAST 3

static enum value_tag field_tag(struct field f)
{
	return f.len ? (enum value_tag)f.data[0] : TAG_NULL;
}

static bool bigint_is_whole(struct field f)
{
	const unsigned char *p = f.data + 1, *end = f.data + f.len - 1;

	if (f.len < 3 || f.len > BIGINT_MAX || *end != '\0')
		return false;
	if (*p == '-')
		p++;
	if (p == end)
		return false;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return false;
	}
	return true;
}

/** A scalar; containers are returned with only their type. */
static lyre_value scalar(struct field f)
{
	const char *bytes = (const char *)f.data + 1;

	switch (field_tag(f)) {
	case TAG_FALSE:
		return value_bool(false);
	case TAG_TRUE:
		return value_bool(true);
	case TAG_INT8:
		return f.len == 2 ? value_int((int8_t)f.data[1]) : value_null();
	case TAG_INT16:
		return f.len == 3 ? value_int((int16_t)load_u16(f.data + 1)) : value_null();
	case TAG_INT32:
		return f.len == 5 ? value_int((int32_t)load_u32(f.data + 1)) : value_null();
	case TAG_INT64:
		return f.len == 9 ? value_int((int64_t)load_le(f.data + 1, 8)) : value_null();
	case TAG_DOUBLE:
	case TAG_DATE: {
		double d = f.len == 9 ? load_double(f.data + 1) : NAN;

		return isfinite(d) ? (lyre_value){ .type = LYRE_DOUBLE, .d = d } : value_null();
	}
	case TAG_BIGINT:
		return bigint_is_whole(f) ? (lyre_value){ .type = LYRE_BIGINT, .len = (uint32_t)(f.len - 2), .s = bytes } :
					    value_null();
	case TAG_TEXT:
	case TAG_BYTES:
		return value_text(bytes, f.len - 1);
	case TAG_ARRAY:
		return (lyre_value){ .type = LYRE_ARRAY };
	case TAG_OBJECT:
		return (lyre_value){ .type = LYRE_OBJECT };
	default:
		return value_null();
	}
}

lyre_value field_scalar(struct field f)
{
	return scalar(f);
}

enum lyre_type field_type(struct field f)
{
	return (enum lyre_type)scalar(f).type;
}

enum field_kind field_kind(struct field f)
{
	switch (field_tag(f)) {
	case TAG_DATE:
		return FIELD_DATE;
	case TAG_BYTES:
		return FIELD_BYTES;
	default:
		return FIELD_PLAIN;
	}
}

static lyre_value nested_value(struct field f, struct arena *a, unsigned depth);

static lyre_value array_value(struct field f, struct arena *a, unsigned depth)
{
	struct reader r;
	size_t count = read_container(&r, f, ITEM_LEAST);
	lyre_value *items = count ? arena_alloc(a, count * sizeof(*items)) : NULL;
	struct field item;
	uint32_t n = 0;

	if (count && !items)
		return value_null();
	for (; n < count && read_bytes(&r, &item); n++)
		items[n] = nested_value(item, a, depth + 1);
	return (lyre_value){ .type = LYRE_ARRAY, .len = n, .items = items };
}

static lyre_value object_value(struct field f, struct arena *a, unsigned depth)
{
	struct reader r;
	size_t count = read_container(&r, f, MEMBER_LEAST);
	struct value_member *members = count ? arena_alloc(a, count * sizeof(*members)) : NULL;
	struct field name, item;
	uint32_t n = 0;

	if (count && !members)
		return value_null();
	for (; n < count && read_bytes(&r, &name) && read_bytes(&r, &item); n++) {
		members[n] = (struct value_member){
			.name = (const char *)name.data, .name_len = (uint32_t)name.len, .value = nested_value(item, a, depth + 1)
		};
	}
	return (lyre_value){ .type = LYRE_OBJECT, .len = n, .members = members };
}

static lyre_value nested_value(struct field f, struct arena *a, unsigned depth)
{
	lyre_value v = scalar(f);

	if (v.type < LYRE_ARRAY)
		return v;
	if (depth > JSON_DEPTH_MAX)
		return value_null();
	return v.type == LYRE_ARRAY ? array_value(f, a, depth) : object_value(f, a, depth);
}

lyre_value field_value(struct field f, struct arena *a)
{
	return nested_value(f, a, 0);
}

void field_items_begin(struct field_items *i, struct field array)
{
	struct reader r;

	i->left = read_container(&r, array, ITEM_LEAST);
	i->p = r.p;
	i->end = r.end;
}

bool field_items_next(struct field_items *i, struct field *item)
{
	struct reader r = { .p = i->p, .end = i->end };

	if (!i->left || !read_bytes(&r, item))
		return false;
	i->left--;
	i->p = r.p;
	return true;
}

static bool check_nested(struct field f, unsigned depth)
{
	lyre_value v = scalar(f);

	switch (v.type) {
	case LYRE_NULL:
		return f.len == 1 && f.data[0] == TAG_NULL;
	case LYRE_BOOL:
		return f.len == 1;
	case LYRE_STRING:
		return field_tag(f) == TAG_BYTES || utf8_valid_prefix(v.s, v.len) == v.len;
	case LYRE_ARRAY:
	case LYRE_OBJECT: {
		bool members = v.type == LYRE_OBJECT;
		struct reader r = { .p = f.data + 1, .end = f.data + f.len };
		struct field name, item;
		size_t count;

		if (depth > JSON_DEPTH_MAX || !read_length(&r, &count))
			return false;
		for (; count; count--) {
			if (members && (!read_bytes(&r, &name) || utf8_valid_prefix((const char *)name.data, name.len) != name.len))
				return false;
			if (!read_bytes(&r, &item) || !check_nested(item, depth + 1))
				return false;
		}
		return r.p == r.end;
	}
	default:
		return true;
	}
}

bool field_check(struct field f)
{
	return check_nested(f, 0);
}

/* ---- as JSON ---- */

static void write_date(struct buf *out, double ms)
{
	char text[32];
	size_t len = iso_time(text, ms);

	if (len)
		json_add_string(out, text, len);
	else
		json_add_double(out, ms);
}

static void write_bytes(struct buf *out, const unsigned char *p, size_t len)
{
	buf_add_str(out, "{\"type\":\"Buffer\",\"data\":[");
	for (size_t i = 0; i < len; i++) {
		if (i)
			buf_add_char(out, ',');
		json_add_int(out, p[i]);
	}
	buf_add_str(out, "]}");
}

static void write_nested(struct field f, struct buf *out, unsigned depth);

static void write_array(struct field f, struct buf *out, unsigned depth)
{
	struct reader r;
	size_t count = read_container(&r, f, ITEM_LEAST);
	struct field item;

	buf_add_char(out, '[');
	for (size_t i = 0; i < count && read_bytes(&r, &item); i++) {
		if (i)
			buf_add_char(out, ',');
		write_nested(item, out, depth + 1);
	}
	buf_add_char(out, ']');
}

static void write_object(struct field f, struct buf *out, unsigned depth)
{
	struct reader r;
	size_t count = read_container(&r, f, MEMBER_LEAST);
	struct field name, item;

	buf_add_char(out, '{');
	for (size_t i = 0; i < count && read_bytes(&r, &name) && read_bytes(&r, &item); i++) {
		if (i)
			buf_add_char(out, ',');
		json_add_string(out, (const char *)name.data, name.len);
		buf_add_char(out, ':');
		write_nested(item, out, depth + 1);
	}
	buf_add_char(out, '}');
}

static void write_nested(struct field f, struct buf *out, unsigned depth)
{
	if (field_tag(f) == TAG_TEXT) {
		json_add_string(out, (const char *)f.data + 1, f.len - 1);
		return;
	}

	lyre_value v = scalar(f);

	switch (v.type) {
	case LYRE_BOOL:
		buf_add_str(out, v.b ? "true" : "false");
		break;
	case LYRE_INT:
		json_add_int(out, v.i);
		break;
	case LYRE_DOUBLE:
		if (field_tag(f) == TAG_DATE)
			write_date(out, v.d);
		else
			json_add_double(out, v.d);
		break;
	case LYRE_BIGINT:
		buf_add(out, v.s, v.len);
		break;
	case LYRE_STRING:
		write_bytes(out, f.data + 1, f.len - 1);
		break;
	case LYRE_ARRAY:
	case LYRE_OBJECT:
		if (depth > JSON_DEPTH_MAX)
			buf_add_str(out, "null");
		else if (v.type == LYRE_ARRAY)
			write_array(f, out, depth);
		else
			write_object(f, out, depth);
		break;
	default:
		buf_add_str(out, "null");
		break;
	}
}

void field_write(struct field f, struct buf *out)
{
	write_nested(f, out, 0);
}

/* ---- order ---- */

/**
 * The value that determines the order: the value itself, or the first item of an array; an empty object for all other
 * containers.
 */
static lyre_value order_of(struct field f)
{
	lyre_value v = scalar(f);

	while (v.type == LYRE_ARRAY) {
		struct reader r;
		struct field item;

		if (read_container(&r, f, ITEM_LEAST) == 0 || !read_bytes(&r, &item))
			return (lyre_value){ .type = LYRE_OBJECT };
		f = item;
		v = scalar(f);
	}
	return v;
}

int field_compare(struct field x, struct field y)
{
	lyre_value a = order_of(x), b = order_of(y);

	return value_compare(&a, &b);
}
