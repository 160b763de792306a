/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/cost.c
 * \brief How many entries a walk visits, and what that costs.
 */
#include "query/planner.h"
#include "query/set.h"

/*
 * Ranges are counted up to a limit that is raised until they differ: this costs less than it saves.
 */
#define COUNT_FIRST 64
#define COUNT_MORE 8
#define COUNT_LAST 65536
/** For a rough guess. */
#define COUNT_GUESS 1024

/** The cost of a row, in quarters: found in groups by value, found directly, kept for sorting. */
#define COST_GROUPS 8
#define COST_WALK 4
#define COST_SORT 5

bool values_have(const struct planner *p, const struct attribute *at, uint32_t flags)
{
	const struct table *now = snapshot_table(p->snapshot, p->table);
	const struct attribute *there = now ? table_attribute(now, at->name, at->name_len) : NULL;
	return (there && there->id == at->id ? there->flags : at->flags) & flags;
}

uint64_t estimate(struct planner *p, const struct walk_range *r, uint64_t limit)
{
	uint64_t n = walk_estimate(p->snapshot, p->table, r, limit < p->left ? limit : p->left);
	uint64_t walked = r->low.len || r->high.len ? (n < limit ? n : limit) + 1 : 1;
	p->left -= walked < p->left ? walked : p->left;
	return n;
}

/** How many entries the values of a list have, or more than \p limit. */
static uint64_t list_entries(struct planner *p, const struct condition *c, uint64_t limit)
{
	const struct condition_set *list = c->set;
	bool key = is_key(p->table, c->attribute);
	uint64_t n = 0;
	for (size_t i = 0; i < list->count && n <= limit && p->left; i++) {
		struct walk_range r = { .attribute = key ? NULL : c->attribute };
		range_low(&r, &list->values[i], false, key);
		range_high(&r, &list->values[i], false, key);
		n += estimate(p, &r, limit - n + 1);
	}
	return n;
}

/** How many entries a walk visits, by estimate(). */
static uint64_t driver_entries(struct planner *p, const struct driver *d, const struct walk_range *r, uint64_t limit)
{
	for (size_t i = 0; i < d->leaf_count; i++) {
		if (is_list(d->leaves[i]))
			return list_entries(p, d->leaves[i], limit);
	}
	return estimate(p, r, limit);
}

uint64_t count_entries(struct planner *p, struct choice *c, uint64_t limit, bool *exact)
{
	uint64_t n = 0;
	*exact = true;
	if (c->counted)
		return c->entries;
	for (size_t i = 0; i < c->count && n <= limit; i++) {
		struct walk_range r;
		if (c->drivers[i].get) {
			n++;
		} else if (!p->left) {
			*exact = false;
			n++;
		} else if (driver_range(&c->drivers[i], p->table, &r)) {
			uint64_t more = driver_entries(p, &c->drivers[i], &r, limit);
			bool all = !r.low.len && !r.high.len;
			*exact = *exact && (all || more < limit);
			n += all || more < limit ? more : limit;
		}
	}
	*exact = *exact && (n <= limit || c->count == 1);
	c->counted = *exact;
	c->entries = n;
	return n;
}

const struct choice *cheapest(struct planner *p, struct choice *c, size_t count)
{
	const struct choice *best = c;
	for (uint64_t limit = COUNT_FIRST; count > 1 && limit <= COUNT_LAST && p->left; limit *= COUNT_MORE) {
		uint64_t least = UINT64_MAX;
		for (size_t i = 0; i < count; i++) {
			bool exact;
			/* a choice with more than the best so far need not be counted further */
			uint64_t n = count_entries(p, &c[i], least < limit ? least + 1 : limit, &exact);
			if (!p->left)
				return best;
			if (n >= least)
				continue;
			least = n;
			best = &c[i];
		}
		if (least < limit)
			break;
	}
	return best;
}

bool walk_is_cheaper(struct planner *p, const struct choice *walk, struct choice *found, uint64_t wanted, bool groups)
{
	struct walk_range r;
	if (!driver_range(walk->drivers, p->table, &r))
		return true;
	bool exact;
	uint64_t entries = estimate(p, &r, COUNT_GUESS);
	for (uint64_t limit = COUNT_FIRST;; limit *= COUNT_MORE) {
		uint64_t rows = count_entries(p, found, limit, &exact);
		if (rows > entries)
			rows = entries;
		double read = wanted < rows ? (double)entries * (double)wanted / (double)rows : (double)entries;
		if (read * (groups ? COST_GROUPS : COST_WALK) <= (double)rows * COST_SORT)
			return true;
		if (exact || limit > entries || !p->left)
			return false;
	}
}
