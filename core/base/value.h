/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/value.h
 * \brief JSON values in memory. The core reads the fields; modules see them through lyre/value.h.
 */
#ifndef BASE_VALUE_H
#define BASE_VALUE_H

#include "base/arena.h"

#include <lyre/types.h>
#include <stdbool.h>

struct value_member;

/** Sixteen bytes. Strings are NUL-terminated beyond len and may contain NULs; they belong to the arena or body they came from. */
struct lyre_value {
	uint32_t type; /**< enum lyre_type */
	uint32_t len;  /**< bytes of a string, items of an array, members of an object */
	union {
		bool b;
		int64_t i;
		double d;
		const char *s; /**< LYRE_STRING, LYRE_BIGINT */
		struct lyre_value *items;
		struct value_member *members; /**< with distinct names, in the order received */
	};
};

struct value_member {
	const char *name;
	uint32_t name_len;
	struct lyre_value value;
};

/** An array or object still in the form it was sent in, which is in s: a type used only between decoding and the handler. */
#define VALUE_UNREAD 100u

static inline lyre_value value_null(void)
{
	return (lyre_value){ .type = LYRE_NULL };
}
static inline lyre_value value_bool(bool b)
{
	return (lyre_value){ .type = LYRE_BOOL, .b = b };
}
static inline lyre_value value_int(int64_t i)
{
	return (lyre_value){ .type = LYRE_INT, .i = i };
}
/** An integral \p d that fits int64_t becomes a LYRE_INT, so that 1.0 and 1 are the same. */
lyre_value value_double(double d);
static inline lyre_value value_text(const char *s, size_t len)
{
	return (lyre_value){ .type = LYRE_STRING, .len = (uint32_t)len, .s = s };
}

static inline bool value_is(const lyre_value *v, enum lyre_type t)
{
	return v && v->type == (uint32_t)t;
}
static inline bool value_is_number(const lyre_value *v)
{
	return v && v->type >= LYRE_INT && v->type <= LYRE_BIGINT;
}
/** Any number as a double; 0 for other kinds. */
double value_number(const lyre_value *v);
/** The digits of a LYRE_BIGINT, without its sign, as an integer. \return false for more than 64 bits, and other kinds */
bool value_magnitude(const lyre_value *v, uint64_t *ret);
/** The member \p name of an object, NULL if there is none or \p v is not an object. */
const lyre_value *value_get(const lyre_value *v, const char *name);
const lyre_value *value_getn(const lyre_value *v, const char *name, size_t len);
/** Whether a string equals \p s. */
bool value_equals_str(const lyre_value *v, const char *s);

/**
 * The order of sorting and of indexes: null < objects < false < true < numbers (by value, exactly) < strings (by byte).
 * An array sorts like its first item, an empty one like an object; all objects are equal.
 */
int value_compare(const lyre_value *a, const lyre_value *b);
/** Deep equality; numbers by value. */
bool value_equal(const lyre_value *a, const lyre_value *b);

/**
 * Merges members of equal names: the last one wins, at the position of the first. Whatever names a client sends, the cost
 * is below n².
 * \param charge  charged with the work while it lasts; NULL: nothing is
 * \return the number of remaining members; 0, although there were some: out of memory
 */
uint32_t value_merge_names(struct value_member *members, uint32_t n, struct charge *charge);

/**
 * A deep copy in the arena. Strings within the \p kept_len bytes from \p kept on, which outlive the copy, are not copied;
 * NULL for none. \return false if out of memory
 */
bool value_copy(struct arena *a, const lyre_value *v, const char *kept, size_t kept_len, lyre_value *ret);

#endif
