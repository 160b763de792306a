/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_statement.c
 * \brief Reads a statement, token by token: database.table is a table only where a table is expected.
 */
#include "sql_parser.h"

/* ---- SELECT TOP, INSERT, UPDATE ---- */

static int add_column(struct sql_parser *p, const struct sql_token *t)
{
	struct sql_statement *s = p->s;
	return sql_statement_add_name(s, &s->columns, &s->column_count, &s->column_room, t);
}

/** SELECT [DISTINCT] TOP 5: becomes LIMIT at the end. */
static int take_top(struct sql_parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token number = sql_token_read(p->next);
	bool behind_select = sql_token_is(&p->before, "select") || sql_token_is(&p->before, "distinct");
	if (!behind_select || number.kind != SQL_NUMBER)
		return 0;
	if (p->depth || s->top || s->compound)
		return sql_statement_unsupported(s, "TOP in a subquery or compound (use LIMIT)");
	s->top = number.text;
	s->top_len = number.len;
	int rc = sql_edit_text(s, p->t.text, (size_t)(number.text + number.len - p->t.text), "");
	p->next = number.text + number.len;
	return rc;
}

/** UPDATE … SET a = …: notes the names of the attributes. */
static int take_assignment(struct sql_parser *p)
{
	struct sql_token equals = sql_token_read(p->next);
	if (p->depth || p->value_end || !sql_token_is_sign(&equals, '='))
		return 0;
	return add_column(p, &p->t);
}

/** INSERT INTO dev.dog (a, b): notes the names in the parentheses. */
static int take_columns(struct sql_parser *p)
{
	struct sql_token t = sql_token_read(p->next);
	int rc = 0;
	p->into = false;
	for (; !rc && t.kind != SQL_END && t.kind != SQL_WRONG && !sql_token_is_sign(&t, ')'); t = sql_token_read(t.text + t.len)) {
		if (sql_token_is_name(&t))
			rc = add_column(p, &t);
	}
	p->next = t.text;
	return rc;
}

/* ---- keywords ---- */

static const struct {
	const char *word;
	enum sql_verb verb;
	bool writes;
} verbs[] = {
	{ "select", SQL_SELECT, false },
	{ "values", SQL_SELECT, false },
	{ "insert", SQL_INSERT, true },
	{ "update", SQL_UPDATE, true },
	{ "delete", SQL_DELETE, true },
};

static void take_verb(struct sql_parser *p)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs && !p->begun; i++) {
		if (!sql_token_is(&p->t, verbs[i].word))
			continue;
		p->begun = true;
		p->s->verb = verbs[i].verb;
		p->s->writes = verbs[i].writes && !p->s->explain;
		p->target_next = verbs[i].writes;
		p->levels[0].expects = verbs[i].verb == SQL_UPDATE;
	}
}

/** Keeps track of where the values of an INSERT are. */
static void take_written(struct sql_parser *p)
{
	static const char *const ends[] = { "from", "where", "group", "having", "order", "limit", "union", "except", "intersect",
		"window", NULL };
	if (p->depth || p->value_end || p->s->verb != SQL_INSERT)
		return;
	if (sql_token_is_any(&p->t, ends))
		p->in_list = p->in_rows = false;
	else if (sql_token_is(&p->t, "select"))
		p->in_list = true;
	else if (sql_token_is(&p->t, "values") || sql_token_is(&p->t, "value"))
		p->in_rows = true;
}

static void take_clause(struct sql_parser *p, struct sql_level *l)
{
	static const char *const ends[] = { "where", "group", "order", "having", "limit", "window", "select", "values", "set",
		NULL };
	static const char *const compounds[] = { "union", "intersect", "except", NULL };
	struct sql_token next = sql_token_read(p->next);
	if (sql_token_is(&p->t, "from") && !sql_token_is(&p->before, "distinct")) {
		l->in_from = l->expects = true;
		p->in_set = p->in_set && p->depth;
		p->s->joins = p->s->joins || (!p->depth && p->s->verb == SQL_UPDATE);
	} else if (sql_token_is(&p->t, "join") || sql_token_is(&p->t, "into")) {
		l->expects = true;
	} else if (sql_token_is(&p->t, "in") && sql_token_is_name(&next)) {
		l->expects = p->is_operand = true;
	} else if (sql_token_is_any(&p->t, compounds)) {
		p->s->compound = true;
		l->in_from = false;
	} else if (sql_token_is_any(&p->t, ends)) {
		l->in_from = false;
		if (!p->depth)
			p->in_set = sql_token_is(&p->t, "set");
	}
	take_written(p);
}

/** A keyword before a subquery: x > ANY (SELECT …). */
static int refuse_quantifier(struct sql_parser *p)
{
	static const char *const words[] = { "any", "some", "all", NULL };
	bool compares =
		sql_token_is_sign(&p->before, '=') || sql_token_is_sign(&p->before, '<') || sql_token_is_sign(&p->before, '>');
	if (!compares || !sql_token_is_any(&p->t, words))
		return 0;
	return lyre_fail(p->s->call, LYRE_EINVAL, "ANY, SOME and ALL are not supported in SQL: use IN, EXISTS, min() or max()");
}

/** Refuses clauses of SQLite or other databases that the server does not support. */
static int refuse_clause(struct sql_parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token next = sql_token_read(p->next);
	if (sql_token_is(&p->t, "into") && s->verb == SQL_SELECT)
		return sql_statement_unsupported(s, "SELECT INTO");
	if (sql_token_is(&p->t, "or") && (sql_token_is(&p->before, "insert") || sql_token_is(&p->before, "update")))
		return sql_statement_unsupported(s, "OR after INSERT or UPDATE");
	if (sql_token_is(&p->t, "from") && p->depth && !p->levels[p->depth].selects && !sql_token_is(&p->before, "distinct"))
		return sql_statement_unsupported(s, "FROM in the arguments of a function");
	if (sql_token_is(&p->t, "on") && sql_token_is(&next, "conflict") && s->verb == SQL_INSERT)
		return sql_statement_unsupported(s, "ON CONFLICT");
	if (sql_token_is(&p->t, "returning") && s->verb != SQL_SELECT && !p->depth)
		return sql_statement_unsupported(s, "RETURNING");
	return sql_token_is_sign(&next, '(') ? refuse_quantifier(p) : 0;
}

static int take_word(struct sql_parser *p, struct sql_level *l)
{
	struct sql_statement *s = p->s;
	if (sql_is_trim_from(p))
		return sql_take_trim_from(p);
	int rc = refuse_clause(p);
	if (rc == 0)
		rc = sql_take_cast_type(p);
	if (rc < 0)
		return rc;
	if (!p->depth)
		take_verb(p);
	take_clause(p, l);
	l->selects = l->selects || sql_token_is(&p->t, "select");
	rc = sql_take_call(p);
	if (rc < 0)
		return rc;
	if (sql_token_is(&p->t, "top"))
		return take_top(p);
	if (sql_token_is(&p->t, "value") && s->verb == SQL_INSERT && !p->depth && p->begun)
		return sql_edit_text(s, p->t.text, p->t.len, "VALUES");
	return 0;
}

static int open_bracket(struct sql_parser *p)
{
	static const char *const rows[] = { "values", "value", NULL };
	struct sql_level *l = &p->levels[p->depth];
	struct sql_call call = p->call;
	bool expects = l->expects;
	p->call = (struct sql_call){ 0 };
	if (p->into)
		return take_columns(p);
	if (p->in_set && !p->depth && !p->value_end && !sql_token_is_sign(&p->before, '='))
		return lyre_fail(p->s->call, LYRE_EINVAL, "SET (…) = (…) is not supported: set each attribute separately");
	if (p->depth + 1 == SQL_DEPTH_MAX)
		return lyre_fail(p->s->call, LYRE_EINVAL, "The statement has more than %d levels of parentheses", SQL_DEPTH_MAX);
	l->expects = false;
	bool row = p->in_rows && !p->depth && (sql_token_is_sign(&p->before, ',') || sql_token_is_any(&p->before, rows));
	p->levels[++p->depth] = (struct sql_level){ .in_from = expects, .expects = expects, .row = row, .call = call };
	if (call.behind)
		p->next = call.behind;
	return 0;
}

static int take_sign(struct sql_parser *p)
{
	struct sql_level *l = &p->levels[p->depth];
	if (sql_token_is_sign(&p->t, '('))
		return open_bracket(p);
	if (sql_token_is_sign(&p->t, ')') && p->depth) {
		p->depth--;
		return l->call.tail ? sql_edit_text(p->s, p->t.text, 0, l->call.tail) : 0;
	}
	if (!sql_token_is_sign(&p->t, ','))
		return 0;
	l->expects = l->expects || l->in_from;
	return sql_take_comma(p);
}

/** Keywords that may come before an expected table. */
static bool is_between(const struct sql_parser *p)
{
	return sql_token_is(&p->t, "update") || sql_token_is(&p->t, "or") || sql_token_is(&p->t, "select") ||
		sql_token_is(&p->t, "values") || sql_token_is(&p->t, "with");
}

static int take_token(struct sql_parser *p)
{
	struct sql_level *l = &p->levels[p->depth];
	if (!sql_token_is_name(&p->t))
		return take_sign(p);
	if (l->expects && !is_between(p))
		return sql_take_table(p);
	l->expects = false;
	if (p->in_set) {
		int rc = take_assignment(p);
		if (rc < 0)
			return rc;
	}
	struct sql_token dot = sql_token_read(p->next);
	if (sql_token_is_sign(&dot, '.'))
		return sql_take_qualified(p);
	return p->t.kind == SQL_WORD ? take_word(p, l) : 0;
}

/* ---- the statement ---- */

/** A kind of statement that exists in SQL, but is not supported here. */
static bool is_other(const struct sql_token *t)
{
	static const char *const words[] = { "create", "drop", "alter", "attach", "detach", "pragma", "vacuum", "analyze",
		"reindex", "begin", "commit", "end", "rollback", "savepoint", "release", "replace", "upsert", "merge", "truncate",
		"grant", "revoke", "call", "use", "show", "describe", "set", "load", "exec", "execute", "declare", NULL };
	return sql_token_is_any(t, words);
}

static int refuse_other(struct sql_statement *s, const struct sql_token *t)
{
	char word[16] = { 0 };
	for (size_t i = 0; i < t->len && i + 1 < sizeof word; i++)
		word[i] = (char)(t->text[i] >= 'A' && t->text[i] <= 'Z' ? t->text[i] + 32 : t->text[i]);
	return lyre_fail(s->call, LYRE_EINVAL, "unsupported SQL type %s", word);
}

/** Skips EXPLAIN [QUERY PLAN]. */
static struct sql_token take_explain(struct sql_statement *s, struct sql_token t)
{
	s->explain = sql_token_is(&t, "explain");
	if (s->explain)
		t = sql_token_read(t.text + t.len);
	if (s->explain && sql_token_is(&t, "query")) {
		t = sql_token_read(t.text + t.len);
		return sql_token_read(t.text + t.len);
	}
	if (s->explain) /* it reveals memory addresses */
		sql_statement_unsupported(s, "EXPLAIN without QUERY PLAN");
	return t;
}

/** Tables named in WITH may have come before the written table: swaps it with the first. */
static void put_target_first(struct sql_statement *s, size_t target)
{
	struct sql_named first = s->tables[0];
	s->tables[0] = s->tables[target];
	s->tables[target] = first;
	for (size_t i = 0; i < s->edit_count; i++) {
		struct sql_edit *e = &s->edits[i];
		e->table = e->table == target ? 0 : e->table == 0 ? target : e->table;
	}
}

int sql_statement_read(struct sql_statement *s, lyre_call *call, const char *text)
{
	*s = (struct sql_statement){ .call = call, .text = text };
	struct sql_parser *p = lyre_alloc(call, sizeof *p);
	if (!p)
		return lyre_fail_no_memory(call);
	p->s = s;
	int rc = sql_find_inner(s);
	p->t = take_explain(s, sql_token_read(text));
	if (rc == 0)
		rc = lyre_failure(call);
	if (rc == 0 && is_other(&p->t))
		rc = refuse_other(s, &p->t);
	while (rc == 0 && p->t.kind != SQL_END && p->t.kind != SQL_WRONG) {
		p->next = p->t.text + p->t.len;
		rc = sql_take_border(p);
		if (rc == 0)
			rc = take_token(p);
		p->before_that = p->before;
		p->before = p->t;
		p->t = sql_token_read(p->next);
	}
	if (rc == 0 && p->value_end)
		rc = sql_edit_text(s, p->value_end, 0, ")");
	put_target_first(s, p->target);
	if (rc == 0 && s->verb == SQL_INSERT && !s->column_count && s->table_count)
		rc = lyre_fail(call, LYRE_EINVAL, "INSERT needs the names of the attributes: INSERT INTO %s.%s (name, …) …",
			s->tables[0].database, s->tables[0].name);
	if (rc == 0)
		sql_statement_shape(s);
	return rc;
}
