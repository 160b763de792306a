/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode_cbor.c
 * \brief Answers in CBOR (RFC 8949). Values written piece by piece have an end marker instead of a length.
 */
#include "encode/bignum.h"
#include "encode/cbor.h"
#include "encode/encode.h"
#include "encode/item_bytes.h"

#include <math.h>
#include <string.h>

/** The first byte of an item, and its argument in as few bytes as possible. */
static void add_head(struct buf *out, enum cbor_major major, uint64_t n)
{
	unsigned char first = (unsigned char)(major << 5);

	if (n < CBOR_ONE_BYTE)
		wire_add(out, first | (unsigned char)n, n, 0);
	else if (n <= UINT8_MAX)
		wire_add(out, first | CBOR_ONE_BYTE, n, 1);
	else if (n <= UINT16_MAX)
		wire_add(out, first | CBOR_TWO_BYTES, n, 2);
	else if (n <= UINT32_MAX)
		wire_add(out, first | CBOR_FOUR_BYTES, n, 4);
	else
		wire_add(out, first | CBOR_EIGHT_BYTES, n, 8);
}

static void add_text(struct buf *out, const char *s, size_t len)
{
	add_head(out, CBOR_TEXT, len);
	buf_add(out, s, len);
}

static void add_double(struct buf *out, double d)
{
	if (isfinite(d))
		wire_add(out, CBOR_DOUBLE, wire_bits(d), 8);
	else
		buf_add_char(out, (char)CBOR_NULL);
}

/** A 64-bit number as an integer, a larger one as a bignum; negative ones as -1 - n. */
static void add_bigint(struct buf *out, const lyre_value *v)
{
	bool negative = *v->s == '-';
	uint8_t bytes[BIGNUM_BYTES];
	uint64_t n;

	if (value_magnitude(v, &n)) {
		add_head(out, negative ? CBOR_NEGATIVE : CBOR_UNSIGNED, n - negative);
		return;
	}
	size_t len = bignum_bytes(bytes, v->s + negative, v->len - negative);
	if (!len) {
		add_text(out, v->s, v->len);
		return;
	}
	for (size_t i = len; negative && bytes[--i]-- == 0;)
		;
	size_t zeros = !*bytes; /* a power of 256 */
	add_head(out, CBOR_TAG, negative ? CBOR_NEGATIVE_BIGNUM : CBOR_BIGNUM);
	add_head(out, CBOR_BYTES, len - zeros);
	buf_add(out, bytes + zeros, len - zeros);
}

static void add_value(struct buf *out, const lyre_value *v)
{
	switch (v->type) {
	case LYRE_NULL:
		buf_add_char(out, (char)CBOR_NULL);
		break;
	case LYRE_BOOL:
		buf_add_char(out, (char)(v->b ? CBOR_TRUE : CBOR_FALSE));
		break;
	case LYRE_INT:
		add_head(out, v->i < 0 ? CBOR_NEGATIVE : CBOR_UNSIGNED, (uint64_t)(v->i < 0 ? ~v->i : v->i));
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
		add_head(out, CBOR_ARRAY, v->len);
		for (uint32_t i = 0; i < v->len; i++)
			add_value(out, &v->items[i]);
		break;
	case LYRE_OBJECT:
		add_head(out, CBOR_MAP, v->len);
		for (uint32_t i = 0; i < v->len; i++) {
			add_text(out, v->members[i].name, v->members[i].name_len);
			add_value(out, &v->members[i].value);
		}
		break;
	default: /* VALUE_UNREAD: there was no memory to decode it */
		out->failed = true;
	}
}

static void object_begin(lyre_out *o)
{
	buf_add_char(o->buf, (char)(CBOR_MAP << 5 | CBOR_INDEFINITE));
}

static void array_begin(lyre_out *o)
{
	buf_add_char(o->buf, (char)(CBOR_ARRAY << 5 | CBOR_INDEFINITE));
}

static void end(lyre_out *o)
{
	buf_add_char(o->buf, (char)CBOR_BREAK);
}

static void key(lyre_out *o, const char *name, size_t len)
{
	add_text(o->buf, name, len);
}

static void value(lyre_out *o, const lyre_value *v)
{
	add_value(o->buf, v);
}

const struct encoder encode_cbor = {
	.object_begin = object_begin,
	.object_end = end,
	.array_begin = array_begin,
	.array_end = end,
	.key = key,
	.value = value,
	SCALARS_AS_VALUES,
};
