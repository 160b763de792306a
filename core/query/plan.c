/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/plan.c
 * \brief Which walks find the rows of a tree, and in which order.
 *
 * A group of and-ed conditions is found by its most selective part alone, the rest is left to the match; or-ed ones
 * need a walk each. A sort is served by an index where walking that costs no more than collecting and sorting the rows.
 */
#include "query/plan.h"

#include "query/range.h"

#include <stdlib.h>

/*
 * Ranges are counted to a limit that is raised until there is a difference: finding that out costs less than it saves.
 */
#define COUNT_FIRST 64
#define COUNT_MORE 8
#define COUNT_LAST 65536
/** For a guess that need not be good. */
#define COUNT_GUESS 1024
/** Entries that are counted for one plan altogether: by one that is to be quick, and by any. */
#define COUNT_LIGHT 8192
#define COUNT_ALL (1 << 20)

/** What a row costs, in quarters: one found by the value's groups, one found straight, one kept to be sorted. */
#define COST_GROUPS 8
#define COST_WALK 4
#define COST_SORT 5

/** From so many conditions on, their attributes are marked. */
#define MET_MIN 32

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
	bool flat;     /**< each driver's node is a child of the group itself */
	bool counted;  /**< entries is their number */
	uint64_t entries;
};

static bool is_key(const struct table *t, const struct attribute *at)
{
	return !at || at == &t->attributes[t->key];
}

/** What is true of an attribute's values in the snapshot: the query's definition may be older than they are. */
static bool values_have(const struct planner *p, const struct attribute *at, uint32_t flags)
{
	const struct table *now = snapshot_table(p->snapshot, p->table);
	const struct attribute *there = now ? table_attribute(now, at->name, at->name_len) : NULL;
	return (there && there->id == at->id ? there->flags : at->flags) & flags;
}

/** walk_estimate(), within what may be counted. */
static uint64_t estimate(struct planner *p, const struct walk_range *r, uint64_t limit)
{
	uint64_t n = walk_estimate(p->snapshot, p->table, r, limit < p->left ? limit : p->left);
	uint64_t walked = r->low.len || r->high.len ? (n < limit ? n : limit) + 1 : 1;
	p->left -= walked < p->left ? walked : p->left;
	return n;
}

/** How many entries the walks of a choice meet; at least so many when that is over \p limit, then \p exact is false. */
static uint64_t count_entries(struct planner *p, struct choice *c, uint64_t limit, bool *exact)
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
			uint64_t more = estimate(p, &r, limit);
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

/** The choice that meets the fewest entries, as far as counting tells; the first of equals. */
static const struct choice *cheapest(struct planner *p, struct choice *c, size_t count)
{
	const struct choice *best = c;
	for (uint64_t limit = COUNT_FIRST; count > 1 && limit <= COUNT_LAST && p->left; limit *= COUNT_MORE) {
		uint64_t least = UINT64_MAX;
		for (size_t i = 0; i < count; i++) {
			bool exact;
			/* who has more than the best so far need not be counted further */
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

static int one_driver(struct planner *p, const struct condition *const *leaves, size_t count,
	const struct condition *node, struct choice *ret)
{
	struct driver *d = ARENA_NEW(p->arena, struct driver);
	if (!d)
		return err_nomem(p->err);
	d->attribute = leaves[0]->attribute;
	d->leaves = leaves;
	d->leaf_count = count;
	d->node = node;
	for (size_t i = 0; i < count; i++) {
		if (leaves[i]->comparator != CMP_EQUALS)
			continue;
		d->leaves = leaves + i;
		d->leaf_count = 1;
		d->get = is_key(p->table, d->attribute);
		break;
	}
	*ret = (struct choice){ .drivers = d, .count = 1, .flat = true };
	return 0;
}

/** The leaves of a group on the attribute of child \p i: one walk serves all, where a record has one entry at most. */
static int same_attribute(struct planner *p, const struct condition *c, size_t i,
	const struct condition *const **ret, size_t *count)
{
	const struct attribute *at = c->children[i]->attribute;
	*ret = &c->children[i];
	*count = 1;
	if (values_have(p, at, ATTRIBUTE_MULTI))
		return 0;
	const struct condition **leaves = NULL;
	size_t n = 0;
	for (size_t j = i; j < c->count; j++) {
		const struct condition *other = c->children[j];
		if (other->kind != CONDITION_LEAF || other->attribute != at || !leaf_has_range(other, p->table))
			continue;
		if (!leaves)
			leaves = ARENA_ARRAY(p->arena, const struct condition *, c->count - i);
		if (!leaves)
			return err_nomem(p->err);
		leaves[n++] = other;
	}
	*ret = leaves;
	*count = n;
	return 0;
}

/** \param met  by the place of an attribute: whether a child on it was met before; NULL where looking through them is less */
static bool is_first_of_attribute(const struct planner *p, const struct condition *c, size_t i, bool *met)
{
	const struct attribute *at = c->children[i]->attribute;
	bool first = true;
	for (size_t j = 0; !met && j < i && first; j++)
		first = c->children[j]->kind != CONDITION_LEAF || c->children[j]->attribute != at;
	if (met) {
		first = !met[at - p->table->attributes];
		met[at - p->table->attributes] = true;
	}
	return first || values_have(p, at, ATTRIBUTE_MULTI);
}

static int choose(struct planner *p, const struct condition *c, struct choice *ret);

static int choose_all(struct planner *p, const struct condition *c, struct choice *ret)
{
	struct choice *choices = ARENA_ARRAY(p->arena, struct choice, c->count);
	bool *met = c->count > MET_MIN ? ARENA_ARRAY(p->arena, bool, p->table->attribute_count) : NULL;
	if (!choices || (c->count > MET_MIN && !met))
		return err_nomem(p->err);
	size_t count = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct condition *child = c->children[i];
		struct choice *choice = &choices[count];
		int rc;
		if (child->kind != CONDITION_LEAF) {
			rc = choose(p, child, choice);
			choice->flat = false;
		} else if (leaf_has_range(child, p->table) && is_first_of_attribute(p, c, i, met)) {
			const struct condition *const *leaves;
			size_t leaf_count;
			rc = same_attribute(p, c, i, &leaves, &leaf_count);
			if (!rc)
				rc = one_driver(p, leaves, leaf_count, c, choice);
		} else {
			continue;
		}
		if (rc)
			return rc;
		if (choice->count)
			count++;
	}
	*ret = count ? *cheapest(p, choices, count) : (struct choice){ 0 };
	return 0;
}

/** Whether a driver finds one value of an attribute. */
static bool finds_value_of(const struct driver *d, const struct attribute *at)
{
	const struct condition *c = d->node;
	return c->kind == CONDITION_LEAF && c->comparator == CMP_EQUALS && c->value.type < LYRE_ARRAY && c->attribute == at;
}

static int compare_values(const void *x, const void *y)
{
	const struct driver *a = *(struct driver *const *)x, *b = *(struct driver *const *)y;
	int c = value_compare(&a->node->value, &b->node->value);
	return c ? c : (a > b) - (a < b);
}

/** Says that the walks of a choice are those of the children of an or, of which no value matches two. */
static void set_of(struct choice *c, const struct condition *set)
{
	for (size_t i = 0; i < c->count; i++) {
		c->drivers[i].set = set;
		c->drivers[i].set_left = c->count - i;
	}
}

/** An or of values of one attribute: each value is asked for once, and no row needs a look at the others. */
static int make_disjoint(struct planner *p, const struct condition *any, struct choice *c)
{
	const struct attribute *at = c->drivers->node->attribute;
	for (size_t i = 0; i < c->count; i++) {
		if (!finds_value_of(&c->drivers[i], at))
			return 0;
	}
	struct driver **sorted = ARENA_ARRAY(p->arena, struct driver *, c->count);
	if (!sorted)
		return err_nomem(p->err);
	for (size_t i = 0; i < c->count; i++)
		sorted[i] = &c->drivers[i];
	qsort(sorted, c->count, sizeof(*sorted), compare_values);
	for (size_t i = 1; i < c->count; i++) {
		if (!value_compare(&sorted[i - 1]->node->value, &sorted[i]->node->value))
			sorted[i]->leaf_count = 0;
	}
	size_t n = 0;
	for (size_t i = 0; i < c->count; i++) {
		if (c->drivers[i].leaf_count)
			c->drivers[n++] = c->drivers[i];
	}
	c->count = n;
	set_of(c, any);
	return 0;
}

static int choose_any(struct planner *p, const struct condition *c, struct choice *ret)
{
	*ret = (struct choice){ .flat = true };
	struct choice *choices = ARENA_ARRAY(p->arena, struct choice, c->count);
	if (!choices)
		return err_nomem(p->err);
	size_t count = 0;
	for (size_t i = 0; i < c->count; i++) {
		int rc = choose(p, c->children[i], &choices[i]);
		if (rc || !choices[i].count)
			return rc;
		count += choices[i].count;
		ret->flat = ret->flat && choices[i].flat;
	}
	ret->drivers = ARENA_ARRAY(p->arena, struct driver, count);
	if (!ret->drivers)
		return err_nomem(p->err);
	for (size_t i = 0; i < c->count; i++) {
		for (size_t j = 0; j < choices[i].count; j++)
			ret->drivers[ret->count++] = choices[i].drivers[j];
	}
	return make_disjoint(p, c, ret);
}

/** One walk for each beginning: none of them begins with another. */
static int choose_beginnings(struct planner *p, const struct condition *c, struct choice *ret)
{
	size_t count;
	const struct condition *const *leaves = set_beginnings(c, &count);
	struct driver *d = ARENA_ARRAY(p->arena, struct driver, count);
	if (!d)
		return err_nomem(p->err);
	for (size_t i = 0; i < count; i++)
		d[i] = (struct driver){ .attribute = c->attribute, .leaves = leaves + i, .leaf_count = 1, .node = leaves[i] };
	*ret = (struct choice){ .drivers = d, .count = count, .flat = true };
	set_of(ret, c);
	return 0;
}

static int choose_set(struct planner *p, const struct condition *c, struct choice *ret)
{
	const struct condition *const *leaves = (const struct condition *const *)c->children;
	if (!leaf_has_range(leaves[0], p->table))
		return 0;
	if (c->comparator == CMP_EQUALS)
		return choose_any(p, c, ret);
	if (c->comparator == CMP_STARTS_WITH)
		return choose_beginnings(p, c, ret);
	/* one walk over all texts and numbers is what each of its children would take */
	int rc = one_driver(p, leaves, 1, c, ret);
	if (!rc)
		ret->drivers->test = c;
	return rc;
}

static int choose(struct planner *p, const struct condition *c, struct choice *ret)
{
	*ret = (struct choice){ 0 };
	switch (c->kind) {
	case CONDITION_SET:
		return choose_set(p, c, ret);
	case CONDITION_ALL:
		return choose_all(p, c, ret);
	case CONDITION_ANY:
		return choose_any(p, c, ret);
	case CONDITION_LEAF:
		break;
	}
	if (!leaf_has_range(c, p->table))
		return 0;
	const struct condition **leaf = ARENA_NEW(p->arena, const struct condition *);
	if (!leaf)
		return err_nomem(p->err);
	*leaf = c;
	return one_driver(p, leaf, 1, c, ret);
}

/** The walk of an attribute in the order of its values that meets every matching row once, where there is one. */
static int sorting_walk(struct planner *p, const struct condition *tree, const struct attribute *at,
	struct choice *ret)
{
	bool key = is_key(p->table, at);
	*ret = (struct choice){ 0 };
	if (!key && !(at->flags & ATTRIBUTE_INDEXED))
		return 0;
	if (tree && !values_have(p, at, ATTRIBUTE_MULTI | ATTRIBUTE_CUT)) {
		if (tree->kind == CONDITION_LEAF && tree->attribute == at)
			return choose(p, tree, ret);
		for (size_t i = 0; tree->kind == CONDITION_ALL && i < tree->count; i++) {
			const struct condition *child = tree->children[i];
			if (child->kind != CONDITION_LEAF || child->attribute != at || !leaf_has_range(child, p->table))
				continue;
			const struct condition *const *leaves;
			size_t count;
			int rc = same_attribute(p, tree, i, &leaves, &count);
			return rc ? rc : one_driver(p, leaves, count, NULL, ret);
		}
	}
	if (!key && !index_is_complete(p->snapshot, p->table, at))
		return 0;
	struct driver *d = ARENA_NEW(p->arena, struct driver);
	if (!d)
		return err_nomem(p->err);
	d->attribute = at;
	*ret = (struct choice){ .drivers = d, .count = 1 };
	return 0;
}

/** Whether the one walk yields rows of one value, or, of the records, each its own: then they come in key order. */
static bool in_key_order(const struct table *t, const struct choice *c)
{
	const struct driver *d = c->drivers;
	if (c->count != 1)
		return false;
	return is_key(t, d->attribute) || (d->leaf_count == 1 && d->leaves[0]->comparator == CMP_EQUALS);
}

/**
 * Whether to read rows in their order costs no more than to collect and sort them: of a walk the rows behind the last
 * that is wanted are not read, of a sort all are.
 */
static bool walk_is_cheaper(struct planner *p, const struct choice *walk, struct choice *found, uint64_t wanted,
	bool groups)
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

static void plan_walk(struct plan *ret, const struct choice *c, const struct table *t, const struct sort_order *order)
{
	bool descending = order->levels[0].descending;
	ret->drivers = c->drivers;
	ret->count = c->count;
	ret->order = PLAN_PLAIN;
	ret->reverse = descending;
	if (is_key(t, order->levels[0].attribute))
		return;
	if (in_key_order(t, c))
		ret->reverse = order->ties_descending;
	else if (descending != order->ties_descending)
		ret->order = PLAN_GROUPS;
}

static int plan_sort(struct plan *ret, struct planner *p, const struct condition *tree, struct choice *found,
	const struct sort_order *order, uint64_t wanted)
{
	const struct attribute *at = order->levels[0].attribute;
	ret->order = PLAN_SORT;
	if (order->count > 1 || (is_key(p->table, at) && values_have(p, at, ATTRIBUTE_CUT)))
		return 0;
	if (is_key(p->table, at) && in_key_order(p->table, found)) {
		plan_walk(ret, found, p->table, order);
		return 0;
	}
	struct choice walk;
	int rc = sorting_walk(p, tree, at, &walk);
	if (rc || !walk.count)
		return rc;
	bool groups = !is_key(p->table, at) && order->levels[0].descending != order->ties_descending;
	bool same = found->count == 1 && found->drivers->attribute == at && found->drivers->leaf_count;
	if ((same && !groups) || walk_is_cheaper(p, &walk, found, wanted, groups)) {
		plan_walk(ret, &walk, p->table, order);
		ret->tree_implied = false;
	}
	return 0;
}

/** Whether an index has all that match: it is asked for one value that its entries tell exactly. */
static bool entries_tell(const struct table *t, const struct condition *c)
{
	struct key k;
	return c->kind == CONDITION_LEAF && c->comparator == CMP_EQUALS && c->value.type < LYRE_ARRAY &&
	       !is_key(t, c->attribute) && key_index_value(&k, &c->value) && !k.cut;
}

int plan_make(struct plan *ret, struct arena *a, struct snapshot *s, const struct table *t,
	const struct condition *tree, const struct sort_order *order, bool reverse, uint64_t wanted, bool light, struct err *e)
{
	struct planner p = { .arena = a, .snapshot = s, .table = t, .err = e, .left = light ? COUNT_LIGHT : COUNT_ALL };
	struct choice found = { 0 };
	int rc = tree ? choose(&p, tree, &found) : 0;
	if (rc)
		return rc;
	if (!found.count) {
		struct driver *all = ARENA_NEW(a, struct driver);
		if (!all)
			return err_nomem(e);
		found = (struct choice){ .drivers = all, .count = 1 };
	}
	*ret = (struct plan){
		.drivers = found.drivers,
		.count = found.count,
		.reverse = reverse,
		.tree_implied = found.count > 1 ? found.flat && tree->kind != CONDITION_ALL :
			found.drivers->leaf_count && entries_tell(t, tree),
	};
	rc = order->count ? plan_sort(ret, &p, tree, &found, order, wanted) : 0;
	return rc || p.left || !light ? rc : QUERY_PAUSED;
}
