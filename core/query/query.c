/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/query.c
 * \brief Runs queries from start to end, in slices: each slice has its own snapshot, and none is held in between.
 */
#include "query/set.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/** This many conditions are matched against a record in the time of one step. */
#define LEAVES_A_STEP 16
/** At most this many conditions are planned on a thread that others wait for; this many bytes of string count as one more. */
#define LIGHT_LEAVES_MAX 256
#define TEXT_A_LEAF 256
/** Length of a slice of query_next(). */
#define CURSOR_SLICE_NS 5000000
/** How often to check whether the query must end. */
#define CHECK_NS 100000000

static struct query *query_new(struct arena *a, const struct table *t, const struct query_limits *l, struct err *e)
{
	struct query *q = arena_alloc(a, sizeof *q);
	if (!q) {
		err_nomem(e);
		return NULL;
	}
	memset(q, 0, offsetof(struct query, walk));
	q->arena = a;
	q->table = table_ref(t);
	q->limits = l;
	q->limit = UINT64_MAX;
	q->weight = 1;
	arena_init_charged(&q->scratch, a->charge);
	pace_init(&q->pace);
	q->pace.max_ns = l ? l->time_ns : 0;
	return q;
}

/** The primary key ends every order; levels after it have no effect. A sort by the first condition's index breaks
 * ties in its direction. */
static void settle_order(struct query *q, bool reverse)
{
	struct sort_order *o = &q->order;
	const struct condition *first = q->tree && q->tree->kind == CONDITION_ALL ? q->tree->children[0] : q->tree;
	if (!o->count) {
		q->reverse = reverse;
		return;
	}
	if (o->count == 1 && first && (first->kind == CONDITION_LEAF || is_negated_set(first)) &&
		first->attribute == o->levels[0].attribute && first->attribute->flags & ATTRIBUTE_INDEXED)
		o->ties_descending = o->levels[0].descending;
	for (unsigned i = 0; i < o->count; i++) {
		if (o->levels[i].attribute == &q->table->attributes[q->table->key]) {
			o->ties_descending = o->levels[i].descending;
			o->count = i ? i : 1;
		}
	}
	if (!reverse)
		return;
	for (unsigned i = 0; i < o->count; i++)
		o->levels[i].descending = !o->levels[i].descending;
	o->ties_descending = !o->ties_descending;
}

static size_t leaves_of_value(const lyre_value *v)
{
	return 1 + (v->type == LYRE_STRING ? v->len / TEXT_A_LEAF : 0);
}

static void count_leaves(struct query *q, const struct condition *c, size_t *put_to)
{
	bool leaf = c->kind == CONDITION_LEAF, set = c->kind == CONDITION_SET;
	if (leaf)
		q->leaves += leaves_of_value(&c->value);
	for (size_t i = 0; leaf && c->set && i < c->set->count; i++)
		q->leaves += leaves_of_value(&c->set->values[i]);
	*put_to += leaf || set;
	size_t of_set = 0; /* a row is matched against a whole set at once; but with and-ed conditions, an array is
 * matched one by one */
	for (size_t i = 0; i < c->count; i++)
		count_leaves(q, c->children[i], set && !is_negated_set(c) ? &of_set : put_to);
}

int query_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const struct lyre_query *from, const struct query_limits *l, struct err *e)
{
	struct query *q = query_new(a, t, l, e);
	if (!q)
		return LYRE_ENOMEM;
	struct unknown_names unknown;
	unknown_init(&unknown, a);
	int rc = conditions_names(from->conditions, a, t, f, &unknown, e);
	if (!rc)
		rc = columns_make(&q->columns, a, t, f, from->select, &unknown, e);
	if (!rc)
		rc = unknown_fail(&unknown, a, e);
	if (!rc)
		rc = conditions_parse(from->conditions, from->match_any, a, t, f, l ? l->conditions : 0, &q->tree, e);
	if (!rc)
		rc = sort_parse(from->sort, a, t, f, &q->order, e);
	if (rc) {
		query_close(q);
		return rc;
	}
	q->offset = from->offset;
	q->limit = from->limit;
	settle_order(q, from->reverse);
	size_t put_to = 0;
	if (q->tree)
		count_leaves(q, q->tree, &put_to);
	q->weight = 1 + put_to / LEAVES_A_STEP;
	*ret = q;
	return 0;
}

int lookup_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *keys, const lyre_value *select, const struct query_limits *l, struct err *e)
{
	if (!value_is(keys, LYRE_ARRAY))
		return err_set(e, LYRE_EINVAL, "'ids' must be an array");
	struct query *q = query_new(a, t, l, e);
	if (!q)
		return LYRE_ENOMEM;
	struct unknown_names unknown;
	unknown_init(&unknown, a);
	int rc = columns_make(&q->columns, a, t, f, select, &unknown, e);
	if (!rc)
		rc = unknown_fail(&unknown, a, e);
	if (rc) {
		query_close(q);
		return rc;
	}
	q->keys = keys;
	*ret = q;
	return 0;
}

void query_close(struct query *q)
{
	if (!q)
		return;
	sorter_free(q->sorter);
	arena_free(&q->scratch);
	table_unref(q->table);
	q->sorter = NULL;
	q->table = NULL;
}

/* ---- rows of a search ---- */

/** Offset plus limit: the rows whose order must be known. */
static uint64_t wanted(const struct query *q)
{
	return q->limit > UINT64_MAX - q->offset ? UINT64_MAX : q->offset + q->limit;
}

static int sort_rows(struct query *q, struct err *e)
{
	if (!q->sorter) {
		q->sorter = sorter_new(&q->order, wanted(q), q->arena->charge);
		if (!q->sorter)
			return err_nomem(e);
		q->anew = true;
	}
	struct row r;
	int rc;
	do {
		rc = sorter_settle(q->sorter, &q->pace, e);
		if (!rc)
			rc = scan_row(q, &r, e);
		if (!rc)
			rc = sorter_add(q->sorter, &r, &q->scratch, e);
	} while (!rc);
	if (rc != LYRE_END)
		return rc;
	q->sorted = true;
	return sorter_finish(q->sorter, e);
}

/** Later slices check again whether the row matches: it may have been written since. */
static int sorted_row(struct query *q, struct row *ret, struct err *e)
{
	int rc = q->sorted ? 0 : sort_rows(q, e);
	if (rc)
		return rc;
	while ((ret->key = sorter_peek(q->sorter, &ret->key_len))) {
		if (q->pace.over)
			return QUERY_PAUSED;
		pace_step(&q->pace, 1);
		if (q->offset) {
			q->offset--;
			sorter_pop(q->sorter);
			continue;
		}
		arena_reset(&q->scratch);
		rc = snapshot_get_key(&q->snapshot, q->table, ret->key, ret->key_len, &ret->record, e);
		if (!rc && pace_defers(&q->pace, ret->record.len * q->weight))
			return QUERY_PAUSED;
		sorter_pop(q->sorter);
		if (rc == LYRE_ENOTFOUND || (!rc && !q->anew && q->tree && !condition_match(q->tree, ret, q)))
			continue;
		return rc;
	}
	return LYRE_END;
}

static int make_plan(struct query *q, struct err *e)
{
	if (q->pace.light && q->leaves > LIGHT_LEAVES_MAX)
		return QUERY_PAUSED;
	int rc = q->tree ? sets_prepare(q->tree, q->arena, e) : 0;
	if (rc)
		return rc;
	rc = plan_make(&q->plan, q->arena, &q->snapshot, q->table, q->tree, &q->order, q->reverse, wanted(q), q->pace.light, e);
	q->planned = !rc;
	return rc;
}

static int search_row(struct query *q, struct row *ret, struct err *e)
{
	if (!q->limit)
		return LYRE_END;
	int rc = q->planned ? 0 : make_plan(q, e);
	if (!rc && q->plan.order == PLAN_SORT) {
		rc = sorted_row(q, ret, e);
	} else if (!rc) {
		while (!(rc = scan_row(q, ret, e)) && q->offset)
			q->offset--;
	}
	if (!rc && q->limit != UINT64_MAX)
		q->limit--;
	return rc;
}

/* ---- slices ---- */

void query_slice(struct query *q, int64_t ns, bool light)
{
	q->pace.slice_ns = ns;
	q->pace.light = light;
}

int64_t query_worked_ns(const struct query *q)
{
	return q->pace.spent_ns;
}

bool query_late(const struct query *q)
{
	return q->pace.late;
}

/** Checks whether the query may continue. */
static int check(struct query *q, struct err *e)
{
	int64_t now = q->pace.begun;
	if (!q->limits || !q->limits->check || !now)
		return 0;
	if (!q->checked)
		q->checked = now;
	if (now - q->checked < CHECK_NS)
		return 0;
	q->checked = now;
	return q->limits->check(q->limits->arg, e);
}

static int slice_begin(struct query *q, struct err *e)
{
	pace_begin(&q->pace);
	int rc = check(q, e);
	if (!rc)
		rc = snapshot_begin(&q->snapshot, q->table->db, e);
	if (rc)
		return rc;
	q->anew = false;
	if (snapshot_has(&q->snapshot, q->table))
		return 0;
	snapshot_end(&q->snapshot);
	return err_set(e, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", q->table->database, q->table->name);
}

static int fail_late(const struct query *q, struct err *e)
{
	return err_set(e, LYRE_EBUSY, "The query was stopped: it ran for more than %" PRId64 " ms (operationsApi.queryTimeout)",
		q->pace.max_ns / 1000000);
}

/** \return \p rc, or another failure of the slice */
static int slice_end(struct query *q, int rc, struct err *e)
{
	scan_pause(q);
	snapshot_end(&q->snapshot);
	pace_end(&q->pace);
	if (rc >= 0 && q->pace.late)
		rc = fail_late(q, e);
	return arena_failed(&q->scratch) ? err_nomem(e) : rc;
}

static int next_row(struct query *q, struct row *ret, struct err *e)
{
	arena_reset(&q->scratch);
	return q->keys ? lookup_row(q, ret, e) : search_row(q, ret, e);
}

static int write_row(struct query *q, const struct row *r, lyre_out *out, struct err *e)
{
	size_t before = out->buf->len;
	int rc = columns_write(q->columns, r, out, &q->scratch, e);
	pace_step(&q->pace, pace_bytes(out->buf->len - before));
	return rc;
}

int query_write(struct query *q, lyre_out *out, size_t want, struct err *e)
{
	if (q->ended)
		return LYRE_END;
	int rc = slice_begin(q, e);
	if (rc)
		return rc;
	if (!q->begun)
		columns_begin(q->columns, out);
	q->begun = true;
	struct row r;
	do {
		rc = next_row(q, &r, e);
		if (!rc)
			rc = write_row(q, &r, out, e);
	} while (!rc && out->buf->len < want && !out->buf->failed && !q->pace.over);
	rc = slice_end(q, rc == QUERY_PAUSED ? 0 : rc, e);
	if (rc == LYRE_END)
		out_array_end(out);
	if (out->buf->failed)
		rc = err_nomem(e);
	q->ended = rc != 0;
	return rc;
}

int query_next(struct query *q, struct arena *a, lyre_value *ret, struct err *e)
{
	if (q->ended)
		return LYRE_END;
	if (!q->pace.slice_ns)
		q->pace.slice_ns = CURSOR_SLICE_NS;
	int rc;
	do {
		rc = slice_begin(q, e);
		if (rc)
			return rc;
		struct row r;
		rc = next_row(q, &r, e);
		if (!rc)
			rc = columns_value(q->columns, &r, true, a, ret, e);
		rc = slice_end(q, rc, e);
	} while (rc == QUERY_PAUSED);
	q->ended = rc != 0;
	return rc;
}

int query_count(struct query *q, uint64_t *ret, struct err *e)
{
	struct row r;
	int rc;
	*ret = 0;
	q->counts = true;
	q->pace.slice_ns = CURSOR_SLICE_NS;
	do {
		rc = slice_begin(q, e);
		if (rc)
			return rc;
		while (!(rc = next_row(q, &r, e)))
			++*ret;
		rc = slice_end(q, rc, e);
	} while (rc == QUERY_PAUSED);
	return rc == LYRE_END ? 0 : rc;
}
