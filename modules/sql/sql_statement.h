/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_statement.h
 * \brief What a statement does, which tables it names, and its text for SQLite.
 *
 * SQLite attaches at most ten databases to its own, so database.table becomes a single name: every table that a
 * statement names is a virtual table of the connection's only database.
 */
#ifndef SQL_SQL_STATEMENT_H
#define SQL_SQL_STATEMENT_H

#include "sql_lexer.h"

#include <lyre/lyre.h>

enum sql_verb { SQL_SELECT, SQL_INSERT, SQL_UPDATE, SQL_DELETE };

/** Maximum number of tables that one statement names: SQLite's limit for a join. */
#define SQL_TABLES_MAX 64

/** A table that a statement names. */
struct sql_named {
	const char *database, *name;
	bool read;      /**< it is read, not only the target of an INSERT */
	const char *as; /**< its name in the connection, set before the text is made */
};

/** A place where SQLite's text differs from the client's. */
struct sql_edit {
	size_t at, len;         /**< in the client's text */
	size_t out_at, out_len; /**< in SQLite's text, once that is made */
	const char *text;       /**< the replacement; NULL: a table's name, or */
	const char *database;   /**< with name: the beginning of database.name.column; NULL: a table's name */
	const char *name;
	size_t table;      /**< the named table */
	const char *alias; /**< the table's name as the client wrote it, as its alias; NULL: it has an alias */
	size_t alias_len;
};

/** Maximum number of literals of a statement that become parameters. */
#define SQL_LITERALS_MAX 4

/** A literal that has become a parameter. */
struct sql_literal {
	const char *text; /**< NULL: it is an integer */
	int64_t integer;
};

struct sql_statement {
	lyre_call *call;
	const char *text; /**< the client's text, NUL-terminated */
	size_t len;       /**< of its first statement */
	enum sql_verb verb;
	bool explain;
	bool joins;    /**< an UPDATE with a FROM, which may find a row more than once */
	bool compound; /**< has a UNION, INTERSECT or EXCEPT */
	bool light; /**< a SELECT from one table, with conditions joined by AND, in which nothing takes longer than reading a row */
	bool converts; /**< has a CAST, which makes values compare equal that are not adjacent in an index */
	bool loses;    /**< SQLite may store rows before it takes the statement's values from them, and lose the types of values */
	const char *count_name; /**< it only counts its table's records, under this name; NULL: it does something else */
	bool writes;            /**< it writes, and is not only explained: tables[0] is its target */
	struct sql_named tables[SQL_TABLES_MAX];
	size_t table_count;
	const char **columns; /**< names of the columns that an INSERT or UPDATE writes */
	size_t column_count;
	struct sql_edit *edits;
	size_t edit_count;
	struct sql_literal literals[SQL_LITERALS_MAX]; /**< in the order of their parameters */
	size_t literal_count;
	/* while it is parsed */
	const char **inner; /**< names of WITH */
	size_t inner_count;
	size_t selects, compounds, collations; /**< numbers of SELECT, of UNION and its like, of COLLATE */
	size_t column_room, edit_room, inner_room;
	const char *top; /**< the number of SELECT TOP */
	size_t top_len;
};

/** Parses a statement. \return 0, or a failure: LYRE_EINVAL, LYRE_ENOMEM. */
int sql_statement_read(struct sql_statement *s, lyre_call *call, const char *text);
/** A token as a name, without quotes, in the call's memory; NULL if out of memory. */
const char *sql_statement_word(struct sql_statement *s, const struct sql_token *t);
/** sql_shape.c: sets count_name and light of a parsed statement. */
void sql_statement_shape(struct sql_statement *s);

/** sql_literals.c: turns the literals that conditions compare with into parameters. For light statements. */
void sql_statement_take_literals(struct sql_statement *s);

/* sql_text.c */

/** The statement's text for SQLite; NULL, and a failure, if out of memory. */
char *sql_statement_text(struct sql_statement *s);
/** Converts a place in SQLite's text to one in the client's. */
size_t sql_statement_place(const struct sql_statement *s, size_t out_at);
/** Fails with the message that clients expect for bad syntax, which shows the client's text around the error. */
int sql_statement_wrong(const struct sql_statement *s, size_t at);
/** The name of an expression without an alias: its text as the client wrote it. */
const char *sql_statement_name(const struct sql_statement *s, const char *sql, const char *name);

/* sql_nesting.c */

/** \param stack  bytes of a thread's stack */
void sql_nesting_start(int64_t stack);
/** \return the depth that SQLite may be given expressions of: together, those of all nested tables must fit into the stack */
int sql_nesting_expressions(const struct sql_statement *s);

#endif
