/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_literals.c
 * \brief Turns literals of a light statement into parameters: statements that differ only in these are prepared once.
 */
#include "sql_statement.h"

#include <string.h>

static const char *const parameters[SQL_LITERALS_MAX] = { "?1", "?2", "?3", "?4" };

/** Maximum number of digits that always fit in a 64-bit integer. */
#define DIGITS_MAX 18

static bool read_integer(const struct sql_token *t, int64_t *ret)
{
	*ret = 0;
	for (size_t i = 0; i < t->len; i++) {
		if (t->len > DIGITS_MAX || t->text[i] < '0' || t->text[i] > '9')
			return false;
		*ret = *ret * 10 + (t->text[i] - '0');
	}
	return true;
}

/** Reads an integer or a string: other numbers are left to SQLite to convert. */
static bool read_literal(struct sql_statement *s, const struct sql_token *t, struct sql_literal *ret)
{
	*ret = (struct sql_literal){ .text = NULL };
	if (t->kind == SQL_NUMBER)
		return read_integer(t, &ret->integer);
	if (t->kind == SQL_STRING)
		ret->text = sql_statement_word(s, t);
	return ret->text != NULL;
}

static bool compares(const struct sql_token *t)
{
	return sql_token_is_sign(t, '=') || sql_token_is_sign(t, '<') || sql_token_is_sign(t, '>');
}

/** Finds the literals that conditions compare with. Numbers after the conditions may be column numbers. */
static size_t find_literals(struct sql_statement *s, struct sql_edit *edits)
{
	static const char *const ends[] = { "group", "order", "having", "limit", "window", NULL };
	struct sql_token before = { .kind = SQL_END }, t = sql_token_read(s->text);
	size_t n = 0;
	bool where = false;
	for (; t.kind != SQL_END && t.kind != SQL_WRONG && n < SQL_LITERALS_MAX; t = sql_token_behind(&t)) {
		if (where && sql_token_is_any(&t, ends))
			break;
		if (where && compares(&before) && read_literal(s, &t, &s->literals[n])) {
			edits[n] = (struct sql_edit){ .at = (size_t)(t.text - s->text), .len = t.len, .text = parameters[n] };
			n++;
		}
		where = where || sql_token_is(&t, "where");
		before = t;
	}
	return n;
}

void sql_statement_take_literals(struct sql_statement *s)
{
	struct sql_edit found[SQL_LITERALS_MAX];
	if (strpbrk(s->text, "?:@#$")) /* the client's own parameters, which are refused */
		return;
	size_t n = find_literals(s, found), taken = 0;
	struct sql_edit *all = n ? lyre_alloc(s->call, (s->edit_count + n) * sizeof *all) : NULL;
	if (!all)
		return;
	for (size_t i = 0; i < s->edit_count; i++) {
		for (; taken < n && found[taken].at < s->edits[i].at; taken++)
			all[i + taken] = found[taken];
		all[i + taken] = s->edits[i];
	}
	for (; taken < n; taken++)
		all[s->edit_count + taken] = found[taken];
	s->edits = all;
	s->edit_count += n;
	s->edit_room = s->edit_count;
	s->literal_count = n;
}
