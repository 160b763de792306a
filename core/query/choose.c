/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/choose.c
 * \brief Chooses the walks that find the rows of a condition.
 *
 * A group of and-ed conditions is searched by its most selective part alone, and the match checks the rest; or-ed
 * conditions need a walk each.
 */
#include "query/planner.h"
#include "query/set.h"

#include <stdlib.h>

/** From this many conditions on, their attributes are marked. */
#define MET_MIN 32

bool has_one_walk(const struct planner *p, const struct condition *c)
{
	bool leaf = c->kind == CONDITION_LEAF || is_negated_set(c) || (c->kind == CONDITION_SET && c->set->kind == SET_PARTS);
	return leaf && condition_has_range(c, p->table);
}

/** Whether checking an entry before reading its record is worthwhile: the primary key itself is stored with the record. */
static bool entries_tell_more(const struct planner *p, const struct condition *c)
{
	return c->comparator->fit == RANGE_WIDE && (!is_key(p->table, c->attribute) || is_list(c));
}

int one_driver(
	struct planner *p, const struct condition *const *leaves, size_t count, const struct condition *node, struct choice *ret)
{
	struct driver *d = ARENA_NEW(p->arena, struct driver);
	if (!d)
		return err_nomem(p->err);
	d->attribute = leaves[0]->attribute;
	d->leaves = leaves;
	d->leaf_count = count;
	d->node = node;
	for (size_t i = 0; i < count; i++) {
		d->look = d->look || entries_tell_more(p, leaves[i]);
		if (!is_one_value(leaves[i]))
			continue;
		d->leaves = leaves + i;
		d->leaf_count = 1;
		d->look = false;
		d->get = is_key(p->table, d->attribute);
		break;
	}
	*ret = (struct choice){ .drivers = d, .count = 1, .flat = true };
	return 0;
}

int same_attribute(struct planner *p, const struct condition *c, size_t i, const struct condition *const **ret, size_t *count)
{
	const struct attribute *at = c->children[i]->attribute;
	*ret = &c->children[i];
	*count = 1;
	if (values_have(p, at, ATTRIBUTE_MULTI)) {
		/* and-ed conditions may match different items: the walk of one of them finds the record */
		if (is_negated_set(**ret))
			*ret = (**ret)->children;
		return 0;
	}
	const struct condition **leaves = NULL;
	size_t n = 0;
	for (size_t j = i; j < c->count; j++) {
		const struct condition *other = c->children[j];
		if (other->attribute != at || !has_one_walk(p, other))
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

/** \param met  by attribute number: whether an earlier child uses it; NULL if there are too few children to need it */
static bool is_first_of_attribute(const struct planner *p, const struct condition *c, size_t i, bool *met)
{
	const struct attribute *at = c->children[i]->attribute;
	bool first = true;
	for (size_t j = 0; !met && j < i && first; j++)
		first = c->children[j]->attribute != at || !has_one_walk(p, c->children[j]);
	if (met) {
		first = !met[at - p->table->attributes];
		met[at - p->table->attributes] = true;
	}
	return first || values_have(p, at, ATTRIBUTE_MULTI);
}

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
		if (!has_one_walk(p, child)) {
			rc = choose(p, child, choice);
			choice->flat = false;
		} else if (is_first_of_attribute(p, c, i, met)) {
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
	return is_one_value(c) && c->value.type < LYRE_ARRAY && c->attribute == at;
}

static int compare_values(const void *x, const void *y)
{
	const struct driver *a = *(struct driver *const *)x, *b = *(struct driver *const *)y;
	int c = value_compare(&a->node->value, &b->node->value);
	return c ? c : (a > b) - (a < b);
}

/** Marks the walks of a choice as those of an or's children of which no value matches two. */
static void set_of(struct choice *c, const struct condition *set)
{
	for (size_t i = 0; i < c->count; i++) {
		c->drivers[i].set = set;
		c->drivers[i].set_left = c->count - i;
	}
}

/** An or of values of one attribute: each value is searched once, and rows need no check against the other conditions. */
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

/** One walk for each prefix: none of them is a prefix of another. */
static int choose_beginnings(struct planner *p, const struct condition *c, struct choice *ret)
{
	size_t count = c->set->count;
	struct driver *d = ARENA_ARRAY(p->arena, struct driver, count);
	struct condition *leaves = ARENA_ARRAY(p->arena, struct condition, count);
	const struct condition **all = ARENA_ARRAY(p->arena, const struct condition *, count);
	if (!d || !leaves || !all)
		return err_nomem(p->err);
	for (size_t i = 0; i < count; i++) {
		leaves[i] = *c->children[0];
		leaves[i].value = c->set->values[i];
		all[i] = &leaves[i];
		d[i] = (struct driver){ .attribute = c->attribute, .leaves = all + i, .leaf_count = 1, .node = all[i] };
	}
	*ret = (struct choice){ .drivers = d, .count = count, .flat = true };
	set_of(ret, c);
	return 0;
}

static int choose_set(struct planner *p, const struct condition *c, struct choice *ret)
{
	if (!condition_has_range(c, p->table))
		return 0;
	return c->set->kind == SET_BEGINNINGS ? choose_beginnings(p, c, ret) : choose_any(p, c, ret);
}

/** One walk for a single condition. */
static int choose_leaf(struct planner *p, const struct condition *c, struct choice *ret)
{
	const struct condition **leaf = ARENA_NEW(p->arena, const struct condition *);
	if (!leaf)
		return err_nomem(p->err);
	*leaf = is_negated_set(c) && values_have(p, c->attribute, ATTRIBUTE_MULTI) ? c->children[0] : c;
	return one_driver(p, leaf, 1, c, ret);
}

int choose(struct planner *p, const struct condition *c, struct choice *ret)
{
	*ret = (struct choice){ 0 };
	if (c->kind == CONDITION_ALL)
		return choose_all(p, c, ret);
	if (c->kind == CONDITION_ANY)
		return choose_any(p, c, ret);
	if (has_one_walk(p, c))
		return choose_leaf(p, c, ret);
	return c->kind == CONDITION_SET ? choose_set(p, c, ret) : 0;
}
