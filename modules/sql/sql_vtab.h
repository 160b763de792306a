/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_vtab.h
 * \brief A table of the store as a virtual table of SQLite: shared by its declaration, its plans and its cursors.
 */
#ifndef SQL_SQL_VTAB_H
#define SQL_SQL_VTAB_H

#include "sql_connection.h"

struct sql_vtab {
	sqlite3_vtab base;
	struct sql_connection *connection;
	char as[600]; /**< its name in the connection */
};

/** The running statement's table behind a virtual table; NULL, with the virtual table's error set: none. */
struct sql_table *sql_vtab_table(struct sql_vtab *v);
/** Makes SQLite stop because of the call's failure. \return SQLite's code */
int sql_vtab_stop(struct sql_run *run, int failure);

/*
 * A plan, as xBestIndex passes it to xFilter: idxNum has the column whose index is used and the direction; idxStr has the
 * columns that are read, as a hexadecimal mask, a letter for each argument, and the column's name, for EXPLAIN QUERY PLAN.
 */
enum sql_plan_step {
	SQL_STEP_EQUAL = '=',
	SQL_STEP_IS = 'i',   /**< like =, but null is null */
	SQL_STEP_LIST = 'n', /**< IN: all values at once */
	SQL_STEP_ABOVE = '>',
	SQL_STEP_FROM = 'g',
	SQL_STEP_BELOW = '<',
	SQL_STEP_UP_TO = 'l',
	SQL_STEP_LIKE = 'k',
	SQL_STEP_GLOB = 'b',
	SQL_STEP_NULL = '0' /**< IS NULL */
};

#define SQL_PLAN_DESCENDING 1
/** The bits of idxNum from here on are the column. */
#define SQL_PLAN_SHIFT 2

int sql_plan(sqlite3_vtab *vtab, sqlite3_index_info *info);

/* sql_ranges.c */

/** Maximum number of ranges of one scan without IN. */
#define SQL_RANGES_MAX 12

/** A string that a bound points to. */
struct sql_kept {
	struct sql_kept *next;
	char text[];
};

/** Ranges of an index, in its order, with all rows that meet a plan's conditions, and possibly others. */
struct sql_ranges {
	struct lyre_range *items;
	size_t count, room;
	bool everything; /**< the index cannot tell: all rows */
	struct lyre_range here[SQL_RANGES_MAX];
	struct sql_kept *kept;
};

/** \return SQLite's code */
int sql_ranges_make(struct sql_ranges *r, struct sql_run *run, struct sql_table *t, int plan, const char *steps, int argc,
	sqlite3_value **argv);
/** Estimates the rows that one condition leaves, while a plan is made; \p value NULL: the value is not known yet. */
uint64_t sql_ranges_estimate(
	struct sql_run *run, struct sql_table *t, size_t column, enum sql_plan_step step, sqlite3_value *value);
void sql_ranges_free(struct sql_ranges *r);

/* sql_cursor.c */

int sql_cursor_open(sqlite3_vtab *vtab, sqlite3_vtab_cursor **ret);
int sql_cursor_close(sqlite3_vtab_cursor *cursor);
int sql_cursor_filter(sqlite3_vtab_cursor *cursor, int plan, const char *steps, int argc, sqlite3_value **argv);
int sql_cursor_next(sqlite3_vtab_cursor *cursor);
int sql_cursor_eof(sqlite3_vtab_cursor *cursor);
int sql_cursor_column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int column);

/* sql_write.c */

int sql_vtab_update(sqlite3_vtab *vtab, int argc, sqlite3_value **argv, sqlite3_int64 *rowid);

#endif
