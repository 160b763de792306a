/* SPDX-License-Identifier: Apache-2.0 */
#include "function_rows.h"
#include "functions.h"
#include "regexp.h"
#include "sql_limits.h"

#define SUBJECT_MAX 16384

static void complain(sqlite3_context *ctx, const char *why)
{
	char *text = sqlite3_mprintf("the regular expression cannot be used: %s", why);
	sqlite3_result_error(ctx, text ? text : "out of memory", -1);
	sqlite3_free(text);
}

/* \return NULL with an error set */
static struct regexp *pattern_make(sqlite3_context *ctx, sqlite3_value *v, bool any_case)
{
	const char *text = (const char *)sqlite3_value_text(v);
	struct regexp *r = text ? sqlite3_malloc64(sizeof *r) : NULL;
	if (!r) {
		sqlite3_result_error_nomem(ctx);
		return NULL;
	}
	const char *why = regexp_compile(r, text, (size_t)sqlite3_value_bytes(v), any_case);
	if (!why)
		return r;
	complain(ctx, why);
	sqlite3_free(r);
	return NULL;
}

/* The flags of REGEXP_LIKE(): i ignores case, c does not, and the last one counts. \return false, with an error set, for others */
static bool read_flags(sqlite3_context *ctx, sqlite3_value *v, bool *any_case)
{
	const char *flags = (const char *)sqlite3_value_text(v);
	for (; flags && *flags; flags++) {
		if (*flags != 'i' && *flags != 'c') {
			sqlite3_result_error(ctx, "a flag of REGEXP_LIKE() must be i or c", -1);
			return false;
		}
		*any_case = *flags == 'i';
	}
	return true;
}

/* \p at: index of the pattern among the arguments */
static void search(sqlite3_context *ctx, int at, sqlite3_value **args, sqlite3_value *subject, bool any_case)
{
	const char *text = (const char *)sqlite3_value_text(subject);
	if (!text || sqlite3_value_type(args[at]) == SQLITE_NULL)
		return;
	size_t len = (size_t)sqlite3_value_bytes(subject);
	if (len > SUBJECT_MAX) {
		sqlite3_result_error(ctx, "a regular expression cannot be matched against a string of more than 16 KiB", -1);
		return;
	}
	struct regexp *kept = sqlite3_get_auxdata(ctx, at);
	bool usable = kept && kept->any_case == any_case;
	struct regexp *r = usable ? kept : pattern_make(ctx, args[at], any_case);
	if (!r)
		return;
	int found = regexp_search(r, text, len, sql_limits_stopped);
	if (found < 0)
		sqlite3_result_error(ctx, "interrupted", -1);
	else
		sqlite3_result_int(ctx, found);
	if (!usable)
		sqlite3_set_auxdata(ctx, at, r, sqlite3_free);
}

/* The operator: x REGEXP y calls regexp(y, x). */
static void regexp(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	search(ctx, 0, args, args[1], false);
}

static void regexp_like(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	bool any_case = false;
	if (count < 3 || read_flags(ctx, args[2], &any_case))
		search(ctx, 1, args, args[0], any_case);
}

static const struct sql_function rows[] = {
	{ "regexp", 2, regexp, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "regexp_like", 2, regexp_like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
	{ "regexp_like", 3, regexp_like, NULL, NULL, NULL, SQLITE_DETERMINISTIC },
};

const struct sql_functions regexp_functions = SQL_FUNCTIONS(rows);
