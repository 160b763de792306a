/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file functions.h
 * \brief The functions of the operations API's SQL that SQLite lacks, or that mean something else in SQLite.
 *
 * What SQLite's grammar does not allow must be rewritten in the statement's text:
 *
 *     CURRENT_DATE(), CURRENT_TIME(), CURRENT_TIMESTAMP()   without parentheses: the keywords call the functions added here
 *     DISTINCT_ARRAY(ARRAY(x))                              DISTINCT_ARRAY((x)), as aggregates do not nest
 *     CONVERT(type, x)                                      CAST(x AS type)
 *     TRIM(y FROM x)                                        a function of sql_search.c with the arguments in this order
 *     EXTRACT(part FROM x)                                  0 + EXTRACT(x, 'part')
 *
 * Results of ARRAY() and DISTINCT_ARRAY() are JSON and have the subtype SQL_SUBTYPE_JSON, like those of SQLite's JSON
 * functions; an argument that has it goes into an array unchanged, and one with SQL_SUBTYPE_BOOLEAN as true or false.
 *
 * A wrong argument gives NULL if it may come from a record, and an error if it comes from the author of the statement.
 */
#ifndef SQL_FUNCTIONS_H
#define SQL_FUNCTIONS_H

#include <sqlite3.h>
#include <stdbool.h>

/** Unloads what functions have loaded. To be called last. */
void sql_functions_stop(void);
/** \return an SQLite result code */
int sql_functions_add(sqlite3 *db);
/** Whether statements may call a function: one of these, or a permitted one of SQLite's. */
bool sql_functions_permit(const char *name);
/** Whether it is a permitted function of SQLite's. */
bool sql_functions_are_sqlite(const char *name);

/** Whether a function must end (sql_limits_stopped()); if so, its error is set. */
bool sql_function_ends(sqlite3_context *ctx);

#endif
