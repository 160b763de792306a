/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_prepared.c
 * \brief Statements that a connection keeps prepared: those that find one record by its key.
 *
 * Their text contains the names of virtual tables, so the same text means the same tables and columns, visible to the caller;
 * and a record is found by its key in the same way, whatever an index contains.
 */
#include "sql_connection.h"

#include <string.h>

/** Maximum number of result columns of a kept statement, which has memory for each. */
#define RESULTS_MAX 100

sqlite3_stmt *sql_prepared_take(struct sql_connection *c, const char *sql)
{
	for (size_t i = 0; i < SQL_PREPARED_MAX && c->prepared[i]; i++) {
		sqlite3_stmt *stmt = c->prepared[i];
		if (strcmp(sqlite3_sql(stmt), sql) != 0)
			continue;
		memmove(&c->prepared[i], &c->prepared[i + 1], (SQL_PREPARED_MAX - 1 - i) * sizeof *c->prepared);
		c->prepared[SQL_PREPARED_MAX - 1] = NULL;
		return stmt;
	}
	return NULL;
}

void sql_prepared_keep(struct sql_connection *c, sqlite3_stmt *stmt)
{
	if (sqlite3_reset(stmt) != SQLITE_OK || sqlite3_clear_bindings(stmt) != SQLITE_OK ||
		sqlite3_column_count(stmt) > RESULTS_MAX) {
		sqlite3_finalize(stmt);
		return;
	}
	sqlite3_finalize(c->prepared[SQL_PREPARED_MAX - 1]);
	memmove(&c->prepared[1], &c->prepared[0], (SQL_PREPARED_MAX - 1) * sizeof *c->prepared);
	c->prepared[0] = stmt;
}

void sql_prepared_drop(struct sql_connection *c)
{
	for (size_t i = 0; i < SQL_PREPARED_MAX; i++) {
		sqlite3_finalize(c->prepared[i]);
		c->prepared[i] = NULL;
	}
}

int sql_prepared_bind(sqlite3_stmt *stmt, const struct sql_statement *s)
{
	int rc = SQLITE_OK;
	for (size_t i = 0; rc == SQLITE_OK && i < s->literal_count; i++) {
		const struct sql_literal *l = &s->literals[i];
		rc = l->text ? sqlite3_bind_text(stmt, (int)i + 1, l->text, -1, SQLITE_STATIC) :
			       sqlite3_bind_int64(stmt, (int)i + 1, l->integer);
	}
	return rc;
}
