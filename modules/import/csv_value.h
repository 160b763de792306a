/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/csv_value.h
 * \brief What the text of a field means, from the type of its attribute.
 *
 * Without a type, only what has the plain form of a number is one: 7, -7, +7, 7.5, .5, with blanks around it. 007, 1e3, 0x10, and an
 * integer of more than 64 bits would lose what was written, and stay text. With a type, every form of a number counts.
 */
#ifndef CSV_VALUE_H
#define CSV_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum csv_type { CSV_ANY, CSV_TEXT, CSV_INTEGER, CSV_NUMBER, CSV_BOOLEAN, CSV_DATE, CSV_BYTES };

/** What a field is. */
enum csv_kind {
	CSV_IS_TEXT, /**< as it is */
	CSV_IS_NULL,
	CSV_IS_BOOL,   /**< i */
	CSV_IS_INT,    /**< i */
	CSV_IS_UINT,   /**< u: does not fit i */
	CSV_IS_DOUBLE, /**< d */
	CSV_IS_TIME,   /**< it has the form of a date with a time and a time zone: if it is a date, it becomes that in UTC */
	CSV_IS_DATE,   /**< it must be a date, of any form */
	CSV_IS_NESTED, /**< if it is JSON it becomes that, else it is text */
	CSV_IS_WRONG   /**< it is not of the type */
};

struct csv_value {
	enum csv_kind kind;
	int64_t i;
	uint64_t u;
	double d;
};

/** \param name  of an attribute's type; NULL: none */
enum csv_type csv_type_named(const char *name);

/**
 * \param s       followed by a NUL
 * \param nested  whether JSON is read
 */
struct csv_value csv_value_of(enum csv_type type, const char *s, size_t len, bool nested);

#endif
