/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode.h
 * \brief Writes answers, from beginning to end, in the format that the client asked for.
 *
 * An answer is one value. It is written token by token, and an encoder turns the tokens into bytes: a format is a file that
 * defines an encoder, and a row in dispatch/negotiate.c.
 */
#ifndef ENCODE_ENCODE_H
#define ENCODE_ENCODE_H

#include "base/buf.h"
#include "base/value.h"

/** How a format is written. The functions write separators themselves; failures are kept in the buffer. */
struct encoder {
	void (*object_begin)(lyre_out *o);
	void (*object_end)(lyre_out *o);
	void (*array_begin)(lyre_out *o);
	void (*array_end)(lyre_out *o);
	void (*key)(lyre_out *o, const char *name, size_t len);
	void (*string)(lyre_out *o, const char *s, size_t len);
	void (*integer)(lyre_out *o, int64_t i);
	void (*number)(lyre_out *o, double d);
	void (*boolean)(lyre_out *o, bool b);
	void (*null)(lyre_out *o);
	/** Any complete value. */
	void (*value)(lyre_out *o, const lyre_value *v);
	/**
	 * Announces a column of the following rows, before their array begins; each row is then an object with these
	 * members, in this order. NULL: the format does not need it.
	 */
	void (*column)(lyre_out *o, const char *name, size_t len);
	/** The value is complete: writes what is left. NULL: nothing to do. */
	void (*finish)(lyre_out *o);
	/** Frees what state holds outside the arena. NULL: nothing to do. */
	void (*drop)(lyre_out *o);
	bool json;         /**< values may be written as JSON text, even between object_begin() and object_end() */
	bool whole;        /**< nothing may be sent before everything is written: the length comes first */
	const void *style; /**< for formats that share these functions: their differences */
};

/** For a format in which scalars are written only through value(). */
#define SCALARS_AS_VALUES                                                                                               \
	.string = string_as_value, .integer = integer_as_value, .number = number_as_value, .boolean = boolean_as_value, \
	.null = null_as_value
void string_as_value(lyre_out *o, const char *s, size_t len);
void integer_as_value(lyre_out *o, int64_t i);
void number_as_value(lyre_out *o, double d);
void boolean_as_value(lyre_out *o, bool b);
void null_as_value(lyre_out *o);

extern const struct encoder encode_json, encode_csv, encode_msgpack, encode_cbor, encode_yaml, encode_jsonl;

/** Destination of an answer. Made by out_begin() or out_init(). */
struct lyre_out {
	const struct encoder *encoder;
	struct buf *buf;
	struct arena *arena; /**< for the encoder's data; NULL for JSON, which has none */
	void *state;         /**< the encoder's data; NULL at first */
	bool comma;          /**< a value precedes at this level */
	bool lines;          /**< for JSON lines: the outermost value is an array */
	uint32_t depth;      /**< for JSON lines: open arrays and objects */
	uint64_t rows;       /**< rows that were written by a query, or with lyre_reply_row() */
	uint32_t level;      /**< open arrays and objects, in any format */
	bool whole;          /**< the outermost value has begun, and with level 0 it is complete */
	bool misshapen;      /**< a second value has begun, or something was closed that was not open */
};

static inline void out_begin(lyre_out *o, const struct encoder *encoder, struct buf *b, struct arena *a)
{
	*o = (lyre_out){ .encoder = encoder, .buf = b, .arena = a };
}

/** JSON, which needs no arena and no out_drop(). */
static inline void out_init(lyre_out *o, struct buf *b)
{
	out_begin(o, &encode_json, b, NULL);
}

void out_object_begin(lyre_out *o);
void out_object_end(lyre_out *o);
void out_array_begin(lyre_out *o);
void out_array_end(lyre_out *o);
void out_key(lyre_out *o, const char *name);
void out_keyn(lyre_out *o, const char *name, size_t len);
void out_string(lyre_out *o, const char *s, size_t len);
void out_int(lyre_out *o, int64_t i);
void out_double(lyre_out *o, double d);
void out_bool(lyre_out *o, int b);
void out_null(lyre_out *o);
/** NULL: null. */
void out_value(lyre_out *o, const lyre_value *v);
/** Announces a column of the following rows: see encoder.column. */
void out_column(lyre_out *o, const char *name);
/** A value as JSON text, if the encoder is JSON's. */
void out_raw(lyre_out *o, const char *json, size_t len);
/** Whether any of the value was written. */
bool out_begun(const lyre_out *o);
/** Whether what was written is not one value, but two, or half of one. What is written raw is not looked at. */
bool out_misshapen(const lyre_out *o);
/** Call when the value is complete. */
void out_finish(lyre_out *o);
/** Frees what the encoder holds, complete or not. Does nothing if \p o is only zeroed. */
void out_drop(lyre_out *o);

#endif
