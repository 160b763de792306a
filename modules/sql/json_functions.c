/* SPDX-License-Identifier: Apache-2.0 */
/* SEARCH_JSON(expression, value): evaluates a JSONata expression on a value. */
#include "function_rows.h"
#include "functions.h"
#include "jsonata.h"
#include "sql_value.h"

#include <math.h>
#include <string.h>

/** Maximum length of an expression, in bytes. */
#define EXPRESSION_MAX 10000

struct expression {
	struct jsonata_run run; /**< the memory of its nodes */
	struct jsonata_node *node;
};

static void free_expression(void *arg)
{
	struct expression *e = arg;
	jsonata_free(&e->run);
	sqlite3_free(e);
}

static void fail(sqlite3_context *ctx, const char *why)
{
	char *sentence = sqlite3_mprintf("the expression of SEARCH_JSON() cannot be used: %s", why);
	if (sentence)
		sqlite3_result_error(ctx, sentence, -1);
	else
		sqlite3_result_error_nomem(ctx);
	sqlite3_free(sentence);
}

/** \return NULL, with an error set, if it is not valid */
static struct expression *parse(sqlite3_context *ctx, sqlite3_value *v)
{
	char error[200] = "";
	const char *text = (const char *)sqlite3_value_text(v);
	size_t len = text ? (size_t)sqlite3_value_bytes(v) : 0;
	struct expression *e = sqlite3_malloc64(sizeof *e);
	char *own = NULL;
	if (e) {
		*e = (struct expression){ .node = NULL };
		own = jsonata_alloc(&e->run, len + 1);
	}
	if (own && len)
		memcpy(own, text, len);
	if (own && len <= EXPRESSION_MAX)
		e->node = jsonata_parse(&e->run, own, len, error, sizeof error);
	if (e && e->node)
		return e;
	if (len > EXPRESSION_MAX)
		fail(ctx, "it is too long");
	else if (*error && !e->run.failed)
		fail(ctx, error);
	else
		sqlite3_result_error_nomem(ctx);
	if (e)
		free_expression(e);
	return NULL;
}

/** Arrays and objects are strings here, which may have lost the subtype that marks them. */
static struct jsonata_value *value_of_text(struct jsonata_run *run, sqlite3_value *v)
{
	const char *text = (const char *)sqlite3_value_text(v);
	size_t len = text ? (size_t)sqlite3_value_bytes(v) : 0;
	bool nested = len && (*text == '[' || *text == '{') && sqlite3_value_subtype(v) != SQL_SUBTYPE_PLAIN;
	struct jsonata_value *read = nested ? jsonata_read(run, text, len) : NULL;
	return read ? read : jsonata_string(run, text ? text : "", len);
}

static struct jsonata_value *value_of(struct jsonata_run *run, sqlite3_value *v)
{
	switch (sqlite3_value_type(v)) {
	case SQLITE_NULL:
		return NULL;
	case SQLITE_INTEGER:
		if (sqlite3_value_subtype(v) == SQL_SUBTYPE_BOOLEAN)
			return jsonata_boolean(run, sqlite3_value_int(v));
		return jsonata_number(run, sqlite3_value_double(v));
	case SQLITE_FLOAT:
		return jsonata_number(run, sqlite3_value_double(v));
	default:
		return value_of_text(run, v);
	}
}

static void give_number(sqlite3_context *ctx, const struct jsonata_value *v)
{
	if (v->number >= -9e15 && v->number <= 9e15 && !(v->number < (double)(int64_t)v->number) &&
		!(v->number > (double)(int64_t)v->number))
		sqlite3_result_int64(ctx, (int64_t)v->number);
	else if (isfinite(v->number))
		sqlite3_result_double(ctx, v->number);
}

static void give(sqlite3_context *ctx, const struct jsonata_value *v)
{
	sqlite3_str *out;
	switch (v->type) {
	case JSONATA_NULL:
		break;
	case JSONATA_BOOLEAN:
		sqlite3_result_int(ctx, v->truth);
		sqlite3_result_subtype(ctx, SQL_SUBTYPE_BOOLEAN);
		break;
	case JSONATA_NUMBER:
		give_number(ctx, v);
		break;
	case JSONATA_STRING:
		sqlite3_result_text64(ctx, v->text, v->len, SQLITE_TRANSIENT, SQLITE_UTF8);
		break;
	default:
		out = sqlite3_str_new(sqlite3_context_db_handle(ctx));
		jsonata_write(out, v);
		sql_result_str(ctx, out);
		sqlite3_result_subtype(ctx, SQL_SUBTYPE_JSON);
	}
}

static void evaluate(sqlite3_context *ctx, const struct expression *e, sqlite3_value *v)
{
	struct jsonata_run run = { .blocks = NULL };
	const struct jsonata_value *result = jsonata_evaluate(&run, e->node, value_of(&run, v));
	if (run.deep)
		fail(ctx, "it is nested too deeply");
	else if (run.failed && !sql_function_ends(ctx))
		sqlite3_result_error_nomem(ctx);
	else if (!run.failed && result)
		give(ctx, result);
	jsonata_free(&run);
}

static void search_json(sqlite3_context *ctx, int count, sqlite3_value **args)
{
	struct expression *e = sqlite3_get_auxdata(ctx, 0), *made = NULL;
	(void)count;
	if (sqlite3_value_type(args[0]) == SQLITE_NULL || sql_function_ends(ctx))
		return;
	if (!e)
		e = made = parse(ctx, args[0]);
	if (!e)
		return;
	evaluate(ctx, e, args[1]);
	if (made)
		sqlite3_set_auxdata(ctx, 0, made, free_expression);
}

static const struct sql_function rows[] = {
	{ "search_json", 2, search_json, NULL, NULL, NULL, SQLITE_DETERMINISTIC | SQLITE_SUBTYPE },
};

const struct sql_functions json_functions = SQL_FUNCTIONS(rows);
