/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/codec.h
 * \brief Encoding and decoding of small integers, times and strings, little-endian. Reading past the end sets a flag and
 * returns zeros.
 */
#ifndef STORE_CODEC_H
#define STORE_CODEC_H

#include "base/buf.h"

#include <endian.h>
#include <lmdb.h>
#include <stdint.h>

static inline void put_int(struct buf *b, uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, v >>= 8)
		buf_add_char(b, (char)(v & 0xff));
}

static inline void put_double(struct buf *b, double d)
{
	uint64_t v;
	memcpy(&v, &d, sizeof v);
	put_int(b, v, 8);
}

static inline void put_bytes(struct buf *b, const void *s, size_t len)
{
	put_int(b, len, 4);
	buf_add(b, s, len);
}

static inline void put_text(struct buf *b, const char *s)
{
	put_bytes(b, s, strlen(s));
}

struct reader {
	const unsigned char *at, *end;
	bool failed;
};

static inline struct reader reader_of(MDB_val v)
{
	return (struct reader){ .at = v.mv_data, .end = (const unsigned char *)v.mv_data + v.mv_size };
}

static inline uint64_t get_int(struct reader *r, unsigned bytes)
{
	if ((size_t)(r->end - r->at) < bytes) {
		r->failed = true;
		return 0;
	}
	uint64_t v = 0;
	for (unsigned i = bytes; i--;)
		v = v << 8 | r->at[i];
	r->at += bytes;
	return v;
}

static inline double get_double(struct reader *r)
{
	uint64_t v = get_int(r, 8);
	double d;
	memcpy(&d, &v, sizeof d);
	return d;
}

static inline const unsigned char *get_raw(struct reader *r, size_t len)
{
	if ((size_t)(r->end - r->at) < len) {
		r->failed = true;
		return NULL;
	}
	r->at += len;
	return r->at - len;
}

/** \return their start, NULL if there are not enough */
static inline const unsigned char *get_bytes(struct reader *r, size_t *len)
{
	*len = (size_t)get_int(r, 4);
	return get_raw(r, *len);
}

/** Big-endian, so that keys sort correctly. */
static inline void be_put(unsigned char *out, uint64_t v, unsigned bytes)
{
	if (bytes == 8) {
		v = htobe64(v);
		memcpy(out, &v, 8);
		return;
	}
	for (unsigned i = bytes; i--; v >>= 8)
		out[i] = (unsigned char)v;
}

static inline uint64_t be_get(const unsigned char *in, unsigned bytes)
{
	uint64_t v = 0;
	if (bytes == 8) {
		memcpy(&v, in, 8);
		return be64toh(v);
	}
	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | in[i];
	return v;
}

/** The bits of a time (not NaN), so that memcmp sorts them. */
static inline uint64_t double_sortable(double d)
{
	uint64_t v;
	memcpy(&v, &d, sizeof v);
	return v >> 63 ? ~v : v | UINT64_C(1) << 63;
}

static inline double double_unsortable(uint64_t v)
{
	v = v >> 63 ? v & ~(UINT64_C(1) << 63) : ~v;
	double d;
	memcpy(&d, &v, sizeof d);
	return d;
}

#endif
