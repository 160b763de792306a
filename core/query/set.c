/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/set.c
 * \brief Many values of one attribute that are or-ed: a value is put to all of them at once.
 */
#include "query/plan.h"

#include "base/text.h"
#include "query/patterns.h"

#include <stdlib.h>
#include <string.h>

/** Fewer are put to it one by one. */
#define SET_MIN 8

struct condition_set {
	enum set_kind kind;
	const struct condition **sorted; /**< by value; of the beginnings of texts: without those that begin with another one */
	size_t count;
	struct patterns *patterns;
};

/* ---- finding the sets of a group ---- */

/** The kinds that sets are of, which exclude SET_NONE and SET_ENDS. */
enum { KINDS = SET_PARTS };

/** Which set of its attribute a condition may be in. */
static enum set_kind kind_of(const struct condition *c)
{
	enum set_kind kind = c->kind == CONDITION_LEAF && c->value.type < LYRE_ARRAY ? c->comparator->set : SET_NONE;
	return kind == SET_ENDS ? SET_PARTS : kind;
}

static struct condition *new_set(struct arena *a, const struct condition *first, size_t count)
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
	c->set->kind = kind_of(first);
	return c;
}

/** Where the sets of a leaf's attribute and kind are kept while they are found; NULL when it may be in none. */
static struct set_place *place_of(const struct set_finder *f, const struct condition *c)
{
	enum set_kind kind = kind_of(c);
	return kind ? &f->places[(size_t)(c->attribute - f->table->attributes) * KINDS + kind - 1] : NULL;
}

/** Moves the leaves of sets into them. \p kept: the children that are left */
static int move_leaves(struct set_finder *f, struct condition *group, size_t *kept, struct err *e)
{
	*kept = 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct condition *c = group->children[i];
		struct set_place *place = place_of(f, c);
		if (!place || place->count < SET_MIN) {
			group->children[(*kept)++] = c;
			continue;
		}
		if (!place->set) {
			place->set = new_set(f->arena, c, place->count);
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
		struct set_place *place = place_of(f, group->children[i]);
		if (place)
			place->count++;
	}
	size_t kept;
	int rc = move_leaves(f, group, &kept, e);
	if (rc)
		return rc;
	group->count = kept;
	/* the places are the next group's */
	for (size_t i = 0; i < kept; i++) {
		const struct condition *c = group->children[i];
		struct set_place *place = place_of(f, c->kind == CONDITION_SET ? c->children[0] : c);
		if (place)
			*place = (struct set_place){ 0 };
	}
	return 0;
}

/* ---- making them ready ---- */

static int compare_values(const void *x, const void *y)
{
	const struct condition *a = *(const struct condition *const *)x, *b = *(const struct condition *const *)y;
	return value_compare(&a->value, &b->value);
}

/** Texts by their bytes: one comes right before those that begin with it. */
static int compare_bytes(const lyre_value *a, const lyre_value *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int c = n ? memcmp(a->s, b->s, n) : 0;
	return c ? c : (a->len > b->len) - (a->len < b->len);
}

static int compare_texts(const void *x, const void *y)
{
	return compare_bytes(&(*(const struct condition *const *)x)->value, &(*(const struct condition *const *)y)->value);
}

static bool begins_with(const char *s, size_t len, const lyre_value *part)
{
	return part->len <= len && (!part->len || !memcmp(s, part->s, part->len));
}

static int sort_set(const struct condition *c, struct arena *a, struct err *e)
{
	struct condition_set *set = c->set;
	bool texts = set->kind == SET_BEGINNINGS;
	set->sorted = ARENA_ARRAY(a, const struct condition *, c->count);
	if (!set->sorted)
		return err_nomem(e);
	memcpy(set->sorted, c->children, c->count * sizeof(*set->sorted));
	qsort(set->sorted, c->count, sizeof(*set->sorted), texts ? compare_texts : compare_values);
	for (size_t i = 0; i < c->count; i++) {
		const lyre_value *v = &set->sorted[i]->value;
		if (!texts || !set->count || !begins_with(v->s, v->len, &set->sorted[set->count - 1]->value))
			set->sorted[set->count++] = set->sorted[i];
	}
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
	if (c->kind == CONDITION_SET) {
		if (c->set->sorted || c->set->patterns)
			return 0;
		return c->set->kind == SET_PARTS ? make_patterns(c, a, e) : sort_set(c, a, e);
	}
	int rc = 0;
	for (size_t i = 0; i < c->count && !rc; i++)
		rc = sets_prepare(c->children[i], a, e);
	return rc;
}

enum set_kind set_kind_of(const struct condition *c)
{
	return c->set->kind;
}

const struct condition *const *set_beginnings(const struct condition *c, size_t *count)
{
	*count = c->set->count;
	return c->set->sorted;
}

/* ---- matching ---- */

/** How many of the sorted are not behind a value. */
static size_t up_to(const struct condition_set *set, const lyre_value *v, int (*compare)(const lyre_value *, const lyre_value *))
{
	size_t low = 0, high = set->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&set->sorted[middle]->value, v) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool set_match(const struct condition *c, const lyre_value *v, bool date)
{
	const struct condition_set *set = c->set;
	struct value_as_text t;
	if (set->kind == SET_VALUES) {
		size_t n = up_to(set, v, value_compare);
		return n && !value_compare(&set->sorted[n - 1]->value, v);
	}
	if ((set->kind == SET_BEGINNINGS && !date && v->type != LYRE_STRING) || !text_of_value(&t, v, date))
		return false;
	if (set->kind == SET_PARTS)
		return patterns_match(set->patterns, t.s, t.len);
	const lyre_value text = value_text(t.s, t.len);
	size_t n = up_to(set, &text, compare_bytes);
	return n && begins_with(t.s, t.len, &set->sorted[n - 1]->value);
}
