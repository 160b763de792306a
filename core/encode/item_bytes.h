/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/item_bytes.h
 * \brief Numbers in network byte order.
 */
#ifndef ENCODE_ITEM_BYTES_H
#define ENCODE_ITEM_BYTES_H

#include "base/buf.h"

#include <stdint.h>
#include <string.h>

/** Writes \p n as \p len bytes. */
static inline void wire_put(char *to, uint64_t n, unsigned len)
{
	for (; len; n >>= 8)
		to[--len] = (char)n;
}

static inline uint64_t wire_get(const char *from, unsigned len)
{
	uint64_t n = 0;

	while (len--)
		n = n << 8 | (unsigned char)*from++;
	return n;
}

/** Writes a first byte, and \p n as \p len bytes. */
static inline void wire_add(struct buf *out, unsigned char first, uint64_t n, unsigned len)
{
	if (!buf_reserve(out, 9))
		return;
	out->data[out->len] = (char)first;
	wire_put(out->data + out->len + 1, n, len);
	out->len += len + 1;
}

static inline uint64_t wire_bits(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

static inline double wire_double(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	return d;
}

/** A 32-bit float. */
static inline double wire_float(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof f);
	return (double)f;
}

#endif
