/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_written.c
 * \brief Values that a statement writes, as texts: where each ends, and whether it can be a value of a table as it is.
 */
#include "sql_statement.h"

/** Words behind which a value goes on. */
static const char *const operators[] = { "and", "or", "not", "is", "in", "like", "glob", "regexp", "match", "between", "escape",
	"collate", "when", "then", "else", "case", "distinct", "over", "from", "exists", "cast", NULL };

/** Whether a value ends before this word, outside of brackets. */
static bool is_behind(const struct sql_token *before, const struct sql_token *t)
{
	static const char *const words[] = { "from", "where", "group", "having", "order", "limit", "union", "except", "intersect",
		"as", "returning", NULL };
	bool name = t->kind == SQL_WORD && sql_token_is_sign(before, '.');
	if (name || (sql_token_is(t, "from") && sql_token_is(before, "distinct")))
		return false;
	return sql_token_is_sign(t, ',') || sql_token_is_sign(t, ')') || sql_token_is_any(t, words);
}

/** Whether the last word is a name for the value, without AS: what stands before it is complete. */
static bool is_name_behind(const struct sql_token *before, const struct sql_token *last)
{
	static const char *const ends[] = { "end", "null", "isnull", "notnull", "true", "false", NULL };
	bool complete = before->kind == SQL_NUMBER || before->kind == SQL_STRING || before->kind == SQL_QUOTED ||
		sql_token_is_sign(before, ')') || (before->kind == SQL_WORD && !sql_token_is_any(before, operators));
	bool blob = last->kind == SQL_STRING && sql_token_is(before, "x") && before->text + 1 == last->text;
	bool name = last->kind == SQL_STRING || (sql_token_is_name(last) && !sql_token_is_any(last, ends));
	return complete && name && !blob;
}

/** A name, or names with dots. \p end: behind the last one */
static bool is_column(struct sql_token t, const char *end)
{
	static const char *const constants[] = { "true", "false", "null", NULL };
	if (sql_token_is_any(&t, constants))
		return false;
	while (sql_token_is_name(&t) && t.text + t.len != end)
		t = sql_token_part(&t);
	return sql_token_is_name(&t);
}

/** Begins what gives one of its arguments as it is, which may be a column. */
static bool passes(const struct sql_token *first)
{
	static const char *const words[] = { "case", "coalesce", "ifnull", "nullif", "iif", "if", "max", "min", "first_value",
		"last_value", "nth_value", "lag", "lead", NULL };
	return sql_token_is_any(first, words) || sql_token_is_sign(first, '(');
}

/** Whether a value is nothing but a constant, perhaps with a sign before it. */
static bool is_literal(const struct sql_token *first, const struct sql_token *last, size_t words)
{
	bool sign = words == 2 && (sql_token_is_sign(first, '-') || sql_token_is_sign(first, '+'));
	if (words == 1)
		return last->kind == SQL_NUMBER || last->kind == SQL_STRING || sql_token_is(last, "null");
	return sign && last->kind == SQL_NUMBER;
}

struct sql_written sql_written_read(const struct sql_token *first, bool named)
{
	struct sql_token before = { .kind = SQL_END }, last = before, t = *first;
	size_t depth = 0, words = 0;
	for (; t.kind != SQL_END && t.kind != SQL_WRONG && (depth || !is_behind(&last, &t)); t = sql_token_behind(&t)) {
		depth += sql_token_is_sign(&t, '(');
		depth -= sql_token_is_sign(&t, ')');
		before = last;
		last = t;
		words++;
	}
	struct sql_written w = { .star = sql_token_is_sign(&last, '*') && (words == 1 || sql_token_is_sign(&before, '.')) };
	if (named && words > 1 && is_name_behind(&before, &last)) {
		last = before;
		words--;
	}
	w.end = words ? last.text + last.len : first->text;
	w.only = words == 1 ? last : (struct sql_token){ .kind = SQL_END };
	w.literal = !words || is_literal(first, &last, words);
	w.bare = words && is_column(*first, w.end);
	w.passes = passes(first);
	return w;
}
