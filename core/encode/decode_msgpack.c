/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/decode_msgpack.c
 * \brief The items of MessagePack. Times become strings; byte strings and other extensions, which JSON cannot express, are refused.
 */
#include "encode/binary.h"
#include "encode/decode.h"
#include "encode/msgpack.h"
#include "encode/item_bytes.h"

static int read_text(struct binary_reader *r, char *at, uint64_t len, struct token *t)
{
	t->kind = TOKEN_TEXT;
	t->value = value_text(at, 0);
	return binary_text(r, len, at, &t->value);
}

static int read_unsigned(struct binary_reader *r, const char *at, uint64_t n, lyre_value *v)
{
	char bytes[8];

	wire_put(bytes, n, sizeof bytes);
	return binary_bignum(r, at, bytes, sizeof bytes, false, v);
}

/** A number of \p bytes bytes in two's complement. */
static int64_t signed_of(uint64_t n, unsigned bytes)
{
	uint64_t sign = UINT64_C(1) << (8 * bytes - 1);

	return (int64_t)((n ^ sign) - sign);
}

/* ---- extensions ---- */

/** Seconds and, in two of the three forms, nanoseconds. */
static int read_time(struct binary_reader *r, const char *at, const char *bytes, size_t len, lyre_value *v)
{
	uint64_t n = wire_get(bytes, len == 4 ? 4 : 8);

	if (len == 4)
		return binary_time(r, at, (double)n * 1e3, v);
	if (len == 8)
		return binary_time(r, at, (double)(n & ((UINT64_C(1) << 34) - 1)) * 1e3 + (double)(n >> 34) / 1e6, v);
	double seconds = (double)signed_of(wire_get(bytes + 4, 8), 8);
	return binary_time(r, at, seconds * 1e3 + (double)wire_get(bytes, 4) / 1e6, v);
}

static int read_extension(struct binary_reader *r, const char *at, uint64_t len, lyre_value *v)
{
	const char *bytes;
	int rc = binary_bytes(r, len + 1, &bytes);

	if (rc)
		return rc;
	if ((signed char)*bytes == MSGPACK_TIMESTAMP && (len == 4 || len == 8 || len == 12))
		return read_time(r, at, bytes + 1, (size_t)len, v);
	/* JavaScript's undefined */
	if (len == 1 && !bytes[0] && !bytes[1]) {
		*v = value_null();
		return 0;
	}
	return binary_fail(r, at, "Unsupported extension type");
}

/* ---- items ---- */

/** Items longer than one byte, by their first byte. */
static int read_sized(struct binary_reader *r, char *at, unsigned char first, struct token *t)
{
	/* from 0xc4 on: the bytes of the number that follows */
	static const unsigned char sizes[] = { 1, 2, 4, 1, 2, 4, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4 };
	unsigned size = sizes[first - MSGPACK_BIN_8];
	uint64_t n;
	int rc = binary_number(r, size, &n);

	if (rc)
		return rc;
	if (first <= MSGPACK_BIN_32)
		return binary_fail(r, at, "Byte strings are not supported");
	if (first <= MSGPACK_EXT_32)
		return read_extension(r, at, n, &t->value);
	if (first == MSGPACK_FLOAT)
		return binary_double(r, at, wire_float((uint32_t)n), &t->value);
	if (first == MSGPACK_DOUBLE)
		return binary_double(r, at, wire_double(n), &t->value);
	if (first <= MSGPACK_UINT_64)
		return read_unsigned(r, at, n, &t->value);
	if (first <= MSGPACK_INT_64) {
		t->value = value_int(signed_of(n, size));
		return 0;
	}
	if (first <= MSGPACK_FIXEXT_16)
		return read_extension(r, at, UINT64_C(1) << (first - MSGPACK_FIXEXT_1), &t->value);
	if (first <= MSGPACK_TEXT_32)
		return read_text(r, at, n, t);
	t->kind = first <= MSGPACK_ARRAY_32 ? TOKEN_ARRAY : TOKEN_MAP;
	t->count = n;
	return 0;
}

static int next(struct binary_reader *r, struct token *t)
{
	char *at = r->p;

	if (at == r->end)
		return binary_fail_end(r);
	unsigned char first = (unsigned char)*r->p++;
	*t = (struct token){ .kind = TOKEN_VALUE };
	if (first <= MSGPACK_INT_MAX || first >= MSGPACK_INT_MIN) {
		t->value = value_int((signed char)first);
	} else if (first < MSGPACK_TEXT) {
		t->kind = first < MSGPACK_ARRAY ? TOKEN_MAP : TOKEN_ARRAY;
		t->count = first & 15;
	} else if (first < MSGPACK_NIL) {
		return read_text(r, at, first & 31, t);
	} else if (first >= MSGPACK_BIN_8) {
		return read_sized(r, at, first, t);
	} else if (first == MSGPACK_NIL) {
		t->value = value_null();
	} else if (first >= MSGPACK_FALSE) {
		t->value = value_bool(first == MSGPACK_TRUE);
	} else {
		return binary_fail(r, at, "Reserved type byte");
	}
	return 0;
}

static const struct binary_format format = { "MessagePack", next };

static int decode(struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e)
{
	return binary_decode(&format, a, body, len, outer, ret, e);
}

static int rest(struct arena *a, lyre_value *v, struct err *e)
{
	return binary_rest(&format, a, v, e);
}

const struct decoder decode_msgpack = { .decode = decode, .rest = rest };
