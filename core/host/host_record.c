/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_record.c
 * \brief Writes, queries and backups as modules see them: lyre/store.h, lyre/query.h, lyre/maintenance.h.
 */
#include "host/host_store.h"
#include "query/comparators.h"
#include "query/query.h"
#include "store/upload.h"

#include <stdio.h>
#include <string.h>

/* ---- writing ---- */

static void write_done(struct record_write *w)
{
	call_resume(w->arg);
}

/** After the flush, on the thread that serves the call. */
static int write_again(lyre_call *call)
{
	if (call->write.err.code != 0) {
		call->err = call->write.err;
		return call->err.code;
	}
	/* A copy, as then() may begin the next write. */
	struct lyre_write_result result = call->write.result;
	return call->then(call, &result, call->then_arg);
}

/** Prepares the call's write. */
static int begin_write(lyre_call *call, lyre_table *table, int mode, const lyre_value *records)
{
	if (call->again)
		return err_set(&call->err, LYRE_EINTERNAL,
			"'%s' writes before its lyre_write() is done: begin the next write in the continuation of the first",
			call->operation->name);
	call->write.refused = NULL; /* of an earlier write */
	if (!records)               /* an allocation failed in a chain of lyre_make_…() calls */
		return err_nomem(&call->err);
	int rc = host_may_write(call, table, mode, records);
	if (rc < 0)
		return rc;
	call->write = (struct record_write){
		.table = table->def,
		.mode = mode,
		.records = records,
		.arena = call->arena,
		.user = call_user(call),
		.operation = call->operation->name,
	};
	return 0;
}

int host_write(lyre_call *call, lyre_table *table, int mode, const lyre_value *records,
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg)
{
	if (!call->x && !call->job && !call->outer)
		return err_set(
			&call->err, LYRE_EINTERNAL, "work outside a request has nothing to wait in: write with lyre_write_wait()");
	int rc = begin_write(call, table, mode, records);
	if (rc < 0)
		return rc;
	call->write.done = write_done;
	call->write.arg = call;
	call->then = then;
	call->then_arg = arg;
	call->again = write_again;
	rc = store_write(&call->write, &call->err);
	if (rc == 0)
		return LYRE_PENDING;
	call->again = NULL;
	return rc;
}

int host_write_wait(lyre_call *call, lyre_table *table, int mode, const lyre_value *records, const struct lyre_write_result **ret)
{
	int rc = begin_write(call, table, mode, records);
	if (rc < 0)
		return rc;
	rc = store_write_wait(&call->write, &call->err);
	if (rc == 0)
		*ret = &call->write.result;
	return rc;
}

size_t host_write_refused(lyre_call *call, size_t from)
{
	const struct record_write *w = &call->write;
	if (!w->refused)
		return SIZE_MAX;
	while (from < w->records->len && !w->refused[from])
		from++;
	return from < w->records->len ? from : SIZE_MAX;
}

/** The keys of the records that were done, or of those that were skipped. */
static void out_keys(lyre_out *o, const char *name, const struct lyre_write_result *result, bool done)
{
	out_key(o, name);
	out_array_begin(o);
	for (size_t i = 0; i < result->count; i++)
		if ((result->items[i].done != 0) == done)
			out_value(o, result->items[i].key);
	out_array_end(o);
}

/** Clients expect nonexistent keys to count as deleted, so all keys are reported as deleted. */
static void out_deleted(lyre_out *o, const struct lyre_write_result *result)
{
	char message[80];
	int len = snprintf(message, sizeof message, "%zu of %zu record%s successfully deleted", result->count, result->count,
		result->count == 1 ? "" : "s");
	out_key(o, "message");
	out_string(o, message, (size_t)len);
	out_key(o, "deleted_hashes");
	out_array_begin(o);
	for (size_t i = 0; i < result->count; i++)
		out_value(o, result->items[i].key);
	out_array_end(o);
	out_key(o, "skipped_hashes");
	out_array_begin(o);
	out_array_end(o);
}

static void out_stored(lyre_out *o, const struct lyre_write_result *result)
{
	static const struct {
		const char *verb, *done;
	} words[] = {
		[LYRE_INSERT] = { "inserted", "inserted_hashes" },
		[LYRE_UPDATE] = { "updated", "update_hashes" },
		[LYRE_UPSERT] = { "upserted", "upserted_hashes" },
	};
	/* as lyre_write() does, an upsert unless it is known */
	uint32_t mode = result->mode == LYRE_INSERT || result->mode == LYRE_UPDATE ? result->mode : LYRE_UPSERT;
	char message[80];
	int len = snprintf(message, sizeof message, "%s %zu of %zu records", words[mode].verb, result->done, result->count);
	out_key(o, "message");
	out_string(o, message, (size_t)len);
	out_keys(o, words[mode].done, result, true);
	if (mode != LYRE_UPSERT)
		out_keys(o, "skipped_hashes", result, false);
}

int host_reply_written(lyre_call *call, const struct lyre_write_result *result)
{
	out_object_begin(&call->out);
	if (result->mode == LYRE_DELETE)
		out_deleted(&call->out, result);
	else
		out_stored(&call->out, result);
	out_object_end(&call->out);
	return 0;
}

/* ---- reading ---- */

/** Attaches a query to the call. */
static int adopt(lyre_call *call, struct query *query, lyre_cursor **ret)
{
	lyre_cursor *c = ARENA_NEW(call->arena, lyre_cursor);
	if (!c) {
		query_close(query);
		return err_nomem(&call->err);
	}
	*c = (lyre_cursor){ .next = call->cursors, .query = query, .rows.charge = call->arena->charge };
	call->cursors = c;
	*ret = c;
	return 0;
}

/** Whether the view \p arg permits reading an attribute that is not the key. */
static bool is_readable(const void *arg, const struct attribute *at)
{
	return permission_attribute(arg, at->name, at->name_len, false) & LYRE_PERMIT_READ;
}

const struct attribute_filter *host_filter(const lyre_table *table, struct attribute_filter *space)
{
	if (permission_sees_all(&table->view))
		return NULL;
	*space = (struct attribute_filter){ .shows = is_readable, .arg = &table->view };
	return space;
}

/** Each comparator's documented name, then its short ones. */
const char *host_comparator(size_t i)
{
	const size_t most = sizeof comparators->names / sizeof *comparators->names;
	for (const struct comparator *c = comparators; c->names[0]; c++)
		for (size_t n = 0; n < most && c->names[n]; n++)
			if (i-- == 0)
				return c->names[n];
	return NULL;
}

/** \param full  receives the module's struct */
static int take_query(lyre_call *call, const struct lyre_query *query, struct lyre_query *full)
{
	int rc = host_take(call, full, sizeof *full, query, SIZE_UP_TO(struct lyre_query, reserved), "lyre_query");
	if (rc < 0)
		return rc;
	full->size = (uint32_t)sizeof *full;
	if (!full->table)
		return err_set(&call->err, LYRE_EINTERNAL,
			"module '%s' passes a struct lyre_query without a table: set it with lyre_table_open()",
			call->operation->owner);
	return host_may(call, full->table, LYRE_PERMIT_READ);
}

static int open_query(lyre_call *call, const struct lyre_query *full, struct query **ret)
{
	struct attribute_filter space;
	return query_open(
		ret, call->arena, full->table->def, host_filter(full->table, &space), full, call_limits(call), &call->err);
}

int host_query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret)
{
	struct lyre_query full;
	struct query *q;
	int rc = take_query(call, query, &full);
	if (rc == 0)
		rc = open_query(call, &full, &q);
	return rc < 0 ? rc : adopt(call, q, ret);
}

/** The records of a whole table are counted already. */
static int count_all(lyre_call *call, const struct lyre_query *query, uint64_t *ret)
{
	struct lyre_table_stats stats = { .size = (uint32_t)sizeof stats };
	int rc = table_stats(query->table->def, true, &stats, &call->err);
	uint64_t left = stats.record_count > query->offset ? stats.record_count - query->offset : 0;
	*ret = left < query->limit ? left : query->limit;
	return rc;
}

int host_count(lyre_call *call, const struct lyre_query *query, uint64_t *ret)
{
	struct lyre_query full;
	struct query *q;
	int rc = take_query(call, query, &full);
	if (rc < 0)
		return rc;
	if (!full.conditions)
		return count_all(call, &full, ret);
	full.select = full.sort = NULL;
	full.reverse = 0;
	rc = open_query(call, &full, &q);
	if (rc < 0)
		return rc;
	rc = query_count(q, ret, &call->err);
	if (rc < 0)
		call_query_ended(call, q);
	query_close(q);
	return rc;
}

int host_lookup(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret)
{
	if (!keys)
		return err_nomem(&call->err);
	int rc = host_may(call, table, LYRE_PERMIT_READ);
	if (rc < 0)
		return rc;
	struct attribute_filter space;
	struct query *q;
	rc = lookup_open(&q, call->arena, table->def, host_filter(table, &space), keys, select, call_limits(call), &call->err);
	return rc < 0 ? rc : adopt(call, q, ret);
}

int host_cursor_next(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret)
{
	arena_reset(&cursor->rows);
	int rc = query_next(cursor->query, &cursor->rows, &cursor->row, &call->err);
	if (rc == 0)
		*ret = &cursor->row;
	else if (rc < 0)
		call_query_ended(call, cursor->query);
	return rc;
}

/* ---- backup ---- */

int host_backup(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd)
{
	int rc = host_may_manage(call);
	return rc < 0 ? rc : store_backup(call->store, database, tables, count, fd, &call->err);
}

/** The call's upload, if \p path names it. */
static struct upload *upload_at(const lyre_call *call, const char *path)
{
	return call->upload && strcmp(path, upload_path(call->upload)) == 0 ? call->upload : NULL;
}

int host_restore_check(lyre_call *call, const char *database, const char *path)
{
	int rc = host_may_manage(call);
	return rc < 0 ? rc : store_restore_look(call->store, database, path, upload_at(call, path), &call->err);
}

int host_restore(lyre_call *call, const char *database, const char *path)
{
	int rc = host_may_manage(call);
	return rc < 0 ? rc : store_restore(call->store, database, path, upload_at(call, path), &call->err);
}

/* ---- maintenance ---- */

int host_database_compact(lyre_call *call, const char *database, uint64_t *before, uint64_t *after)
{
	int rc = host_may_manage(call);
	return rc < 0 ? rc : store_compact(call->store, database, before, after, &call->err);
}

int host_database_storage(lyre_call *call, const char *database, struct lyre_storage *ret)
{
	struct lyre_storage storage = { 0 };
	int rc = host_may_manage(call);
	if (rc == 0)
		rc = store_storage(call->store, database, &storage, &call->err);
	return rc < 0 ?
		rc :
		host_give(call, ret, SIZE_UP_TO(struct lyre_storage, reclaimable_size), "lyre_storage", &storage, sizeof storage);
}

int host_database_check(lyre_call *call, const char *database, struct lyre_check *ret)
{
	struct lyre_check check = { 0 };
	int rc = host_may_manage(call);
	if (rc == 0)
		rc = store_check(call->store, database, &check, &call->err);
	return rc < 0 ? rc : host_give(call, ret, SIZE_UP_TO(struct lyre_check, index_entries), "lyre_check", &check, sizeof check);
}
