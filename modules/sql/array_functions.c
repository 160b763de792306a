/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a group as a JSON array. */
#include "function_rows.h"
#include "sql_value.h"
#include "value_set.h"

static void append_value(sqlite3_str *out, sqlite3_value *v)
{
	const char *text;
	switch (sqlite3_value_type(v)) {
	case SQLITE_INTEGER:
		if (sqlite3_value_subtype(v) == SQL_SUBTYPE_BOOLEAN)
			sqlite3_str_appendall(out, sqlite3_value_int(v) ? "true" : "false");
		else
			sqlite3_str_appendf(out, "%lld", sqlite3_value_int64(v));
		break;
	case SQLITE_FLOAT:
		sql_append_real(out, sqlite3_value_double(v));
		break;
	case SQLITE_NULL:
		sqlite3_str_appendall(out, "null");
		break;
	default:
		text = (const char *)sqlite3_value_text(v);
		if (text && sqlite3_value_subtype(v) == SQL_SUBTYPE_JSON)
			sqlite3_str_append(out, text, sqlite3_value_bytes(v));
		else if (text)
			sql_append_string(out, text, (size_t)sqlite3_value_bytes(v));
	}
}

static void append_item(sqlite3_str *out, sqlite3_value *v)
{
	sqlite3_str_appendchar(out, 1, sqlite3_str_length(out) == 0 ? '[' : ',');
	append_value(out, v);
}

/* \p out may be NULL: there were no rows */
static void result_array(sqlite3_context *ctx, sqlite3_str *out)
{
	if (!out) {
		sqlite3_result_text(ctx, "[]", 2, SQLITE_STATIC);
	} else {
		sqlite3_str_appendchar(out, 1, ']');
		sql_result_str(ctx, out);
	}
	sqlite3_result_subtype(ctx, SQL_SUBTYPE_JSON);
}

static void array_step(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	(void)count;
	sqlite3_str **out = sqlite3_aggregate_context(ctx, sizeof *out);
	if (!out) {
		sqlite3_result_error_nomem(ctx);
		return;
	}
	if (!*out)
		*out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
	append_item(*out, args[0]);
	if (sqlite3_str_errcode(*out) == SQLITE_TOOBIG)
		sqlite3_result_error_toobig(ctx);
	else if (sqlite3_str_errcode(*out) != SQLITE_OK)
		sqlite3_result_error_nomem(ctx);
}

static void array_final(sqlite3_context *ctx)
{
	sqlite3_str **out = sqlite3_aggregate_context(ctx, 0);
	result_array(ctx, out ? *out : NULL);
}

static void distinct_final(sqlite3_context *ctx)
{
	struct value_set *s = sqlite3_aggregate_context(ctx, 0);
	sqlite3_str *out = s ? sqlite3_str_new(sqlite3_context_db_handle(ctx)) : NULL;
	for (size_t i = 0; s && i < s->count; i++)
		append_item(out, s->entries[i].value);
	if (s)
		value_set_free(s);
	result_array(ctx, out);
}

static const struct sql_function rows[] = {
	{ "array", 1, NULL, array_step, array_final, NULL, SQLITE_DETERMINISTIC | SQLITE_SUBTYPE },
	{ "distinct_array", 1, NULL, value_set_step, distinct_final, NULL, SQLITE_DETERMINISTIC | SQLITE_SUBTYPE },
};

const struct sql_functions array_functions = SQL_FUNCTIONS(rows);
