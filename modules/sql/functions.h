/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file functions.h
 * \brief The functions of the operations API's SQL that SQLite lacks, or that mean something else there.
 *
 * What SQLite's grammar has no place for is left to whoever rewrites the text of a statement:
 *
 *     CURRENT_DATE(), CURRENT_TIME(), CURRENT_TIMESTAMP()   without the parentheses they call the functions of this file
 *     DISTINCT_ARRAY(ARRAY(x))                              aggregates do not nest: DISTINCT_ARRAY((x)), without the inner name
 *     CONVERT(type, x)                                      CAST(x AS type)
 *     TRIM(y FROM x)                                        TRIM(x, y)
 *
 * Results that are JSON, of ARRAY() and DISTINCT_ARRAY(), have the subtype SQL_SUBTYPE_JSON, as those of SQLite's JSON
 * functions; an argument that has it goes into an array as it is, and one with SQL_SUBTYPE_BOOLEAN as true or false.
 *
 * A wrong argument makes NULL where it may come from a record, and an error where it comes from whoever wrote the statement.
 */
#ifndef SQL_FUNCTIONS_H
#define SQL_FUNCTIONS_H

#include <sqlite3.h>
#include <stdbool.h>

/** Before they are called, once. \return false: no memory */
bool sql_functions_start(void);
/** After all calls. */
void sql_functions_stop(void);
/** \return an SQLite result code */
int sql_functions_add(sqlite3 *db);
/** Whether statements may call a function: one of these, or of SQLite's that are for them. */
bool sql_functions_permit(const char *name);
/** The latter alone. */
bool sql_functions_are_sqlite(const char *name);

/** Whether a function has to end (sql_limits_stopped()); it has its error then. */
bool sql_function_ends(sqlite3_context *ctx);

#endif
