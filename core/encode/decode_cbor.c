/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/decode_cbor.c
 * \brief The items of CBOR (RFC 8949). Dates become strings, bignums integers; other tags and byte strings, which JSON
 * cannot express, are refused.
 */
#include "encode/binary.h"
#include "encode/cbor.h"
#include "encode/decode.h"
#include "encode/item_bytes.h"

#include <math.h>

/** The head of an item. */
struct head {
	char *at;
	enum cbor_major major;
	unsigned info; /* the low bits of its first byte */
	uint64_t n;    /* the argument */
};

static int read_head(struct binary_reader *r, struct head *h)
{
	h->at = r->p;
	if (r->p == r->end)
		return binary_fail_end(r);
	unsigned char first = (unsigned char)*r->p++;
	h->major = first >> 5;
	h->info = first & 31;
	h->n = h->info;
	if (h->info < CBOR_ONE_BYTE || h->info == CBOR_INDEFINITE)
		return 0;
	if (h->info > CBOR_EIGHT_BYTES)
		return binary_fail(r, h->at, "Malformed item");
	return binary_number(r, 1u << (h->info - CBOR_ONE_BYTE), &h->n);
}

/** Reads the pieces of a string after its head. */
static int read_pieces(struct binary_reader *r, char *text, lyre_value *v)
{
	struct head h;
	int rc = 0;

	*v = value_text(text, 0);
	if (!r->skims)
		*text = '\0';
	while (!rc) {
		rc = read_head(r, &h);
		if (!rc && (unsigned char)*h.at == CBOR_BREAK)
			return 0;
		if (!rc && (h.major != CBOR_TEXT || h.info == CBOR_INDEFINITE))
			rc = binary_fail(r, h.at, "Invalid chunk of a text string");
		if (!rc)
			rc = binary_text(r, h.n, text, v);
	}
	return rc;
}

static int read_text(struct binary_reader *r, const struct head *h, lyre_value *v)
{
	if (h->info == CBOR_INDEFINITE)
		return read_pieces(r, h->at, v);
	*v = value_text(h->at, 0);
	return binary_text(r, h->n, h->at, v);
}

/** A sign, five bits of exponent, ten of fraction. */
static double half(uint16_t bits)
{
	int exponent = bits >> 10 & 31, fraction = bits & 1023;
	double d = exponent == 31 ? (fraction ? NAN : INFINITY) :
		exponent          ? (1024 + fraction) * (double)(1u << exponent) * 0x1p-25 :
				    fraction * 0x1p-24;

	return bits >> 15 ? -d : d;
}

static int read_simple(struct binary_reader *r, const struct head *h, lyre_value *v)
{
	switch ((unsigned char)*h->at) {
	case CBOR_FALSE:
	case CBOR_TRUE:
		*v = value_bool((unsigned char)*h->at == CBOR_TRUE);
		return 0;
	case CBOR_NULL:
	case CBOR_UNDEFINED:
		*v = value_null();
		return 0;
	case CBOR_HALF:
		return binary_double(r, h->at, half((uint16_t)h->n), v);
	case CBOR_FLOAT:
		return binary_double(r, h->at, wire_float((uint32_t)h->n), v);
	case CBOR_DOUBLE:
		return binary_double(r, h->at, wire_double(h->n), v);
	default:
		return binary_fail(r, h->at, "Unsupported simple value");
	}
}

static int read_integer(struct binary_reader *r, const struct head *h, lyre_value *v)
{
	char bytes[8];

	wire_put(bytes, h->n, sizeof bytes);
	return binary_bignum(r, h->at, bytes, sizeof bytes, h->major == CBOR_NEGATIVE, v);
}

/* ---- tags ---- */

static int read_bignum(struct binary_reader *r, const struct head *tag, lyre_value *v)
{
	struct head h;
	const char *bytes;
	int rc = read_head(r, &h);

	if (!rc && (h.major != CBOR_BYTES || h.info == CBOR_INDEFINITE))
		rc = binary_fail(r, h.at, "Invalid bignum");
	if (!rc)
		rc = binary_bytes(r, h.n, &bytes);
	return rc ? rc : binary_bignum(r, tag->at, bytes, (size_t)h.n, tag->n == CBOR_NEGATIVE_BIGNUM, v);
}

static bool seconds_of(const struct head *h, double *ret)
{
	switch ((unsigned char)*h->at) {
	case CBOR_HALF:
		*ret = half((uint16_t)h->n);
		return true;
	case CBOR_FLOAT:
		*ret = wire_float((uint32_t)h->n);
		return true;
	case CBOR_DOUBLE:
		*ret = wire_double(h->n);
		return true;
	default:
		*ret = h->major == CBOR_NEGATIVE ? -1 - (double)h->n : (double)h->n;
		return h->major <= CBOR_NEGATIVE;
	}
}

/** A date: seconds since the epoch, or text. */
static int read_date(struct binary_reader *r, const struct head *tag, lyre_value *v)
{
	struct head h;
	double seconds;
	int rc = read_head(r, &h);

	if (rc)
		return rc;
	if (tag->n == CBOR_DATE_TEXT && h.major == CBOR_TEXT)
		return read_text(r, &h, v);
	if (tag->n == CBOR_DATE_TEXT || h.info == CBOR_INDEFINITE || !seconds_of(&h, &seconds))
		return binary_fail(r, tag->at, "Invalid date");
	return binary_time(r, tag->at, seconds * 1000, v);
}

static int read_tagged(struct binary_reader *r, const struct head *tag, struct token *t)
{
	switch (tag->n) {
	case CBOR_DATE_TEXT:
	case CBOR_DATE_SECONDS:
		return read_date(r, tag, &t->value);
	case CBOR_BIGNUM:
	case CBOR_NEGATIVE_BIGNUM:
		return read_bignum(r, tag, &t->value);
	default:
		return binary_fail(r, tag->at, "Unsupported tag");
	}
}

/* ---- items ---- */

static int next(struct binary_reader *r, struct token *t)
{
	struct head h;
	int rc;

	do
		rc = read_head(r, &h);
	while (!rc && h.major == CBOR_TAG && h.n == CBOR_SELF_DESCRIBED);
	if (rc)
		return rc;
	*t = (struct token){ .kind = TOKEN_VALUE, .open = h.info == CBOR_INDEFINITE, .count = h.n };
	switch (h.major) {
	case CBOR_TEXT:
		t->kind = TOKEN_TEXT;
		return read_text(r, &h, &t->value);
	case CBOR_ARRAY:
		t->kind = TOKEN_ARRAY;
		return 0;
	case CBOR_MAP:
		t->kind = TOKEN_MAP;
		return 0;
	case CBOR_BYTES:
		return binary_fail(r, h.at, "Byte strings are not supported");
	case CBOR_SIMPLE:
		if (!t->open)
			return read_simple(r, &h, &t->value);
		t->kind = TOKEN_END;
		return 0;
	default:
		break;
	}
	if (t->open)
		return binary_fail(r, h.at, "Malformed item");
	return h.major == CBOR_TAG ? read_tagged(r, &h, t) : read_integer(r, &h, &t->value);
}

static const struct binary_format format = { "CBOR", next };

static int decode(struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e)
{
	return binary_decode(&format, a, body, len, outer, ret, e);
}

static int rest(struct arena *a, lyre_value *v, struct err *e)
{
	return binary_rest(&format, a, v, e);
}

const struct decoder decode_cbor = { .decode = decode, .rest = rest };
