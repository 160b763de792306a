/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/range.h
 * \brief Finds the index entries that may match a condition: possibly too many, never too few; the record decides.
 */
#ifndef QUERY_RANGE_H
#define QUERY_RANGE_H

#include "query/plan.h"

/** Whether an attribute, NULL for none, is the primary key. */
static inline bool is_key(const struct table *t, const struct attribute *at)
{
	return !at || at == &t->attributes[t->key];
}

/** Whether an index range covers everything that a leaf, or a set as a whole, can match. */
bool condition_has_range(const struct condition *c, const struct table *t);

/* ---- for the comparators ---- */

/** The scalar whose entries find an array: each scalar item has an entry. A scalar stands for itself. */
const lyre_value *indexed_item(const lyre_value *v);
/** Begins a range at a value or, if \p open, after it. */
void range_low(struct walk_range *r, const lyre_value *v, bool open, bool key);
/** Ends it at a value or, if open, before it. */
void range_high(struct walk_range *r, const lyre_value *v, bool open, bool key);

#endif
