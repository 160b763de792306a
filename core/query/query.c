/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/query.c
 * \brief Queries from front to back, in slices: each has its own snapshot, and none is held between them.
 */
#include "query/plan.h"

#include <stddef.h>
#include <string.h>

static struct query *query_new(struct arena *a, const struct table *t, struct err *e)
{
	struct query *q = arena_alloc(a, sizeof *q);
	if (!q) {
		err_nomem(e);
		return NULL;
	}
	memset(q, 0, offsetof(struct query, walk));
	q->arena = a;
	q->table = table_ref(t);
	q->limit = UINT64_MAX;
	arena_init_charged(&q->scratch, a->charge);
	return q;
}

/** The key ends every order, levels behind it tell nothing. Ties of a sort by the first condition's index follow it. */
static void settle_order(struct query *q, bool reverse)
{
	struct sort_order *o = &q->order;
	const struct condition *first = q->tree && q->tree->kind == CONDITION_ALL ? q->tree->children[0] : q->tree;
	if (!o->count) {
		q->reverse = reverse;
		return;
	}
	if (o->count == 1 && first && first->kind == CONDITION_LEAF && first->attribute == o->levels[0].attribute
		&& first->attribute->flags & ATTRIBUTE_INDEXED)
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

int query_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const struct lyre_query *from, struct err *e)
{
	struct query *q = query_new(a, t, e);
	if (!q)
		return LYRE_ENOMEM;
	struct unknown_names unknown;
	unknown_init(&unknown);
	int rc = conditions_names(from->conditions, a, t, f, &unknown, e);
	if (!rc)
		rc = columns_make(&q->columns, a, t, f, from->select, &unknown, e);
	if (!rc)
		rc = unknown_fail(&unknown, a, e);
	if (!rc)
		rc = conditions_parse(from->conditions, from->match_any, a, t, f, &q->tree, e);
	if (!rc)
		rc = sort_parse(from->sort, a, t, f, &q->order, e);
	if (rc) {
		query_close(q);
		return rc;
	}
	q->offset = from->offset;
	q->limit = from->limit;
	settle_order(q, from->reverse);
	*ret = q;
	return 0;
}

int lookup_open(struct query **ret, struct arena *a, const struct table *t, const struct attribute_filter *f,
	const lyre_value *keys, const lyre_value *select, struct err *e)
{
	if (!value_is(keys, LYRE_ARRAY))
		return err_set(e, LYRE_EINVAL, "'ids' must be an array");
	struct query *q = query_new(a, t, e);
	if (!q)
		return LYRE_ENOMEM;
	struct unknown_names unknown;
	unknown_init(&unknown);
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

/** Offset and limit, as many rows as an order needs to be known for. */
static uint64_t wanted(const struct query *q)
{
	return q->limit > UINT64_MAX - q->offset ? UINT64_MAX : q->offset + q->limit;
}

static int sort_rows(struct query *q, struct err *e)
{
	q->sorter = sorter_new(&q->order, wanted(q), q->arena->charge);
	if (!q->sorter)
		return err_nomem(e);
	struct row r;
	int rc;
	while (!(rc = scan_row(q, &r, e))) {
		rc = sorter_add(q->sorter, &r, &q->scratch, e);
		if (rc)
			return rc;
	}
	if (rc != LYRE_END)
		return rc;
	sorter_finish(q->sorter);
	return 0;
}

/** Later slices ask again whether the row matches: it may have been written since. */
static int sorted_row(struct query *q, struct row *ret, struct err *e)
{
	bool anew = !q->sorter;
	int rc = anew ? sort_rows(q, e) : 0;
	if (rc)
		return rc;
	while (q->next_sorted < sorter_count(q->sorter)) {
		ret->key = sorter_key(q->sorter, q->next_sorted++, &ret->key_len);
		if (q->offset) {
			q->offset--;
			continue;
		}
		arena_reset(&q->scratch);
		rc = snapshot_get_key(&q->snapshot, q->table, ret->key, ret->key_len, &ret->record, e);
		if (rc == LYRE_ENOTFOUND || (!rc && !anew && q->tree && !condition_match(q->tree, ret, &q->scratch)))
			continue;
		return rc;
	}
	return LYRE_END;
}

static int search_row(struct query *q, struct row *ret, struct err *e)
{
	if (!q->limit)
		return LYRE_END;
	if (!q->planned) {
		int rc = plan_make(&q->plan, q->arena, &q->snapshot, q->table, q->tree, &q->order, q->reverse, wanted(q), e);
		if (rc)
			return rc;
		q->planned = true;
	}
	int rc = 0;
	if (q->plan.order == PLAN_SORT) {
		rc = sorted_row(q, ret, e);
	} else {
		for (; q->offset && !rc; q->offset--)
			rc = scan_row(q, ret, e);
		if (!rc)
			rc = scan_row(q, ret, e);
	}
	if (!rc && q->limit != UINT64_MAX)
		q->limit--;
	return rc;
}

/* ---- slices ---- */

static int slice_begin(struct query *q, struct err *e)
{
	int rc = snapshot_begin(&q->snapshot, q->table->db, e);
	if (rc)
		return rc;
	if (snapshot_has(&q->snapshot, q->table))
		return 0;
	snapshot_end(&q->snapshot);
	return err_set(e, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", q->table->database, q->table->name);
}

static void slice_end(struct query *q)
{
	scan_pause(q);
	snapshot_end(&q->snapshot);
}

static int next_row(struct query *q, struct row *ret, struct err *e)
{
	arena_reset(&q->scratch);
	return q->keys ? lookup_row(q, ret, e) : search_row(q, ret, e);
}

static void write_row(struct query *q, enum rows_format f, const struct row *r, struct buf *out)
{
#ifndef LYRE_MINIMAL
	if (f == ROWS_CSV) {
		if (!q->rows)
			columns_write_csv_header(q->columns, out);
		buf_add_char(out, '\n');
		columns_write_csv(q->columns, r, out, &q->scratch);
		return;
	}
#else
	(void)f;
#endif
	if (q->rows)
		buf_add_char(out, ',');
	columns_write_json(q->columns, r, out, &q->scratch);
}

int query_write(struct query *q, enum rows_format f, struct buf *out, size_t want, struct err *e)
{
	if (q->ended)
		return LYRE_END;
	int rc = slice_begin(q, e);
	if (rc)
		return rc;
	if (!q->begun && f == ROWS_JSON)
		buf_add_char(out, '[');
	q->begun = true;
	struct row r;
	do {
		rc = next_row(q, &r, e);
		if (rc)
			break;
		write_row(q, f, &r, out);
		q->rows++;
	} while (out->len < want && !out->failed);
	slice_end(q);
	if (rc == LYRE_END && f == ROWS_JSON)
		buf_add_char(out, ']');
	if (out->failed || arena_failed(&q->scratch))
		rc = err_nomem(e);
	q->ended = rc != 0;
	return rc;
}

int query_next(struct query *q, struct arena *a, lyre_value *ret, struct err *e)
{
	if (q->ended)
		return LYRE_END;
	int rc = slice_begin(q, e);
	if (rc)
		return rc;
	struct row r;
	rc = next_row(q, &r, e);
	if (!rc)
		rc = columns_value(q->columns, &r, a, ret, e);
	if (arena_failed(&q->scratch))
		rc = err_nomem(e);
	slice_end(q);
	q->ended = rc != 0;
	return rc;
}
