/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file function_rows.h
 * \brief How the files of functions hand them over: a table each.
 */
#ifndef SQL_FUNCTION_ROWS_H
#define SQL_FUNCTION_ROWS_H

#include <sqlite3.h>
#include <stddef.h>

/** A function is a scalar one with \p call, else an aggregate with \p step and \p final. */
struct sql_function {
	const char *name;
	int args; /**< -1: any number */
	void (*call)(sqlite3_context *ctx, int count, sqlite3_value **args);
	void (*step)(sqlite3_context *ctx, int count, sqlite3_value **args);
	void (*final)(sqlite3_context *ctx);
	const void *about; /**< sqlite3_user_data() of the calls */
	int flags;         /**< beside UTF-8 and innocuous */
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
	array_functions, json_functions, like_functions, format_functions;

/** The result is a text that was built; its failure, where it is too long or there is no memory. Frees \p text. */
void sql_result_str(sqlite3_context *ctx, sqlite3_str *text);

#endif
