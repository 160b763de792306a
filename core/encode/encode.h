/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/encode.h
 * \brief Answers, written from front to back in the format that the client asked for.
 *
 * What is answered is one value. It is written token by token, and an encoder turns the tokens into bytes: a format is a file
 * that defines one of them, and a row in dispatch/negotiate.c.
 */
#ifndef ENCODE_ENCODE_H
#define ENCODE_ENCODE_H

#include "base/buf.h"
#include "base/value.h"

/** How a format is written. The functions place separators themselves; what fails is the buffer's failure. */
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
	/** Any value, whole. */
	void (*value)(lyre_out *o, const lyre_value *v);
	/**
	 * A column of the rows that follow: told before their array begins, and then each row is an object with these members, in
	 * this order. NULL: the format has no use for it.
	 */
	void (*column)(lyre_out *o, const char *name, size_t len);
	/** The value is complete: writes what is left. NULL: nothing. */
	void (*finish)(lyre_out *o);
	/** Frees what state holds outside the arena. NULL: nothing. */
	void (*drop)(lyre_out *o);
	bool json;         /**< a value is its JSON text, and may be written as that, between object_begin() and object_end() too */
	bool whole;        /**< no part may be sent before all is written: the beginning tells how much follows */
	const void *style; /**< of formats that share these functions: what differs between them */
};

/** For a format in which these are nothing but values. */
#define SCALARS_AS_VALUES                                                                                               \
	.string = string_as_value, .integer = integer_as_value, .number = number_as_value, .boolean = boolean_as_value, \
	.null = null_as_value
void string_as_value(lyre_out *o, const char *s, size_t len);
void integer_as_value(lyre_out *o, int64_t i);
void number_as_value(lyre_out *o, double d);
void boolean_as_value(lyre_out *o, bool b);
void null_as_value(lyre_out *o);

extern const struct encoder encode_json, encode_csv, encode_msgpack, encode_cbor, encode_yaml, encode_jsonl;

/** Where an answer goes. Made by out_begin() or out_init(). */
struct lyre_out {
	const struct encoder *encoder;
	struct buf *buf;
	struct arena *arena; /**< for what the encoder keeps; NULL for JSON, which keeps nothing */
	void *state;         /**< the encoder's; NULL at first */
	bool comma;          /**< a value precedes at this level */
	bool lines;          /**< of JSON lines: the outermost value is an array */
	uint32_t depth;      /**< of JSON lines: open arrays and objects */
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
/** NULL is null. */
void out_value(lyre_out *o, const lyre_value *v);
/** A value that is JSON text already, where the encoder is that of JSON. */
void out_raw(lyre_out *o, const char *json, size_t len);
/** Whether there is anything of the value. */
bool out_begun(const lyre_out *o);
/** The value is complete. */
void out_finish(lyre_out *o);
/** Frees what the encoder holds, complete or not. What was zeroed only is left alone. */
void out_drop(lyre_out *o);

#endif
