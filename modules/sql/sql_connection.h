/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_connection.h
 * \brief Connections of SQLite without a database of their own, kept for the next statement with the tables they know.
 */
#ifndef SQL_SQL_CONNECTION_H
#define SQL_SQL_CONNECTION_H

#include "sql.h"

/** A virtual table that a connection knows. */
struct sql_declared {
	char *as;        /**< its name */
	char *signature; /**< database, table and columns: what CREATE VIRTUAL TABLE depends on */
	size_t signature_len;
	struct sql_table *bound; /**< in the statement at work; NULL: it does not name this table */
};

/** Statements that a connection keeps prepared. */
#define SQL_PREPARED_MAX 4

/** Tables that a connection remembers. */
#define SQL_DECLARED_MAX 128

struct sql_connection {
	struct sql_connection *next; /**< in the list of those that are free */
	sqlite3 *db;
	struct sql_run *run; /**< the statement at work */
	bool declaring;      /**< it is the module that asks */
	struct sql_declared declared[SQL_DECLARED_MAX];
	size_t count;
	sqlite3_stmt *prepared[SQL_PREPARED_MAX]; /**< the one that was used last first, NULL behind the last */
};

/** A connection that is free, or a new one. \return NULL with a failure */
struct sql_connection *sql_connection_take(struct sql_run *run);
/** The statement has ended. */
void sql_connection_release(struct sql_run *run);
/** For work between the steps of a statement. \return 0, or its failure: its time is up, or nobody waits for it */
int sql_connection_look(struct sql_run *run);
/** Closes those that are free: all, at the module's stop. */
void sql_connections_close(void);

/** Makes the connection know the statement's tables, and names them. \return 0 or a failure */
int sql_connection_declare(struct sql_run *run);
/** The table of the statement that a virtual table is; NULL: none. */
struct sql_table *sql_connection_table(const struct sql_connection *c, const char *as);

/* sql_prepared.c */

/** A statement that was prepared from the same text, which is no longer kept; NULL: none. */
sqlite3_stmt *sql_prepared_take(struct sql_connection *c, const char *sql);
/** Keeps one that has run, or finalizes it. */
void sql_prepared_keep(struct sql_connection *c, sqlite3_stmt *stmt);
/** Finalizes those that are kept: what they depend on changes. */
void sql_prepared_drop(struct sql_connection *c);
/** Gives a statement its literals, which must last as long as it runs. \return SQLite's code */
int sql_prepared_bind(sqlite3_stmt *stmt, const struct sql_statement *s);

/** The virtual tables: sql_vtab.c. */
extern const sqlite3_module sql_vtab_module;

#endif
