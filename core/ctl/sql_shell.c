/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/sql_shell.c
 * \brief Runs statements that are typed on a terminal or come from standard input, one after another.
 */
#include "base/arena.h"
#include "ctl/client.h"
#include "ctl/interrupt.h"
#include "ctl/line_editor.h"
#include "ctl/sql_schema.h"
#include "ctl/statement.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct shell {
	struct client *client;
	struct options options;     /**< .mode changes the format */
	struct line_editor *editor; /**< NULL: standard input is not a terminal */
	struct json_object *schema; /**< for completion; NULL: must be fetched again */
	struct buf text;            /**< a statement that has not ended yet, and anything after one that has */
	bool ended;                 /**< .quit */
};

static const char help[] = "Statements end with a semicolon.\n"
			   "\n"
			   "  .help             show this text\n"
			   "  .mode MODE        show answers as table, json or csv\n"
			   "  .quit             leave the shell, as Ctrl-D does\n"
			   "  .schema [TABLE]   list the attributes of a table, or of all\n"
			   "  .tables           list the tables\n"
			   "\n"
			   "Tab completes names and keywords; Ctrl-C cancels the statement being typed or run.\n";

/* ---- completion ---- */

static const char *const keywords[] = { "ALL", "AND", "AS", "ASC", "BETWEEN", "BY", "CASE", "CAST", "COUNT", "CROSS", "DELETE",
	"DESC", "DISTINCT", "ELSE", "END", "EXCEPT", "EXISTS", "EXPLAIN", "FROM", "FULL", "GROUP", "HAVING", "IN", "INNER",
	"INSERT", "INTERSECT", "INTO", "IS", "JOIN", "LEFT", "LIKE", "LIMIT", "NOT", "NULL", "OFFSET", "ON", "OR", "ORDER", "OUTER",
	"PLAN", "QUERY", "REGEXP", "RIGHT", "SELECT", "SET", "THEN", "UNION", "UPDATE", "USING", "VALUES", "WHEN", "WHERE",
	"WITH" };
static const char *const dot_words[] = { ".exit", ".help", ".mode", ".quit", ".schema", ".tables" };

/** In the letter case in which it was begun. */
static void add_keyword(const char *keyword, bool small, struct buf *names)
{
	for (const char *c = keyword; *c; c++)
		buf_add_char(names, small ? (char)tolower((unsigned char)*c) : *c);
	buf_add_char(names, '\0');
}

static void complete(void *arg, const char *word, size_t len, struct buf *names)
{
	struct shell *s = arg;
	struct arena a;
	arena_init(&a);
	for (size_t i = 0; len > 0 && i < sizeof keywords / sizeof *keywords; i++)
		if (strncasecmp(keywords[i], word, len) == 0)
			add_keyword(keywords[i], word[0] >= 'a' && word[0] <= 'z', names);
	for (size_t i = 0; len > 0 && i < sizeof dot_words / sizeof *dot_words; i++)
		if (strncmp(dot_words[i], word, len) == 0)
			buf_add(names, dot_words[i], strlen(dot_words[i]) + 1);
	if (!s->schema)
		schema_fetch(s->client, &a, &s->schema);
	if (s->schema)
		schema_complete(s->schema, word, len, names);
	arena_free(&a);
}

/* ---- the history ---- */

/** The path of its file; NULL for a user without a home folder. */
static const char *history_path(struct arena *a)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	if (state && *state)
		return arena_printf(a, "%s/lyre/sql_history", state);
	return home && *home ? arena_printf(a, "%s/.local/state/lyre/sql_history", home) : NULL;
}

static bool has_word(const char *text, const char *word)
{
	for (size_t len = strlen(word); *text; text++)
		if (strncasecmp(text, word, len) == 0)
			return true;
	return false;
}

/** As one line, unless it has a comment that ends with its line. A statement with a password is not kept. */
static void remember(struct shell *s, const char *text, size_t len)
{
	char *entry = s->editor ? strndup(text, len) : NULL;
	if (entry && !has_word(entry, "password")) {
		for (char *c = strstr(entry, "--") ? NULL : strchr(entry, '\n'); c; c = strchr(c, '\n'))
			*c = ' ';
		line_editor_remember(s->editor, entry + strspn(entry, " \n"));
	}
	free(entry);
}

/* ---- commands of the shell ---- */

static int set_mode(struct shell *s, const char *mode)
{
	static const char *const names[] = { [FORMAT_PEOPLE] = "table", [FORMAT_JSON] = "json", [FORMAT_CSV] = "csv" };
	for (size_t i = 0; mode && i < sizeof names / sizeof *names; i++) {
		if (strcmp(mode, names[i]) == 0) {
			s->options.format = (enum ctl_format)i;
			return 0;
		}
	}
	return complain(CTL_USAGE, "usage: .mode table|json|csv");
}

/** .tables, or .schema with the name of a table or NULL. */
static int show_schema(struct shell *s, bool tables, const char *table)
{
	struct arena a;
	struct json_object *schema;
	arena_init(&a);
	int rc = schema_fetch(s->client, &a, &schema);
	if (rc == 0)
		rc = tables ? schema_show_tables(schema) : schema_show_attributes(schema, table);
	json_object_put(schema);
	arena_free(&a);
	return rc;
}

/** A line that begins with a dot. */
static int run_command(struct shell *s, char *line)
{
	char *rest = NULL, *word = strtok_r(line, " \t\r;", &rest), *argument = strtok_r(NULL, " \t\r;", &rest);
	if (!word || strcmp(word, ".help") == 0)
		return fputs(help, stdout) < 0 ? CTL_REFUSED : 0;
	if (strcmp(word, ".quit") == 0 || strcmp(word, ".exit") == 0) {
		s->ended = true;
		return 0;
	}
	if (strcmp(word, ".mode") == 0)
		return set_mode(s, argument);
	if (strcmp(word, ".tables") == 0 || strcmp(word, ".schema") == 0)
		return show_schema(s, word[1] == 't', argument);
	return complain(CTL_USAGE, "there is no command '%s': .help lists the commands", word);
}

/* ---- statements ---- */

static int run_statement(struct shell *s, const char *text, size_t len)
{
	struct arena a;
	arena_init(&a);
	char *statement = arena_strndup(&a, text, len);
	int rc = statement ? command_sql(s->client, &a, &s->options, statement) : complain(CTL_REFUSED, "out of memory");
	arena_free(&a);
	json_object_put(s->schema);
	s->schema = NULL;
	return rc;
}

/** Whether to run the next one: on a terminal, also after a failure. */
static bool goes_on(const struct shell *s, int rc)
{
	return !s->ended && (rc == 0 || s->editor) && !interrupted();
}

/** Runs all complete statements; with \p end also an incomplete last one. */
static int run_text(struct shell *s, bool end)
{
	int rc = 0;
	size_t len = statement_len(s->text.data, s->text.len), at = 0;
	for (; len > 0 && goes_on(s, rc); len = statement_len(s->text.data + at, s->text.len - at)) {
		remember(s, s->text.data + at, len);
		if (!statement_is_blank(s->text.data + at, len))
			rc = run_statement(s, s->text.data + at, len - 1);
		at += len;
	}
	if (end && goes_on(s, rc) && !statement_is_blank(s->text.data + at, s->text.len - at))
		return run_statement(s, s->text.data + at, s->text.len - at);
	memmove(s->text.data, s->text.data + at, s->text.len - at);
	s->text.len -= at;
	return rc;
}

static int run_line(struct shell *s, struct buf *line)
{
	bool fresh = statement_is_blank(s->text.len > 0 ? s->text.data : "", s->text.len);
	if (!buf_cstr(line))
		return complain(CTL_REFUSED, "out of memory");
	if (fresh && line->data[0] == '.') {
		if (s->editor)
			line_editor_remember(s->editor, line->data);
		return run_command(s, line->data);
	}
	if (fresh)
		buf_clear(&s->text);
	buf_add(&s->text, line->data, line->len);
	buf_add_char(&s->text, '\n');
	return s->text.failed ? complain(CTL_REFUSED, "out of memory") : run_text(s, false);
}

static enum line next_line(struct shell *s, struct buf *line)
{
	if (!s->editor)
		return stdin_line(line);
	bool fresh = statement_is_blank(s->text.len > 0 ? s->text.data : "", s->text.len);
	return line_editor_read(s->editor, fresh ? "lyre> " : "  ...> ", line);
}

/** ^C drops the statement being typed or run. \return false if another signal asks the program to end */
static bool drop(struct shell *s)
{
	buf_clear(&s->text);
	putchar('\n');
	return s->editor && interrupt_forget();
}

static int run_lines(struct shell *s)
{
	struct buf line;
	int rc = 0;
	buf_init(&line);
	while (goes_on(s, rc)) {
		enum line state = next_line(s, &line);
		if (state == LINE_READ)
			rc = run_line(s, &line);
		fflush(stdout);
		if (interrupted() && !drop(s))
			break;
		if (state != LINE_END)
			continue;
		if (s->editor)
			putchar('\n');
		else if (s->text.len > 0)
			rc = run_text(s, true);
		break;
	}
	buf_free(&line);
	return s->editor ? 0 : rc;
}

int sql_shell(struct client *c, struct arena *a, const struct options *o)
{
	struct shell s = { .client = c, .options = *o };
	s.options.lines = true;
	buf_init(&s.text);
	if (isatty(STDIN_FILENO)) {
		interrupts_note();
		s.editor = line_editor_open("lyre", history_path(a), complete, &s);
		if (!s.editor)
			return complain(CTL_REFUSED, "out of memory");
		puts("Statements end with a semicolon; .help lists the commands.");
	}
	int rc = run_lines(&s);
	if (s.editor)
		line_editor_close(s.editor);
	json_object_put(s.schema);
	buf_free(&s.text);
	return rc;
}
