/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_vtab.c
 * \brief Declares a table of the store to SQLite.
 */
#include "sql_vtab.h"

#include <string.h>

struct sql_table *sql_vtab_table(struct sql_vtab *v)
{
	struct sql_table *t = v->connection->run ? sql_connection_table(v->connection, v->as) : NULL;
	if (!t && !v->base.zErrMsg)
		v->base.zErrMsg = sqlite3_mprintf("table is not part of this statement");
	return t;
}

int sql_vtab_stop(struct sql_run *run, int failure)
{
	run->failed = failure;
	return SQLITE_ABORT;
}

/** CREATE TABLE with the columns: untyped, so that SQLite converts nothing when it compares. */
static char *declaration(const struct sql_table *t)
{
	sqlite3_str *s = sqlite3_str_new(NULL);
	sqlite3_str_appendall(s, "CREATE TABLE x(");
	for (size_t i = 0; i < t->count; i++) {
		const struct sql_column *c = &t->columns[i];
		sqlite3_str_appendf(s, "%s\"%w\"%s%s", i ? "," : "", c->declared, c->readable ? "" : " HIDDEN",
			i == t->key ? " PRIMARY KEY" : "");
	}
	sqlite3_str_appendall(s, ") WITHOUT ROWID");
	return sqlite3_str_finish(s);
}

static int connect(sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **ret, char **error)
{
	struct sql_connection *c = aux;
	struct sql_table *t = argc > 2 ? sql_connection_table(c, argv[2]) : NULL;
	struct sql_vtab *v;
	if (!t || strlen(argv[2]) >= sizeof v->as) {
		*error = sqlite3_mprintf("not a table of the statement");
		return SQLITE_ERROR;
	}
	v = sqlite3_malloc64(sizeof *v);
	char *sql = v ? declaration(t) : NULL;
	if (!sql) {
		sqlite3_free(v);
		return SQLITE_NOMEM;
	}
	memset(v, 0, sizeof *v);
	v->connection = c;
	strcpy(v->as, argv[2]);
	int rc = sqlite3_declare_vtab(db, sql);
	sqlite3_free(sql);
	if (rc == SQLITE_OK)
		rc = sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	if (rc != SQLITE_OK) {
		*error = sqlite3_mprintf("%s", sqlite3_errmsg(db));
		sqlite3_free(v);
		return rc;
	}
	*ret = &v->base;
	return SQLITE_OK;
}

static int disconnect(sqlite3_vtab *vtab)
{
	sqlite3_free(vtab);
	return SQLITE_OK;
}

/** Never called: the tables are WITHOUT ROWID. */
static int rowid(sqlite3_vtab_cursor *cursor, sqlite3_int64 *ret)
{
	(void)cursor;
	*ret = 0;
	return SQLITE_OK;
}

/** Writes are collected and done at the end, all or none: there is nothing to do here. */
static int nothing(sqlite3_vtab *vtab)
{
	(void)vtab;
	return SQLITE_OK;
}

const sqlite3_module sql_vtab_module = {
	.iVersion = 1,
	.xCreate = connect,
	.xConnect = connect,
	.xBestIndex = sql_plan,
	.xDisconnect = disconnect,
	.xDestroy = disconnect,
	.xOpen = sql_cursor_open,
	.xClose = sql_cursor_close,
	.xFilter = sql_cursor_filter,
	.xNext = sql_cursor_next,
	.xEof = sql_cursor_eof,
	.xColumn = sql_cursor_column,
	.xRowid = rowid,
	.xUpdate = sql_vtab_update,
	.xBegin = nothing,
	.xSync = nothing,
	.xCommit = nothing,
	.xRollback = nothing,
};
