/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_statement.c
 * \brief Finds the tables of a statement, word by word: only where a table may stand is database.table one.
 */
#include "sql_statement.h"

#include "sql_value.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 250

/** What is open: the statement itself, or a pair of brackets. */
struct level {
	bool in_from; /**< a comma is followed by a table */
	bool row;     /**< of VALUES: values that are written */
	bool selects; /**< a SELECT is in it: what FROM means there are tables */
	bool expects; /**< a table comes next */
};

struct parser {
	struct sql_statement *s;
	struct level levels[DEPTH_MAX];
	size_t depth;
	struct sql_token before_that, before, t;
	const char *next;      /**< behind t */
	bool begun;            /**< the verb is known */
	bool target_next;      /**< the next table is the one that is written */
	size_t target;         /**< the table that is written */
	bool into;             /**< the target has been read, and its columns may follow */
	bool in_set;           /**< between SET and what follows it */
	bool in_list;          /**< between an INSERT's own SELECT and what follows it */
	bool in_rows;          /**< behind an INSERT's own VALUES */
	const char *value_end; /**< a value that is written ends here; NULL: none is open */
	bool is_operand;       /**< a table follows that cannot have another name: IN dev.dog */
};

/* ---- memory ---- */

/** Makes room for one more of \p count items of \p size bytes. */
static void *grow(lyre_call *call, void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	size_t more = *room ? *room * 2 : 16;
	void *moved = lyre_alloc(call, more * size);
	if (moved && count)
		memcpy(moved, items, count * size);
	if (moved)
		*room = more;
	return moved;
}

const char *sql_statement_word(struct sql_statement *s, const struct sql_token *t)
{
	char *name = lyre_alloc(s->call, t->len + 1);
	if (name)
		sql_token_name(t, name);
	return name;
}

/** Edits follow one another. \return NULL with a failure */
static struct sql_edit *add_edit(struct sql_statement *s, const char *from, size_t len, const char *text)
{
	struct sql_edit *edits = grow(s->call, s->edits, s->edit_count, &s->edit_room, sizeof *edits);
	if (!edits) {
		lyre_fail_no_memory(s->call);
		return NULL;
	}
	s->edits = edits;
	const struct sql_edit *last = s->edit_count ? &edits[s->edit_count - 1] : NULL;
	if (last && from < s->text + last->at + last->len) {
		sql_statement_wrong(s, (size_t)(from - s->text));
		return NULL;
	}
	struct sql_edit *e = &edits[s->edit_count++];
	*e = (struct sql_edit){ .at = (size_t)(from - s->text), .len = len, .text = text };
	return e;
}

static int edit(struct sql_statement *s, const char *from, size_t len, const char *text)
{
	return add_edit(s, from, len, text) ? 0 : lyre_failure(s->call);
}

static int add_name(struct sql_statement *s, const char ***list, size_t *count, size_t *room, const struct sql_token *t)
{
	const char **names = grow(s->call, *list, *count, room, sizeof *names);
	const char *name = names ? sql_statement_word(s, t) : NULL;
	if (!name)
		return lyre_fail_no_memory(s->call);
	*list = names;
	names[(*count)++] = name;
	return 0;
}

static int add_column(struct parser *p, const struct sql_token *t)
{
	struct sql_statement *s = p->s;
	return add_name(s, &s->columns, &s->column_count, &s->column_room, t);
}

static int unsupported(struct sql_statement *s, const char *what)
{
	return lyre_fail(s->call, LYRE_EINVAL, "%s is not supported in SQL", what);
}

/* ---- names of WITH ---- */

static bool is_inner(const struct sql_statement *s, const struct sql_token *t)
{
	char name[256];
	if (t->len >= sizeof name)
		return false;
	sql_token_name(t, name);
	for (size_t i = 0; i < s->inner_count; i++) {
		if (strcasecmp(s->inner[i], name) == 0) /* letters of ASCII only, as SQLite compares names */
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

/** Most tables that a statement makes itself. */
#define INNER_MAX 500

/** Brackets that are open, each with the name before it, while names of WITH are looked for. */
struct brackets {
	struct sql_token names[DEPTH_MAX];
	size_t depth;
	bool set;          /**< it is an UPDATE */
	size_t from_depth; /**< of the FROM that is open, from 1; 0: none is */
};

/** The name to which AS (…) behind \p t belongs: t itself, or what stands before the brackets that end there. */
static struct sql_token inner_name(struct brackets *b, const struct sql_token *before, const struct sql_token *t)
{
	const struct sql_token none = { .kind = SQL_END };
	if (sql_token_is_sign(t, '(') && b->depth < DEPTH_MAX)
		b->names[b->depth++] = *before;
	else if (sql_token_is_sign(t, ')') && b->depth)
		return b->names[--b->depth];
	return sql_token_is_name(t) ? *t : none;
}

/** Whether SQLite may store rows before the statement's values are taken from them: where it joins, groups, or selects within. */
static bool may_lose(struct brackets *b, const struct sql_token *t)
{
	static const char *const losing[] = { "join", "group", "over", NULL };
	static const char *const ends[] = { "where", "having", "order", "limit", "union", "except", "intersect", NULL };
	bool from = sql_token_is(t, "from");
	bool comma = b->from_depth == b->depth + 1 && sql_token_is_sign(t, ',');
	b->set = b->set || sql_token_is(t, "set");
	if (from)
		b->from_depth = b->depth + 1;
	else if (sql_token_is_any(t, ends))
		b->from_depth = 0;
	return comma || (from && b->set) || sql_token_is_any(t, losing) || (sql_token_is(t, "select") && b->depth);
}

/** Where a statement ends: before a comment behind its last word, which may have no end in which LIMIT could follow. */
static size_t statement_length(const struct sql_statement *s, const struct sql_token *last, const struct sql_token *end)
{
	if (end->kind == SQL_WRONG)
		return (size_t)(end->text + end->len - s->text);
	return (size_t)((last->text ? last->text + last->len : end->text) - s->text);
}

/** Tables that the statement makes itself: name AS (…), name (a, b) AS (…); and where it ends. */
static int find_inner(struct sql_statement *s)
{
	struct sql_token before = { .kind = SQL_END }, t = sql_token_read(s->text);
	struct brackets *b = lyre_alloc(s->call, sizeof *b);
	int rc = b ? 0 : lyre_fail_no_memory(s->call);
	bool with = false;
	for (; !rc && t.kind != SQL_END && t.kind != SQL_WRONG; t = sql_token_read(t.text + t.len)) {
		struct sql_token name = inner_name(b, &before, &t);
		with = with || sql_token_is(&t, "with");
		s->converts = s->converts || sql_token_is(&t, "cast");
		s->loses = s->loses || may_lose(b, &t);
		if (with && sql_token_is_name(&name) && begins_inner(t.text + t.len))
			rc = add_name(s, &s->inner, &s->inner_count, &s->inner_room, &name);
		if (!rc && s->inner_count > INNER_MAX)
			rc = lyre_fail(s->call, LYRE_EINVAL, "A statement can name at most %d tables by WITH", INNER_MAX);
		before = t;
	}
	s->len = statement_length(s, &before, &t);
	return rc;
}

/* ---- tables ---- */

static int add_table(struct parser *p, const struct sql_token *database, const struct sql_token *table, size_t *ret)
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

/** Words that can follow a table, and are no other name of it. */
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

/** Whether the client gives the table before \p next another name. */
static bool has_alias(const char *next)
{
	struct sql_token t = sql_token_read(next);
	return sql_token_is(&t, "as") || t.kind == SQL_STRING || (sql_token_is_name(&t) && !follows_table(&t));
}

/** A name without a database: of WITH, or a function that makes rows. */
static int take_bare(struct parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token next = sql_token_read(p->next);
	p->levels[p->depth].expects = false;
	if (is_inner(s, &p->t) && !p->target_next)
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

static void keep_alias(struct parser *p, struct sql_edit *e, const struct sql_token *table)
{
	if (p->is_operand || has_alias(table->text + table->len))
		return;
	e->alias = table->text;
	e->alias_len = table->len;
}

static int take_table(struct parser *p)
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
	struct sql_edit *e = add_edit(s, database.text, (size_t)(table.text + table.len - database.text), NULL);
	if (!e)
		return lyre_failure(s->call);
	e->table = i;
	keep_alias(p, e, &table);
	if (p->target_next)
		p->target = i;
	if (!p->target_next || s->verb != SQL_INSERT)
		s->tables[i].read = true;
	p->into = p->target_next && s->verb == SQL_INSERT; /* brackets elsewhere are those of a condition */
	p->target_next = false;
	p->is_operand = false;
	p->levels[p->depth].expects = false;
	p->t = table;
	p->next = table.text + table.len;
	return 0;
}

/** Names with dots elsewhere: dog.name is passed, of dev.dog.name the first two parts become the table's name here. */
static int take_qualified(struct parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token first = p->t, second = sql_token_part(&first), third = { .kind = SQL_END };
	if (sql_token_is_name(&second))
		third = sql_token_part(&second);
	p->t = third.kind == SQL_END ? second : third;
	p->next = p->t.text + p->t.len;
	if (third.kind == SQL_END)
		return 0;
	struct sql_edit *e = add_edit(s, first.text, (size_t)(second.text + second.len - first.text), NULL);
	if (!e)
		return lyre_failure(s->call);
	e->database = sql_statement_word(s, &first);
	e->name = sql_statement_word(s, &second);
	e->alias = second.text;
	e->alias_len = second.len;
	return e->database && e->name ? 0 : lyre_fail_no_memory(s->call);
}

/* ---- SELECT TOP, INSERT, UPDATE ---- */

/** SELECT [DISTINCT] TOP 5: as LIMIT at the end. */
static int take_top(struct parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token number = sql_token_read(p->next);
	bool behind_select = sql_token_is(&p->before, "select") || sql_token_is(&p->before, "distinct");
	if (!behind_select || number.kind != SQL_NUMBER)
		return 0;
	if (p->depth || s->top || s->compound)
		return unsupported(s, "TOP inside of a statement: LIMIT");
	s->top = number.text;
	s->top_len = number.len;
	int rc = edit(s, p->t.text, (size_t)(number.text + number.len - p->t.text), "");
	p->next = number.text + number.len;
	return rc;
}

/** UPDATE … SET a = …: the names of the attributes. */
static int take_assignment(struct parser *p)
{
	struct sql_token equals = sql_token_read(p->next);
	if (p->depth || p->value_end || !sql_token_is_sign(&equals, '='))
		return 0;
	return add_column(p, &p->t);
}

/** INSERT INTO dev.dog (a, b): the names in the brackets. */
static int take_columns(struct parser *p)
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

static void take_verb(struct parser *p)
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

/** Where the values that an INSERT writes are. */
static void take_written(struct parser *p)
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

static void take_clause(struct parser *p, struct level *l)
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

/** What SQLite has, and the server has not. */
static int refuse_clause(struct parser *p)
{
	struct sql_statement *s = p->s;
	struct sql_token next = sql_token_read(p->next);
	if (sql_token_is(&p->t, "into") && s->verb == SQL_SELECT)
		return unsupported(s, "SELECT INTO");
	if (sql_token_is(&p->t, "or") && (sql_token_is(&p->before, "insert") || sql_token_is(&p->before, "update")))
		return unsupported(s, "INSERT OR, UPDATE OR");
	if (sql_token_is(&p->t, "from") && p->depth && !p->levels[p->depth].selects && !sql_token_is(&p->before, "distinct"))
		return unsupported(s, "FROM among the arguments of a function");
	if (sql_token_is(&p->t, "on") && sql_token_is(&next, "conflict") && s->verb == SQL_INSERT)
		return unsupported(s, "ON CONFLICT");
	if (sql_token_is(&p->t, "returning") && s->verb != SQL_SELECT && !p->depth)
		return unsupported(s, "RETURNING");
	return 0;
}

/** What clients write of functions, and SQLite's grammar has not: CURRENT_DATE(), DISTINCT_ARRAY(ARRAY(x)). */
static int take_function(struct parser *p)
{
	static const char *const now[] = { "current_date", "current_time", "current_timestamp", NULL };
	struct sql_statement *s = p->s;
	struct sql_token open = sql_token_read(p->next), close = sql_token_read(open.text + open.len);
	if (!sql_token_is_sign(&open, '('))
		return 0;
	if (sql_token_is_any(&p->t, now) && sql_token_is_sign(&close, ')')) {
		p->next = close.text + close.len;
		return edit(s, open.text, (size_t)(p->next - open.text), "");
	}
	bool nested = sql_token_is(&p->t, "array") && sql_token_is_sign(&p->before, '(') &&
		sql_token_is(&p->before_that, "distinct_array");
	return nested ? edit(s, p->t.text, p->t.len, "") : 0;
}

static int take_word(struct parser *p, struct level *l)
{
	struct sql_statement *s = p->s;
	int rc = refuse_clause(p);
	if (rc < 0)
		return rc;
	if (!p->depth)
		take_verb(p);
	take_clause(p, l);
	l->selects = l->selects || sql_token_is(&p->t, "select");
	rc = take_function(p);
	if (rc < 0)
		return rc;
	if (sql_token_is(&p->t, "top"))
		return take_top(p);
	if (sql_token_is(&p->t, "value") && s->verb == SQL_INSERT && !p->depth && p->begun)
		return edit(s, p->t.text, p->t.len, "VALUES");
	return 0;
}

static int open_bracket(struct parser *p)
{
	struct level *l = &p->levels[p->depth];
	bool expects = l->expects;
	if (p->into)
		return take_columns(p);
	if (p->in_set && !p->depth && !p->value_end && !sql_token_is_sign(&p->before, '='))
		return lyre_fail(p->s->call, LYRE_EINVAL, "SET (…) = (…) is not supported: set each attribute by itself");
	if (p->depth + 1 == DEPTH_MAX)
		return lyre_fail(p->s->call, LYRE_EINVAL, "The statement has more than %d levels of brackets", DEPTH_MAX);
	l->expects = false;
	bool row = p->in_rows && !p->depth;
	p->levels[++p->depth] = (struct level){ .in_from = expects, .expects = expects, .row = row };
	return 0;
}

static int take_sign(struct parser *p)
{
	struct level *l = &p->levels[p->depth];
	if (sql_token_is_sign(&p->t, '('))
		return open_bracket(p);
	if (sql_token_is_sign(&p->t, ')') && p->depth)
		p->depth--;
	else if (sql_token_is_sign(&p->t, ',') && l->in_from)
		l->expects = true;
	return 0;
}

/** The words after which a table that is expected has not come yet. */
static bool is_between(const struct parser *p)
{
	return sql_token_is(&p->t, "update") || sql_token_is(&p->t, "or") || sql_token_is(&p->t, "select") ||
		sql_token_is(&p->t, "values") || sql_token_is(&p->t, "with");
}

/* ---- values that are written ---- */

/** Whether a value that is written begins with this word: of SET, of a row of VALUES, or a result of an INSERT's own SELECT. */
static bool begins_written(const struct parser *p)
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

/** The function that packs a value, so that what it is besides its text outlasts a table in which SQLite collects rows. */
static const char *packer(const struct parser *p, const struct sql_written *w)
{
	bool passes = w->bare || (w->passes && p->s->loses);
	return passes ? SQL_KNOWN_FUNCTION "(" : SQL_KEEP_FUNCTION "(";
}

static int take_value(struct parser *p)
{
	struct sql_written w = sql_written_read(&p->t, p->in_list && !p->depth);
	if (w.star)
		return lyre_fail(p->s->call, LYRE_EINVAL, "INSERT with SELECT * is not supported: name the attributes");
	if (sql_token_is(&w.only, "true"))
		return edit(p->s, p->t.text, p->t.len, SQL_TRUE_LITERAL);
	if (sql_token_is(&w.only, "false"))
		return edit(p->s, p->t.text, p->t.len, SQL_FALSE_LITERAL);
	if (w.literal)
		return 0;
	p->value_end = w.end;
	return edit(p->s, p->t.text, 0, packer(p, &w));
}

/** Closes a value before the word that follows it, and opens one before its first word. */
static int take_border(struct parser *p)
{
	int rc = 0;
	if (p->value_end && p->t.text >= p->value_end) {
		rc = edit(p->s, p->value_end, 0, ")");
		p->value_end = NULL;
	}
	return rc == 0 && begins_written(p) ? take_value(p) : rc;
}

static int take_token(struct parser *p)
{
	struct level *l = &p->levels[p->depth];
	if (!sql_token_is_name(&p->t))
		return take_sign(p);
	if (l->expects && !is_between(p))
		return take_table(p);
	l->expects = false;
	if (p->in_set) {
		int rc = take_assignment(p);
		if (rc < 0)
			return rc;
	}
	struct sql_token dot = sql_token_read(p->next);
	if (sql_token_is_sign(&dot, '.'))
		return take_qualified(p);
	return p->t.kind == SQL_WORD ? take_word(p, l) : 0;
}

/* ---- the statement ---- */

/** A kind of statement that there is, but not here. */
static bool is_other(const struct sql_token *t)
{
	static const char *const words[] = { "create", "drop", "alter", "attach", "detach", "pragma", "vacuum", "analyze",
		"reindex", "begin", "commit", "end", "rollback", "savepoint", "release", "replace", "merge", "truncate", "grant",
		"revoke", "call", "use", "show", "describe", "set", "load", "exec", "execute", "declare", NULL };
	return sql_token_is_any(t, words);
}

static int refuse_other(struct sql_statement *s, const struct sql_token *t)
{
	char word[16] = { 0 };
	for (size_t i = 0; i < t->len && i + 1 < sizeof word; i++)
		word[i] = (char)(t->text[i] >= 'A' && t->text[i] <= 'Z' ? t->text[i] + 32 : t->text[i]);
	return lyre_fail(s->call, LYRE_EINVAL, "unsupported SQL type %s", word);
}

/** Passes EXPLAIN [QUERY PLAN]. */
static struct sql_token take_explain(struct sql_statement *s, struct sql_token t)
{
	s->explain = sql_token_is(&t, "explain");
	if (s->explain)
		t = sql_token_read(t.text + t.len);
	if (s->explain && sql_token_is(&t, "query")) {
		t = sql_token_read(t.text + t.len);
		return sql_token_read(t.text + t.len);
	}
	if (s->explain) /* tells addresses in memory */
		unsupported(s, "EXPLAIN without QUERY PLAN");
	return t;
}

/** What WITH names before it has come before the table that is written. */
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
	struct parser *p = lyre_alloc(call, sizeof *p);
	if (!p)
		return lyre_fail_no_memory(call);
	p->s = s;
	int rc = find_inner(s);
	p->t = take_explain(s, sql_token_read(text));
	if (rc == 0)
		rc = lyre_failure(call);
	if (rc == 0 && is_other(&p->t))
		rc = refuse_other(s, &p->t);
	while (rc == 0 && p->t.kind != SQL_END && p->t.kind != SQL_WRONG) {
		p->next = p->t.text + p->t.len;
		rc = take_border(p);
		if (rc == 0)
			rc = take_token(p);
		p->before_that = p->before;
		p->before = p->t;
		p->t = sql_token_read(p->next);
	}
	if (rc == 0 && p->value_end)
		rc = edit(s, p->value_end, 0, ")");
	put_target_first(s, p->target);
	if (rc == 0 && s->verb == SQL_INSERT && !s->column_count && s->table_count)
		rc = lyre_fail(call, LYRE_EINVAL, "INSERT needs the names of the attributes: INSERT INTO %s.%s (name, …) …",
			s->tables[0].database, s->tables[0].name);
	if (rc == 0)
		sql_statement_shape(s);
	return rc;
}
