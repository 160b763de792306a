/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/value.h
 * \brief Reading JSON values, and writing the JSON of an answer.
 *
 * Values belong to their call and live until it ends. Call these functions from the thread that runs the call; a value
 * never changes, so several threads may read it.
 */
#ifndef LYRE_VALUE_H
#define LYRE_VALUE_H

#include <string.h>

#include <lyre/host.h>

LYRE_BEGIN_DECLS

/** The host's implementation of the functions in this header. */
struct lyre_value_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*value_type)(const lyre_value *v);
	int (*value_bool)(const lyre_value *v);
	int64_t (*value_int)(const lyre_value *v);
	double (*value_double)(const lyre_value *v);
	const char *(*value_string)(const lyre_value *v, size_t *len);
	size_t (*value_count)(const lyre_value *v);
	const lyre_value *(*value_at)(const lyre_value *v, size_t i);
	const char *(*value_name)(const lyre_value *v, size_t i, size_t *len);
	const lyre_value *(*value_get)(const lyre_value *v, const char *name);

	const lyre_value *(*make_null)(lyre_call *call);
	const lyre_value *(*make_bool)(lyre_call *call, int b);
	const lyre_value *(*make_int)(lyre_call *call, int64_t i);
	const lyre_value *(*make_double)(lyre_call *call, double d);
	const lyre_value *(*make_string)(lyre_call *call, const char *s, size_t len);
	const lyre_value *(*make_array)(lyre_call *call, const lyre_value *const *items, size_t count);
	const lyre_value *(*make_object)(lyre_call *call, const char *const *names, const lyre_value *const *values, size_t count);
	const lyre_value *(*make_copy)(lyre_call *call, const lyre_value *v);

	void (*out_object_begin)(lyre_out *o);
	void (*out_object_end)(lyre_out *o);
	void (*out_array_begin)(lyre_out *o);
	void (*out_array_end)(lyre_out *o);
	void (*out_key)(lyre_out *o, const char *name);
	void (*out_string)(lyre_out *o, const char *s, size_t len);
	void (*out_int)(lyre_out *o, int64_t i);
	void (*out_double)(lyre_out *o, double d);
	void (*out_bool)(lyre_out *o, int b);
	void (*out_null)(lyre_out *o);
	void (*out_value)(lyre_out *o, const lyre_value *v);

	double (*time_now)(void);
	int (*time_parse)(const char *s, size_t len, double *ms);
	size_t (*time_text)(char out[32], double ms);

	const lyre_value *(*make_uint)(lyre_call *call, uint64_t u);
	int (*text_is_utf8)(const char *s, size_t len);

	void (*out_column)(lyre_out *o, const char *name);
};

/** \return the type of \p v; LYRE_NULL for a null pointer too. */
static inline enum lyre_type lyre_value_type(const lyre_value *v)
{
	return (enum lyre_type)lyre_host->value->value_type(v);
}

/** \return the value of a LYRE_BOOL, 0 for every other type. */
static inline int lyre_value_bool(const lyre_value *v)
{
	return lyre_host->value->value_bool(v);
}

/** \return a LYRE_INT as is, a LYRE_DOUBLE truncated to an integer and clamped, 0 for every other type. */
static inline int64_t lyre_value_int(const lyre_value *v)
{
	return lyre_host->value->value_int(v);
}

/** \return a number of any type as a double, 0 for every other type. */
static inline double lyre_value_double(const lyre_value *v)
{
	return lyre_host->value->value_double(v);
}

/**
 * \param[out] len  bytes of the text, may be NULL
 * \return the UTF-8 text of a LYRE_STRING (or the digits of a LYRE_BIGINT), NUL-terminated, possibly with NUL bytes in it;
 *         NULL for every other type
 */
static inline const char *lyre_value_string(const lyre_value *v, size_t *len)
{
	return lyre_host->value->value_string(v, len);
}

/** \return the number of items of an array or of members of an object, 0 for every other type. */
static inline size_t lyre_value_count(const lyre_value *v)
{
	return lyre_host->value->value_count(v);
}

/** \return item \p i of an array, or the value of member \p i of an object; NULL if out of range. */
static inline const lyre_value *lyre_value_at(const lyre_value *v, size_t i)
{
	return lyre_host->value->value_at(v, i);
}

/** \return the name of member \p i of an object, NUL-terminated; NULL if out of range. \p len may be NULL. */
static inline const char *lyre_value_name(const lyre_value *v, size_t i, size_t *len)
{
	return lyre_host->value->value_name(v, i, len);
}

/** \return the member \p name of an object; NULL if there is none. */
static inline const lyre_value *lyre_value_get(const lyre_value *v, const char *name)
{
	return lyre_host->value->value_get(v, name);
}

/* Making values to pass to the core: conditions, records, keys. They live until the call ends. Each function returns NULL
 * when out of memory or if one of its parts is NULL, so that only the last result needs checking. */

/** Null. */
static inline const lyre_value *lyre_make_null(lyre_call *call)
{
	return lyre_host->value->make_null(call);
}
/** True if \p b is not 0. */
static inline const lyre_value *lyre_make_bool(lyre_call *call, int b)
{
	return lyre_host->value->make_bool(call, b);
}
/** An integer. */
static inline const lyre_value *lyre_make_int(lyre_call *call, int64_t i)
{
	return lyre_host->value->make_int(call, i);
}
/** An unsigned integer. */
static inline const lyre_value *lyre_make_uint(lyre_call *call, uint64_t u)
{
	return lyre_host->value->make_uint(call, u);
}
/** A number; null if \p d is not finite, since JSON has no such numbers. */
static inline const lyre_value *lyre_make_double(lyre_call *call, double d)
{
	return lyre_host->value->make_double(call, d);
}

/**
 * Whether a text is strictly valid UTF-8: no surrogates, no overlong forms. Check text from elsewhere with this before
 * making it a value: the functions that make and write values do not check.
 */
static inline int lyre_text_is_utf8(const char *s, size_t len)
{
	return lyre_host->value->text_is_utf8(s, len);
}

/** UTF-8 text of \p len bytes, copied. */
static inline const lyre_value *lyre_make_string(lyre_call *call, const char *s, size_t len)
{
	return lyre_host->value->make_string(call, s, len);
}

/** A NUL-terminated text, copied. */
static inline const lyre_value *lyre_make_text(lyre_call *call, const char *text)
{
	return lyre_make_string(call, text, strlen(text));
}

/** An array of \p count values. */
static inline const lyre_value *lyre_make_array(lyre_call *call, const lyre_value *const *items, size_t count)
{
	return lyre_host->value->make_array(call, items, count);
}

/** An object of \p count members; the names are NUL-terminated, copied, and must be unique. */
static inline const lyre_value *lyre_make_object(
	lyre_call *call, const char *const *names, const lyre_value *const *values, size_t count)
{
	return lyre_host->value->make_object(call, names, values, count);
}

/** A deep copy of any value: for example from a row, which lives only until the next one is read. */
static inline const lyre_value *lyre_make_copy(lyre_call *call, const lyre_value *v)
{
	return lyre_host->value->make_copy(call, v);
}

/* Times. */

/**
 * Parses an ISO 8601 date, or date and time; without a time zone it is UTC.
 * \param[out] ms  since the epoch
 * \return 0; LYRE_EINVAL, without setting a failure, if it is invalid
 */
static inline int lyre_time_parse(const char *s, size_t len, double *ms)
{
	return lyre_host->value->time_parse(s, len, ms);
}
/** Writes 2026-11-21T21:58:53.123Z. \return its length; 0 outside the years 0 to 9999. */
static inline size_t lyre_time_text(char out[32], double ms)
{
	return lyre_host->value->time_text(out, ms);
}
/**
 * \return the wall-clock time, ms since the epoch, with a fraction; it jumps if the clock is set. Any thread.
 */
static inline double lyre_time_now(void)
{
	return lyre_host->value->time_now();
}

/* Writing. The writer adds commas, quotes and escapes; the caller opens, fills and closes. These return nothing: a failed
 * allocation is remembered and becomes the answer at the end of the call. */

/** Opens an object: members follow, each a key and a value. */
static inline void lyre_out_object_begin(lyre_out *o)
{
	lyre_host->value->out_object_begin(o);
}
/** Closes it. */
static inline void lyre_out_object_end(lyre_out *o)
{
	lyre_host->value->out_object_end(o);
}
/** Opens an array: values follow. */
static inline void lyre_out_array_begin(lyre_out *o)
{
	lyre_host->value->out_array_begin(o);
}
/** Closes it. */
static inline void lyre_out_array_end(lyre_out *o)
{
	lyre_host->value->out_array_end(o);
}
/** The name of the next member of the open object, NUL-terminated. */
static inline void lyre_out_key(lyre_out *o, const char *name)
{
	lyre_host->value->out_key(o, name);
}
/** UTF-8 text of \p len bytes. */
static inline void lyre_out_string(lyre_out *o, const char *s, size_t len)
{
	lyre_host->value->out_string(o, s, len);
}
/** An integer, exactly. */
static inline void lyre_out_int(lyre_out *o, int64_t i)
{
	lyre_host->value->out_int(o, i);
}
/** The shortest text that parses back to \p d; null if \p d is not finite. */
static inline void lyre_out_double(lyre_out *o, double d)
{
	lyre_host->value->out_double(o, d);
}
/** True if \p b is not 0. */
static inline void lyre_out_bool(lyre_out *o, int b)
{
	lyre_host->value->out_bool(o, b);
}
/** Null. */
static inline void lyre_out_null(lyre_out *o)
{
	lyre_host->value->out_null(o);
}
/** Any value, complete with its members; null for a null pointer. */
static inline void lyre_out_value(lyre_out *o, const lyre_value *v)
{
	lyre_host->value->out_value(o, v);
}

/**
 * Announces a column of the following rows, before their array begins: each row is then an object with these members, in this
 * order. Formats of lines and cells, such as CSV, write such rows at once instead of collecting them.
 */
static inline void lyre_out_column(lyre_out *o, const char *name)
{
	lyre_host->value->out_column(o, name);
}

/**
 * A member of the open object with a text value: UTF-8, NUL-terminated; null for a null pointer. Implemented in this header:
 * it works with servers of any minor.
 */
static inline void lyre_out_text(lyre_out *o, const char *name, const char *text)
{
	lyre_out_key(o, name);
	if (text)
		lyre_out_string(o, text, strlen(text));
	else
		lyre_out_null(o);
}

LYRE_END_DECLS

#endif
