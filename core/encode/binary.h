/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/binary.h
 * \brief Shared by the decoders of binary formats: everything except the heads of items.
 */
#ifndef ENCODE_BINARY_H
#define ENCODE_BINARY_H

#include "base/err.h"
#include "base/value.h"

struct binary_reader;

enum token_kind {
	TOKEN_VALUE, /**< a complete value */
	TOKEN_TEXT,  /**< the same, for a string: it may be a name */
	TOKEN_ARRAY, /**< count items follow */
	TOKEN_MAP,   /**< count names with their values follow */
	TOKEN_END    /**< the end of an array or a map without a count */
};

struct token {
	enum token_kind kind;
	bool open; /**< there is no count: TOKEN_END follows */
	uint64_t count;
	lyre_value value;
};

struct binary_format {
	const char *name;
	/** Reads the next item, or the head of an array or a map. \return 0, or a failure with its message */
	int (*next)(struct binary_reader *r, struct token *ret);
};

/** Reads a body, or a value in it. */
struct binary_reader {
	const struct binary_format *format;
	struct arena *arena;
	char *start, *p, *end;
	uint64_t due; /* items that counts have announced and that are not read yet */
	unsigned depth;
	bool later; /* arrays and maps within the outermost map are left encoded */
	bool skims; /* the current ones are: nothing is kept or changed */
	struct err *err;
};

/** Decodes as struct decoder::decode. */
int binary_decode(
	const struct binary_format *f, struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e);
/** Decodes as struct decoder::rest. */
int binary_rest(const struct binary_format *f, struct arena *a, lyre_value *v, struct err *e);

/* ---- for next(); each failure returns its code ---- */

/** "CBOR: … at byte n", the position of the item that begins at \p at. */
int binary_fail(struct binary_reader *r, const char *at, const char *what);
/** The body ends within an item. */
int binary_fail_end(struct binary_reader *r);
/** A big-endian number of \p bytes. */
int binary_number(struct binary_reader *r, unsigned bytes, uint64_t *ret);
/** Reads \p len bytes. */
int binary_bytes(struct binary_reader *r, uint64_t len, const char **ret);
/**
 * Appends \p len bytes, which must be UTF-8, to a string that is assembled from \p text on, over its head: the bytes are
 * moved there and NUL-terminated. They fit, as each piece has a head.
 */
int binary_text(struct binary_reader *r, uint64_t len, char *text, lyre_value *v);
/** A number that may be NaN or infinite. */
int binary_double(struct binary_reader *r, const char *at, double d, lyre_value *v);
/** Copies an integer or a string that is not in the body into the arena. */
int binary_copy(struct binary_reader *r, const char *s, size_t len, enum lyre_type type, lyre_value *v);
/** An integer from the bytes of its magnitude, as bignum_text(). */
int binary_bignum(struct binary_reader *r, const char *at, const void *bytes, size_t len, bool negative, lyre_value *v);
/** A time, ms since the epoch, as its JSON string. */
int binary_time(struct binary_reader *r, const char *at, double ms, lyre_value *v);

#endif
