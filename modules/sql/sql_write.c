/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_write.c
 * \brief INSERT, UPDATE, DELETE: SQLite determines the rows and values; then all are written together, as by the operations of
 * these names.
 */
#include "sql_vtab.h"

#include "sql_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- collecting ---- */

int sql_write_add(struct sql_run *run, const lyre_value *record)
{
	if (!record)
		return lyre_failure(run->call) < 0 ? lyre_failure(run->call) : lyre_fail_no_memory(run->call);
	if (run->record_count == run->record_room) {
		size_t room = run->record_room ? run->record_room * 2 : 16;
		const lyre_value **more = lyre_alloc(run->call, room * sizeof *more);
		if (!more)
			return lyre_fail_no_memory(run->call);
		if (run->record_count)
			memcpy(more, run->records, run->record_count * sizeof *more);
		run->records = more;
		run->record_room = room;
	}
	run->records[run->record_count++] = record;
	return 0;
}

static bool is_written(const struct sql_statement *s, const struct sql_column *c)
{
	for (size_t i = 0; i < s->column_count; i++) {
		if (sqlite3_stricmp(s->columns[i], c->declared) == 0)
			return true;
	}
	return false;
}

/** Whether an attribute of the tables read may have booleans (or, if false, objects and arrays), as far as indexes tell. */
static bool may_have(struct sql_run *run, bool booleans)
{
	for (size_t i = 0; i < run->statement.table_count; i++) {
		struct sql_table *t = &run->tables[i];
		for (size_t c = 0; t->named->read && c < t->count; c++) {
			const struct lyre_index *index = sql_column_index(run, t, c);
			if (c == t->key || !t->columns[c].readable || t->columns[c].date || t->columns[c].fresh)
				continue;
			if (!index->indexed || (booleans ? index->booleans || t->columns[c].boolean : index->nested))
				return true;
		}
	}
	return false;
}

/** A value whose type was lost when SQLite stored it: it must not be written with the wrong type. */
static const lyre_value *take_lost(struct sql_run *run, const char *text, size_t len, const struct sql_column *c, bool is_key)
{
	bool number = len == 1 && (*text == '0' || *text == '1');
	int *known = number ? &run->no_booleans : &run->no_nested;
	if (number && c->boolean)
		return lyre_make_bool(run->call, *text == '1');
	if (!*known)
		*known = may_have(run, number) ? -1 : 1;
	if (*known > 0 || is_key || (!number && !lyre_make_json(run->call, text, len)))
		return number ? lyre_make_int(run->call, *text == '1') : lyre_make_string(run->call, text, len);
	lyre_fail(run->call, LYRE_EINVAL,
		number ? "A value to be stored may be a number (0 or 1) or a boolean: write x + 0 for a number, or json(iif(x, "
			 "'true', 'false')) for a boolean" :
			 "A value to be stored may be a string, or an object or array: write x || '' for a string, or json(x) for "
			 "an object or array");
	return NULL;
}

static const lyre_value *take(struct sql_run *run, const struct sql_table *t, size_t column, sqlite3_value *v)
{
	const struct sql_column *c = &t->columns[column];
	size_t len;
	const char *lost = sql_value_lost(v, &len);
	return lost ? take_lost(run, lost, len, c, column == t->key) : sql_value_take(run->call, v, c->boolean);
}

/** A record with the attributes that the statement writes, and the row's key. */
static const lyre_value *record_of(struct sql_run *run, const struct sql_table *t, sqlite3_value *key, sqlite3_value **values)
{
	const char *names[t->count + 1];
	const lyre_value *parts[t->count + 1];
	size_t n = 0;
	for (size_t i = 0; i < t->count; i++) {
		const struct sql_column *c = &t->columns[i];
		bool written = is_written(&run->statement, c);
		if (!written && !(key && i == t->key))
			continue;
		names[n] = c->name;
		parts[n] = take(run, t, i, written ? values[i] : key);
		if (!parts[n++])
			return NULL;
	}
	return lyre_make_object(run->call, names, parts, n);
}

static bool is_same_text(sqlite3_value *a, sqlite3_value *b)
{
	const unsigned char *x = sqlite3_value_text(a), *y = sqlite3_value_text(b);
	int len = sqlite3_value_bytes(a);
	return x && y && len == sqlite3_value_bytes(b) && memcmp(x, y, (size_t)len) == 0;
}

/** Whether a double is this integer, not just the nearest to it. */
static bool is_integer(double d, sqlite3_int64 i)
{
	return d >= -0x1p63 && d < 0x1p63 && (sqlite3_int64)d == i && d == (double)i;
}

/** Whether two keys are the same: 1 and 1.0 are, 1 and '1' are not. */
static bool is_same_key(sqlite3_value *a, sqlite3_value *b)
{
	int x = sqlite3_value_type(a), y = sqlite3_value_type(b);
	if (x == SQLITE_INTEGER && y == SQLITE_INTEGER)
		return sqlite3_value_int64(a) == sqlite3_value_int64(b);
	if (x == SQLITE_FLOAT && y == SQLITE_FLOAT)
		return sqlite3_value_double(a) == sqlite3_value_double(b);
	if (x == SQLITE_INTEGER && y == SQLITE_FLOAT)
		return is_integer(sqlite3_value_double(b), sqlite3_value_int64(a));
	if (x == SQLITE_FLOAT && y == SQLITE_INTEGER)
		return is_integer(sqlite3_value_double(a), sqlite3_value_int64(b));
	return x == SQLITE_TEXT && y == SQLITE_TEXT && is_same_text(a, b);
}

/** Notes the key of a row as bytes, its type first, by which equal keys are found. */
static int add_key(struct sql_run *run, sqlite3_value *key)
{
	const unsigned char *text = sqlite3_value_text(key);
	size_t len = (size_t)sqlite3_value_bytes(key);
	char *bytes = text ? lyre_alloc(run->call, len + 1) : NULL;
	if (!bytes)
		return lyre_fail_no_memory(run->call);
	bytes[0] = sqlite3_value_type(key) == SQLITE_TEXT ? 't' : 'n';
	memcpy(bytes + 1, text, len);
	if (run->key_count == run->key_room) {
		size_t room = run->key_room ? run->key_room * 2 : 16;
		struct sql_key *more = lyre_alloc(run->call, room * sizeof *more);
		if (!more)
			return lyre_fail_no_memory(run->call);
		if (run->key_count)
			memcpy(more, run->keys, run->key_count * sizeof *more);
		run->keys = more;
		run->key_room = room;
	}
	run->keys[run->key_count] = (struct sql_key){ .bytes = bytes, .len = len + 1, .at = run->key_count };
	run->key_count++;
	return 0;
}

/** The record that an UPDATE makes of a row; NULL with a failure. */
static const lyre_value *updated_row(struct sql_run *run, const struct sql_table *t, sqlite3_value *key, sqlite3_value **values)
{
	const struct sql_column *c = &t->columns[t->key];
	if (is_written(&run->statement, c) && !is_same_key(key, values[t->key])) {
		lyre_fail(run->call, LYRE_EINVAL, "The primary key '%s' of a record cannot be changed", c->name);
		return NULL;
	}
	if (run->statement.joins && add_key(run, key) < 0)
		return NULL;
	return record_of(run, t, key, values);
}

/** For sorting keys: a row that a join finds more than once is written once, with the values of its first match. */
static int by_key(const void *a, const void *b)
{
	const struct sql_key *x = a, *y = b;
	size_t len = x->len < y->len ? x->len : y->len;
	int order = memcmp(x->bytes, y->bytes, len);
	if (order == 0 && x->len != y->len)
		order = x->len < y->len ? -1 : 1;
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static void drop_repeated(struct sql_run *run)
{
	size_t n = 0;
	if (!run->key_count)
		return;
	qsort(run->keys, run->key_count, sizeof *run->keys, by_key);
	for (size_t i = 1; i < run->key_count; i++) {
		const struct sql_key *a = &run->keys[i - 1], *b = &run->keys[i];
		if (a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0)
			run->records[b->at] = NULL;
	}
	for (size_t i = 0; i < run->record_count; i++) {
		if (run->records[i])
			run->records[n++] = run->records[i];
	}
	run->record_count = n;
}

/** Whether a row's key may be an integer that SQLite has not, of which it has the nearest double. */
static bool is_inexact(sqlite3_value *key)
{
	double d = fabs(sqlite3_value_double(key));
	return sqlite3_value_type(key) == SQLITE_FLOAT && d >= 0x1p63 && d <= 0x1p64;
}

static const lyre_value *refuse_inexact(struct sql_run *run, const struct sql_table *t)
{
	lyre_fail(run->call, LYRE_EINVAL,
		"A record cannot be updated or deleted by SQL if its primary key '%s' is an integer that signed 64 bits cannot hold",
		t->columns[t->key].name);
	return NULL;
}

int sql_vtab_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid)
{
	struct sql_vtab *v = (struct sql_vtab *)vtab;
	struct sql_table *t = sql_vtab_table(v);
	struct sql_run *run = v->connection->run;
	const lyre_value *record;
	if (!t || t != run->tables || !run->statement.writes)
		return SQLITE_ERROR;
	*rowid = 0;
	if (is_inexact(argv[0]))
		record = refuse_inexact(run, t);
	else if (argc == 1)
		record = sql_value_take(run->call, argv[0], false);
	else if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
		record = record_of(run, t, NULL, argv + 2);
	else
		record = updated_row(run, t, argv[0], argv + 2);
	int rc = sql_write_add(run, record);
	return rc < 0 ? sql_vtab_stop(run, rc) : SQLITE_OK;
}

/* ---- the statement ---- */

static enum lyre_write_mode mode_of(const struct sql_statement *s)
{
	return s->verb == SQL_INSERT ? LYRE_INSERT : s->verb == SQL_UPDATE ? LYRE_UPDATE : LYRE_DELETE;
}

int sql_write(struct sql_run *run)
{
	enum lyre_write_mode mode = mode_of(&run->statement);
	int rc;
	do
		rc = sqlite3_step(run->stmt);
	while (rc == SQLITE_ROW);
	if (rc != SQLITE_DONE)
		return sql_fail(run, rc, false);
	drop_repeated(run);
	lyre_table *table = run->tables[0].table;
	sql_connection_release(run);
	lyre_moment_end(run->call); /* no longer needed, and the write may take a while */
	if (!run->record_count)
		return lyre_reply_written(run->call, &(const struct lyre_write_result){ .mode = mode }, NULL);
	const lyre_value *records = lyre_make_array(run->call, run->records, run->record_count);
	return lyre_write(run->call, table, mode, records, lyre_reply_written, NULL);
}
