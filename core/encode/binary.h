/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/binary.h
 * \brief What the decoders of binary formats share: all but the heads of items.
 */
#ifndef ENCODE_BINARY_H
#define ENCODE_BINARY_H

#include "base/err.h"
#include "base/value.h"

struct binary_reader;

enum token_kind {
	TOKEN_VALUE, /**< it is all there is of a value */
	TOKEN_TEXT,  /**< the same, of a text: it may be a name */
	TOKEN_ARRAY, /**< count items follow */
	TOKEN_MAP,   /**< count names with their values follow */
	TOKEN_END    /**< of an array or a map without a count */
};

struct token {
	enum token_kind kind;
	bool open; /**< there is no count: TOKEN_END will come */
	uint64_t count;
	lyre_value value;
};

struct binary_format {
	const char *name;
	/** Reads the next item, or the head of an array or a map. \return 0, or a failure with its sentence */
	int (*next)(struct binary_reader *r, struct token *ret);
};

/** Of one body, or of a value in it. */
struct binary_reader {
	const struct binary_format *format;
	struct arena *arena;
	char *start, *p, *end;
	uint64_t due; /* items that counts have promised and that are not read yet */
	unsigned depth;
	bool later; /* arrays and maps within the outermost map are left where they stand */
	bool skims; /* what is read now is: nothing is kept or changed */
	struct err *err;
};

/** Decodes as struct decoder does. */
int binary_decode(
	const struct binary_format *f, struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e);
/** The rest of the same. */
int binary_rest(const struct binary_format *f, struct arena *a, lyre_value *v, struct err *e);

/* ---- for next(); each failure returns its code ---- */

/** "CBOR: … at byte n", where the item stands that begins at \p at. */
int binary_fail(struct binary_reader *r, const char *at, const char *what);
/** The body ends within an item. */
int binary_fail_end(struct binary_reader *r);
/** A big-endian number of \p bytes. */
int binary_number(struct binary_reader *r, unsigned bytes, uint64_t *ret);
/** \p len bytes, which are passed over. */
int binary_bytes(struct binary_reader *r, uint64_t len, const char **ret);
/**
 * Adds \p len bytes, which must be UTF-8, to a text that is gathered from \p text on, where its head stood: what comes is moved
 * there, and a NUL is put behind it. It fits, as each piece has a head.
 */
int binary_text(struct binary_reader *r, uint64_t len, char *text, lyre_value *v);
/** A number that may be none. */
int binary_double(struct binary_reader *r, const char *at, double d, lyre_value *v);
/** A copy in the arena: an integer or a text that does not stand in the body. */
int binary_copy(struct binary_reader *r, const char *s, size_t len, enum lyre_type type, lyre_value *v);
/** An integer from the bytes of its magnitude, as bignum_text(). */
int binary_bignum(struct binary_reader *r, const char *at, const void *bytes, size_t len, bool negative, lyre_value *v);
/** A time, ms since the epoch, as the text that it is in JSON. */
int binary_time(struct binary_reader *r, const char *at, double ms, lyre_value *v);

#endif
