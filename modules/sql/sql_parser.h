/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_parser.h
 * \brief The state of the parser of statements, and which file parses what.
 */
#ifndef SQL_SQL_PARSER_H
#define SQL_SQL_PARSER_H

#include "sql_statement.h"

#define SQL_DEPTH_MAX 250

/** A call whose arguments are not in SQLite's syntax. */
struct sql_call {
	const char *behind; /**< where they begin; NULL: after the parenthesis */
	const char *trim;   /**< the function that replaces TRIM if a FROM follows; NULL if FROM is not part of the call */
	size_t edit;        /**< the edit of TRIM's name */
	bool sided;         /**< the next edit is that of its side */
	bool cast;          /**< a type follows AS */
	const char *tail;   /**< to be inserted before the closing parenthesis */
	const char *comma;  /**< the error for a comma; NULL if commas are allowed */
};

/** An open level: the statement itself, or a pair of parentheses. */
struct sql_level {
	bool in_from;         /**< a table follows a comma */
	bool row;             /**< a row of VALUES, whose values are written */
	bool selects;         /**< it has a SELECT, so that tables follow FROM */
	bool expects;         /**< a table is expected next */
	struct sql_call call; /**< the call whose arguments it holds */
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
	struct sql_call call;  /**< the call whose parenthesis opens next */
	bool is_operand;       /**< a table follows that cannot have an alias: IN dev.dog */
};

/* sql_edit.c */

/** Adds an edit that replaces \p len bytes at \p from with \p text. NULL if out of memory. */
struct sql_edit *sql_edit_add(struct sql_statement *s, const char *from, size_t len, const char *text);
/** The same. \return 0 or LYRE_ENOMEM, with a failure. */
int sql_edit_text(struct sql_statement *s, const char *from, size_t len, const char *text);
/** Adds a token to a list of names. \return 0 or LYRE_ENOMEM, with a failure. */
int sql_statement_add_name(struct sql_statement *s, const char ***list, size_t *count, size_t *room, const struct sql_token *t);
/** Fails, as \p what is not supported. \return LYRE_EINVAL */
int sql_statement_unsupported(struct sql_statement *s, const char *what);

/* sql_inner.c */

/** Finds the tables that the statement defines: name AS (…), name (a, b) AS (…); and its end. \return 0, or a failure */
int sql_find_inner(struct sql_statement *s);
/** Whether a name is one of them. */
bool sql_is_inner(const struct sql_statement *s, const struct sql_token *t);

/* sql_nesting.c */

/** Counts what nests. */
void sql_nesting_add(struct sql_statement *s, const struct sql_token *t);
/** \return 0, or a failure: threads have not enough stack for it */
int sql_nesting_check(struct sql_statement *s);

/* The rest read from the current token on, and leave the parser at the last one that they consumed. They return 0, or a failure. */

/** sql_names.c: a table, where one is expected. */
int sql_take_table(struct sql_parser *p);
/** sql_names.c: names with dots elsewhere: dog.name stays, the first two parts of dev.dog.name become the virtual table's name. */
int sql_take_qualified(struct sql_parser *p);
/** sql_calls.c: CURRENT_DATE(), CONVERT(type, x) …: a token that may be the name of a function. */
int sql_take_call(struct sql_parser *p);
/** sql_calls.c: whether the token is the FROM of a TRIM. */
bool sql_is_trim_from(const struct sql_parser *p);
/** sql_calls.c: rewrites it. */
int sql_take_trim_from(struct sql_parser *p);
/** sql_calls.c: a token that may be the AS of a CAST. */
int sql_take_cast_type(struct sql_parser *p);
/** sql_calls.c: a comma between arguments. */
int sql_take_comma(struct sql_parser *p);
/** sql_written.c: closes a written value before the token that follows it, and opens one before its first token. */
int sql_take_border(struct sql_parser *p);

#endif
