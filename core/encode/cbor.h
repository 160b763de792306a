/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/cbor.h
 * \brief The numbers of CBOR (RFC 8949).
 */
#ifndef ENCODE_CBOR_H
#define ENCODE_CBOR_H

/** The three high bits of an item's first byte. */
enum cbor_major {
	CBOR_UNSIGNED = 0,
	CBOR_NEGATIVE = 1,
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_TAG = 6,
	CBOR_SIMPLE = 7
};

/** The five low bits: below the first of these, the argument itself. */
enum { CBOR_ONE_BYTE = 24, CBOR_TWO_BYTES = 25, CBOR_FOUR_BYTES = 26, CBOR_EIGHT_BYTES = 27, CBOR_INDEFINITE = 31 };

/** First bytes that are an item, or a kind of item. */
enum {
	CBOR_FALSE = 0xf4,
	CBOR_TRUE = 0xf5,
	CBOR_NULL = 0xf6,
	CBOR_UNDEFINED = 0xf7,
	CBOR_HALF = 0xf9,
	CBOR_FLOAT = 0xfa,
	CBOR_DOUBLE = 0xfb,
	CBOR_BREAK = 0xff
};

/** Tags. */
enum { CBOR_DATE_TEXT = 0, CBOR_DATE_SECONDS = 1, CBOR_BIGNUM = 2, CBOR_NEGATIVE_BIGNUM = 3, CBOR_SELF_DESCRIBED = 55799 };

#endif
