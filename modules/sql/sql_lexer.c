/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_lexer.c
 * \brief Splits a statement as SQLite's tokenizer does: both agree on what is quoted or in a comment.
 */
#include "sql_lexer.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/** Letters, _ and everything that is not ASCII. */
static bool begins_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_in_word(char c)
{
	return begins_word(c) || is_digit(c) || c == '$';
}

/** The place after a comment. SQLite ends an unterminated comment at the end of the text. */
static const char *skip_comment(const char *p)
{
	const char *end = p[0] == '-' ? strchr(p, '\n') : strstr(p + 2, "*/");
	return end ? end + (p[0] == '-' ? 1 : 2) : p + strlen(p);
}

static const char *skip_blanks(const char *p)
{
	for (;;) {
		if (is_blank(*p))
			p++;
		else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'))
			p = skip_comment(p);
		else
			return p;
	}
}

/** The length of a quoted token, with its quotes; a doubled quote stands for one. 0: it is unterminated. */
static size_t quoted_length(const char *p)
{
	char close = *p == '[' ? ']' : *p;
	for (const char *q = p + 1; *q; q++) {
		if (*q != close)
			continue;
		if (close == ']' || q[1] != close)
			return (size_t)(q - p) + 1;
		q++;
	}
	return 0;
}

static size_t number_length(const char *p)
{
	const char *q = p;
	while (is_in_word(*q) || *q == '.' || ((*q == '+' || *q == '-') && (q[-1] == 'e' || q[-1] == 'E') && p[1] != 'x'))
		q++;
	return (size_t)(q - p);
}

static size_t word_length(const char *p)
{
	size_t n = 0;
	while (is_in_word(p[n]))
		n++;
	return n;
}

struct sql_token sql_token_read(const char *text)
{
	const char *p = skip_blanks(text);
	struct sql_token t = { .kind = SQL_SIGN, .text = p, .len = 1 };
	if (!*p || *p == ';') {
		t.kind = SQL_END;
		t.len = 0;
	} else if (*p == '\'' || *p == '"' || *p == '`' || *p == '[') {
		t.kind = *p == '\'' ? SQL_STRING : SQL_QUOTED;
		t.len = quoted_length(p);
		if (!t.len) {
			t.kind = SQL_WRONG;
			t.len = strlen(p);
		}
	} else if (begins_word(*p)) {
		t.kind = SQL_WORD;
		t.len = word_length(p);
	} else if (is_digit(*p) || (*p == '.' && is_digit(p[1]))) {
		t.kind = SQL_NUMBER;
		t.len = number_length(p);
	}
	return t;
}

bool sql_token_is(const struct sql_token *t, const char *keyword)
{
	if (t->kind != SQL_WORD || (*t->text | 32) != *keyword) /* a quick test that rules out most */
		return false;
	return !strncasecmp(t->text, keyword, t->len) && !keyword[t->len];
}

bool sql_token_is_sign(const struct sql_token *t, char sign)
{
	return t->kind == SQL_SIGN && *t->text == sign;
}

void sql_token_name(const struct sql_token *t, char *out)
{
	size_t n = 0;
	if (t->kind != SQL_QUOTED && t->kind != SQL_STRING) {
		memcpy(out, t->text, t->len);
		out[t->len] = 0;
		return;
	}
	char close = *t->text == '[' ? ']' : *t->text;
	for (size_t i = 1; i + 1 < t->len; i++) {
		out[n++] = t->text[i];
		if (t->text[i] == close)
			i++;
	}
	out[n] = 0;
}

bool sql_token_is_any(const struct sql_token *t, const char *const *keywords)
{
	for (; *keywords; keywords++) {
		if (sql_token_is(t, *keywords))
			return true;
	}
	return false;
}

struct sql_token sql_token_part(const struct sql_token *t)
{
	struct sql_token dot = sql_token_behind(t);
	return sql_token_is_sign(&dot, '.') ? sql_token_behind(&dot) : (struct sql_token){ .kind = SQL_END };
}
