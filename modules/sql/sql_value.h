/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_value.h
 * \brief Values of the store as SQLite's, and back.
 *
 * SQLite has no booleans, arrays and objects: they are 0, 1 and JSON texts with a subtype, which is lost where SQLite stores
 * values meanwhile. Values on their way to the store are packed into blobs where that could happen.
 */
#ifndef SQL_SQL_VALUE_H
#define SQL_SQL_VALUE_H

#include <lyre/lyre.h>
#include <sqlite3.h>
#include <stdbool.h>

/** Subtypes: that of SQLite's own JSON functions, and ours. */
#define SQL_SUBTYPE_JSON 'J'
#define SQL_SUBTYPE_BOOLEAN 'B'

/** A number 0 or 1, or a text that looks like an object or an array, of which it is known that it is just that. */
#define SQL_SUBTYPE_PLAIN 'P'
/** In a packed value: it could have been a boolean, an object or an array before SQLite stored it. */
#define SQL_SUBTYPE_LOST '?'

/** true and false as packed values: "lyre" and B1 or B0. */
#define SQL_TRUE_LITERAL "X'6c7972654231'"
#define SQL_FALSE_LITERAL "X'6c7972654230'"
/** The function that packs a value whose subtype must not be lost. */
#define SQL_KEEP_FUNCTION "lyre_keep"
/** The same for a value of a column, whose subtype may be lost already. */
#define SQL_KNOWN_FUNCTION "lyre_known"
/** What the names of functions begin with that only the module itself writes into a statement. */
#define SQL_OWN_FUNCTIONS "lyre_"
/** trim, ltrim and rtrim with what they take away before the text. */
#define SQL_TRIM_FUNCTION "lyre_trim"
#define SQL_LTRIM_FUNCTION "lyre_ltrim"
#define SQL_RTRIM_FUNCTION "lyre_rtrim"

/** A value of a record as the result of xColumn. */
void sql_value_give(sqlite3_context *ctx, const struct lyre_field *f);
/** A bound for the store. \return false: none can be made of it, such as a blob */
bool sql_value_bound(sqlite3_value *v, struct lyre_field *ret);
/** A value for a record, in the call's memory; \p boolean: 0 and 1 are false and true. NULL with a failure */
const lyre_value *sql_value_take(lyre_call *call, sqlite3_value *v, bool boolean);
/** The text of a packed value whose kind is lost; NULL: it is another one. */
const char *sql_value_lost(sqlite3_value *v, size_t *len);
/** Adds SQL_KEEP_FUNCTION and SQL_KNOWN_FUNCTION. \return SQLite's code */
int sql_value_functions(sqlite3 *db);
/** Replaces instr, replace and trim: sql_search.c. \return SQLite's code */
int sql_search_functions(sqlite3 *db);

#endif
