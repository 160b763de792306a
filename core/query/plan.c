/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/plan.c
 * \brief Chooses the walks that find the rows of a tree, and their order.
 *
 * A sort uses an index if walking that costs no more than collecting and sorting the rows.
 */
#include "query/planner.h"

/** How many entries may be counted for one plan: for one that must be quick, and for any. */
#define COUNT_LIGHT 8192
#define COUNT_ALL (1 << 20)

/** A walk of an attribute in the order of its values that visits every matching row once, if there is one. */
static int sorting_walk(struct planner *p, const struct condition *tree, const struct attribute *at, struct choice *ret)
{
	bool key = is_key(p->table, at);
	*ret = (struct choice){ 0 };
	if (!key && !(at->flags & ATTRIBUTE_INDEXED))
		return 0;
	if (tree && !values_have(p, at, ATTRIBUTE_MULTI | ATTRIBUTE_CUT)) {
		if (tree->attribute == at && has_one_walk(p, tree))
			return choose(p, tree, ret);
		for (size_t i = 0; tree->kind == CONDITION_ALL && i < tree->count; i++) {
			const struct condition *child = tree->children[i];
			if (child->attribute != at || !has_one_walk(p, child))
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

/** Whether the single walk yields rows of one value, or of the primary tree: then they come in key order. */
static bool in_key_order(const struct table *t, const struct choice *c)
{
	const struct driver *d = c->drivers;
	if (c->count != 1)
		return false;
	return is_key(t, d->attribute) || (d->leaf_count == 1 && is_one_value(d->leaves[0]));
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

/** Whether an index alone gives the matches: it is searched for one value that its entries hold exactly. */
static bool entries_tell(const struct table *t, const struct condition *c)
{
	struct key k;
	return is_one_value(c) && c->value.type < LYRE_ARRAY && !is_key(t, c->attribute) && key_index_value(&k, &c->value) &&
		!k.cut;
}

int plan_make(struct plan *ret, struct arena *a, struct snapshot *s, const struct table *t, const struct condition *tree,
	const struct sort_order *order, bool reverse, uint64_t wanted, bool light, struct err *e)
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
