/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/match.c
 * \brief Matches records, reading them in place.
 */
#include "query/set.h"

#include "base/text.h"

#include <string.h>

/** This many array items take as long as a row. */
#define ITEMS_A_STEP 16

bool text_of_value(struct value_as_text *ret, const lyre_value *v, bool date)
{
	ret->s = ret->room;
	if (date) {
		ret->len = iso_time(ret->room, value_number(v));
	} else if (v->type == LYRE_STRING || v->type == LYRE_BIGINT) {
		ret->s = v->s;
		ret->len = v->len;
	} else if (!value_is_number(v)) {
		return false;
	} else {
		ret->len = v->type == LYRE_INT ? int_text(ret->room, v->i) : double_text(ret->room, v->d);
	}
	return true;
}

bool match_value(const struct condition *c, const lyre_value *v, bool date)
{
	const struct comparator *how = c->comparator;
	if (how->negated && v->type == LYRE_NULL && !c->loose)
		return false;
	return (c->kind == CONDITION_SET ? set_match(c, v, date) : how->match(c, v, date)) != how->negated;
}

bool row_key(const struct row *r, uint16_t id, lyre_value *ret)
{
	struct field f;
	if (key_primary_value(r->key, r->key_len, NULL, ret))
		return true;
	if (!record_find(r->record, id, &f))
		return false;
	*ret = field_value(f, NULL);
	return true;
}

int attribute_read(const struct attribute *at, const struct row *r, struct field *f, lyre_value *v)
{
	if (at->flags & ATTRIBUTE_KEY)
		return row_key(r, at->id, v) ? 2 : 0;
	if (at->flags & (ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED)) {
		*v = value_double(at->flags & ATTRIBUTE_CREATED ? record_created(r->record) : record_updated(r->record));
		return 2;
	}
	return record_find(r->record, at->id, f);
}

/** Item by item and in place: an array may be large and be matched against many conditions. */
static bool match_array(const struct condition *c, struct field f, struct query *q)
{
	struct field_items items;
	bool all = true;
	for (size_t i = 0; is_negated_set(c) && i < c->count; i++)
		all = all && match_array(c->children[i], f, q);
	if (is_negated_set(c))
		return all;
	field_items_begin(&items, f);
	if (c->value.type == LYRE_ARRAY) {
		bool equal = items.left == c->value.len;
		if (equal) {
			lyre_value v = field_value(f, &q->scratch);
			equal = value_equal(&v, &c->value);
		}
		return equal != c->comparator->negated;
	}
	bool empty = !items.left;
	struct field item;
	for (size_t i = 1; field_items_next(&items, &item) && !q->pace.late; i++) {
		if (i % ITEMS_A_STEP == 0)
			pace_step(&q->pace, 1);
		if (field_type(item) >= LYRE_ARRAY)
			continue;
		lyre_value v = field_value(item, NULL);
		if (match_value(c, &v, false))
			return true;
	}
	return c->loose && empty;
}

static bool match_leaf(const struct condition *c, const struct row *r, struct query *q)
{
	struct field f;
	lyre_value v;
	switch (attribute_read(c->attribute, r, &f, &v)) {
	case 0:
		return c->loose;
	case 2:
		return match_value(c, &v, c->attribute->type == ATTRIBUTE_DATE);
	}
	switch (field_type(f)) {
	case LYRE_ARRAY:
		return match_array(c, f, q);
	case LYRE_OBJECT:
		return c->loose;
	default:
		v = field_value(f, &q->scratch);
		return match_value(c, &v, field_kind(f) == FIELD_DATE);
	}
}

bool condition_match(const struct condition *c, const struct row *r, struct query *q)
{
	if (c->kind == CONDITION_LEAF || c->kind == CONDITION_SET)
		return match_leaf(c, r, q);
	bool any = c->kind == CONDITION_ANY;
	for (size_t i = 0; i < c->count; i++) {
		if (condition_match(c->children[i], r, q) == any)
			return any;
	}
	return !any;
}
