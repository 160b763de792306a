/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_names.c
 * \brief Replaces database.table, where a table is expected or in a name with dots, with the name of its virtual table.
 */
#include "sql_parser.h"

#include <string.h>

static int add_table(struct sql_parser *p, const struct sql_token *database, const struct sql_token *table, size_t *ret)
{
	struct sql_statement *s = p->s;
	const char *d = sql_statement_word(s, database), *n = sql_statement_word(s, table);
	if (!d || !n)
		return lyre_fail_no_memory(s->call);
	for (*ret = 0; *ret < s->table_count; ++*ret) {
		if (!strcmp(s->tables[*ret].database, d) && !strcmp(s->tables[*ret].name, n))
			return 0;
	}
	if (s->table_count == SQL_TABLES_MAX)
		return lyre_fail(s->call, LYRE_EINVAL, "A statement can name at most %d tables", SQL_TABLES_MAX);
	s->tables[s->table_count++] = (struct sql_named){ .database = d, .name = n };
	return 0;
}

/** Keywords that can follow a table and are not its alias. */
static bool follows_table(const struct sql_token *t)
{
	static const char *const words[] = { "where", "join", "inner", "left", "right", "full", "cross", "natural", "outer", "on",
		"using", "group", "order", "having", "limit", "union", "except", "intersect", "set", "values", "value", "select",
		"window", "indexed", "not", "default", "returning", "offset", "and", "or", "then", "else", "end", "when", "is",
		"between", "in", "like", "collate", "desc", "asc", "with" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (sql_token_is(t, words[i]))
			return true;
	}
	return false;
}

/** Whether the client gives the table before \p next an alias. */
static bool has_alias(const char *next)
{
	struct sql_token t = sql_token_read(next);
	return sql_token_is(&t, "as") || t.kind == SQL_STRING || (sql_token_is_name(&t) && !follows_table(&t));
}

/** A name without a database: one of WITH, or a table-valued function. */
static int take_bare(struct sql_parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token next = sql_token_read(p->next);
	p->levels[p->depth].expects = false;
	if (sql_is_inner(s, &p->t) && !p->target_next)
		return 0;
	const char *name = sql_statement_word(s, &p->t);
	if (!name)
		return lyre_fail_no_memory(s->call);
	if (!sql_token_is_sign(&next, '(') || p->target_next)
		return lyre_fail(s->call, LYRE_EINVAL, "schema not defined for table %s", name);
	if (sql_token_is(&p->t, "json_each") || sql_token_is(&p->t, "json_tree"))
		return 0;
	return lyre_fail(s->call, LYRE_EINVAL, "no such table-valued function: %s", name);
}

static void keep_alias(struct sql_parser *p, struct sql_edit *e, const struct sql_token *table)
{
	if (p->is_operand || has_alias(table->text + table->len))
		return;
	e->alias = table->text;
	e->alias_len = table->len;
}

int sql_take_table(struct sql_parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token database = p->t;
	struct sql_token dot = sql_token_read(p->next), table = sql_token_read(dot.text + dot.len);
	size_t i = 0;
	if (!sql_token_is_sign(&dot, '.') || !sql_token_is_name(&table))
		return take_bare(p);
	int rc = add_table(p, &database, &table, &i);
	if (rc < 0)
		return rc;
	struct sql_edit *e = sql_edit_add(s, database.text, (size_t)(table.text + table.len - database.text), NULL);
	if (!e)
		return lyre_fail_no_memory(s->call);
	e->table = i;
	keep_alias(p, e, &table);
	if (p->target_next)
		p->target = i;
	if (!p->target_next || s->verb != SQL_INSERT)
		s->tables[i].read = true;
	p->into = p->target_next && s->verb == SQL_INSERT; /* parentheses elsewhere belong to a condition */
	p->target_next = false;
	p->is_operand = false;
	p->levels[p->depth].expects = false;
	p->t = table;
	p->next = table.text + table.len;
	return 0;
}

int sql_take_qualified(struct sql_parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token first = p->t, second = sql_token_part(&first), third = { .kind = SQL_END };
	if (sql_token_is_name(&second))
		third = sql_token_part(&second);
	p->t = third.kind == SQL_END ? second : third;
	p->next = p->t.text + p->t.len;
	if (third.kind == SQL_END)
		return 0;
	struct sql_edit *e = sql_edit_add(s, first.text, (size_t)(second.text + second.len - first.text), NULL);
	if (!e)
		return lyre_fail_no_memory(s->call);
	e->database = sql_statement_word(s, &first);
	e->name = sql_statement_word(s, &second);
	e->alias = second.text;
	e->alias_len = second.len;
	return e->database && e->name ? 0 : lyre_fail_no_memory(s->call);
}
