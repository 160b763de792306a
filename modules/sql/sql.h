/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql.h
 * \brief What the files of the sql module share: a running statement, and the connection that runs it.
 */
#ifndef SQL_SQL_H
#define SQL_SQL_H

#include "sql_limits.h"
#include "sql_statement.h"

#include <sqlite3.h>

struct sql_connection;

/** A column of a table: an attribute, or a name that the statement writes for the first time. */
struct sql_column {
	const char *name;     /**< of the attribute */
	const char *declared; /**< of the column: different if two attributes differ in letter case only */
	bool readable;
	bool date;    /**< its strings are numbers in the index */
	bool fresh;   /**< not an attribute yet */
	bool boolean; /**< has only boolean values */
	bool looked;  /**< index is valid */
	struct lyre_index index;
};

/** A table of a statement. */
struct sql_table {
	struct sql_named *named;
	lyre_table *table;
	struct sql_column *columns;
	size_t count, key;
	uint64_t records; /**< approximate */
};

/** The key of an updated row. */
struct sql_key {
	const char *bytes;
	size_t len, at; /**< at: index of its record */
};

/** A running statement. */
struct sql_run {
	lyre_call *call;
	struct sql_statement statement;
	struct sql_table *tables; /**< in the statement's order */
	struct sql_connection *connection;
	struct sql_limits limits; /**< while it has a connection */
	sqlite3_stmt *stmt;
	const char *sql; /**< the text given to SQLite */
	bool at_once;    /**< on the connection's thread: only if one_row */
	bool one_row;    /**< SQLite's plan finds one row of one table by its key */
	bool keeps;      /**< the prepared statement is kept for reuse */
	int64_t until;   /**< monotonic ms: its deadline; 0: none */
	int64_t asked;   /**< monotonic ms: when it was last checked that the client still waits */
	int failed;      /**< the call's failure that made SQLite stop; 0: none */
	int own_named;   /**< whether the client's text names a function of the module's own: 1: yes, -1: no, 0: not checked yet */
	const char *refused; /**< what the authorizer refused, other than columns; NULL: nothing */
	/* what is to be written */
	const lyre_value **records;
	size_t record_count, record_room;
	int no_booleans, no_nested; /**< whether its tables have no such values: 1: none, -1: possibly some, 0: not checked yet */
	struct sql_key *keys;       /**< of the records, if a row may be among them more than once */
	size_t key_count, key_room;
};

/** Settings of the module, read when it starts. */
struct sql_settings {
	int64_t timeout_ms; /**< 0: none */
	int64_t memory;     /**< bytes that SQLite may use for one statement */
	int length;         /**< maximum bytes of a statement, and of a value in it */
};
extern struct sql_settings sql_settings;

/** Maximum number of attributes of a table: SQLite's limit on columns. */
#define SQL_COLUMNS_MAX 2000

/* sql_tables.c */

/** Opens the tables that the statement names. \return 0 or a failure */
int sql_tables_open(struct sql_run *run);
/** Checks that the caller may do to them what the statement does, and reads their columns. \return 0 or a failure */
int sql_tables_permit(struct sql_run *run);
/** What the index of a column holds; if that is not known, as if there were no index. */
const struct lyre_index *sql_column_index(struct sql_run *run, struct sql_table *t, size_t column);

/* sql_select.c */

/** Runs a prepared statement and writes its rows. \return 0 or a failure */
int sql_select(struct sql_run *run);

/* sql_write.c */

/** Adds a record, or a key, to those written when the statement ends. \return 0 or a failure */
int sql_write_add(struct sql_run *run, const lyre_value *record);
/** Runs a prepared statement to its end, then writes what it collected. \return LYRE_PENDING, 0 or a failure */
int sql_write(struct sql_run *run);

/* sql_error.c */

/** Fails with SQLite's error, in the words that clients expect. \p preparing: the statement is not running yet */
int sql_fail(struct sql_run *run, int code, bool preparing);
/** Monotonic milliseconds. */
int64_t sql_now(void);

#endif
