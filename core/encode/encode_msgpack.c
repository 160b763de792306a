/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode_msgpack.c
 * \brief Answers in MessagePack. The count precedes an array or a map: if it is written piece by piece, the count is
 * filled in at the end, so nothing can be sent before.
 */
#include "encode/encode.h"
#include "encode/msgpack.h"
#include "encode/item_bytes.h"

#include <math.h>

/** Bytes reserved before something whose count is not known yet. */
#define HEAD 3

/** An incomplete array or map. */
struct open {
	struct open *outer;
	size_t at; /* position of its head */
	uint64_t count;
};

struct msgpack {
	struct open *top, *spare;
};

static void add_head(struct buf *out, unsigned char fixed, unsigned fixed_max, unsigned char first_16, uint64_t n)
{
	if (n <= fixed_max)
		wire_add(out, fixed | (unsigned char)n, 0, 0);
	else if (n <= UINT16_MAX)
		wire_add(out, first_16, n, 2);
	else
		wire_add(out, first_16 + 1, n, 4);
}

static void add_text(struct buf *out, const char *s, size_t len)
{
	if (len > 31 && len <= UINT8_MAX)
		wire_add(out, MSGPACK_TEXT_8, len, 1);
	else
		add_head(out, MSGPACK_TEXT, 31, MSGPACK_TEXT_16, len);
	buf_add(out, s, len);
}

/** By size: 0xcc and the following bytes take 1, 2, 4 and 8 bytes, and so do 0xd0 and the following. */
static void add_sized(struct buf *out, unsigned char first, uint64_t n, unsigned power)
{
	wire_add(out, first + (unsigned char)power, n, 1u << power);
}

static void add_unsigned(struct buf *out, uint64_t n)
{
	if (n <= MSGPACK_INT_MAX)
		wire_add(out, (unsigned char)n, 0, 0);
	else
		add_sized(out, MSGPACK_UINT_8, n, n <= UINT8_MAX ? 0 : n <= UINT16_MAX ? 1 : n <= UINT32_MAX ? 2 : 3);
}

static void add_int(struct buf *out, int64_t i)
{
	if (i >= 0)
		add_unsigned(out, (uint64_t)i);
	else if (i >= -32)
		wire_add(out, (unsigned char)i, 0, 0);
	else
		add_sized(out, MSGPACK_INT_8, (uint64_t)i, i >= INT8_MIN ? 0 : i >= INT16_MIN ? 1 : i >= INT32_MIN ? 2 : 3);
}

static void add_double(struct buf *out, double d)
{
	if (isfinite(d))
		wire_add(out, MSGPACK_DOUBLE, wire_bits(d), 8);
	else
		buf_add_char(out, (char)MSGPACK_NIL);
}

/** An integer that the format cannot hold is written as a string, to stay exact. */
static void add_bigint(struct buf *out, const lyre_value *v)
{
	uint64_t n;

	if (*v->s != '-' && value_magnitude(v, &n))
		add_unsigned(out, n);
	else
		add_text(out, v->s, v->len);
}

static void add_value(struct buf *out, const lyre_value *v)
{
	switch (v->type) {
	case LYRE_NULL:
		buf_add_char(out, (char)MSGPACK_NIL);
		break;
	case LYRE_BOOL:
		buf_add_char(out, (char)(v->b ? MSGPACK_TRUE : MSGPACK_FALSE));
		break;
	case LYRE_INT:
		add_int(out, v->i);
		break;
	case LYRE_DOUBLE:
		add_double(out, v->d);
		break;
	case LYRE_BIGINT:
		add_bigint(out, v);
		break;
	case LYRE_STRING:
		add_text(out, v->s, v->len);
		break;
	case LYRE_ARRAY:
		add_head(out, MSGPACK_ARRAY, 15, MSGPACK_ARRAY_16, v->len);
		for (uint32_t i = 0; i < v->len; i++)
			add_value(out, &v->items[i]);
		break;
	case LYRE_OBJECT:
		add_head(out, MSGPACK_MAP, 15, MSGPACK_MAP_16, v->len);
		for (uint32_t i = 0; i < v->len; i++) {
			add_text(out, v->members[i].name, v->members[i].name_len);
			add_value(out, &v->members[i].value);
		}
		break;
	default: /* VALUE_UNREAD: there was no memory to decode it */
		out->failed = true;
	}
}

/* ---- piece by piece ---- */

static struct msgpack *msgpack_of(lyre_out *o)
{
	if (!o->state)
		o->state = ARENA_NEW(o->arena, struct msgpack);
	if (!o->state)
		o->buf->failed = true;
	return o->state;
}

/** Counts an item of the open array. A map's items are counted by their keys. */
static void count(lyre_out *o)
{
	struct msgpack *m = o->state;

	if (m && m->top && !o->buf->failed && (unsigned char)o->buf->data[m->top->at] == MSGPACK_ARRAY_16)
		m->top->count++;
}

static void begin(lyre_out *o, unsigned char first)
{
	count(o);
	struct msgpack *m = msgpack_of(o);
	struct open *new = !m ? NULL : m->spare ? m->spare : ARENA_NEW(o->arena, struct open);
	if (!new) {
		o->buf->failed = true;
		return;
	}
	if (new == m->spare)
		m->spare = new->outer;
	*new = (struct open){ .outer = m->top, .at = o->buf->len };
	m->top = new;
	wire_add(o->buf, first, 0, 2);
}

static void object_begin(lyre_out *o)
{
	begin(o, MSGPACK_MAP_16);
}

static void array_begin(lyre_out *o)
{
	begin(o, MSGPACK_ARRAY_16);
}

/** Fills in the head, which is larger for a large count. */
static void set_count(struct buf *out, const struct open *open)
{
	if (open->count > UINT32_MAX)
		out->failed = true;
	if (out->failed || (open->count > UINT16_MAX && !buf_reserve(out, 2)))
		return;
	char *head = out->data + open->at;
	if (open->count <= UINT16_MAX) {
		wire_put(head + 1, open->count, 2);
		return;
	}
	memmove(head + HEAD + 2, head + HEAD, out->len - open->at - HEAD);
	out->len += 2;
	++*head;
	wire_put(head + 1, open->count, 4);
}

static void end(lyre_out *o)
{
	struct msgpack *m = o->state;
	struct open *open = m ? m->top : NULL;

	if (!open)
		return;
	set_count(o->buf, open);
	m->top = open->outer;
	open->outer = m->spare;
	m->spare = open;
}

static void key(lyre_out *o, const char *name, size_t len)
{
	struct msgpack *m = o->state;

	if (m && m->top)
		m->top->count++;
	add_text(o->buf, name, len);
}

static void value(lyre_out *o, const lyre_value *v)
{
	count(o);
	add_value(o->buf, v);
}

const struct encoder encode_msgpack = {
	.object_begin = object_begin,
	.object_end = end,
	.array_begin = array_begin,
	.array_end = end,
	.key = key,
	.value = value,
	SCALARS_AS_VALUES,
	.whole = true,
};
