/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/planner.h
 * \brief Shared by the planning files: choices of walks (choose.c) and their costs (cost.c).
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
	uint64_t left; /**< entries that may still be counted; 0: use what is known so far */
};

/** No drivers: all records must be read. */
struct choice {
	struct driver *drivers;
	size_t count;
	bool flat;    /**< each driver's node is a direct child of the group */
	bool counted; /**< entries is the exact number */
	uint64_t entries;
};

/** Whether an attribute's values in the snapshot have a property: the query's definition may be older than the values. */
bool values_have(const struct planner *p, const struct attribute *at, uint32_t flags);
/** walk_estimate(), limited by what may still be counted. */
uint64_t estimate(struct planner *p, const struct walk_range *r, uint64_t limit);
/** How many entries the walks of a choice visit; a lower bound above \p limit, then \p exact is false. */
uint64_t count_entries(struct planner *p, struct choice *c, uint64_t limit, bool *exact);
/** The choice that visits the fewest entries, as far as counted; the first of equals. */
const struct choice *cheapest(struct planner *p, struct choice *c, size_t count);
/**
 * Whether reading rows in order costs no more than collecting and sorting them: a walk stops after the last wanted row, a
 * sort reads them all.
 */
bool walk_is_cheaper(struct planner *p, const struct choice *walk, struct choice *found, uint64_t wanted, bool groups);

/** The walks that find a condition's rows. */
int choose(struct planner *p, const struct condition *c, struct choice *ret);
/** One walk for leaves on one attribute. \p node: the driver's */
int one_driver(
	struct planner *p, const struct condition *const *leaves, size_t count, const struct condition *node, struct choice *ret);
/** The leaves of a group on the attribute of child \p i: one walk serves all, if a record has at most one entry. */
int same_attribute(struct planner *p, const struct condition *c, size_t i, const struct condition *const **ret, size_t *count);
/** Whether one indexed walk finds everything that a condition matches. */
bool has_one_walk(const struct planner *p, const struct condition *c);
/** Whether a leaf matches exactly one value. */
static inline bool is_one_value(const struct condition *c)
{
	return c->kind == CONDITION_LEAF && c->comparator->fit == RANGE_OF_VALUE;
}
/** Whether it matches the values of a sorted list. */
static inline bool is_list(const struct condition *c)
{
	return c->comparator->operand == OPERAND_LIST && !c->comparator->negated;
}

#endif
