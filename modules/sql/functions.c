/* SPDX-License-Identifier: Apache-2.0 */
#include "functions.h"

#include "function_rows.h"
#include "sql_limits.h"

static const struct sql_functions *const all[] = { &date_functions, &text_functions, &regexp_functions, &math_functions,
	&aggregate_functions, &array_functions, &json_functions, &like_functions, &format_functions };

bool sql_function_ends(sqlite3_context *ctx)
{
	bool ends = sql_limits_stopped();
	if (ends)
		sqlite3_result_error(ctx, "interrupted", -1);
	return ends;
}

static int add(sqlite3 *db, const struct sql_function *f)
{
	return sqlite3_create_function_v2(db, f->name, f->args, SQLITE_UTF8 | SQLITE_INNOCUOUS | f->flags, (void *)f->about,
		f->call, f->step, f->final, NULL);
}

int sql_functions_add(sqlite3 *db)
{
	int rc = SQLITE_OK;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (size_t k = 0; rc == SQLITE_OK && k < all[i]->count; k++)
			rc = add(db, &all[i]->rows[k]);
	return rc;
}

bool sql_functions_permit(const char *name)
{
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (size_t k = 0; k < all[i]->count; k++)
			if (sqlite3_stricmp(all[i]->rows[k].name, name) == 0)
				return true;
	return sql_functions_are_sqlite(name);
}

void sql_result_str(sqlite3_context *ctx, sqlite3_str *text)
{
	int rc = sqlite3_str_errcode(text), len = sqlite3_str_length(text);
	char *result = sqlite3_str_finish(text);
	if (rc == SQLITE_TOOBIG)
		sqlite3_result_error_toobig(ctx);
	else if (rc != SQLITE_OK)
		sqlite3_result_error_nomem(ctx);
	else if (result)
		sqlite3_result_text64(ctx, result, (sqlite3_uint64)len, sqlite3_free, SQLITE_UTF8);
	else
		sqlite3_result_text(ctx, "", 0, SQLITE_STATIC);
}
