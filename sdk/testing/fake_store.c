/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_store.c
 * \brief lyre/store.h: tables in memory. A record is a value of the module's memory, never changed but replaced.
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct lyre_cursor {
	const lyre_value **rows;
	size_t count, next;
};

/* ---- writing ---- */

static const lyre_value **place(struct lyre_table *t, const lyre_value *key)
{
	for (size_t i = 0; i < t->count; i++)
		if (fake_equal(fake_get(t->rows[i], t->primary_key), key))
			return &t->rows[i];
	return NULL;
}

/** A copy of the record with the members of another one, which win. */
static const lyre_value *merged(const lyre_value *old, const lyre_value *changes)
{
	size_t cap = (old ? old->count : 0) + changes->count + 1;
	lyre_value *v = fake_take(&fake.memory, sizeof *v);

	v->type = LYRE_OBJECT;
	v->items = fake_take(&fake.memory, cap * sizeof *v->items);
	v->names = fake_take(&fake.memory, cap * sizeof *v->names);
	for (size_t i = 0; i < (old ? old->count : 0); i++) {
		const lyre_value *change = fake_get(changes, old->names[i]);
		v->names[v->count] = old->names[i];
		v->items[v->count++] = change ? fake_copy_value(&fake.memory, change) : old->items[i];
	}
	for (size_t i = 0; i < changes->count; i++)
		if (!fake_get(old, changes->names[i])) {
			v->names[v->count] = fake_kept(changes->names[i]);
			v->items[v->count++] = fake_copy_value(&fake.memory, changes->items[i]);
		}
	return v;
}

static void append(struct lyre_table *t, const lyre_value *row)
{
	if (t->count == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 16;
		t->rows = realloc(t->rows, t->cap * sizeof *t->rows);
		if (!t->rows)
			fake_die("out of memory");
	}
	t->rows[t->count++] = row;
}

/** A record with the key that it lacks. */
static const lyre_value *with_key(lyre_call *call, struct lyre_table *t, const lyre_value *record)
{
	char text[40];
	const lyre_value *key, *added;

	snprintf(text, sizeof text, "00000000-0000-4000-9000-%012u", (unsigned)++t->generated);
	key = fake_text_value(&call->memory, text);
	added = fake_value_api.make_object(call, &t->primary_key, &key, 1);
	return merged(added, record);
}

static void write_one(lyre_call *call, lyre_table *t, int mode, const lyre_value *item, struct lyre_written *ret)
{
	const lyre_value *key = mode == LYRE_DELETE ? item : fake_get(item, t->primary_key), **found;

	ret->generated = !key && mode != LYRE_UPDATE;
	if (ret->generated) {
		item = with_key(call, t, item);
		key = fake_get(item, t->primary_key);
	}
	ret->key = key;
	found = key ? place(t, key) : NULL;
	ret->done = mode == LYRE_UPSERT || (mode == LYRE_INSERT) == !found;
	if (!ret->done)
		return;
	if (mode == LYRE_DELETE)
		memmove(found, found + 1, (size_t)(t->rows + --t->count - found) * sizeof *found);
	else if (found)
		*found = merged(*found, item);
	else
		append(t, merged(NULL, item));
}

/** Tells the listeners of what a write has changed. */
static void tell(lyre_table *table, const struct lyre_write_result *result, size_t inserted)
{
	struct lyre_event event = { .size = sizeof event,
		.kind = LYRE_EVENT_COMMITTED,
		.database = table->database,
		.table = table->name,
		.time = fake_value_api.time_now() };

	event.user = fake.user;
	event.inserted = inserted;
	*(result->mode == LYRE_DELETE ? &event.deleted : &event.updated) = result->done - inserted;
	if (result->done)
		lyre_fake_event(&event);
}

static int write_now(lyre_call *call, lyre_table *table, int mode, const lyre_value *records, const struct lyre_write_result **ret)
{
	struct lyre_write_result *result = fake_take(&call->memory, sizeof *result);
	struct lyre_written *items;
	size_t before = table->count;

	if (!records)
		return lyre_fail_no_memory(call);
	if (records->type != LYRE_ARRAY || mode < LYRE_INSERT || mode > LYRE_DELETE)
		fake_die("writing needs an array, and a mode that this header knows");
	items = fake_take(&call->memory, (records->count + 1) * sizeof *items);
	for (size_t i = 0; mode != LYRE_DELETE && i < records->count; i++)
		if (records->items[i]->type != LYRE_OBJECT)
			return fake_fail(call, LYRE_EINVAL, "record %u is not an object", (unsigned)i);
	for (size_t i = 0; i < records->count; i++) {
		write_one(call, table, mode, records->items[i], &items[i]);
		result->done += items[i].done;
	}
	result->items = items;
	result->count = records->count;
	result->mode = (uint32_t)mode;
	tell(table, result, mode == LYRE_DELETE ? 0 : table->count - before);
	*ret = result;
	return 0;
}

static int write_wait(lyre_call *call, lyre_table *table, int mode, const lyre_value *records, const struct lyre_write_result **ret)
{
	fake_blocks(call, "lyre_write_wait()");
	return write_now(call, table, mode, records, ret);
}

static int write_then(lyre_call *call, lyre_table *table, int mode, const lyre_value *records,
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg)
{
	int rc;

	if (call->then)
		fake_die("%s writes before its lyre_write() is done: begin the next write in the continuation of the first",
			call->operation);
	rc = write_now(call, table, mode, records, &call->written);
	if (rc < 0)
		return rc;
	call->then = then;
	call->then_arg = arg;
	return LYRE_PENDING;
}

static size_t write_refused(lyre_call *call, size_t from)
{
	(void)call;
	(void)from;
	return SIZE_MAX;
}

/** The keys of the records whose done is from \p low to \p high. */
static void reply_keys(lyre_out *o, const char *name, const struct lyre_write_result *result, uint32_t low, uint32_t high)
{
	lyre_out_key(o, name);
	lyre_out_array_begin(o);
	for (size_t i = 0; i < result->count; i++)
		if (result->items[i].done >= low && result->items[i].done <= high)
			lyre_out_value(o, result->items[i].key);
	lyre_out_array_end(o);
}

static int reply_written(lyre_call *call, const struct lyre_write_result *result)
{
	static const char *const done[] = { "inserted", "updated", "upserted" };
	static const char *const keys[] = { "inserted_hashes", "update_hashes", "upserted_hashes" };
	lyre_out *o = &call->out;
	char message[80];

	if (result->mode == LYRE_DELETE)
		snprintf(message, sizeof message, "%u of %u record%s successfully deleted", (unsigned)result->count,
			(unsigned)result->count, result->count == 1 ? "" : "s");
	else
		snprintf(message, sizeof message, "%s %u of %u records", done[result->mode], (unsigned)result->done,
			(unsigned)result->count);
	lyre_out_object_begin(o);
	lyre_out_text(o, "message", message);
	if (result->mode == LYRE_DELETE) {
		reply_keys(o, "deleted_hashes", result, 0, 1);
		reply_keys(o, "skipped_hashes", result, 1, 0); /* clients expect all to be deleted */
	} else {
		reply_keys(o, keys[result->mode], result, 1, 1);
		if (result->mode != LYRE_UPSERT)
			reply_keys(o, "skipped_hashes", result, 0, 0);
	}
	lyre_out_object_end(o);
	return 0;
}

/* ---- reading ---- */

static int refuse_select(lyre_call *call, const lyre_value *select)
{
	int all = !select || (select->count == 1 && select->items[0]->type == LYRE_STRING && strcmp(select->items[0]->s, "*") == 0);
	return all ? 0 : fake_missing(call, "select");
}

static lyre_cursor *new_cursor(lyre_call *call, size_t count)
{
	lyre_cursor *cursor = fake_take(&call->memory, sizeof *cursor);
	cursor->rows = fake_take(&call->memory, (count + 1) * sizeof *cursor->rows);
	return cursor;
}

static int query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret)
{
	const lyre_table *t = query->table;
	int rc = refuse_select(call, query->select);

	if (query->size < sizeof *query)
		fake_die("lyre_query_open(): size of struct lyre_query is not set");
	if (rc < 0)
		return rc;
	if (query->conditions || query->sort)
		return fake_missing(call, query->sort ? "sort orders" : "conditions");
	*ret = new_cursor(call, t->count);
	for (size_t i = 0; i < t->count; i++)
		if (i >= query->offset && (*ret)->count < query->limit)
			(*ret)->rows[(*ret)->count++] = t->rows[query->reverse ? t->count - 1 - i : i];
	return 0;
}

static int lookup(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret)
{
	int rc = refuse_select(call, select);

	if (rc < 0)
		return rc;
	if (!keys)
		return lyre_fail_no_memory(call);
	*ret = new_cursor(call, keys->count);
	for (size_t i = 0; i < keys->count; i++) {
		const lyre_value **found = place(table, keys->items[i]);
		if (found)
			(*ret)->rows[(*ret)->count++] = *found;
	}
	return 0;
}

static int cursor_next(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret)
{
	(void)call;
	if (cursor->next == cursor->count)
		return LYRE_END;
	*ret = cursor->rows[cursor->next++];
	return 0;
}

/** Without a cache. */
static int reply_cached(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg)
{
	(void)name;
	return fake_find_table(database, NULL) ? write(arg) :
						 fake_fail(call, LYRE_ENOTFOUND, "database '%s' does not exist", database);
}

/** It has no conditions, and so no comparators. */
static const char *comparator(size_t i)
{
	(void)i;
	return NULL;
}

static int count(lyre_call *call, const struct lyre_query *query, uint64_t *ret)
{
	lyre_cursor *cursor;
	const lyre_value *row;
	int rc = query_open(call, query, &cursor);

	*ret = 0;
	while (rc == 0 && (rc = cursor_next(call, cursor, &row)) == 0)
		++*ret;
	return rc == LYRE_END ? 0 : rc;
}

/* ---- what it does not have ---- */

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
FAKE_LACKS(databases, (lyre_call * call, int (*visit)(void *arg, const char *name), void *arg))
FAKE_LACKS(databases_failed, (lyre_call * call, int (*visit)(void *arg, const char *name, const char *why), void *arg))
FAKE_LACKS(database_create, (lyre_call * call, const char *database))
FAKE_LACKS(database_drop, (lyre_call * call, const char *database))
FAKE_LACKS(attribute_drop, (lyre_call * call, lyre_table *table, const char *name))
FAKE_LACKS(backup, (lyre_call * call, const char *database, const char *const *tables, size_t count, int *fd))
FAKE_LACKS(restore, (lyre_call * call, const char *database, const char *path))
FAKE_LACKS(restore_check, (lyre_call * call, const char *database, const char *path))
FAKE_LACKS(database_compact, (lyre_call * call, const char *database, uint64_t *before, uint64_t *after))
FAKE_LACKS(database_storage, (lyre_call * call, const char *database, struct lyre_storage *ret))
FAKE_LACKS(database_check, (lyre_call * call, const char *database, struct lyre_check *ret))
FAKE_LACKS(changes,
	(lyre_call * call, lyre_table *table, const struct lyre_change_query *query,
		int (*visit)(void *arg, const struct lyre_change *change), void *arg))
FAKE_LACKS(changes_remove,
	(lyre_call * call, lyre_table *table, double before, int (*progress)(void *arg, uint64_t removed), void *arg,
		uint64_t *removed))
FAKE_LACKS(pages, (lyre_call * call, const char *database, lyre_table *table, struct lyre_pages *ret))
FAKE_LACKS(moment_begin, (lyre_call * call, lyre_table *const *tables, size_t count))
FAKE_VOID_ENDS(moment_end, (lyre_call * call))
FAKE_LACKS(index_look, (lyre_call * call, lyre_table *table, const char *attribute, struct lyre_index *ret))
FAKE_LACKS(range_estimate, (lyre_call * call, lyre_table *table, const struct lyre_range *range, uint64_t limit, uint64_t *ret))
FAKE_LACKS(reader_open, (lyre_call * call, lyre_table *table, const char *const *attributes, size_t count, lyre_reader **ret))
FAKE_ENDS(int, reader_seek, (lyre_reader * reader, const struct lyre_range *range))
FAKE_ENDS(int, reader_next, (lyre_reader * reader))
FAKE_VOID_ENDS(reader_field, (lyre_reader * reader, size_t i, struct lyre_field *ret))
FAKE_VOID_ENDS(reader_close, (lyre_reader * reader))
FAKE_LACKS(table_refuse,
	(lyre_call * call, const char *database, const char *table, uint32_t permissions, const char *const *attributes,
		size_t count))
FAKE_ENDS(uint32_t, attribute_permissions, (lyre_table * table, const char *attribute))

const struct lyre_store_api fake_store_api = {
	.size = sizeof fake_store_api,
	.tables = fake_visit_tables,
	.write = write_then,
	.table_create = fake_table_create,
	.table_drop = fake_table_drop,
	.table_open = fake_table_open,
	.table_name = fake_table_name,
	.table_database = fake_table_database,
	.table_spec = fake_table_spec,
	.table_stats = fake_table_stats,
	.reply_cached = reply_cached,
	.attribute_create = fake_attribute_create,
	.write_wait = write_wait,
	.reply_written = reply_written,
	.query_open = query_open,
	.lookup = lookup,
	.cursor_next = cursor_next,
	.write_refused = write_refused,
	.comparator = comparator,
	.count = count,
	.databases = databases,
	.databases_failed = databases_failed,
	.database_create = database_create,
	.database_drop = database_drop,
	.attribute_drop = attribute_drop,
	.backup = backup,
	.restore = restore,
	.restore_check = restore_check,
	.database_compact = database_compact,
	.database_storage = database_storage,
	.database_check = database_check,
	.changes = changes,
	.changes_remove = changes_remove,
	.pages = pages,
	.moment_begin = moment_begin,
	.moment_end = moment_end,
	.index_look = index_look,
	.range_estimate = range_estimate,
	.reader_open = reader_open,
	.reader_seek = reader_seek,
	.reader_next = reader_next,
	.reader_field = reader_field,
	.reader_close = reader_close,
	.table_refuse = table_refuse,
	.attribute_permissions = attribute_permissions,
};
