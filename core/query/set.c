/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/set.c
 * \brief Finds sets, prepares them, and matches values against them.
 */
#include "query/set.h"

#include "query/patterns.h"

#include <stdlib.h>
#include <string.h>

/** Fewer conditions are matched one by one. */
#define SET_MIN 8

/* ---- finding the sets of a group ---- */

/** The kinds of sets, without SET_NONE and SET_ENDS. */
enum { KINDS = SET_PARTS };

/** Which kind of set of its attribute a condition may join. */
static enum set_kind kind_of(const struct condition *c, enum condition_kind group)
{
	if (c->kind != CONDITION_LEAF || c->value.type == LYRE_ARRAY || c->comparator->negated != (group == CONDITION_ALL))
		return SET_NONE;
	return c->comparator->set == SET_ENDS ? SET_PARTS : c->comparator->set;
}

static struct condition *new_set(struct arena *a, const struct condition *first, enum set_kind kind, size_t count)
{
	struct condition *c = ARENA_NEW(a, struct condition);
	if (!c)
		return NULL;
	c->children = ARENA_ARRAY(a, const struct condition *, count);
	c->set = ARENA_NEW(a, struct condition_set);
	if (!c->children || !c->set)
		return NULL;
	c->kind = CONDITION_SET;
	c->comparator = first->comparator;
	c->attribute = first->attribute;
	c->loose = first->loose;
	c->set->kind = kind;
	return c;
}

/** Where the sets of a leaf's attribute and kind are kept while they are found; NULL: it can join none. */
static struct set_place *place_of(const struct set_finder *f, const struct condition *c, enum condition_kind group)
{
	enum set_kind kind = kind_of(c, group);
	return kind ? &f->places[(size_t)(c->attribute - f->table->attributes) * KINDS + kind - 1] : NULL;
}

/** Moves leaves into their sets. \p kept: the remaining children */
static int move_leaves(struct set_finder *f, struct condition *group, size_t *kept, struct err *e)
{
	*kept = 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct condition *c = group->children[i];
		struct set_place *place = place_of(f, c, group->kind);
		if (!place || place->count < SET_MIN) {
			group->children[(*kept)++] = c;
			continue;
		}
		if (!place->set) {
			place->set = new_set(f->arena, c, kind_of(c, group->kind), place->count);
			if (!place->set)
				return err_nomem(e);
			group->children[(*kept)++] = place->set;
		}
		place->set->children[place->set->count++] = c;
	}
	return 0;
}

int sets_find(struct set_finder *f, struct condition *group, struct err *e)
{
	if (group->count < SET_MIN)
		return 0;
	if (!f->places)
		f->places = ARENA_ARRAY(f->arena, struct set_place, (size_t)f->table->attribute_count * KINDS);
	if (!f->places)
		return err_nomem(e);
	for (size_t i = 0; i < group->count; i++) {
		struct set_place *place = place_of(f, group->children[i], group->kind);
		if (place)
			place->count++;
	}
	size_t kept;
	int rc = move_leaves(f, group, &kept, e);
	if (rc)
		return rc;
	group->count = kept;
	/* the slots are free for the next group */
	for (size_t i = 0; i < kept; i++) {
		const struct condition *c = group->children[i];
		struct set_place *place = place_of(f, c->kind == CONDITION_SET ? c->children[0] : c, group->kind);
		if (place)
			*place = (struct set_place){ 0 };
	}
	return 0;
}

/* ---- preparing them ---- */

static int compare_values(const void *x, const void *y)
{
	return value_compare(x, y);
}

static bool begins_with(const lyre_value *v, const lyre_value *part)
{
	return part->len <= v->len && (!part->len || !memcmp(v->s, part->s, part->len));
}

/** Sorts the values; a string comes right before those that begin with it. */
static void sort_values(struct condition_set *set)
{
	size_t count = set->count;
	set->count = 0;
	if (count)
		qsort(set->values, count, sizeof(*set->values), compare_values);
	for (size_t i = 0; i < count; i++) {
		const lyre_value *v = &set->values[i], *last = set->count ? &set->values[set->count - 1] : NULL;
		if (!last || !(set->kind == SET_BEGINNINGS ? begins_with(v, last) : !value_compare(v, last)))
			set->values[set->count++] = *v;
	}
}

static int take_values(const struct condition *c, struct arena *a, struct err *e)
{
	struct condition_set *set = c->set;
	set->values = ARENA_ARRAY(a, lyre_value, c->count);
	if (!set->values)
		return err_nomem(e);
	for (size_t i = 0; i < c->count; i++)
		set->values[set->count++] = c->children[i]->value;
	return 0;
}

static int make_patterns(const struct condition *c, struct arena *a, struct err *e)
{
	struct pattern *p = malloc(c->count * sizeof(*p));
	for (size_t i = 0; p && i < c->count; i++) {
		const struct condition *leaf = c->children[i];
		p[i] = (struct pattern){ .s = leaf->value.s, .len = leaf->value.len, .at_end = leaf->comparator->set == SET_ENDS };
	}
	c->set->patterns = p ? patterns_make(a, p, c->count) : NULL;
	free(p);
	return c->set->patterns ? 0 : err_nomem(e);
}

int sets_prepare(const struct condition *c, struct arena *a, struct err *e)
{
	struct condition_set *set = c->set;
	int rc = 0;
	for (size_t i = 0; !set && i < c->count && !rc; i++)
		rc = sets_prepare(c->children[i], a, e);
	if (rc || !set || set->ready)
		return rc;
	if (set->kind == SET_PARTS)
		rc = make_patterns(c, a, e);
	else if (c->kind == CONDITION_SET)
		rc = take_values(c, a, e);
	if (!rc)
		sort_values(set);
	set->ready = !rc;
	return rc;
}

/* ---- matching ---- */

/** How many of the values are not greater than another value. */
static size_t up_to(const struct condition_set *set, const lyre_value *v)
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (value_compare(&set->values[middle], v) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const lyre_value *set_find(const struct condition_set *set, const lyre_value *v)
{
	size_t n = up_to(set, v);
	const lyre_value *last = n ? &set->values[n - 1] : NULL;
	if (!last)
		return NULL;
	return (set->kind == SET_BEGINNINGS ? begins_with(v, last) : !value_compare(v, last)) ? last : NULL;
}

const lyre_value *set_next(const struct condition_set *set, const lyre_value *v, bool reverse)
{
	size_t n = up_to(set, v);
	if (!reverse)
		return n < set->count ? &set->values[n] : NULL;
	if (n && !value_compare(&set->values[n - 1], v))
		n--;
	return n ? &set->values[n - 1] : NULL;
}

bool set_match(const struct condition *c, const lyre_value *v, bool date)
{
	const struct condition_set *set = c->set;
	struct value_as_text t;
	if (set->kind == SET_VALUES)
		return set_find(set, v) != NULL;
	if ((set->kind == SET_BEGINNINGS && !date && v->type != LYRE_STRING) || !text_of_value(&t, v, date))
		return false;
	if (set->kind == SET_PARTS)
		return patterns_match(set->patterns, t.s, t.len);
	const lyre_value text = value_text(t.s, t.len);
	return set_find(set, &text) != NULL;
}
