/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/comparators.h
 * \brief The comparators, one row each: everything in this room that depends on a condition's comparator is read from its row.
 */
#ifndef QUERY_COMPARATORS_H
#define QUERY_COMPARATORS_H

#include "query/query.h"
#include "store/store.h"

struct condition;

/** What a condition's value may be, and how it is converted. */
enum operand_kind {
	OPERAND_WHOLE, /**< a scalar, compared with the items of arrays too, or an array, compared with arrays */
	OPERAND_SCALAR,
	OPERAND_TEXT,   /**< a string; a number is taken as its text */
	OPERAND_BOUNDS, /**< an array of a lower and an upper bound; either may be missing */
	OPERAND_LIST    /**< an array of scalars */
};

/** What it means that an entry is in the index range. */
enum range_fit {
	RANGE_OF_VALUE, /**< it is an entry of the one matching value */
	RANGE_FITS,     /**< it matches, unless it holds only part of its value */
	RANGE_WIDE      /**< it often does not match: worth checking before the record is read */
};

/** How to match a value against many conditions of one comparator and attribute at once. */
enum set_kind {
	SET_NONE,
	SET_VALUES,     /**< it is one of the values */
	SET_BEGINNINGS, /**< as text, it begins with one of them */
	SET_PARTS,      /**< as text, it contains one of them */
	SET_ENDS        /**< as text, it ends with one of them: in one set with SET_PARTS */
};

/** A row of the table; name, operand, match() and range() are required. */
struct comparator {
	const char *names[3]; /**< the documented name, then short ones; NULL: no more */
	enum operand_kind operand;
	/** Whether a value other than an array or an object matches. \p date: it is a date, ms as a number. */
	bool (*match)(const struct condition *c, const lyre_value *v, bool date);
	/**
	 * It matches what match() does not. Null, absent values and objects differ from everything, but only if the
	 * attribute has no index (condition::loose).
	 */
	bool negated;
	/**
	 * Narrows \p r, which has no bounds yet, to the entries that may match: possibly too many, never too few. Called
	 * only if condition_has_range().
	 * \p key: in the tree of primary keys
	 * \return false if no value matches
	 */
	bool (*range)(const struct condition *c, bool key, struct walk_range *r);
	enum range_fit fit;
	/** For conditions that are or-ed or, if negated, and-ed. */
	enum set_kind set;
	/**
	 * Skips from \p v, which does not match, to where the next match may be in the direction of \p r, by moving its
	 * starting bound. May be NULL. \return false if there are no more
	 */
	bool (*skip)(const struct condition *c, const lyre_value *v, bool key, struct walk_range *r);
};

/** All comparators; the last has no name. The first is the default. */
extern const struct comparator comparators[];

/** NULL: there is none of this name. */
const struct comparator *comparator_find(const lyre_value *name);
/** A help sentence: the comparators' names, and what they compare with. NULL: out of memory. */
const char *comparators_help(struct arena *a);

#endif
