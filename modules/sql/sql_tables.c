/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_tables.c
 * \brief The tables of a statement as its caller may see them: what SQLite does not know cannot leak through it.
 */
#include "sql.h"

#include <string.h>

/** The permission that a statement needs on its target. */
static uint32_t write_permission(const struct sql_statement *s)
{
	switch (s->verb) {
	case SQL_INSERT:
		return LYRE_PERMIT_INSERT;
	case SQL_UPDATE:
		return LYRE_PERMIT_UPDATE;
	case SQL_DELETE:
		return LYRE_PERMIT_DELETE;
	default:
		return 0;
	}
}

static bool is_target(const struct sql_run *run, const struct sql_table *t)
{
	return run->statement.verb != SQL_SELECT && t == &run->tables[0];
}

/* ---- columns ---- */

static bool same_letters(const char *a, const char *b)
{
	return sqlite3_stricmp(a, b) == 0;
}

static struct sql_column *find_column(struct sql_table *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++) {
		if (same_letters(t->columns[i].declared, name))
			return &t->columns[i];
	}
	return NULL;
}

/** A second attribute with what SQLite takes for the same name gets \\x1f and a number appended: only * shows it. */
static const char *other_name(struct sql_run *run, struct sql_table *t, const char *name)
{
	char *other = find_column(t, name) ? lyre_alloc(run->call, strlen(name) + 16) : NULL;
	if (other)
		sqlite3_snprintf((int)strlen(name) + 16, other, "%s\x1f%d", name, (int)t->count);
	return other ? other : name;
}

static bool is_type(const struct lyre_attribute *a, const char *type)
{
	return a->type && strcmp(a->type, type) == 0;
}

static void add_attribute(struct sql_run *run, struct sql_table *t, const struct lyre_attribute *a)
{
	uint32_t permissions = lyre_attribute_permissions(t->table, a->name);
	bool key = a->flags & LYRE_A_PRIMARY_KEY;
	bool readable = permissions & LYRE_PERMIT_READ || key;
	if (!readable && !(is_target(run, t) && permissions & (LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE)))
		return;
	if (key)
		t->key = t->count;
	t->columns[t->count] = (struct sql_column){
		.name = a->name,
		.declared = other_name(run, t, a->name),
		.readable = readable,
		.date = is_type(a, "Date"),
		.boolean = is_type(a, "Boolean"),
	};
	t->count++;
}

/** Adds names that the statement writes and that are not attributes yet. */
static void add_new_names(struct sql_run *run, struct sql_table *t)
{
	for (size_t i = 0; i < run->statement.column_count; i++) {
		const char *name = run->statement.columns[i];
		bool readable = lyre_attribute_permissions(t->table, name) & LYRE_PERMIT_READ;
		if (!find_column(t, name))
			t->columns[t->count++] =
				(struct sql_column){ .name = name, .declared = name, .readable = readable, .fresh = true };
	}
}

static int read_columns(struct sql_run *run, struct sql_table *t)
{
	struct lyre_table_spec spec = { .size = sizeof spec };
	int rc = lyre_table_spec(run->call, t->table, &spec);
	if (rc < 0)
		return rc;
	size_t most = spec.attribute_count + (is_target(run, t) ? run->statement.column_count : 0);
	if (most > SQL_COLUMNS_MAX)
		return lyre_fail(run->call, LYRE_EINVAL, "SQL handles tables of at most %d attributes, and '%s.%s' has more",
			SQL_COLUMNS_MAX, t->named->database, t->named->name);
	t->columns = lyre_alloc(run->call, (most + 1) * sizeof *t->columns);
	if (!t->columns)
		return lyre_fail_no_memory(run->call);
	for (uint32_t i = 0; i < spec.attribute_count; i++)
		add_attribute(run, t, lyre_attribute_at(&spec, i));
	if (is_target(run, t) && !spec.schema_defined)
		add_new_names(run, t);
	return 0;
}

const struct lyre_index *sql_column_index(struct sql_run *run, struct sql_table *t, size_t column)
{
	struct sql_column *c = &t->columns[column];
	if (!c->looked) {
		c->index.size = sizeof c->index;
		if (lyre_index_look(run->call, t->table, c->name, &c->index) < 0 || c->date || !c->readable)
			c->index = (struct lyre_index){ .size = sizeof c->index };
		c->looked = true;
	}
	return &c->index;
}

/* ---- tables ---- */

/** The statuses and messages that clients expect for a table that does not exist. */
static int fail_unknown(struct sql_run *run, const struct sql_table *t)
{
	switch (run->statement.verb) {
	case SQL_INSERT:
		return lyre_fail_as(run->call, LYRE_EINVAL);
	case SQL_UPDATE:
	case SQL_DELETE:
		return lyre_fail(run->call, LYRE_EINVAL, "table %s.%s does not exist", t->named->database, t->named->name);
	default:
		return LYRE_ENOTFOUND;
	}
}

static int open_table(struct sql_run *run, struct sql_table *t)
{
	int rc = lyre_table_open(run->call, t->named->database, t->named->name, &t->table);
	if (rc == LYRE_ENOTFOUND)
		return fail_unknown(run, t);
	return rc;
}

int sql_tables_open(struct sql_run *run)
{
	struct sql_statement *s = &run->statement;
	run->tables = lyre_alloc(run->call, (s->table_count + 1) * sizeof *run->tables);
	if (!run->tables)
		return lyre_fail_no_memory(run->call);
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < s->table_count; i++) {
		run->tables[i].named = &s->tables[i];
		rc = open_table(run, &run->tables[i]);
	}
	return rc;
}

/** \param needed  permissions that the statement needs on the table as a whole */
static int permit(struct sql_run *run, const struct sql_table *t, uint32_t needed)
{
	uint32_t has = lyre_call_permissions(run->call, t->named->database, t->named->name);
	if ((has & needed) == needed)
		return 0;
	if (needed & (LYRE_PERMIT_UPDATE | LYRE_PERMIT_DELETE) && strcmp(t->named->database, "system") == 0)
		return lyre_fail(run->call, LYRE_EDENIED,
			"The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed.");
	return lyre_table_refuse(run->call, t->named->database, t->named->name, needed & ~has, NULL, 0);
}

static bool is_among(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/** Finds the attributes that the statement writes and its caller may not. \return how many */
static size_t find_denied(struct sql_run *run, struct sql_table *t, const char **denied)
{
	const struct sql_statement *s = &run->statement;
	uint32_t needed = write_permission(s);
	const char *key = t->columns[t->key].name;
	size_t n = 0;
	if (s->verb == SQL_UPDATE && !(lyre_attribute_permissions(t->table, key) & needed))
		denied[n++] = key; /* which is in every record */
	for (size_t i = 0; i < s->column_count; i++) {
		const struct sql_column *c = find_column(t, s->columns[i]);
		const char *name = c ? c->name : s->columns[i];
		if (!(lyre_attribute_permissions(t->table, name) & needed) && !is_among(denied, n, name))
			denied[n++] = name;
	}
	return n;
}

/** Checks the attributes written, even if the statement finds no row to write, or is only explained. */
static int permit_written(struct sql_run *run, struct sql_table *t)
{
	uint32_t needed = write_permission(&run->statement);
	const char **denied = lyre_alloc(run->call, (run->statement.column_count + 1) * sizeof *denied);
	if (!denied)
		return lyre_fail_no_memory(run->call);
	size_t n = find_denied(run, t, denied);
	return n ? lyre_table_refuse(run->call, t->named->database, t->named->name, needed, denied, n) : 0;
}

int sql_tables_permit(struct sql_run *run)
{
	struct sql_statement *s = &run->statement;
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < s->table_count; i++) {
		struct sql_table *t = &run->tables[i];
		if (is_target(run, t))
			rc = permit(run, t, write_permission(s));
		if (rc == 0 && t->named->read) /* also by UPDATE and DELETE: rows are found by reading them */
			rc = permit(run, t, LYRE_PERMIT_READ);
	}
	for (size_t i = 0; rc == 0 && i < s->table_count; i++) {
		rc = read_columns(run, &run->tables[i]);
		if (rc == 0 && is_target(run, &run->tables[i]))
			rc = permit_written(run, &run->tables[i]);
	}
	return rc;
}
