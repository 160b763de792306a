/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/comparators.c
 * \brief The table of comparators: what each matches, and where to find it in an index. A new one is added here and nowhere else.
 */
#include "query/comparators.h"

#include "query/plan.h"
#include "query/range.h"
#include "query/set.h"

#include <string.h>

/* ---- what they match ---- */

static bool equals(const struct condition *c, const lyre_value *v, bool date)
{
	(void)date;
	return c->value.type != LYRE_ARRAY && !value_compare(v, &c->value);
}

static bool greater(const struct condition *c, const lyre_value *v, bool date)
{
	(void)date;
	return v->type != LYRE_NULL && value_compare(v, &c->value) > 0;
}

static bool greater_equal(const struct condition *c, const lyre_value *v, bool date)
{
	(void)date;
	return v->type != LYRE_NULL && value_compare(v, &c->value) >= 0;
}

static bool less(const struct condition *c, const lyre_value *v, bool date)
{
	(void)date;
	return v->type != LYRE_NULL && value_compare(v, &c->value) < 0;
}

static bool less_equal(const struct condition *c, const lyre_value *v, bool date)
{
	(void)date;
	return v->type != LYRE_NULL && value_compare(v, &c->value) <= 0;
}

static bool between(const struct condition *c, const lyre_value *v, bool date)
{
	(void)date;
	return (!c->has_low || value_compare(v, &c->value) >= 0) && (!c->has_high || value_compare(v, &c->high) <= 0);
}

static bool contains(const struct condition *c, const lyre_value *v, bool date)
{
	const lyre_value *part = &c->value;
	struct value_as_text t;
	return text_of_value(&t, v, date) && part->len <= t.len && (!part->len || memmem(t.s, t.len, part->s, part->len));
}

static bool starts_with(const struct condition *c, const lyre_value *v, bool date)
{
	const lyre_value *part = &c->value;
	struct value_as_text t;
	return (v->type == LYRE_STRING || date) && text_of_value(&t, v, date) && part->len <= t.len &&
		!memcmp(t.s, part->s, part->len);
}

static bool ends_with(const struct condition *c, const lyre_value *v, bool date)
{
	const lyre_value *part = &c->value;
	struct value_as_text t;
	return text_of_value(&t, v, date) && part->len <= t.len && !memcmp(t.s + (t.len - part->len), part->s, part->len);
}

/* ---- their index ranges ---- */

static bool at_value(const struct condition *c, bool key, struct walk_range *r)
{
	const lyre_value *v = indexed_item(&c->value);
	range_low(r, v, false, key);
	range_high(r, v, false, key);
	return true;
}

/** For everything that is not null, whatever its type. */
static bool above_null(const struct condition *c, bool key, struct walk_range *r)
{
	const lyre_value null = { .type = LYRE_NULL };
	(void)c;
	range_low(r, &null, true, key);
	return true;
}

static bool above_value(const struct condition *c, bool key, struct walk_range *r)
{
	range_low(r, &c->value, true, key);
	return true;
}

static bool from_value(const struct condition *c, bool key, struct walk_range *r)
{
	range_low(r, &c->value, c->value.type == LYRE_NULL, key);
	return true;
}

static bool below_value(const struct condition *c, bool key, struct walk_range *r)
{
	range_high(r, &c->value, true, key);
	return above_null(c, key, r);
}

static bool up_to_value(const struct condition *c, bool key, struct walk_range *r)
{
	range_high(r, &c->value, false, key);
	return above_null(c, key, r);
}

static bool between_bounds(const struct condition *c, bool key, struct walk_range *r)
{
	if (c->has_low)
		range_low(r, &c->value, false, key);
	if (c->has_high)
		range_high(r, &c->high, false, key);
	return true;
}

static bool texts_with_beginning(const struct condition *c, bool key, struct walk_range *r)
{
	if (key)
		key_primary_prefix(&r->low, c->value.s, c->value.len);
	else
		key_index_prefix(&r->low, c->value.s, c->value.len);
	r->high = r->low;
	return true;
}

static bool numbers_and_texts(const struct condition *c, bool key, struct walk_range *r)
{
	(void)c;
	(void)key;
	key_index_numbers(&r->low);
	return true;
}

static bool around_list(const struct condition *c, bool key, struct walk_range *r)
{
	const struct condition_set *list = c->set;
	if (!list->count)
		return false;
	range_low(r, &list->values[0], false, key);
	range_high(r, &list->values[list->count - 1], false, key);
	return true;
}

/* ---- where more matches may follow ---- */

static bool beyond_value(const struct condition *c, const lyre_value *v, bool key, struct walk_range *r)
{
	(void)c;
	r->reverse ? range_high(r, v, true, key) : range_low(r, v, true, key);
	return true;
}

static bool beyond_beginning(const struct condition *c, const lyre_value *v, bool key, struct walk_range *r)
{
	const lyre_value *part = c->set ? set_find(c->set, v) : &c->value;
	struct key *bound = r->reverse ? &r->high : &r->low;
	(void)key;
	key_index_prefix(bound, part->s, part->len);
	*(r->reverse ? &r->high_open : &r->low_open) = true;
	return true;
}

static bool at_next_of_list(const struct condition *c, const lyre_value *v, bool key, struct walk_range *r)
{
	const lyre_value *next = set_next(c->set, v, r->reverse);
	if (next)
		r->reverse ? range_high(r, next, false, key) : range_low(r, next, false, key);
	return next;
}

/* ---- the table ---- */

const struct comparator comparators[] = {
	/* names, operand, match, negated, range, fit, set, skip */
	{ { "equals" }, OPERAND_WHOLE, equals, false, at_value, RANGE_OF_VALUE, SET_VALUES, NULL },
	{ { "not_equal" }, OPERAND_WHOLE, equals, true, above_null, RANGE_WIDE, SET_VALUES, beyond_value },
	{ { "in" }, OPERAND_LIST, set_match, false, around_list, RANGE_WIDE, SET_NONE, at_next_of_list },
	{ { "not_in" }, OPERAND_LIST, set_match, true, above_null, RANGE_WIDE, SET_NONE, beyond_value },
	{ { "contains" }, OPERAND_TEXT, contains, false, numbers_and_texts, RANGE_WIDE, SET_PARTS, NULL },
	{ { "not_contains" }, OPERAND_TEXT, contains, true, above_null, RANGE_WIDE, SET_PARTS, NULL },
	{ { "starts_with" }, OPERAND_TEXT, starts_with, false, texts_with_beginning, RANGE_FITS, SET_BEGINNINGS, NULL },
	{ { "not_starts_with" }, OPERAND_TEXT, starts_with, true, above_null, RANGE_WIDE, SET_BEGINNINGS, beyond_beginning },
	{ { "ends_with" }, OPERAND_TEXT, ends_with, false, numbers_and_texts, RANGE_WIDE, SET_ENDS, NULL },
	{ { "not_ends_with" }, OPERAND_TEXT, ends_with, true, above_null, RANGE_WIDE, SET_ENDS, NULL },
	{ { "greater_than", "gt", ">" }, OPERAND_SCALAR, greater, false, above_value, RANGE_FITS, SET_NONE, NULL },
	{ { "greater_than_equal", "ge", ">=" }, OPERAND_SCALAR, greater_equal, false, from_value, RANGE_FITS, SET_NONE, NULL },
	{ { "less_than", "lt", "<" }, OPERAND_SCALAR, less, false, below_value, RANGE_FITS, SET_NONE, NULL },
	{ { "less_than_equal", "le", "<=" }, OPERAND_SCALAR, less_equal, false, up_to_value, RANGE_FITS, SET_NONE, NULL },
	{ { "between" }, OPERAND_BOUNDS, between, false, between_bounds, RANGE_FITS, SET_NONE, NULL }, { .names = { NULL } }
};

const struct comparator *comparator_find(const lyre_value *name)
{
	for (const struct comparator *c = comparators; *c->names; c++) {
		for (size_t i = 0; i < sizeof(c->names) / sizeof(*c->names) && c->names[i]; i++) {
			if (value_equals_str(name, c->names[i]))
				return c;
		}
	}
	return NULL;
}

static const char *operand_help(enum operand_kind operand)
{
	return operand == OPERAND_BOUNDS ? "an array of two values" : operand == OPERAND_LIST ? "an array of values" : NULL;
}

static void add_help(struct buf *b, const struct comparator *c)
{
	const char *notes[] = { c == comparators ? "if not given" : NULL, c->names[1], c->names[2], operand_help(c->operand) };
	const char *before = " (";
	buf_addf(b, "%s%s", c == comparators ? "Comparators: " : ", ", c->names[0]);
	for (size_t i = 0; i < sizeof(notes) / sizeof(*notes); i++) {
		if (!notes[i])
			continue;
		buf_addf(b, "%s%s", before, notes[i]);
		before = ", ";
	}
	buf_add_str(b, *before == ',' ? ")" : "");
}

const char *comparators_help(struct arena *a)
{
	struct buf b;
	buf_init(&b);
	for (const struct comparator *c = comparators; *c->names; c++)
		add_help(&b, c);
	buf_add_char(&b, '.');
	const char *text = b.failed ? NULL : arena_strndup(a, b.data, b.len);
	buf_free(&b);
	return text;
}
