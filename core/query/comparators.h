/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/comparators.h
 * \brief The comparators, a row each: whatever this room does by the comparator of a condition, it reads in the row.
 */
#ifndef QUERY_COMPARATORS_H
#define QUERY_COMPARATORS_H

#include "query/query.h"
#include "store/store.h"

struct condition;

/** What a condition's value may be, and what becomes of it. */
enum operand_kind {
	OPERAND_WHOLE, /**< a scalar, which items of arrays are compared with, or an array, which arrays are compared with */
	OPERAND_SCALAR,
	OPERAND_TEXT,   /**< a number is taken as its text */
	OPERAND_BOUNDS, /**< an array of the lower and the upper one; either may be missing */
	OPERAND_LIST    /**< an array of scalars */
};

/** What the entries in the range of an index tell. */
enum range_fit {
	RANGE_OF_VALUE, /**< they are those of the one value that matches */
	RANGE_FITS,     /**< they match, but for those that do not hold their value whole */
	RANGE_WIDE      /**< many do not match: it is worth a look before the record is read */
};

/** How a value is put to many conditions of one comparator, on one attribute, at once. */
enum set_kind {
	SET_NONE,
	SET_VALUES,     /**< it is one of them */
	SET_BEGINNINGS, /**< as a text, it begins with one of them */
	SET_PARTS,      /**< as a text, it has one of them in it */
	SET_ENDS        /**< the same, but at its end: in one set with SET_PARTS */
};

/** A row of the table. There is none without a name, an operand, match() and range(). */
struct comparator {
	const char *names[3]; /**< the one that is documented, then short ones; NULL where there are no more */
	enum operand_kind operand;
	/** Whether a value that is no array and no object matches. \p date: it is a date, ms as a number. */
	bool (*match)(const struct condition *c, const lyre_value *v, bool date);
	/**
	 * It matches what match() does not. Null, absent values and objects differ from everything, but only where there is no
	 * index (condition::loose).
	 */
	bool negated;
	/**
	 * Narrows \p r, which has no bounds yet, to entries that may match: never too few. Asked where condition_has_range().
	 * \p key: in the tree of primary keys
	 * \return false when no value matches
	 */
	bool (*range)(const struct condition *c, bool key, struct walk_range *r);
	enum range_fit fit;
	/** Of conditions that are or-ed, or, where it is negated, and-ed. */
	enum set_kind set;
	/**
	 * Where there may be matches again beyond \p v, which does not match, in the direction of \p r: moves the bound it begins
	 * at. May be NULL. \return false when there are no more
	 */
	bool (*skip)(const struct condition *c, const lyre_value *v, bool key, struct walk_range *r);
};

/** All of them; the last has no name. The first is that of conditions without a comparator. */
extern const struct comparator comparators[];

/** NULL: there is none of this name. */
const struct comparator *comparator_find(const lyre_value *name);
/** A sentence of help: what they are called, and what they compare with. NULL when out of memory. */
const char *comparators_help(struct arena *a);

#endif
