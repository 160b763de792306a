/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/range.h
 * \brief From a condition to the entries of an index that may match it: never too few; the record tells the rest.
 */
#ifndef QUERY_RANGE_H
#define QUERY_RANGE_H

#include "query/plan.h"

/** Whether an attribute, NULL for none, is the primary key. */
static inline bool is_key(const struct table *t, const struct attribute *at)
{
	return !at || at == &t->attributes[t->key];
}

/** Whether there is an index whose entries in a range are all that a leaf, or a set as a whole, can match. */
bool condition_has_range(const struct condition *c, const struct table *t);

/* ---- for the rows of the comparators ---- */

/** The scalar by whose entries an array is found: every item of a scalar kind has one. A scalar is its own. */
const lyre_value *indexed_item(const lyre_value *v);
/** Begins a range at a value, or behind it when \p open. */
void range_low(struct walk_range *r, const lyre_value *v, bool open, bool key);
/** Ends it there, or before. */
void range_high(struct walk_range *r, const lyre_value *v, bool open, bool key);

#endif
