/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/planner.h
 * \brief What the files that plan share: choices of walks (choose.c), and what they cost (cost.c).
 */
#ifndef QUERY_PLANNER_H
#define QUERY_PLANNER_H

#include "query/plan.h"
#include "query/range.h"

struct planner {
	struct arena *arena;
	struct snapshot *snapshot;
	const struct table *table;
	struct err *err;
	uint64_t left; /**< entries that may still be counted; 0: what is known by now has to do */
};

/** No drivers: only all records will do. */
struct choice {
	struct driver *drivers;
	size_t count;
	bool flat;    /**< each driver's node is a child of the group itself */
	bool counted; /**< entries is their number */
	uint64_t entries;
};

/** What is true of an attribute's values in the snapshot: the query's definition may be older than they are. */
bool values_have(const struct planner *p, const struct attribute *at, uint32_t flags);
/** walk_estimate(), within what may be counted. */
uint64_t estimate(struct planner *p, const struct walk_range *r, uint64_t limit);
/** How many entries the walks of a choice meet; at least so many when that is over \p limit, then \p exact is false. */
uint64_t count_entries(struct planner *p, struct choice *c, uint64_t limit, bool *exact);
/** The choice that meets the fewest entries, as far as counting tells; the first of equals. */
const struct choice *cheapest(struct planner *p, struct choice *c, size_t count);
/**
 * Whether to read rows in their order costs no more than to collect and sort them: of a walk the rows behind the last
 * that is wanted are not read, of a sort all are.
 */
bool walk_is_cheaper(struct planner *p, const struct choice *walk, struct choice *found, uint64_t wanted, bool groups);

/** The walks that find a condition's rows. */
int choose(struct planner *p, const struct condition *c, struct choice *ret);
/** One walk for leaves that are on one attribute. \p node: the driver's */
int one_driver(
	struct planner *p, const struct condition *const *leaves, size_t count, const struct condition *node, struct choice *ret);
/** The leaves of a group on the attribute of child \p i: one walk serves all, where a record has one entry at most. */
int same_attribute(struct planner *p, const struct condition *c, size_t i, const struct condition *const **ret, size_t *count);
/** Whether one walk finds what a condition matches, and there is an index for it. */
bool has_one_walk(const struct planner *p, const struct condition *c);
/** Whether all that a leaf matches is one value. */
static inline bool is_one_value(const struct condition *c)
{
	return c->kind == CONDITION_LEAF && c->comparator->fit == RANGE_OF_VALUE;
}
/** Whether it matches the values of a list, which is sorted. */
static inline bool is_list(const struct condition *c)
{
	return c->comparator->operand == OPERAND_LIST && !c->comparator->negated;
}

#endif
