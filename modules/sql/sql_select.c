/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_select.c
 * \brief Writes the rows of a statement as the answer.
 *
 * A result that is a plain attribute is returned as it was stored. SQLite loses the type of a value when it sorts or groups;
 * then the attribute's index mostly tells it. If the index has no number 0 or 1, such values are booleans; if it has no
 * string that begins with {, such values are objects.
 */
#include "sql_connection.h"

#include "sql_value.h"

#include <stdio.h>
#include <string.h>

struct result {
	const char *name;
	const char *first;       /**< its name before it was made unique */
	struct sql_table *table; /**< whose attribute it is; NULL: it is something else, or has been looked at */
	size_t column;
	bool bare;                      /**< it is a plain attribute */
	bool booleans, objects, arrays; /**< set by look_at(): values that look like this type are of this type */
};

/* ---- columns ---- */

static bool has_none(struct sql_run *run, const struct sql_table *t, size_t column, const struct lyre_range *shape)
{
	struct lyre_range range = *shape;
	uint64_t n = 1;
	range.size = sizeof range;
	range.attribute = column == t->key ? NULL : t->columns[column].name;
	return lyre_range_estimate(run->call, t->table, &range, 1, &n) == 0 && n == 0;
}

static bool has_no_number(struct sql_run *run, const struct sql_table *t, size_t column, int64_t i)
{
	struct lyre_range range = { .flags = LYRE_RANGE_LOW | LYRE_RANGE_HIGH, .low = { .type = LYRE_INT, .i = i } };
	range.high = range.low;
	return has_none(run, t, column, &range);
}

static bool has_no_text(struct sql_run *run, const struct sql_table *t, size_t column, const char *sign)
{
	const struct lyre_range range = { .flags = LYRE_RANGE_PREFIX, .low = { .type = LYRE_STRING, .s = sign, .len = 1 } };
	return has_none(run, t, column, &range);
}

/** Finds out what the index tells of an attribute, at the first value that needs it. */
static void look_at(struct sql_run *run, struct result *r)
{
	struct sql_table *t = r->table;
	size_t column = r->column;
	if (!t)
		return;
	r->table = NULL;
	const struct lyre_index *index = sql_column_index(run, t, column);
	bool booleans = index->indexed && index->booleans, nested = index->indexed && index->nested;
	r->booleans =
		t->columns[column].boolean || (booleans && has_no_number(run, t, column, 0) && has_no_number(run, t, column, 1));
	r->objects = nested && has_no_text(run, t, column, "{");
	r->arrays = nested && has_no_text(run, t, column, "[");
}

/** Finds the attribute of a result; false: the result is something else. */
static bool find_origin(struct sql_run *run, int i, struct sql_table **table, size_t *column)
{
	const char *as = sqlite3_column_table_name(run->stmt, i), *name = sqlite3_column_origin_name(run->stmt, i);
	*table = as ? sql_connection_table(run->connection, as) : NULL;
	for (*column = 0; *table && name && *column < (*table)->count; ++*column) {
		if (sqlite3_stricmp((*table)->columns[*column].declared, name) == 0)
			return true;
	}
	return false;
}

/** The name of a result. An attribute's column has a different name if two attributes differ in letter case only. */
static const char *result_name(struct sql_run *run, int i, const struct sql_column *c)
{
	const char *name = sqlite3_column_name(run->stmt, i);
	if (!name)
		return NULL;
	if (c && strcmp(name, c->declared) == 0)
		name = c->name;
	else if (!c)
		name = sql_statement_name(&run->statement, run->sql, name);
	char *copy = lyre_alloc(run->call, strlen(name) + 1);
	return copy ? strcpy(copy, name) : NULL;
}

static bool is_used(const struct result *results, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (strcmp(results[i].name, name) == 0)
			return true;
	}
	return false;
}

/** A name that no earlier result has: id, id1, id2. */
static const char *unused_name(struct sql_run *run, const struct result *results, int count, const char *name)
{
	if (!name || !is_used(results, count, name))
		return name;
	size_t room = strlen(name) + 12;
	char *other = lyre_alloc(run->call, room);
	int same = 0;
	for (int i = 0; i < count; i++)
		same += !strcmp(results[i].first, name);
	for (int n = same ? same : 1; other; n++) {
		snprintf(other, room, "%s%d", name, n);
		if (!is_used(results, count, other))
			break;
	}
	return other;
}

static struct result *look_at_results(struct sql_run *run, int count)
{
	struct result *results = lyre_alloc(run->call, (size_t)(count + 1) * sizeof *results);
	for (int i = 0; results && i < count; i++) {
		struct result *r = &results[i];
		struct sql_table *t;
		size_t column;
		*r = (struct result){ .name = NULL };
		bool bare = find_origin(run, i, &t, &column);
		r->bare = bare;
		if (bare && !run->statement.compound && !run->statement.explain) {
			r->table = t;
			r->column = column;
		}
		const char *name = result_name(run, i, bare ? &t->columns[column] : NULL);
		r->first = name;
		r->name = unused_name(run, results, i, name);
		if (!r->name)
			results = NULL;
	}
	if (!results)
		lyre_fail_no_memory(run->call);
	return results;
}

/* ---- rows ---- */

/** Whether a value is of a kind: by its subtype or, if that was lost, by \p known, which look_at() sets. */
static bool is_kind(struct sql_run *run, sqlite3_value *v, struct result *r, const bool *known, unsigned kind)
{
	unsigned subtype = sqlite3_value_subtype(v);
	if (subtype == SQL_SUBTYPE_PLAIN || subtype == kind)
		return subtype == kind;
	look_at(run, r);
	return *known;
}

static void write_integer(struct sql_run *run, lyre_out *o, sqlite3_value *v, struct result *r)
{
	sqlite3_int64 n = sqlite3_value_int64(v);
	if ((n == 0 || n == 1) && is_kind(run, v, r, &r->booleans, SQL_SUBTYPE_BOOLEAN))
		lyre_out_bool(o, n == 1);
	else
		lyre_out_int(o, n);
}

static bool is_json(struct sql_run *run, sqlite3_value *v, struct result *r, char first)
{
	if (first != '{' && first != '[')
		return false;
	return is_kind(run, v, r, first == '{' ? &r->objects : &r->arrays, SQL_SUBTYPE_JSON);
}

/** A string that a function marked as JSON. */
static void write_json(struct sql_run *run, lyre_out *o, const char *text, size_t len)
{
	const lyre_value *v = lyre_make_json(run->call, text, len);
	if (v)
		lyre_out_value(o, v);
	else
		lyre_out_string(o, text, len);
}

/** Reads the string in place: SQLite would copy it to add a NUL. */
static void write_text(struct sql_run *run, lyre_out *o, sqlite3_value *v, struct result *r)
{
	const char *text = sqlite3_value_blob(v);
	size_t len = (size_t)sqlite3_value_bytes(v);
	bool json = len && is_json(run, v, r, *text);
	if (json && r->bare && !run->statement.compound)
		lyre_reply_json(run->call, text, len);
	else if (json)
		write_json(run, o, text, len);
	else if (lyre_text_is_utf8(text, len))
		lyre_out_string(o, len ? text : "", len);
	else
		lyre_out_null(o); /* bytes that cannot be in an answer */
}

/** Bytes in the form that attributes of type Bytes have. */
static void write_blob(lyre_out *o, const unsigned char *bytes, size_t len)
{
	lyre_out_object_begin(o);
	lyre_out_text(o, "type", "Buffer");
	lyre_out_key(o, "data");
	lyre_out_array_begin(o);
	for (size_t i = 0; bytes && i < len; i++)
		lyre_out_int(o, bytes[i]);
	lyre_out_array_end(o);
	lyre_out_object_end(o);
}

static void write_value(struct sql_run *run, lyre_out *o, sqlite3_value *v, struct result *r)
{
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		write_integer(run, o, v, r);
		break;
	case SQLITE_FLOAT:
		lyre_out_double(o, sqlite3_value_double(v));
		break;
	case SQLITE_TEXT:
		write_text(run, o, v, r);
		break;
	case SQLITE_BLOB:
		write_blob(o, sqlite3_value_blob(v), (size_t)sqlite3_value_bytes(v));
		break;
	default:
		lyre_out_null(o);
		break;
	}
}

static void write_row(struct sql_run *run, lyre_out *o, struct result *results, int count)
{
	lyre_out_object_begin(o);
	for (int i = 0; i < count; i++) {
		lyre_out_key(o, results[i].name);
		write_value(run, o, sqlite3_column_value(run->stmt, i), &results[i]);
	}
	lyre_out_object_end(o);
}

int sql_select(struct sql_run *run)
{
	lyre_out *o = lyre_reply(run->call);
	int count = sqlite3_column_count(run->stmt), rc;
	struct result *results = look_at_results(run, count);
	if (!results)
		return LYRE_ENOMEM;
	int failure = 0;
	for (int i = 0; i < count; i++)
		lyre_out_column(o, results[i].name);
	lyre_out_array_begin(o);
	while ((rc = sqlite3_step(run->stmt)) == SQLITE_ROW && failure == 0) {
		write_row(run, o, results, count);
		failure = lyre_reply_row(run->call);
		if (failure == 0)
			failure = sql_connection_look(run);
	}
	lyre_out_array_end(o);
	if (failure < 0)
		return failure;
	return rc == SQLITE_DONE ? 0 : sql_fail(run, rc, false);
}
