/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_statement.h
 * \brief What a statement does, which tables it names, and its text as SQLite is given it.
 *
 * SQLite knows at most ten databases beside its own, so that database.table becomes one name: every table that a
 * statement names is a virtual table of the connection's only database.
 */
#ifndef SQL_SQL_STATEMENT_H
#define SQL_SQL_STATEMENT_H

#include "sql_lexer.h"

#include <lyre/lyre.h>

enum sql_verb { SQL_SELECT, SQL_INSERT, SQL_UPDATE, SQL_DELETE };

/** Most tables that one statement names: no join of SQLite has more. */
#define SQL_TABLES_MAX 64

/** A table that a statement names. */
struct sql_named {
	const char *database, *name;
	bool read;      /**< not only that an INSERT writes to it */
	const char *as; /**< its name in the connection, set before the text is made */
};

/** A place where the text for SQLite differs from the client's. */
struct sql_edit {
	size_t at, len;         /**< in the client's text */
	size_t out_at, out_len; /**< in SQLite's, once that is made */
	const char *text;       /**< instead; NULL: a table's name, or */
	const char *database;   /**< the first two parts of database.name.column; NULL: a table's name */
	const char *name;
	size_t table;      /**< whose name */
	const char *alias; /**< the client's text of the table's name, by which it is known further on; NULL: it has another */
	size_t alias_len;
};

/** Most literals of a statement that become parameters. */
#define SQL_LITERALS_MAX 4

/** A literal that has become a parameter. */
struct sql_literal {
	const char *text; /**< NULL: it is an integer */
	int64_t integer;
};

struct sql_statement {
	lyre_call *call;
	const char *text; /**< the client's, NUL-terminated */
	size_t len;       /**< of its first statement */
	enum sql_verb verb;
	bool explain;
	bool joins;    /**< an UPDATE with a FROM, which may find a row more than once */
	bool compound; /**< has a UNION, INTERSECT or EXCEPT */
	bool light;    /**< a SELECT of one table by conditions that all hold, in which nothing takes longer than to read a row */
	bool converts; /**< has a CAST, with which values compare that an index does not have side by side */
	bool loses;    /**< SQLite may store rows before the values of the statement are found out, and lose kinds of values */
	const char *count_name; /**< it only counts the records of its table, as this; NULL: it is another statement */
	bool writes;            /**< and is not only explained: tables[0] is its target */
	struct sql_named tables[SQL_TABLES_MAX];
	size_t table_count;
	const char **columns; /**< that an INSERT or UPDATE writes, by their names */
	size_t column_count;
	struct sql_edit *edits;
	size_t edit_count;
	struct sql_literal literals[SQL_LITERALS_MAX]; /**< in the order of their parameters */
	size_t literal_count;
	/* while it is read */
	const char **inner; /**< names of WITH */
	size_t inner_count;
	size_t column_room, edit_room, inner_room;
	const char *top; /**< the number of SELECT TOP */
	size_t top_len;
};

/** Reads a statement. \return 0, or a failure: LYRE_EINVAL, LYRE_ENOMEM. */
int sql_statement_read(struct sql_statement *s, lyre_call *call, const char *text);
/** A word as a name, without quotes, in the call's memory; NULL if out of memory. */
const char *sql_statement_word(struct sql_statement *s, const struct sql_token *t);
/** sql_shape.c: what can be told of a statement that has been read, beside its tables. */
void sql_statement_shape(struct sql_statement *s);

/** sql_literals.c: makes parameters of the literals that conditions compare with. For light statements. */
void sql_statement_take_literals(struct sql_statement *s);

/* sql_written.c */

/** The text of a value that is written. */
struct sql_written {
	const char *end;       /**< behind its last word */
	struct sql_token only; /**< the only word that it has; of kind SQL_END: it has more */
	bool literal;          /**< a number, a text or null */
	bool bare;             /**< a column as it is */
	bool passes;           /**< an expression that gives a column as it is, perhaps */
	bool star;             /**< all columns: * or dog.* */
};

/** Reads a value from its first word on; \p named: it may have a name for the result behind it. */
struct sql_written sql_written_read(const struct sql_token *first, bool named);

/* sql_text.c */

/** Its text for SQLite; NULL, and a failure, if out of memory. */
char *sql_statement_text(struct sql_statement *s);
/** The place in the client's text of one in SQLite's. */
size_t sql_statement_place(const struct sql_statement *s, size_t out_at);
/** Fails with the sentence that clients expect of bad syntax, which shows what stands around a place of the client's text. */
int sql_statement_wrong(const struct sql_statement *s, size_t at);
/** The name of an expression that has no other: its text as the client wrote it. */
const char *sql_statement_name(const struct sql_statement *s, const char *sql, const char *name);

#endif
