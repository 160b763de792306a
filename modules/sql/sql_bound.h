/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_bound.h
 * \brief The values that bound a range: how they compare in SQL, which has only the nearest double of some integers.
 */
#ifndef SQL_SQL_BOUND_H
#define SQL_SQL_BOUND_H

#include <lyre/lyre.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

/** Integers from here on may be such that SQL has only the nearest double of them, and the numbers close to that. */
#define ROUNDED 0x1p63
#define NEAR_ROUNDED 0x1p62

static inline bool is_number(const struct lyre_field *f)
{
	return f->type == LYRE_INT || f->type == LYRE_DOUBLE;
}

static inline int compare_text(const struct lyre_field *f, const char *text)
{
	size_t len = strlen(text), n = f->len < len ? f->len : len;
	int order = memcmp(f->s, text, n);
	return order ? order : (f->len > len) - (f->len < len);
}

static inline bool is_beyond(const struct lyre_field *f, double limit)
{
	return is_number(f) && fabs(f->d) >= limit;
}

/** Moves a bound to the next double, which does not belong to the range, if integers beyond it may be the same number in SQL. */
static inline struct lyre_field widened(const struct lyre_field *f, double towards, bool *open)
{
	if (!is_beyond(f, ROUNDED))
		return *f;
	*open = true;
	return (struct lyre_field){ .type = LYRE_DOUBLE, .d = nextafter(f->d, towards) };
}

#endif
