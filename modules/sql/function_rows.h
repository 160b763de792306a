/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file function_rows.h
 * \brief The tables in which the files of functions declare them.
 */
#ifndef SQL_FUNCTION_ROWS_H
#define SQL_FUNCTION_ROWS_H

#include <sqlite3.h>
#include <stddef.h>

/** A scalar function has \p call; an aggregate has \p step and \p final instead. */
struct sql_function {
	const char *name;
	int args; /**< -1: any number */
	void (*call)(sqlite3_context *ctx, int count, sqlite3_value **args);
	void (*step)(sqlite3_context *ctx, int count, sqlite3_value **args);
	void (*final)(sqlite3_context *ctx);
	const void *about; /**< sqlite3_user_data() in the calls */
	int flags;         /**< in addition to UTF-8 and innocuous */
};

struct sql_functions {
	const struct sql_function *rows;
	size_t count;
};

#define SQL_FUNCTIONS(table)                             \
	{                                                \
		(table), sizeof(table) / sizeof *(table) \
	}

extern const struct sql_functions date_functions, text_functions, regexp_functions, math_functions, aggregate_functions,
	array_functions, json_functions, like_functions, format_functions, geo_functions;

/** Makes \p text the result, or an error if it is too long or memory ran out. Frees \p text. */
void sql_result_str(sqlite3_context *ctx, sqlite3_str *text);
/** Appends a number in JSON, with as few digits as distinguish it from others; null if JSON has no such number. */
void sql_append_real(sqlite3_str *out, double value);
/** Appends a string in JSON: in double quotes, with escapes. */
void sql_append_string(sqlite3_str *out, const char *s, size_t len);

#endif
