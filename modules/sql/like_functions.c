/* SPDX-License-Identifier: Apache-2.0 */
/* LIKE and GLOB, which take SQLite time in proportion to the product of the two lengths, and cannot be interrupted. */
#include "function_rows.h"
#include "functions.h"
#include "regexp.h"
#include "sql_limits.h"

#include <string.h>

/** Maximum product of the lengths of a string and of a pattern with a wildcard, in bytes: some tenths of a second. */
#define PRODUCT_MAX (UINT64_C(1) << 28)

static bool is_affordable(sqlite3_value *pattern, sqlite3_value *text, char wildcard)
{
	size_t len = (size_t)sqlite3_value_bytes(pattern);
	return !memchr(sqlite3_value_text(pattern), wildcard, len) ||
		(uint64_t)len * (uint64_t)sqlite3_value_bytes(text) <= PRODUCT_MAX;
}

/* \return whether they can be matched; if not, an error is set, unless one is NULL */
static bool can_match(sqlite3_context *ctx, sqlite3_value **args, char wildcard)
{
	int most = sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
	for (int i = 0; i < 2; i++) {
		if (sqlite3_value_type(args[i]) == SQLITE_NULL)
			return false;
		if (!sqlite3_value_text(args[i])) {
			sqlite3_result_error_nomem(ctx);
			return false;
		}
	}
	const char *why = sqlite3_value_bytes(args[0]) > most ? "LIKE or GLOB pattern too complex" :
		!is_affordable(args[0], args[1], wildcard)    ? "the LIKE or GLOB pattern is too long for a string of this length" :
		sql_limits_stopped()                          ? "interrupted" :
								NULL;
	if (why)
		sqlite3_result_error(ctx, why, -1);
	return !why;
}

/* \return false, with an error set, if it is not valid; also for NULL */
static bool read_escape(sqlite3_context *ctx, sqlite3_value *v, uint32_t *ret)
{
	const char *text = (const char *)sqlite3_value_text(v);
	size_t len = text ? (size_t)sqlite3_value_bytes(v) : 0;
	if (!text)
		return false;
	if (!len || regexp_character(text, len, ret) != len) {
		sqlite3_result_error(ctx, "ESCAPE expression must be a single character", -1);
		return false;
	}
	if (*ret == '%' || *ret == '_') {
		sqlite3_result_error(ctx, "ESCAPE cannot be % or _", -1);
		return false;
	}
	return true;
}

/* x LIKE y ESCAPE z calls like(y, x, z). */
static void like(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	uint32_t escape = 0;
	if (!can_match(ctx, args, '%') || (count > 2 && !read_escape(ctx, args[2], &escape)))
		return;
	const char *pattern = (const char *)sqlite3_value_text(args[0]), *text = (const char *)sqlite3_value_text(args[1]);
	sqlite3_result_int(ctx, sqlite3_strlike(pattern, text, escape) == 0);
}

static void glob(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	if (!can_match(ctx, args, '*'))
		return;
	const char *pattern = (const char *)sqlite3_value_text(args[0]), *text = (const char *)sqlite3_value_text(args[1]);
	sqlite3_result_int(ctx, sqlite3_strglob(pattern, text) == 0);
}

static const struct sql_function rows[] = {
	{ "like", 2, like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "like", 3, like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "glob", 2, glob, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions like_functions = SQL_FUNCTIONS(rows);
