/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_shape.c
 * \brief Recognizes statements that are quick: those that find one record, and those that count a table.
 */
#include "sql_statement.h"

/** The number of references to tables, which may name one more than once. */
static size_t references(const struct sql_statement *s)
{
	size_t n = 0;
	for (size_t i = 0; i < s->edit_count; i++)
		n += !s->edits[i].text && !s->edits[i].database;
	return n;
}

/** Whether it begins a call, or an operator that builds or parses strings: (, ||, -> or ->>. */
static bool is_heavy_sign(const struct sql_token *t)
{
	return sql_token_is_sign(t, '(') || sql_token_is_sign(t, '|') || (sql_token_is_sign(t, '-') && t->text[1] == '>');
}

/** Whether nothing in it could take long for a single row, or find rows other than that of one key. */
static bool is_light(const struct sql_statement *s)
{
	static const char *const heavy[] = { "like", "glob", "regexp", "match", "join", "or", "in", "not", "case", "collate",
		NULL };
	struct sql_token t = sql_token_read(s->text);
	size_t selects = 0;
	if (s->verb != SQL_SELECT || references(s) != 1 || s->explain || s->compound || s->inner_count)
		return false;
	for (; t.kind != SQL_END && t.kind != SQL_WRONG; t = sql_token_behind(&t)) {
		selects += sql_token_is(&t, "select");
		if (is_heavy_sign(&t) || sql_token_is_any(&t, heavy))
			return false;
	}
	return t.kind == SQL_END && selects == 1;
}

/** SELECT COUNT(*) [AS name] FROM dev.dog, and nothing else: the table's own count. */
static void find_count(struct sql_statement *s)
{
	struct sql_token t = sql_token_read(s->text), count = sql_token_behind(&t), open = sql_token_behind(&count),
			 star = sql_token_behind(&open);
	struct sql_token close = sql_token_behind(&star), from = sql_token_behind(&close), name = { .kind = SQL_END };
	if (!sql_token_is(&t, "select") || !sql_token_is(&count, "count") || !sql_token_is_sign(&open, '(') ||
		!sql_token_is_sign(&star, '*') || !sql_token_is_sign(&close, ')'))
		return;
	if (sql_token_is(&from, "as")) {
		name = sql_token_behind(&from);
		from = sql_token_behind(&name);
	}
	struct sql_token database = sql_token_behind(&from), table = sql_token_part(&database), end = { .kind = SQL_WRONG };
	if (sql_token_is(&from, "from") && sql_token_is_name(&table))
		end = sql_token_behind(&table);
	if (end.kind != SQL_END || s->table_count != 1)
		return;
	if (!sql_token_is_name(&name))
		name = (struct sql_token){ .kind = SQL_WORD, .text = count.text, .len = (size_t)(close.text + 1 - count.text) };
	s->count_name = sql_statement_word(s, &name);
}

void sql_statement_shape(struct sql_statement *s)
{
	find_count(s);
	s->light = is_light(s);
}
