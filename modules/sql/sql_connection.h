/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_connection.h
 * \brief SQLite connections without a database of their own, kept for the next statement with the tables declared in them.
 */
#ifndef SQL_SQL_CONNECTION_H
#define SQL_SQL_CONNECTION_H

#include "sql.h"

/** A virtual table declared in a connection. */
struct sql_declared {
	char *as;        /**< its name */
	char *signature; /**< database, table and columns: what CREATE VIRTUAL TABLE depends on */
	size_t signature_len;
	struct sql_table *bound; /**< in the running statement; NULL: it does not name this table */
};

/** Maximum number of statements that a connection keeps prepared. */
#define SQL_PREPARED_MAX 4

/** Maximum number of tables declared in a connection. */
#define SQL_DECLARED_MAX 128

struct sql_connection {
	struct sql_connection *next; /**< in the list of idle connections */
	sqlite3 *db;
	struct sql_run *run; /**< the running statement */
	bool declaring;      /**< the module itself is running SQL: permit everything */
	struct sql_declared declared[SQL_DECLARED_MAX];
	size_t count;
	sqlite3_stmt *prepared[SQL_PREPARED_MAX]; /**< most recently used first, NULL after the last */
};

/** Takes an idle connection, or opens one. \return NULL with a failure */
struct sql_connection *sql_connection_take(struct sql_run *run);
/** Finalizes the statement, and gives its connection back. */
void sql_connection_release(struct sql_run *run);
/** To be called between the steps of a statement. \return 0, or its failure: its time is up, or no client waits for it */
int sql_connection_look(struct sql_run *run);
/** Closes the idle connections: all of them when the module stops. */
void sql_connections_close(void);

/** Declares the statement's tables in the connection, and names them. \return 0 or a failure */
int sql_connection_declare(struct sql_run *run);
/** The statement's table behind the virtual table of this name; NULL: none. */
struct sql_table *sql_connection_table(const struct sql_connection *c, const char *as);

/* sql_prepared.c */

/** Takes a statement prepared from the same text, so that it is no longer kept; NULL if there is none. */
sqlite3_stmt *sql_prepared_take(struct sql_connection *c, const char *sql);
/** Keeps a statement that has run, or finalizes it. */
void sql_prepared_keep(struct sql_connection *c, sqlite3_stmt *stmt);
/** Finalizes the kept statements, as what they depend on changes. */
void sql_prepared_drop(struct sql_connection *c);
/** Binds a statement's literals, which must stay valid while it runs. \return SQLite's code */
int sql_prepared_bind(sqlite3_stmt *stmt, const struct sql_statement *s);

/** The virtual tables: sql_vtab.c. */
extern const sqlite3_module sql_vtab_module;

#endif
