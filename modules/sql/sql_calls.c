/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_calls.c
 * \brief Rewrites forms of function calls that SQLite's grammar lacks, from the tokens that follow a function's name.
 */
#include "sql_parser.h"
#include "sql_value.h"

#include <string.h>

static size_t distance(const struct sql_token *from, const struct sql_token *to)
{
	return (size_t)(to->text + to->len - from->text);
}

/** CURRENT_DATE(): without parentheses in SQLite. */
static int take_now(struct sql_parser *p, const struct sql_token *open)
{
	struct sql_token close = sql_token_behind(open);
	if (!sql_token_is_sign(&close, ')'))
		return 0;
	p->next = close.text + close.len;
	return sql_edit_text(p->s, open->text, distance(open, &close), "");
}

/** DISTINCT_ARRAY(ARRAY(x)): aggregates do not nest. */
static int take_array(struct sql_parser *p, const struct sql_token *open)
{
	(void)open;
	bool nested = sql_token_is_sign(&p->before, '(') && sql_token_is(&p->before_that, "distinct_array");
	return nested ? sql_edit_text(p->s, p->t.text, p->t.len, "") : 0;
}

/* ---- TRIM([BOTH | LEADING | TRAILING] [characters] FROM x) ---- */

/** The error for a comma in it. */
static const char one_string[] = "TRIM(… FROM …) takes one string";

static const struct side {
	const char *word;
	const char *blanks;     /**< the function that removes blanks */
	const char *characters; /**< the function that removes characters, its first argument */
} sides[] = {
	{ "both", "trim", SQL_TRIM_FUNCTION },
	{ "leading", "ltrim", SQL_LTRIM_FUNCTION },
	{ "trailing", "rtrim", SQL_RTRIM_FUNCTION },
};

/** The side that a token names; NULL if it names none, or is a column's name. */
static const struct side *side_of(const struct sql_token *t)
{
	struct sql_token next = sql_token_behind(t);
	bool column = next.kind == SQL_SIGN && !sql_token_is_sign(&next, '(');
	for (size_t i = 0; i < sizeof sides / sizeof *sides && !column; i++) {
		if (sql_token_is(t, sides[i].word))
			return &sides[i];
	}
	return NULL;
}

/** Whether characters come before its FROM is not known yet: until then, the edits of the name and the side change nothing. */
static int take_trim(struct sql_parser *p, const struct sql_token *open)
{

	struct sql_statement *s = p->s;
	struct sql_token first = sql_token_behind(open), from = sql_token_behind(&first);
	const struct side *side = side_of(&first);
	p->call = (struct sql_call){ .trim = side ? side->characters : sides[0].characters, .edit = s->edit_count, .sided = side };
	if (!side)
		return sql_edit_text(s, p->t.text, p->t.len, "TRIM");
	if (!sql_token_is(&from, "from")) {
		int rc = sql_edit_text(s, p->t.text, p->t.len, "TRIM");
		return rc < 0 ? rc : sql_edit_text(s, first.text, first.len, side->word);
	}
	p->call = (struct sql_call){ .behind = from.text + from.len, .comma = one_string };
	int rc = sql_edit_text(s, p->t.text, p->t.len, side->blanks);
	return rc < 0 ? rc : sql_edit_text(s, first.text, distance(&first, &from), "");
}

bool sql_is_trim_from(const struct sql_parser *p)
{
	return p->levels[p->depth].call.trim && sql_token_is(&p->t, "from") && !sql_token_is(&p->before, "distinct");
}

int sql_take_trim_from(struct sql_parser *p)
{
	struct sql_call *c = &p->levels[p->depth].call;
	p->s->edits[c->edit].text = c->trim;
	if (c->sided)
		p->s->edits[c->edit + 1].text = "";
	*c = (struct sql_call){ .comma = one_string };
	return sql_edit_text(p->s, p->t.text, p->t.len, ",");
}

/* ---- EXTRACT(part FROM x) ---- */

/** Gives a number, as in standard SQL: EXTRACT(date, part) returns a string. */
static int take_extract(struct sql_parser *p, const struct sql_token *open)
{
	static const struct {
		const char *word, *tail;
	} parts[] = {
		{ "year", ", 'year')" },
		{ "month", ", 'month')" },
		{ "day", ", 'day')" },
		{ "hour", ", 'hour')" },
		{ "minute", ", 'minute')" },
		{ "second", ", 'second')" },
		{ "millisecond", ", 'millisecond')" },
	};
	struct sql_token part = sql_token_behind(open), from = sql_token_behind(&part);
	if (!sql_token_is(&from, "from"))
		return 0;
	p->call = (struct sql_call){ .behind = from.text + from.len, .comma = "EXTRACT(part FROM date) takes one date" };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (sql_token_is(&part, parts[i].word))
			p->call.tail = parts[i].tail;
	}
	if (!p->call.tail)
		return lyre_fail(p->s->call, LYRE_EINVAL,
			"EXTRACT(part FROM date) takes YEAR, MONTH, DAY, HOUR, MINUTE, SECOND or MILLISECOND");
	int rc = sql_edit_text(p->s, p->t.text, p->t.len, "(0 + EXTRACT");
	return rc < 0 ? rc : sql_edit_text(p->s, part.text, distance(&part, &from), "");
}

/* ---- CONVERT(type, x), CAST(x AS type) ---- */

/** Refuses types that SQLite treats as numeric: it would convert 2020-04-22 to 2020. */
static int refuse_type(struct sql_parser *p, const struct sql_token *type)
{
	static const char *const dates[] = { "date", "datetime", "time", "timestamp", NULL };
	if (!sql_token_is_any(type, dates))
		return 0;
	return lyre_fail(p->s->call, LYRE_EINVAL, "%.*s is not a type here: use DATE(x) or DATE_FORMAT(x, format)", (int)type->len,
		type->text);
}

/** The last token of a type: VARCHAR, DOUBLE PRECISION, DECIMAL(10, 2); of kind SQL_END if it is not a type. */
static struct sql_token type_end(const struct sql_token *first)
{
	const struct sql_token none = { .kind = SQL_END };
	struct sql_token last = *first, t = sql_token_behind(first);
	if (first->kind != SQL_WORD)
		return none;
	for (int words = 1; t.kind == SQL_WORD && words < 3; words++, t = sql_token_behind(&t))
		last = t;
	if (!sql_token_is_sign(&t, '('))
		return last;
	do {
		last = sql_token_behind(&t);
		t = sql_token_behind(&last);
	} while (last.kind == SQL_NUMBER && sql_token_is_sign(&t, ','));
	return last.kind == SQL_NUMBER && sql_token_is_sign(&t, ')') ? t : none;
}

static int take_convert(struct sql_parser *p, const struct sql_token *open)
{
	static const char as[] = " AS ";
	struct sql_token type = sql_token_behind(open), end = type_end(&type), comma = { .kind = SQL_END };
	if (end.kind != SQL_END)
		comma = sql_token_behind(&end);
	if (!sql_token_is_sign(&comma, ','))
		return lyre_fail(p->s->call, LYRE_EINVAL, "CONVERT() takes a type and a value: CONVERT(INT, x)");
	size_t len = distance(&type, &end);
	char *tail = lyre_alloc(p->s->call, sizeof as + len);
	int rc = tail ? refuse_type(p, &type) : lyre_fail_no_memory(p->s->call);
	if (rc < 0)
		return rc;
	memcpy(tail, as, sizeof as);
	memcpy(tail + sizeof as - 1, type.text, len);
	p->call = (struct sql_call){
		.behind = comma.text + comma.len, .tail = tail, .comma = "CONVERT() with a style is not supported"
	};
	rc = sql_edit_text(p->s, p->t.text, p->t.len, "CAST");
	return rc < 0 ? rc : sql_edit_text(p->s, type.text, distance(&type, &comma), "");
}

static int take_cast(struct sql_parser *p, const struct sql_token *open)
{
	(void)open;
	p->call = (struct sql_call){ .cast = true };
	return 0;
}

int sql_take_cast_type(struct sql_parser *p)
{
	struct sql_token type = sql_token_read(p->next);
	return p->levels[p->depth].call.cast && sql_token_is(&p->t, "as") ? refuse_type(p, &type) : 0;
}

/* ---- calls ---- */

/** The expression must be a string literal: JSONata's signs and quotes are not SQL. */
static int take_search(struct sql_parser *p, const struct sql_token *open)
{
	struct sql_token t = sql_token_behind(open);
	if (!sql_token_is_sign(&t, '$') && !sql_token_is_sign(&t, '{'))
		return 0;
	return lyre_fail(
		p->s->call, LYRE_EINVAL, "The expression of SEARCH_JSON() must be in single quotes: SEARCH_JSON('$.name', x)");
}

int sql_take_call(struct sql_parser *p)
{
	static const struct {
		const char *name;
		int (*take)(struct sql_parser *p, const struct sql_token *open);
	} calls[] = {
		{ "array", take_array },
		{ "cast", take_cast },
		{ "convert", take_convert },
		{ "current_date", take_now },
		{ "current_time", take_now },
		{ "current_timestamp", take_now },
		{ "extract", take_extract },
		{ "search_json", take_search },
		{ "trim", take_trim },
	};
	struct sql_token open = sql_token_read(p->next);
	if (!sql_token_is_sign(&open, '('))
		return 0;
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (sql_token_is(&p->t, calls[i].name))
			return calls[i].take(p, &open);
	}
	return 0;
}

int sql_take_comma(struct sql_parser *p)
{
	struct sql_call *c = &p->levels[p->depth].call;
	c->trim = NULL;
	return c->comma ? lyre_fail(p->s->call, LYRE_EINVAL, "%s", c->comma) : 0;
}
