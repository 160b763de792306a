/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/set.h
 * \brief Many values that a value is put to at once: those of a list, and those of many conditions on one attribute.
 *
 * Of conditions that are or-ed, or, where their comparator is negated, and-ed, SET_MIN and more become a set. Where a record has
 * an array, that is not the same for and-ed ones: each may be true of another item, so they are asked one by one.
 */
#ifndef QUERY_SET_H
#define QUERY_SET_H

#include "query/plan.h"

struct condition_set {
	enum set_kind kind;
	/** Not of SET_PARTS: sorted, each once; of SET_BEGINNINGS without those that begin with another one. */
	lyre_value *values;
	size_t count;
	struct patterns *patterns; /**< of SET_PARTS */
	bool ready;
};

/** What finds the sets of a table's conditions; places are NULL at first. */
struct set_finder {
	struct arena *arena;
	const struct table *table;
	struct set_place {
		size_t count;
		struct condition *set;
	} * places; /**< by attribute and kind of set */
};

/** Makes sets of those children of a group that there are many of a kind of. LYRE_ENOMEM */
int sets_find(struct set_finder *f, struct condition *group, struct err *e);
/** Makes the sets and lists of a tree ready to match, which takes its time. LYRE_ENOMEM */
int sets_prepare(const struct condition *c, struct arena *a, struct err *e);

/** Which value of a set, not of SET_PARTS, another one is, or begins with; NULL for none. */
const lyre_value *set_find(const struct condition_set *set, const lyre_value *v);
/** The first of its values beyond another one, in either direction; NULL for none. */
const lyre_value *set_next(const struct condition_set *set, const lyre_value *v, bool reverse);
/** Whether a value matches one of the conditions of a set as its comparator does before it is negated, or is in a list. */
bool set_match(const struct condition *c, const lyre_value *v, bool date);

#endif
