/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_inner.c
 * \brief The first pass over a statement: finds the tables that it defines with WITH, and its end.
 */
#include "sql_parser.h"

#include <strings.h>

bool sql_is_inner(const struct sql_statement *s, const struct sql_token *t)
{
	char name[256];
	if (t->len >= sizeof name)
		return false;
	sql_token_name(t, name);
	for (size_t i = 0; i < s->inner_count; i++) {
		if (strcasecmp(s->inner[i], name) == 0) /* case of ASCII letters only, as SQLite compares names */
			return true;
	}
	return false;
}

/** Whether AS ( … or AS [NOT] MATERIALIZED ( … follows. */
static bool begins_inner(const char *next)
{
	struct sql_token t = sql_token_read(next);
	if (!sql_token_is(&t, "as"))
		return false;
	do
		t = sql_token_read(t.text + t.len);
	while (sql_token_is(&t, "not") || sql_token_is(&t, "materialized"));
	return sql_token_is_sign(&t, '(');
}

/** Maximum number of tables that a statement defines with WITH. */
#define INNER_MAX 500

/** The open parentheses, each with the name before it, during this pass. */
struct brackets {
	struct sql_token names[SQL_DEPTH_MAX];
	size_t depth;
	bool set;          /**< it is an UPDATE */
	size_t from_depth; /**< depth of the open FROM, from 1; 0 if none is open */
};

/** The name that AS (…) after \p t defines: t itself, or the name before the parentheses that t closes. */
static struct sql_token inner_name(struct brackets *b, const struct sql_token *before, const struct sql_token *t)
{
	const struct sql_token none = { .kind = SQL_END };
	if (sql_token_is_sign(t, '(') && b->depth < SQL_DEPTH_MAX)
		b->names[b->depth++] = *before;
	else if (sql_token_is_sign(t, ')') && b->depth)
		return b->names[--b->depth];
	return sql_token_is_name(t) ? *t : none;
}

/** Whether a FROM here separates arguments: TRIM(x FROM y). */
static bool is_argument(const struct brackets *b)
{
	static const char *const functions[] = { "trim", "extract", NULL };
	return b->depth && sql_token_is_any(&b->names[b->depth - 1], functions);
}

/** Whether SQLite may store rows before the statement takes its values from them: if it joins, groups or has a subquery. */
static bool may_lose(struct brackets *b, const struct sql_token *t)
{
	static const char *const losing[] = { "join", "group", "over", NULL };
	static const char *const ends[] = { "where", "having", "order", "limit", "union", "except", "intersect", NULL };
	bool from = sql_token_is(t, "from") && !is_argument(b);
	bool comma = b->from_depth == b->depth + 1 && sql_token_is_sign(t, ',');
	b->set = b->set || sql_token_is(t, "set");
	if (from)
		b->from_depth = b->depth + 1;
	else if (sql_token_is_any(t, ends))
		b->from_depth = 0;
	return comma || (from && b->set) || sql_token_is_any(t, losing) || (sql_token_is(t, "select") && b->depth);
}

/** Where a statement ends: before a comment after its last token, which may be unterminated and would swallow LIMIT. */
static size_t statement_length(const struct sql_statement *s, const struct sql_token *last, const struct sql_token *end)
{
	if (end->kind == SQL_WRONG)
		return (size_t)(end->text + end->len - s->text);
	return (size_t)((last->text ? last->text + last->len : end->text) - s->text);
}

int sql_find_inner(struct sql_statement *s)
{
	struct sql_token before = { .kind = SQL_END }, t = sql_token_read(s->text);
	struct brackets *b = lyre_alloc(s->call, sizeof *b);
	int rc = b ? 0 : lyre_fail_no_memory(s->call);
	bool with = false;
	for (; !rc && t.kind != SQL_END && t.kind != SQL_WRONG; t = sql_token_read(t.text + t.len)) {
		struct sql_token name = inner_name(b, &before, &t);
		with = with || sql_token_is(&t, "with");
		s->converts = s->converts || sql_token_is(&t, "cast") || sql_token_is(&t, "convert");
		s->loses = s->loses || (!sql_token_is_sign(&before, '.') && may_lose(b, &t)); /* dev.where is not a WHERE */
		if (with && sql_token_is_name(&name) && begins_inner(t.text + t.len))
			rc = sql_statement_add_name(s, &s->inner, &s->inner_count, &s->inner_room, &name);
		if (!rc && s->inner_count > INNER_MAX)
			rc = lyre_fail(s->call, LYRE_EINVAL, "A statement can define at most %d tables with WITH", INNER_MAX);
		sql_nesting_add(s, &t);
		before = t;
	}
	s->len = statement_length(s, &before, &t);
	return rc ? rc : sql_nesting_check(s);
}
