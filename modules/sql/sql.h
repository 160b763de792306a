/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql.h
 * \brief What the files of the sql module share: a statement at work, and the connection that works on it.
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include "sql_limits.h"
#include "sql_statement.h"

#include <sqlite3.h>

struct sql_connection;

/** A column of a table: an attribute, or a name that the statement is about to write for the first time. */
struct sql_column {
	const char *name;     /**< of the attribute */
	const char *declared; /**< of the column: another if two attributes differ by letter case only */
	bool readable;
	bool date;    /**< its texts are numbers in the index */
	bool fresh;   /**< no attribute yet */
	bool boolean; /**< has values of this kind only */
	bool looked;  /**< index is valid */
	struct lyre_index index;
};

/** A table of a statement. */
struct sql_table {
	struct sql_named *named;
	lyre_table *table;
	struct sql_column *columns;
	size_t count, key;
	uint64_t records; /**< about */
};

/** The key of a row that is updated. */
struct sql_key {
	const char *bytes;
	size_t len, at; /**< at: its record's place */
};

/** A statement at work. */
struct sql_run {
	lyre_call *call;
	struct sql_statement statement;
	struct sql_table *tables; /**< as the statement's */
	struct sql_connection *connection;
	struct sql_limits limits; /**< while it has a connection */
	sqlite3_stmt *stmt;
	const char *sql;     /**< its text for SQLite */
	bool at_once;        /**< on the connection's thread: only if one_row */
	bool one_row;        /**< SQLite has planned to find one row of one table by its key */
	int64_t until;       /**< monotonic ms: the end of its time */
	int64_t asked;       /**< monotonic ms: when it was last asked whether the call is wanted */
	int failed;          /**< the call's failure, for which SQLite was made to stop; 0: none */
	int own_named;       /**< whether it names a function of the module's own: 1: yes, -1: no, 0: not looked yet */
	const char *refused; /**< what SQLite asked to be permitted and was not, beyond the tables; NULL: nothing */
	/* what is to be written */
	const lyre_value **records;
	size_t record_count, record_room;
	int no_booleans, no_nested; /**< whether its tables have values of these kinds: 1: none, -1: perhaps, 0: not looked yet */
	struct sql_key *keys;       /**< of the records, where a row may be among them more than once */
	size_t key_count, key_room;
};

/** Settings of the module, read at its start. */
struct sql_settings {
	int64_t timeout_ms; /**< 0: none */
	int64_t memory;     /**< bytes of SQLite for one statement */
	int length;         /**< bytes of a statement, and of a value in it */
};
extern struct sql_settings sql_settings;

/** Most attributes of a table, as SQLite has columns. */
#define SQL_COLUMNS_MAX 2000

/* sql_tables.c */

/** Opens the tables that the statement names, as the caller may see them. \return 0 or a failure */
int sql_tables_open(struct sql_run *run);
/** Looks whether the caller may do to them what the statement does. \return 0 or LYRE_EDENIED */
int sql_tables_permit(struct sql_run *run);
/** What the index of a column has; what it cannot tell is that there is none. */
const struct lyre_index *sql_column_index(struct sql_run *run, struct sql_table *t, size_t column);

/* sql_select.c */

/** Runs a prepared statement and writes its rows. \return 0 or a failure */
int sql_select(struct sql_run *run);

/* sql_write.c */

/** Adds a record, or a key, to those that are written when the statement has ended. \return 0 or a failure */
int sql_write_add(struct sql_run *run, const lyre_value *record);
/** Runs a prepared statement to its end, then writes what it has collected. \return LYRE_PENDING, 0 or a failure */
int sql_write(struct sql_run *run);

/* sql_error.c */

/** Fails with what SQLite says, in the words that clients expect. \p preparing: the statement has not begun */
int sql_fail(struct sql_run *run, int code, bool preparing);
/** Monotonic milliseconds. */
int64_t sql_now(void);

#endif
