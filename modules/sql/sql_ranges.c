/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_ranges.c
 * \brief From SQL's conditions to ranges of an index: never too few rows; extra ones do no harm, as SQLite checks each row again.
 *
 * SQLite's order is null, numbers, strings; that of an index is null, booleans, numbers, strings. They differ in two ways.
 * In SQL, true and false are 1 and 0, so a range of numbers that begins at 1 or below includes the booleans. And arrays and
 * objects are strings that begin with [ or {: a range that has such strings does not use an index that has such values.
 */
#include "sql_vtab.h"

#include "sql_bound.h"
#include "sql_value.h"

#include <math.h>
#include <string.h>

/** The ranges that are being made, and the bounds known so far. */
struct bounds {
	struct sql_ranges *ranges;
	const struct lyre_index *index;
	const char *attribute;
	uint32_t direction; /**< a flag set in every range */
	bool has_low, has_high, low_open, high_open, none;
	bool failed;    /**< out of memory */
	unsigned longs; /**< values of a list that may share entries of the index: long strings, cut there, and large numbers */
	struct lyre_field low, high;
};

/* ---- ranges ---- */

static struct lyre_range *add_range(struct bounds *b)
{
	struct sql_ranges *r = b->ranges;
	if (r->count == r->room) {
		size_t room = r->room * 2;
		bool first = r->items == r->here;
		struct lyre_range *more = sqlite3_realloc64(first ? NULL : r->items, room * sizeof *more);
		if (!more)
			return NULL;
		if (first)
			memcpy(more, r->here, sizeof r->here);
		r->items = more;
		r->room = room;
	}
	struct lyre_range *range = &r->items[r->count++];
	*range = (struct lyre_range){ .size = sizeof *range, .flags = b->direction, .attribute = b->attribute };
	return range;
}

/** From one value to another, both included. */
static int add_between(struct bounds *b, const struct lyre_field *low, const struct lyre_field *high)
{
	struct lyre_range *range = add_range(b);
	if (!range)
		return SQLITE_NOMEM;
	range->flags |= LYRE_RANGE_LOW | LYRE_RANGE_HIGH;
	range->low = *low;
	range->high = *high;
	return SQLITE_OK;
}

static int add_booleans(struct bounds *b, int64_t from, int64_t to)
{
	const struct lyre_field low = { .type = LYRE_BOOL, .i = from }, high = { .type = LYRE_BOOL, .i = to };
	return b->index->booleans ? add_between(b, &low, &high) : SQLITE_OK;
}

/** Copies a string, as SQLite's may be gone when its range is read: after those before it. */
static char *keep_text(struct bounds *b, const char *text, size_t len)
{
	struct sql_kept *k = sqlite3_malloc64(sizeof *k + len + 1);
	if (!k)
		return NULL;
	k->next = b->ranges->kept;
	b->ranges->kept = k;
	memcpy(k->text, text, len);
	k->text[len] = 0;
	return k->text;
}

/** Makes a value a bound that outlives the call. \return as sql_value_bound(); false, with failed set, if out of memory */
static bool keep_bound(struct bounds *b, sqlite3_value *v, struct lyre_field *ret)
{
	bool known = sql_value_bound(v, ret);
	if (known && ret->type == LYRE_STRING) {
		ret->s = keep_text(b, ret->s, ret->len);
		if (!ret->s)
			b->failed = true;
	}
	return known && !b->failed;
}

/** Whether the bounds include strings that begin with this character. */
static bool has_sign(const struct bounds *b, const char *sign)
{
	const char behind[] = { (char)(*sign + 1), 0 };
	if (b->has_low && b->low.type == LYRE_STRING && compare_text(&b->low, behind) >= 0)
		return false;
	if (!b->has_high)
		return true;
	return b->high.type == LYRE_STRING && compare_text(&b->high, sign) >= 0;
}

static bool may_be_nested(const struct bounds *b)
{
	return b->index->nested && (has_sign(b, "[") || has_sign(b, "{"));
}

static int all(struct bounds *b)
{
	b->ranges->everything = true;
	return SQLITE_OK;
}

/* ---- conditions ---- */

/** Strings up to this length are never cut in an index, whatever characters they have. */
#define WHOLE_MAX 100

/** All integers that are the same number in SQL. */
static int add_rounded(struct bounds *b, const struct lyre_field *f)
{
	bool open;
	const struct lyre_field low = widened(f, -INFINITY, &open), high = widened(f, INFINITY, &open);
	int rc = add_between(b, &low, &high);
	if (rc == SQLITE_OK)
		b->ranges->items[b->ranges->count - 1].flags |= LYRE_RANGE_LOW_OPEN | LYRE_RANGE_HIGH_OPEN;
	return rc;
}

static int add_equal(struct bounds *b, const struct lyre_field *f)
{
	if (is_beyond(f, ROUNDED))
		return add_rounded(b, f);
	if (f->type == LYRE_STRING && b->index->nested && f->len && (*f->s == '[' || *f->s == '{'))
		return all(b);
	int rc = SQLITE_OK;
	if (is_number(f) && f->d == 0)
		rc = add_booleans(b, 0, 0);
	if (is_number(f) && f->d == 1)
		rc = add_booleans(b, 1, 1);
	return rc == SQLITE_OK ? add_between(b, f, f) : rc;
}

static int take_equal(struct bounds *b, sqlite3_value *v, bool null_is_null)
{
	struct lyre_field f;
	if (!keep_bound(b, v, &f))
		return b->failed ? SQLITE_NOMEM : SQLITE_OK; /* no value equals a blob */
	if (f.type == LYRE_NULL)
		return null_is_null ? all(b) : SQLITE_OK;
	if (f.type == LYRE_DOUBLE && !isfinite(f.d))
		return SQLITE_OK;
	if (((f.type == LYRE_STRING && f.len > WHOLE_MAX) || is_beyond(&f, NEAR_ROUNDED)) && b->longs++)
		return all(b); /* two ranges might have the same rows, and return them twice */
	return add_equal(b, &f);
}

static int take_list(struct bounds *b, sqlite3_value *list)
{
	sqlite3_value *v;
	int rc = sqlite3_vtab_in_first(list, &v);
	while (rc == SQLITE_OK && v) {
		rc = take_equal(b, v, false);
		if (rc == SQLITE_OK)
			rc = sqlite3_vtab_in_next(list, &v);
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static void take_bound(struct bounds *b, sqlite3_value *v, enum sql_plan_step step)
{
	struct lyre_field f;
	bool low = step == SQL_STEP_ABOVE || step == SQL_STEP_FROM;
	bool known = keep_bound(b, v, &f);
	if ((known && f.type == LYRE_NULL) || (!known && low)) {
		b->none = true; /* no value is greater than a blob, or compares with null */
		return;
	}
	if (!known || (f.type == LYRE_DOUBLE && !isfinite(f.d)))
		return;
	if (low) {
		b->has_low = true;
		b->low_open = step == SQL_STEP_ABOVE;
		b->low = widened(&f, -INFINITY, &b->low_open);
	} else {
		b->has_high = true;
		b->high_open = step == SQL_STEP_BELOW;
		b->high = widened(&f, INFINITY, &b->high_open);
	}
}

static int add_bounds(struct bounds *b)
{
	if (b->failed)
		return SQLITE_NOMEM;
	if (b->none)
		return SQLITE_OK;
	if (may_be_nested(b))
		return all(b);
	int rc = SQLITE_OK;
	if (b->has_low && is_number(&b->low) && b->low.d <= 1)
		rc = add_booleans(b, 0, 1);
	struct lyre_range *range = rc == SQLITE_OK ? add_range(b) : NULL;
	if (!range)
		return SQLITE_NOMEM;
	range->flags |= LYRE_RANGE_LOW | (b->has_high ? LYRE_RANGE_HIGH : 0);
	range->flags |= (b->low_open || !b->has_low ? LYRE_RANGE_LOW_OPEN : 0) | (b->high_open ? LYRE_RANGE_HIGH_OPEN : 0);
	if (b->has_low)
		range->low = b->low; /* else everything above null */
	if (b->has_high)
		range->high = b->high;
	return SQLITE_OK;
}

static int add_null(struct bounds *b)
{
	const struct lyre_field null = { .type = LYRE_NULL };
	return add_between(b, &null, &null);
}

/* ---- patterns ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/** Maximum number of letters tried in both cases: each doubles the ranges. */
#define FOLDED_MAX 3

static int add_prefix(struct bounds *b, const char *text, size_t len)
{
	struct lyre_range *range = add_range(b);
	if (!range)
		return SQLITE_NOMEM;
	range->flags |= LYRE_RANGE_PREFIX;
	range->low = (struct lyre_field){ .type = LYRE_STRING, .s = text, .len = (uint32_t)len };
	return SQLITE_OK;
}

/** How much of a prefix is searched for: up to the last letter tried in both cases. */
static size_t folded_length(const char *prefix, size_t len)
{
	size_t n = 0;
	for (unsigned letters = 0; n < len && letters < FOLDED_MAX; n++)
		letters += is_letter(prefix[n]);
	return n;
}

/** A range for each combination of upper and lower case in a prefix. */
static int add_folded(struct bounds *b, const char *prefix, size_t len)
{
	size_t n = folded_length(prefix, len), letters = 0;
	for (size_t i = 0; i < n; i++)
		letters += is_letter(prefix[i]);
	int rc = SQLITE_OK;
	for (unsigned way = 0; rc == SQLITE_OK && way < 1u << letters; way++) {
		char *text = keep_text(b, prefix, n);
		if (!text)
			return SQLITE_NOMEM;
		for (size_t i = 0, letter = 0; i < n; i++) {
			if (is_letter(text[i]))
				text[i] = (char)(way >> letter++ & 1 ? text[i] | 32 : text[i] & ~32);
		}
		rc = add_prefix(b, text, n);
	}
	return rc;
}

/** The length of a pattern before its first wildcard. */
static size_t fixed_length(const char *pattern, size_t len, const char *wildcards)
{
	size_t n = 0;
	while (n < len && !strchr(wildcards, pattern[n]) && pattern[n])
		n++;
	return n;
}

/** Patterns also match numbers by their text, and numbers stand elsewhere in the index. */
static bool may_begin_number(char c)
{
	return (c >= '0' && c <= '9') || c == '-';
}

static int take_pattern(struct bounds *b, sqlite3_value *v, bool glob)
{
	struct lyre_field f;
	if (!sql_value_bound(v, &f) || f.type != LYRE_STRING)
		return all(b);
	size_t n = fixed_length(f.s, f.len, glob ? "*?[" : "%_");
	if (!n || may_begin_number(*f.s) || (b->index->nested && (*f.s == '[' || *f.s == '{')))
		return all(b);
	if (!glob)
		return add_folded(b, f.s, n);
	const char *text = keep_text(b, f.s, n);
	return text ? add_prefix(b, text, n) : SQLITE_NOMEM;
}

/* ---- all together ---- */

static int take_step(struct bounds *b, enum sql_plan_step step, sqlite3_value *v)
{
	switch (step) {
	case SQL_STEP_EQUAL:
		return take_equal(b, v, false);
	case SQL_STEP_IS:
		return take_equal(b, v, true);
	case SQL_STEP_LIST:
		return take_list(b, v);
	case SQL_STEP_LIKE:
		return take_pattern(b, v, false);
	case SQL_STEP_GLOB:
		return take_pattern(b, v, true);
	case SQL_STEP_NULL:
		return add_null(b);
	default:
		take_bound(b, v, step);
		return SQLITE_OK;
	}
}

static bool is_bound(enum sql_plan_step step)
{
	return step == SQL_STEP_ABOVE || step == SQL_STEP_FROM || step == SQL_STEP_BELOW || step == SQL_STEP_UP_TO;
}

static void begin(struct bounds *b, struct sql_ranges *r, struct sql_run *run, struct sql_table *t, size_t column)
{
	*b = (struct bounds){
		.ranges = r,
		.index = sql_column_index(run, t, column),
		.attribute = column == t->key ? NULL : t->columns[column].name,
	};
	r->items = r->here;
	r->count = 0;
	r->room = SQL_RANGES_MAX;
	r->everything = false;
}

int sql_ranges_make(
	struct sql_ranges *r, struct sql_run *run, struct sql_table *t, int plan, const char *steps, int argc, sqlite3_value **argv)
{
	struct bounds b;
	int rc = SQLITE_OK;
	begin(&b, r, run, t, (size_t)(plan >> SQL_PLAN_SHIFT));
	b.direction = plan & SQL_PLAN_DESCENDING ? LYRE_RANGE_DESCENDING : 0;
	if (*steps == ' ')
		return add_range(&b) ? SQLITE_OK : SQLITE_NOMEM;
	for (int i = 0; rc == SQLITE_OK && steps[i] != ' ' && !r->everything; i++)
		rc = take_step(&b, (enum sql_plan_step)steps[i], i < argc ? argv[i] : NULL);
	if (rc == SQLITE_OK && is_bound((enum sql_plan_step) * steps))
		rc = add_bounds(&b);
	return rc;
}

/** Entries that are counted before the rest is estimated. */
#define COUNTED 512

uint64_t sql_ranges_estimate(struct sql_run *run, struct sql_table *t, size_t column, enum sql_plan_step step, sqlite3_value *value)
{
	struct sql_ranges r = { .count = 0 };
	struct bounds b;
	uint64_t rows = 0;
	begin(&b, &r, run, t, column);
	int rc = take_step(&b, step, value);
	if (rc == SQLITE_OK && is_bound(step))
		rc = add_bounds(&b);
	if (rc != SQLITE_OK || r.everything)
		rows = t->records;
	for (size_t i = 0; rc == SQLITE_OK && !r.everything && i < r.count; i++) {
		uint64_t n = 0;
		if (lyre_range_estimate(run->call, t->table, &r.items[i], COUNTED, &n) == 0)
			rows += n;
	}
	sql_ranges_free(&r);
	return rows;
}

void sql_ranges_free(struct sql_ranges *r)
{
	if (r->items != r->here)
		sqlite3_free(r->items);
	for (struct sql_kept *k = r->kept; k;) {
		struct sql_kept *next = k->next;
		sqlite3_free(k);
		k = next;
	}
	r->items = r->here;
	r->kept = NULL;
	r->count = 0;
}
