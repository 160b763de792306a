/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_value.h
 * \brief Converts values of the store to SQLite's, and back.
 *
 * SQLite has no booleans, arrays and objects: they are 0, 1 and JSON strings with a subtype, which is lost when SQLite stores
 * values in between. Where that could happen, values on their way to the store are packed into blobs.
 */
#ifndef SQL_SQL_VALUE_H
#define SQL_SQL_VALUE_H

#include <lyre/lyre.h>
#include <sqlite3.h>
#include <stdbool.h>

/** Subtypes: that of SQLite's own JSON functions, and ours. */
#define SQL_SUBTYPE_JSON 'J'
#define SQL_SUBTYPE_BOOLEAN 'B'

/** A 0 or 1, or a string that looks like an object or an array, which is known to be a number or a string. */
#define SQL_SUBTYPE_PLAIN 'P'
/** In a packed value: it could have been a boolean, an object or an array before SQLite stored it. */
#define SQL_SUBTYPE_LOST '?'

/** true and false as packed values: "lyre" and B1 or B0. */
#define SQL_TRUE_LITERAL "X'6c7972654231'"
#define SQL_FALSE_LITERAL "X'6c7972654230'"
/** The function that packs a value that has a subtype. */
#define SQL_KEEP_FUNCTION "lyre_keep"
/** The same for a column's value, whose subtype may already be lost. */
#define SQL_KNOWN_FUNCTION "lyre_known"
/** Prefix of the names of functions that only the module itself writes into a statement. */
#define SQL_OWN_FUNCTIONS "lyre_"
/** trim, ltrim and rtrim with the characters to remove as their first argument. */
#define SQL_TRIM_FUNCTION "lyre_trim"
#define SQL_LTRIM_FUNCTION "lyre_ltrim"
#define SQL_RTRIM_FUNCTION "lyre_rtrim"

/** Makes a record's value the result of xColumn. */
void sql_value_give(sqlite3_context *ctx, const struct lyre_field *f);
/** Makes a value a bound for the store. \return false if it cannot be one, such as a blob */
bool sql_value_bound(sqlite3_value *v, struct lyre_field *ret);
/** Makes a value for a record, in the call's memory; \p boolean: 0 and 1 are false and true. NULL with a failure */
const lyre_value *sql_value_take(lyre_call *call, sqlite3_value *v, bool boolean);
/** The text of a packed value whose type is lost; NULL: it is a different value. */
const char *sql_value_lost(sqlite3_value *v, size_t *len);
/** Adds SQL_KEEP_FUNCTION and SQL_KNOWN_FUNCTION. \return SQLite's code */
int sql_value_functions(sqlite3 *db);
/** Replaces instr, replace and trim: sql_search.c. \return SQLite's code */
int sql_search_functions(sqlite3 *db);

#endif
