/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_reader.c
 * \brief The part of lyre/query.h for reading at one moment.
 */
#include "host/host_store.h"
#include "query/reader.h"

#define RANGE_SIZE SIZE_UP_TO(struct lyre_range, high)
#define INDEX_SIZE SIZE_UP_TO(struct lyre_index, entries)

/* ---- moments ---- */

void host_moment_end(lyre_call *call)
{
	call_moment_end(call);
}

static struct snapshot *snapshot_of(const lyre_call *call, const struct table *t)
{
	for (struct call_moment *m = call->moments; m; m = m->next) {
		if (m->snapshot.db == t->db)
			return &m->snapshot;
	}
	return NULL;
}

static int moment_add(lyre_call *call, const struct table *t)
{
	if (!snapshot_of(call, t)) {
		struct call_moment *m = ARENA_NEW(call->arena, struct call_moment);
		if (!m)
			return err_nomem(&call->err);
		int rc = (call->works_long ? snapshot_begin_long : snapshot_begin)(&m->snapshot, t->db, &call->err);
		if (rc < 0)
			return rc;
		m->next = call->moments;
		call->moments = m;
	}
	if (snapshot_has(snapshot_of(call, t), t))
		return 0;
	return err_set(&call->err, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", t->database, t->name);
}

int host_moment_begin(lyre_call *call, lyre_table *const *tables, size_t count)
{
	int rc = 0;
	call_moment_end(call);
	for (size_t i = 0; !rc && i < count; i++)
		rc = moment_add(call, tables[i]->def);
	if (rc)
		call_moment_end(call);
	return rc;
}

/** The snapshot that shows a table to a caller who may read it. */
static int readable(lyre_call *call, const lyre_table *table, struct snapshot **ret)
{
	int rc = host_may(call, table, LYRE_PERMIT_READ);
	*ret = snapshot_of(call, table->def);
	if (!rc && !*ret)
		rc = err_set(&call->err, LYRE_EINTERNAL,
			"module '%s' reads table '%s.%s' outside of a moment: call lyre_moment_begin() first",
			call->operation->owner, table->def->database, table->def->name);
	return rc;
}

/* ---- indexes ---- */

int host_index_look(lyre_call *call, lyre_table *table, const char *attribute, struct lyre_index *ret)
{
	struct snapshot *s;
	struct attribute_filter space;
	struct lyre_index index = { .size = sizeof index };
	int rc = readable(call, table, &s);
	if (rc < 0)
		return rc;
	reader_index(s, table->def, host_filter(table, &space), attribute, &index);
	return host_give(call, ret, INDEX_SIZE, "lyre_index", &index, sizeof index);
}

static int take_range(lyre_call *call, const lyre_table *table, const struct attribute_filter *f, const struct lyre_range *range,
	struct walk_range *ret)
{
	struct lyre_range full;
	int rc = host_take(call, &full, sizeof full, range, RANGE_SIZE, "lyre_range");
	return rc < 0 ? rc : reader_range(table->def, f, &full, ret, &call->err);
}

int host_range_estimate(lyre_call *call, lyre_table *table, const struct lyre_range *range, uint64_t limit, uint64_t *ret)
{
	struct snapshot *s;
	struct attribute_filter space;
	struct walk_range r;
	int rc = readable(call, table, &s);
	if (rc == 0)
		rc = take_range(call, table, host_filter(table, &space), range, &r);
	if (rc == 0)
		*ret = walk_estimate(s, table->def, &r, limit);
	return rc;
}

/* ---- readers ---- */

/** A slot for a reader: that of a closed one, or a new one. */
static struct lyre_reader *place(lyre_call *call)
{
	for (struct lyre_reader *r = call->readers; r; r = r->next) {
		if (!r->open)
			return r;
	}
	struct lyre_reader *r = ARENA_NEW(call->arena, struct lyre_reader);
	if (r) {
		r->call = call;
		r->next = call->readers;
		call->readers = r;
	}
	return r;
}

int host_reader_open(lyre_call *call, lyre_table *table, const char *const *attributes, size_t count, lyre_reader **ret)
{
	struct snapshot *s;
	int rc = readable(call, table, &s);
	if (rc < 0)
		return rc;
	struct lyre_reader *r = place(call);
	if (!r)
		return err_nomem(&call->err);
	r->table = table;
	r->filtered = host_filter(table, &r->filter) != NULL;
	rc = reader_open(
		r->reader, &r->reader, call->arena, s, table->def, r->filtered ? &r->filter : NULL, attributes, count, &call->err);
	if (rc < 0)
		return rc;
	r->open = true;
	*ret = r;
	return 0;
}

int host_reader_seek(lyre_reader *reader, const struct lyre_range *range)
{
	lyre_call *call = reader->call;
	struct walk_range r;
	int rc = take_range(call, reader->table, reader->filtered ? &reader->filter : NULL, range, &r);
	return rc < 0 ? rc : reader_seek(reader->reader, &r, &call->err);
}

int host_reader_next(lyre_reader *reader)
{
	return reader_next(reader->reader, &reader->call->err);
}

void host_reader_field(lyre_reader *reader, size_t i, struct lyre_field *ret)
{
	reader_field(reader->reader, i, ret);
}

void host_reader_close(lyre_reader *reader)
{
	reader_close(reader->reader);
	reader->open = false;
}
