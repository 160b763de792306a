/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_parser.h
 * \brief What is known of a statement while it is read, and who reads which of its parts.
 */
#ifndef SQL_SQL_PARSER_H
#define SQL_SQL_PARSER_H

#include "sql_statement.h"

#define SQL_DEPTH_MAX 250

/** A call whose arguments are not written as SQLite has them. */
struct sql_call {
	const char *behind; /**< where they begin; NULL: behind the bracket */
	const char *trim;   /**< the function that TRIM is if a FROM comes; NULL: FROM has no meaning in it */
	size_t edit;        /**< of TRIM's name, */
	bool sided;         /**< and the next one is that of its side */
	bool cast;          /**< a type comes behind AS */
	const char *tail;   /**< stands before the closing bracket */
	const char *comma;  /**< what is said of a comma; NULL: it may have one */
};

/** A level that is open: the statement itself, or a pair of parentheses. */
struct sql_level {
	bool in_from;         /**< a table follows a comma */
	bool row;             /**< a row of VALUES: written values */
	bool selects;         /**< it has a SELECT, so that tables follow FROM */
	bool expects;         /**< a table is expected next */
	struct sql_call call; /**< whose arguments are in it */
};

struct sql_parser {
	struct sql_statement *s;
	struct sql_level levels[SQL_DEPTH_MAX];
	size_t depth;
	struct sql_token before_that, before, t;
	const char *next;      /**< after t */
	bool begun;            /**< the verb is known */
	bool target_next;      /**< the next table is the target */
	size_t target;         /**< the written table */
	bool into;             /**< the target has been read, and its columns may follow */
	bool in_set;           /**< between SET and what follows it */
	bool in_list;          /**< between an INSERT's own SELECT and what follows it */
	bool in_rows;          /**< after an INSERT's own VALUES */
	const char *value_end; /**< where the current written value ends; NULL: no value is open */
	struct sql_call call;  /**< whose bracket opens next */
	bool is_operand;       /**< a table follows that cannot have an alias: IN dev.dog */
};

/* sql_edit.c */

/** An edit in place of \p len bytes at \p from; \p text: what it puts there. NULL: out of memory. */
struct sql_edit *sql_edit_add(struct sql_statement *s, const char *from, size_t len, const char *text);
/** The same. \return 0 or LYRE_ENOMEM, with a failure. */
int sql_edit_text(struct sql_statement *s, const char *from, size_t len, const char *text);
/** Adds a word to a list of names. \return 0 or LYRE_ENOMEM, with a failure. */
int sql_statement_add_name(struct sql_statement *s, const char ***list, size_t *count, size_t *room, const struct sql_token *t);
/** Fails. \return LYRE_EINVAL */
int sql_statement_unsupported(struct sql_statement *s, const char *what);

/* sql_inner.c */

/** Tables that the statement makes itself: name AS (…), name (a, b) AS (…); and where it ends. \return 0, or a failure */
int sql_find_inner(struct sql_statement *s);
/** Whether a name is one of them. */
bool sql_is_inner(const struct sql_statement *s, const struct sql_token *t);

/* The rest read from the parser's word on, and leave it at the last one that they took. They return 0, or a failure. */

/** sql_names.c: a table, where one is expected. */
int sql_take_table(struct sql_parser *p);
/** sql_names.c: names with dots elsewhere: dog.name is passed, of dev.dog.name the first two parts become the table's name here. */
int sql_take_qualified(struct sql_parser *p);
/** sql_calls.c: CURRENT_DATE(), CONVERT(type, x) …: a word that may be the name of a function. */
int sql_take_call(struct sql_parser *p);
/** sql_calls.c: whether the word is the FROM of a TRIM. */
bool sql_is_trim_from(const struct sql_parser *p);
/** sql_calls.c: takes it. */
int sql_take_trim_from(struct sql_parser *p);
/** sql_calls.c: a word that may be the AS of a CAST. */
int sql_take_cast_type(struct sql_parser *p);
/** sql_calls.c: a comma between arguments. */
int sql_take_comma(struct sql_parser *p);
/** sql_written.c: closes a value that is written before the word that follows it, and opens one before its first word. */
int sql_take_border(struct sql_parser *p);

#endif
