/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/set.h
 * \brief Matches a value against many values at once: those of a list, or of many conditions on one attribute.
 *
 * SET_MIN or more conditions that are or-ed or, if their comparator is negated, and-ed become a set. If a record has an array,
 * and-ed conditions are not equivalent to a set: each may match another item, so they are matched one by one.
 */
#ifndef QUERY_SET_H
#define QUERY_SET_H

#include "query/plan.h"

struct condition_set {
	enum set_kind kind;
	/** Except for SET_PARTS: sorted, without duplicates; for SET_BEGINNINGS without those that begin with another. */
	lyre_value *values;
	size_t count;
	struct patterns *patterns; /**< for SET_PARTS */
	bool ready;
};

/** Finds the sets in a table's conditions; places are NULL at first. */
struct set_finder {
	struct arena *arena;
	const struct table *table;
	struct set_place {
		size_t count;
		struct condition *set;
	} * places; /**< by attribute and kind of set */
};

/** Makes sets of a group's children of which there are many of one kind. LYRE_ENOMEM */
int sets_find(struct set_finder *f, struct condition *group, struct err *e);
/** Prepares the sets and lists of a tree for matching, which may take long. LYRE_ENOMEM */
int sets_prepare(const struct condition *c, struct arena *a, struct err *e);

/** The value in a set (not SET_PARTS) that equals \p v, or that it begins with; NULL: none. */
const lyre_value *set_find(const struct condition_set *set, const lyre_value *v);
/** The set's next value beyond another, in either direction; NULL: none. */
const lyre_value *set_next(const struct condition_set *set, const lyre_value *v, bool reverse);
/** Whether a value matches a condition of a set, as its comparator does before negation, or is in a list. */
bool set_match(const struct condition *c, const lyre_value *v, bool date);

#endif
