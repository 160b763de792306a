/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_written.c
 * \brief Values that a statement writes: finds where each ends, whether it may be a column's value unchanged, and what packs it.
 */
#include "sql_parser.h"
#include "sql_value.h"

/** A written value, as its text. */
struct written {
	const char *end;       /**< after its last token */
	struct sql_token only; /**< its only token; of kind SQL_END if it has several */
	bool literal;          /**< a number, a string or null */
	bool bare;             /**< a plain column */
	bool passes;           /**< an expression that may return a column unchanged */
	bool star;             /**< all columns: * or dog.* */
};

/** Keywords after which a value continues. */
static const char *const operators[] = { "and", "or", "not", "is", "in", "like", "glob", "regexp", "match", "between", "escape",
	"collate", "when", "then", "else", "case", "distinct", "over", "from", "exists", "cast", NULL };

/** Whether a value ends before this token, which is not in parentheses. */
static bool is_behind(const struct sql_token *before, const struct sql_token *t)
{
	static const char *const words[] = { "from", "where", "group", "having", "order", "limit", "union", "except", "intersect",
		"as", "returning", NULL };
	bool name = sql_token_is_name(t) && sql_token_is_sign(before, '.');
	if (name || (sql_token_is(t, "from") && sql_token_is(before, "distinct")))
		return false;
	return sql_token_is_sign(t, ',') || sql_token_is_sign(t, ')') || sql_token_is_any(t, words);
}

/** Whether the last token is an alias without AS: the value is complete before it. */
static bool is_name_behind(const struct sql_token *before, const struct sql_token *last)
{
	static const char *const ends[] = { "end", "null", "isnull", "notnull", "true", "false", NULL };
	bool complete = before->kind == SQL_NUMBER || before->kind == SQL_STRING || before->kind == SQL_QUOTED ||
		sql_token_is_sign(before, ')') || (before->kind == SQL_WORD && !sql_token_is_any(before, operators));
	bool blob = last->kind == SQL_STRING && sql_token_is(before, "x") && before->text + 1 == last->text;
	bool name = last->kind == SQL_STRING || (sql_token_is_name(last) && !sql_token_is_any(last, ends));
	return complete && name && !blob;
}

/** Whether it is a name, or names with dots. \p end: after the last one */
static bool is_column(struct sql_token t, const char *end)
{
	static const char *const constants[] = { "true", "false", "null", NULL };
	if (sql_token_is_any(&t, constants))
		return false;
	while (sql_token_is_name(&t) && t.text + t.len != end)
		t = sql_token_part(&t);
	return sql_token_is_name(&t);
}

/** Whether it begins an expression that returns one of its arguments unchanged, which may be a column. */
static bool passes(const struct sql_token *first)
{
	static const char *const words[] = { "case", "coalesce", "ifnull", "nullif", "iif", "if", "max", "min", "first_value",
		"last_value", "nth_value", "lag", "lead", NULL };
	return sql_token_is_any(first, words) || sql_token_is_sign(first, '(');
}

/** Whether a value is just a constant, possibly with a sign before it. */
static bool is_literal(const struct sql_token *first, const struct sql_token *last, size_t words)
{
	bool sign = words == 2 && (sql_token_is_sign(first, '-') || sql_token_is_sign(first, '+'));
	if (words == 1)
		return last->kind == SQL_NUMBER || last->kind == SQL_STRING || sql_token_is(last, "null");
	return sign && last->kind == SQL_NUMBER;
}

/** Reads a value from its first token on; \p named: an alias may follow it. */
static struct written read_value(const struct sql_token *first, bool named)
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
	struct written w = { .star = sql_token_is_sign(&last, '*') && (words == 1 || sql_token_is_sign(&before, '.')) };
	if (named && !depth && words > 1 && is_name_behind(&before, &last)) {
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

/** Whether a written value begins with this token: of SET, of a row of VALUES, or a result of an INSERT's own SELECT. */
static bool begins_written(const struct sql_parser *p)
{
	static const char *const openers[] = { "select", "distinct", "all", "top", NULL };
	static const char *const passed[] = { "distinct", "all", NULL };
	struct sql_token next = sql_token_read(p->next);
	bool comma = sql_token_is_sign(&p->before, ',');
	if (p->value_end)
		return false;
	if (p->depth)
		return p->depth == 1 && p->levels[1].row && (comma || sql_token_is_sign(&p->before, '('));
	if (p->in_set)
		return sql_token_is_sign(&p->before, '=');
	if (!p->in_list || sql_token_is_any(&p->t, passed) || (sql_token_is(&p->t, "top") && next.kind == SQL_NUMBER))
		return false;
	return comma || sql_token_is_any(&p->before, openers);
}

/** The function that packs a value, so that its type outlives a table in which SQLite collects rows. */
static const char *packer(const struct sql_parser *p, const struct written *w)
{
	bool passes = w->bare || (w->passes && p->s->loses);
	return passes ? SQL_KNOWN_FUNCTION "(" : SQL_KEEP_FUNCTION "(";
}

static int take_value(struct sql_parser *p)
{
	struct written w = read_value(&p->t, p->in_list && !p->depth);
	if (w.star)
		return lyre_fail(p->s->call, LYRE_EINVAL, "INSERT with SELECT * is not supported: name the attributes");
	if (sql_token_is(&w.only, "true"))
		return sql_edit_text(p->s, p->t.text, p->t.len, SQL_TRUE_LITERAL);
	if (sql_token_is(&w.only, "false"))
		return sql_edit_text(p->s, p->t.text, p->t.len, SQL_FALSE_LITERAL);
	if (w.literal)
		return 0;
	p->value_end = w.end;
	return sql_edit_text(p->s, p->t.text, 0, packer(p, &w));
}

int sql_take_border(struct sql_parser *p)
{
	int rc = 0;
	if (p->value_end && p->t.text >= p->value_end) {
		rc = sql_edit_text(p->s, p->value_end, 0, ")");
		p->value_end = NULL;
	}
	return rc == 0 && begins_written(p) ? take_value(p) : rc;
}
