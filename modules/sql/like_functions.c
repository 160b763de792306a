/* SPDX-License-Identifier: Apache-2.0 */
/* LIKE and GLOB: the time of a match is proportional to the product of the two lengths, and it cannot be interrupted. */
#include "function_rows.h"
#include "functions.h"
#include "like_match.h"
#include "regexp.h"
#include "sql_limits.h"

#include <string.h>

/** Maximum product of the lengths of a string and of a pattern with a wildcard, in bytes: some tenths of a second. */
#define PRODUCT_MAX (UINT64_C(1) << 28)

/** Up to this product, matching does not check the statement's limits. */
#define PRODUCT_SHORT (UINT64_C(1) << 16)

/** An argument as UTF-8 without a copy, up to a NUL in it. \return false for NULL, or with an error set */
static bool take_text(sqlite3_context *ctx, sqlite3_value *v, struct like_text *ret)
{
	int type = sqlite3_value_type(v);
	if (type == SQLITE_NULL)
		return false;
	const char *s = type == SQLITE_TEXT ? sqlite3_value_blob(v) : (const char *)sqlite3_value_text(v);
	if (!s && type != SQLITE_TEXT) {
		sqlite3_result_error_nomem(ctx);
		return false;
	}
	ret->s = s ? s : "";
	ret->len = (size_t)sqlite3_value_bytes(v);
	const char *end = memchr(ret->s, 0, ret->len);
	if (end)
		ret->len = (size_t)(end - ret->s);
	return true;
}

/* \return whether they can be matched; if not, an error is set, unless one is NULL */
static bool can_match(sqlite3_context *ctx, sqlite3_value **args, char wildcard, struct like_text *pattern, struct like_text *text)
{
	if (!take_text(ctx, args[0], pattern) || !take_text(ctx, args[1], text))
		return false;
	uint64_t product = (uint64_t)pattern->len * (uint64_t)text->len;
	int most = sqlite3_limit(sqlite3_context_db_handle(ctx), SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
	const char *why = NULL;
	if (sqlite3_value_bytes(args[0]) > most)
		why = "LIKE or GLOB pattern too complex";
	else if (product > PRODUCT_MAX && memchr(pattern->s, wildcard, pattern->len))
		why = "the LIKE or GLOB pattern is too long for a string of this length";
	else if (product > PRODUCT_SHORT && sql_limits_stopped())
		why = "interrupted";
	if (why)
		sqlite3_result_error(ctx, why, -1);
	return !why;
}

/* \return false, with an error set, if it is not valid; also for NULL */
static bool read_escape(sqlite3_context *ctx, sqlite3_value *v, struct like_text *ret)
{
	uint32_t character;
	const char *text = (const char *)sqlite3_value_text(v);
	size_t len = text ? (size_t)sqlite3_value_bytes(v) : 0;
	if (!text)
		return false;
	if (!len || regexp_character(text, len, &character) != len) {
		sqlite3_result_error(ctx, "ESCAPE expression must be a single character", -1);
		return false;
	}
	if (character == '%' || character == '_') {
		sqlite3_result_error(ctx, "ESCAPE cannot be % or _", -1);
		return false;
	}
	*ret = (struct like_text){ text, len };
	return true;
}

/* x LIKE y ESCAPE z calls like(y, x, z). */
static void like(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	struct like_text pattern, text, escape = { "", 0 };
	if (!can_match(ctx, args, '%', &pattern, &text) || (count > 2 && !read_escape(ctx, args[2], &escape)))
		return;
	sqlite3_result_int(ctx, like_matches(pattern, text, escape));
}

static void glob(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	struct like_text pattern, text;
	(void)count;
	if (!can_match(ctx, args, '*', &pattern, &text))
		return;
	const char *ended = (const char *)sqlite3_value_text(args[0]), *from = (const char *)sqlite3_value_text(args[1]);
	if (ended && from)
		sqlite3_result_int(ctx, sqlite3_strglob(ended, from) == 0);
	else
		sqlite3_result_error_nomem(ctx);
}

static const struct sql_function rows[] = {
	{ "like", 2, like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "like", 3, like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "glob", 2, glob, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions like_functions = SQL_FUNCTIONS(rows);
