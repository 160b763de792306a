/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_text.c
 * \brief The text of a statement for SQLite, and the way back from places and names in it to those of the client.
 */
#include "sql_statement.h"

#include <string.h>

/** Whether a table without an alias has the same name as one in another database. */
static bool is_ambiguous(const struct sql_statement *s, size_t table)
{
	for (size_t i = 0; i < s->table_count; i++) {
		if (i != table && !strcmp(s->tables[i].name, s->tables[table].name))
			return true;
	}
	return false;
}

static char *put(char *out, const char *text, size_t len)
{
	memcpy(out, text, len);
	return out + len;
}

static char *put_quoted(char *out, const char *name)
{
	*out++ = '"';
	for (; *name; name++) {
		if (*name == '"')
			*out++ = '"';
		*out++ = *name;
	}
	*out++ = '"';
	return out;
}

/** The first two parts of dev.dog.name. */
static char *put_qualifier(const struct sql_statement *s, const struct sql_edit *e, char *out)
{
	for (size_t i = 0; i < s->table_count; i++) {
		const struct sql_named *n = &s->tables[i];
		if (strcmp(n->database, e->database) != 0 || strcmp(n->name, e->name) != 0)
			continue;
		return is_ambiguous(s, i) ? put_quoted(out, n->as) : put(out, e->alias, e->alias_len);
	}
	return put(out, s->text + e->at, e->len);
}

static char *put_edit(const struct sql_statement *s, const struct sql_edit *e, char *out)
{
	if (e->text)
		return put(out, e->text, strlen(e->text));
	if (e->database)
		return put_qualifier(s, e, out);
	out = put_quoted(out, s->tables[e->table].as);
	if (e->alias && !is_ambiguous(s, e->table)) {
		out = put(out, " AS ", 4);
		out = put(out, e->alias, e->alias_len);
	}
	return out;
}

/** Room for a name: quoting makes it longer. */
#define NAME_ROOM 1100

static size_t edit_room(const struct sql_edit *e)
{
	return e->text ? strlen(e->text) : NAME_ROOM + e->len + e->alias_len;
}

char *sql_statement_text(struct sql_statement *s)
{
	size_t room = s->len + s->top_len + 16;
	for (size_t i = 0; i < s->edit_count; i++)
		room += edit_room(&s->edits[i]);
	char *sql = lyre_alloc(s->call, room), *out = sql;
	if (!sql) {
		lyre_fail_no_memory(s->call);
		return NULL;
	}
	size_t at = 0;
	for (size_t i = 0; i < s->edit_count; i++) {
		struct sql_edit *e = &s->edits[i];
		if (e->at < at) { /* edits overlap only in invalid SQL */
			sql_statement_wrong(s, e->at);
			return NULL;
		}
		out = put(out, s->text + at, e->at - at);
		e->out_at = (size_t)(out - sql);
		out = put_edit(s, e, out);
		e->out_len = (size_t)(out - sql) - e->out_at;
		at = e->at + e->len;
	}
	out = put(out, s->text + at, s->len - at);
	if (s->top) {
		out = put(out, "\nLIMIT ", 7);
		out = put(out, s->top, s->top_len);
	}
	*out = 0;
	return sql;
}

size_t sql_statement_place(const struct sql_statement *s, size_t out_at)
{
	size_t at = 0, out = 0;
	for (size_t i = 0; i < s->edit_count && s->edits[i].out_at <= out_at; i++) {
		const struct sql_edit *e = &s->edits[i];
		if (out_at < e->out_at + e->out_len)
			return e->at;
		at = e->at + e->len;
		out = e->out_at + e->out_len;
	}
	at += out_at - out;
	return at < s->len ? at : s->len;
}

/** Bytes shown before and after the place of an error. */
#define SHOWN 20

static bool is_inside_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

int sql_statement_wrong(const struct sql_statement *s, size_t at)
{
	size_t from = at > SHOWN ? at - SHOWN : 0, to = at + SHOWN < s->len ? at + SHOWN : s->len;
	while (from < at && is_inside_character(s->text[from]))
		from++;
	while (to < s->len && is_inside_character(s->text[to]))
		to++;
	return lyre_fail(s->call, LYRE_EINVAL,
		"Invalid SQL at: %s%.*s%s. Please ensure your SQL is valid. Try adding backticks to reserved words and schema table "
		"references.",
		from ? "..." : "", (int)(to - from), s->text + from, to < s->len ? "..." : "");
}

/** Whether a place in SQLite's text is inside a replacement of the client's text. */
static bool is_inside_edit(const struct sql_statement *s, size_t out_at)
{
	size_t i = 0;
	while (i < s->edit_count && s->edits[i].out_at + s->edits[i].out_len <= out_at)
		i++;
	return i < s->edit_count && s->edits[i].out_at < out_at;
}

const char *sql_statement_name(const struct sql_statement *s, const char *sql, const char *name)
{
	const char *at = s->edit_count ? strstr(sql, name) : NULL;
	size_t begin = at ? (size_t)(at - sql) : 0, end = begin + strlen(name);
	if (!at || is_inside_edit(s, begin) || is_inside_edit(s, end))
		return name; /* given by AS: not the text of an expression */
	size_t from = sql_statement_place(s, begin), to = sql_statement_place(s, end);
	char *as_written = to > from ? lyre_alloc(s->call, to - from + 1) : NULL;
	if (!as_written)
		return name;
	memcpy(as_written, s->text + from, to - from);
	return as_written;
}
