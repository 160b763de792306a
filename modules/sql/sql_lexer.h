/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_lexer.h
 * \brief The tokens of a statement, as SQLite splits it.
 */
#ifndef SQL_SQL_LEXER_H
#define SQL_SQL_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum sql_token_kind {
	SQL_END,    /**< of the text, or of the first statement */
	SQL_WORD,   /**< a keyword or a name without quotes */
	SQL_QUOTED, /**< a quoted name: "", `` or [] */
	SQL_STRING, /**< '' */
	SQL_NUMBER,
	SQL_SIGN, /**< a single punctuation character; an operator of two is two tokens */
	SQL_WRONG /**< an unterminated quote */
};

struct sql_token {
	enum sql_token_kind kind;
	const char *text; /**< in the statement */
	size_t len;
};

/** Reads the token at \p text, after blanks and comments. */
struct sql_token sql_token_read(const char *text);
/** The token after another. */
static inline struct sql_token sql_token_behind(const struct sql_token *t)
{
	return sql_token_read(t->text + t->len);
}
/** The token after the dot that follows \p t; of kind SQL_END if there is no dot. */
struct sql_token sql_token_part(const struct sql_token *t);
/** Whether it is this keyword, in any letter case; \p keyword is in lower case. */
bool sql_token_is(const struct sql_token *t, const char *keyword);
/** Whether it is one of these keywords; the list ends with NULL. */
bool sql_token_is_any(const struct sql_token *t, const char *const *keywords);
/** Whether it is this punctuation character. */
bool sql_token_is_sign(const struct sql_token *t, char sign);
/** Whether it can be a name. */
static inline bool sql_token_is_name(const struct sql_token *t)
{
	return t->kind == SQL_WORD || t->kind == SQL_QUOTED;
}
/** Writes the name, without its quotes, to \p out, which has at least len + 1 bytes. */
void sql_token_name(const struct sql_token *t, char *out);

#endif
