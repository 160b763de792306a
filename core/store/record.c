/* SPDX-License-Identifier: Apache-2.0 */
#include "store/record.h"

#include "store/record_format.h"

enum { RECORD_FORMAT = 1 };

static void put_le(unsigned char *p, uint64_t u, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, u >>= 8)
		p[i] = (unsigned char)u;
}

static void put_double(unsigned char *p, double d)
{
	uint64_t u;

	memcpy(&u, &d, sizeof(u));
	put_le(p, u, 8);
}

/* ---- building ---- */

static void add_tag(struct buf *out, enum value_tag tag)
{
	buf_add_char(out, (char)tag);
}

static void add_length(struct buf *out, size_t len)
{
	unsigned char b[10];
	unsigned n = 0;

	for (; len >= 0x80; len >>= 7)
		b[n++] = (unsigned char)(len | 0x80);
	b[n++] = (unsigned char)len;
	buf_add(out, b, n);
}

static void set_length(char *at, size_t len)
{
	for (int i = 0; i < LENGTH_MAX - 1; i++, len >>= 7)
		at[i] = (char)(len | 0x80);
	at[LENGTH_MAX - 1] = (char)(len & 0x7f);
}

static unsigned int_bytes(int64_t i)
{
	return i == (int8_t)i ? 1 : i == (int16_t)i ? 2 : i == (int32_t)i ? 4 : 8;
}

static void add_int(struct buf *out, int64_t i)
{
	unsigned char b[9];
	unsigned n = int_bytes(i);

	b[0] = (unsigned char)(n == 1 ? TAG_INT8 : n == 2 ? TAG_INT16 : n == 4 ? TAG_INT32 : TAG_INT64);
	put_le(b + 1, (uint64_t)i, n);
	buf_add(out, b, 1 + n);
}

static void add_double(struct buf *out, enum value_tag tag, double d)
{
	unsigned char b[9] = { (unsigned char)tag };

	put_double(b + 1, d);
	buf_add(out, b, sizeof(b));
}

static void add_value(struct buf *out, const lyre_value *v, unsigned depth);

/** A value inside a container, with its length before it. */
static void add_nested(struct buf *out, const lyre_value *v, unsigned depth)
{
	switch (v->type) {
	case LYRE_INT:
		add_length(out, 1 + int_bytes(v->i));
		break;
	case LYRE_DOUBLE:
		add_length(out, 9);
		break;
	case LYRE_BIGINT:
		add_length(out, 2 + (size_t)v->len);
		break;
	case LYRE_STRING:
		add_length(out, 1 + (size_t)v->len);
		break;
	case LYRE_ARRAY:
	case LYRE_OBJECT: {
		static const char room[LENGTH_MAX];
		size_t at = out->len;

		buf_add(out, room, sizeof(room));
		add_value(out, v, depth + 1);
		if (!out->failed)
			set_length(out->data + at, out->len - at - LENGTH_MAX);
		return;
	}
	default:
		add_length(out, 1);
		break;
	}
	add_value(out, v, depth);
}

static void add_value(struct buf *out, const lyre_value *v, unsigned depth)
{
	if (depth > JSON_DEPTH_MAX) {
		out->failed = true;
		return;
	}
	switch (v->type) {
	case LYRE_BOOL:
		add_tag(out, v->b ? TAG_TRUE : TAG_FALSE);
		break;
	case LYRE_INT:
		add_int(out, v->i);
		break;
	case LYRE_DOUBLE:
		add_double(out, TAG_DOUBLE, v->d);
		break;
	case LYRE_BIGINT:
		add_tag(out, TAG_BIGINT);
		buf_add(out, v->s, v->len);
		buf_add_char(out, '\0');
		break;
	case LYRE_STRING:
		add_tag(out, TAG_TEXT);
		buf_add(out, v->s, v->len);
		break;
	case LYRE_ARRAY:
		add_tag(out, TAG_ARRAY);
		add_length(out, v->len);
		for (uint32_t i = 0; i < v->len; i++)
			add_nested(out, &v->items[i], depth);
		break;
	case LYRE_OBJECT:
		add_tag(out, TAG_OBJECT);
		add_length(out, v->len);
		for (uint32_t i = 0; i < v->len; i++) {
			add_length(out, v->members[i].name_len);
			buf_add(out, v->members[i].name, v->members[i].name_len);
			add_nested(out, &v->members[i].value, depth);
		}
		break;
	default:
		add_tag(out, TAG_NULL);
		break;
	}
}

static void add_item(struct buf *out, const struct record_item *item)
{
	if (!item->value) {
		buf_add(out, item->field.data, item->field.len);
	} else if (item->kind == FIELD_DATE && value_is_number(item->value)) {
		add_double(out, TAG_DATE, value_number(item->value));
	} else if (item->kind == FIELD_BYTES && item->value->type == LYRE_STRING) {
		add_tag(out, TAG_BYTES);
		buf_add(out, item->value->s, item->value->len);
	} else {
		add_value(out, item->value, 0);
	}
}

/** Turns a short record's entries from wide into narrow ones. */
static void narrow(struct buf *out, size_t start, size_t count)
{
	unsigned char *r = (unsigned char *)out->data + start;
	unsigned char *to = r + RECORD_HEAD;
	const unsigned char *from = to;
	size_t bytes = out->len - start - RECORD_HEAD - count * ENTRY_WIDE;

	for (size_t i = 0; i < count; i++, from += ENTRY_WIDE, to += ENTRY_NARROW)
		memmove(to, from, ENTRY_NARROW);
	memmove(to, from, bytes);
	r[1] = 0;
	out->len -= count * (ENTRY_WIDE - ENTRY_NARROW);
}

void record_build(struct buf *out, double created, double updated, const struct record_item *items, size_t count)
{
	size_t start = out->len;
	size_t head = RECORD_HEAD + count * ENTRY_WIDE;

	if (count > UINT16_MAX || !buf_reserve(out, head)) {
		out->failed = true;
		return;
	}
	out->len += head;

	/* Whether the ends fit into 16 bits is known only afterwards. */
	for (size_t i = 0; i < count; i++) {
		add_item(out, &items[i]);
		if (out->failed)
			return;

		unsigned char *entry = (unsigned char *)out->data + start + RECORD_HEAD + i * ENTRY_WIDE;
		size_t end = out->len - start - head;

		if (end > UINT32_MAX) {
			out->failed = true;
			return;
		}
		put_le(entry, items[i].id, 2);
		put_le(entry + 2, end, 4);
	}

	unsigned char *r = (unsigned char *)out->data + start;

	r[0] = RECORD_FORMAT;
	r[1] = RECORD_WIDE;
	put_le(r + 2, count, 2);
	put_double(r + 4, created);
	put_double(r + 12, updated);
	if (out->len - start - head <= UINT16_MAX)
		narrow(out, start, count);
}

/* ---- the frame ---- */

/** Whether the ends of the entries never decrease. \p size is a constant at each call. */
static inline bool ends_rise(const unsigned char *entry, size_t count, size_t size, size_t *last)
{
	for (size_t i = 0; i < count; i++, entry += size) {
		size_t end = entry_end(entry, size);

		if (end < *last)
			return false;
		*last = end;
	}
	return true;
}

bool record_check(struct record r)
{
	if (r.len < RECORD_HEAD || r.data[0] != RECORD_FORMAT || (r.data[1] & ~RECORD_WIDE))
		return false;

	size_t count = record_count(r), size = entry_size(r), last = 0;

	if (r.len - RECORD_HEAD < count * size)
		return false;

	const unsigned char *entry = r.data + RECORD_HEAD;
	bool rise = size == ENTRY_WIDE ? ends_rise(entry, count, ENTRY_WIDE, &last) : ends_rise(entry, count, ENTRY_NARROW, &last);

	return rise && last == r.len - RECORD_HEAD - count * size;
}

double record_created(struct record r)
{
	return load_double(r.data + 4);
}

double record_updated(struct record r)
{
	return load_double(r.data + 12);
}

bool record_find(struct record r, uint16_t id, struct field *ret)
{
	uint16_t count = record_count(r);
	size_t size = entry_size(r);
	const unsigned char *entry = r.data + RECORD_HEAD;

	for (uint16_t i = 0; i < count; i++, entry += size) {
		if (load_u16(entry) == id) {
			record_at(r, i, ret);
			return true;
		}
	}
	return false;
}
