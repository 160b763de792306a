/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/record_format.h
 * \brief Shared by the code that writes stored values and the code that reads them.
 */
#ifndef STORE_RECORD_FORMAT_H
#define STORE_RECORD_FORMAT_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* The first byte of a value determines the rest. */
enum value_tag {
	TAG_NULL,
	TAG_FALSE,
	TAG_TRUE,
	TAG_INT8,
	TAG_INT16,
	TAG_INT32,
	TAG_INT64,
	TAG_DOUBLE,
	TAG_BIGINT, /* digits and a NUL */
	TAG_TEXT,
	TAG_DATE,
	TAG_BYTES,
	TAG_ARRAY, /* count, then each item: length, value */
	TAG_OBJECT /* count, then each member: length, name, length, value */
};

/* Longest length in a container: for nested containers it is known only afterwards, so it takes its full width. */
#define LENGTH_MAX 5

/* Integers are little-endian and unaligned. */

static inline uint64_t load_le(const unsigned char *p, unsigned bytes)
{
	uint64_t u = 0;

	while (bytes-- > 0)
		u = u << 8 | p[bytes];
	return u;
}

static inline uint16_t load_u16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t load_u32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline double load_double(const unsigned char *p)
{
	uint64_t u;
	double d;

	memcpy(&u, p, sizeof(u));
	u = le64toh(u);
	memcpy(&d, &u, sizeof(d));
	return d;
}

#endif
