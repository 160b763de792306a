/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata.h
 * \brief Expressions of SEARCH_JSON(): the part of JSONata that reads values and makes others of them.
 *
 * An expression is parsed once into nodes, and evaluated for each value. What it makes is in the memory of a run, which is freed
 * as a whole and counted as SQLite's. Nothing of a value (undefined) is NULL, which is also what is left when a run has failed.
 */
#ifndef SQL_JSONATA_H
#define SQL_JSONATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Deepest nesting of an expression and of a value. */
#define JSONATA_DEPTH_MAX 100

/* ---- memory: jsonata_value.c ---- */

struct jsonata_run {
	struct jsonata_block *blocks;
	struct jsonata_value *root; /**< $$ */
	struct jsonata_value
		*whole; /**< the root if a path takes its items together, as where an expression begins; NULL: it does not */
	unsigned steps;
	int depth;
	bool failed;    /**< no memory, or the statement has to end: nothing of it counts */
	bool deep;      /**< the expression nests too deep */
	bool undefined; /**< JSONata has no result here: an operator has got a value of a wrong type */
};

/** Zeroed; NULL: the run has failed. */
void *jsonata_alloc(struct jsonata_run *run, size_t size);
void jsonata_free(struct jsonata_run *run);
/** Counts a step. \return false: no more of them */
bool jsonata_goes_on(struct jsonata_run *run);

/* ---- values: jsonata_value.c, jsonata_read.c ---- */

enum jsonata_type { JSONATA_NULL, JSONATA_BOOLEAN, JSONATA_NUMBER, JSONATA_STRING, JSONATA_ARRAY, JSONATA_OBJECT };

struct jsonata_value {
	enum jsonata_type type;
	bool sequence; /**< an array of results, of which one stands for itself */
	bool kept;     /**< an array that does not become part of another */
	bool truth;
	double number;
	const char *text; /**< of a string; of a number as it was read: NULL if it was computed */
	size_t len;
	struct jsonata_value **items; /**< of an array; of an object its values */
	struct jsonata_value **names; /**< of an object: strings */
	size_t count, room;
};

struct jsonata_value *jsonata_new(struct jsonata_run *run, enum jsonata_type type);
/** NULL if it is NaN, which is nothing. */
struct jsonata_value *jsonata_number(struct jsonata_run *run, double number);
struct jsonata_value *jsonata_boolean(struct jsonata_run *run, bool truth);
struct jsonata_value *jsonata_string(struct jsonata_run *run, const char *text, size_t len);
struct jsonata_value *jsonata_sequence(struct jsonata_run *run);
/** Adds an item to an array; NULL adds nothing. */
void jsonata_push(struct jsonata_run *run, struct jsonata_value *array, struct jsonata_value *item);
/** Adds a value, or the items of one that is an array. */
void jsonata_append(struct jsonata_run *run, struct jsonata_value *array, struct jsonata_value *v);
void jsonata_set(struct jsonata_run *run, struct jsonata_value *object, struct jsonata_value *name, struct jsonata_value *v);
/** NULL: the object has no such name. */
struct jsonata_value *jsonata_member(const struct jsonata_value *object, const char *name, size_t len);
bool jsonata_equal(struct jsonata_run *run, const struct jsonata_value *a, const struct jsonata_value *b);
bool jsonata_is_true(struct jsonata_run *run, const struct jsonata_value *v);
static inline bool jsonata_is(const struct jsonata_value *v, enum jsonata_type type)
{
	return v && v->type == type;
}

/** Reads JSON. NULL: it is none, or the run has failed. */
struct jsonata_value *jsonata_read(struct jsonata_run *run, const char *text, size_t len);
/** Reads a string from its quote on, as in JSON. \p p: set behind it. NULL: it is none, or the run has failed. */
struct jsonata_value *jsonata_read_string(struct jsonata_run *run, const char **p, const char *end);
/** Writes a value as JSON; \p out: of SQLite's. Parts that are in it many times are written as often, until \p out fails. */
struct sqlite3_str;
void jsonata_write(struct sqlite3_str *out, const struct jsonata_value *v);

/* ---- expressions: jsonata_parse.c ---- */

enum jsonata_kind {
	JSONATA_LITERAL,
	JSONATA_NAME,
	JSONATA_CONTEXT, /**< $ */
	JSONATA_ROOT,    /**< $$ */
	JSONATA_WILDCARD,
	JSONATA_DESCENDANTS,
	JSONATA_PATH,
	JSONATA_LIST,   /**< [a, b] */
	JSONATA_RECORD, /**< {"a": b}: names and values in turn */
	JSONATA_BINARY,
	JSONATA_NEGATIVE,
	JSONATA_CHOICE, /**< a ? b : c */
	JSONATA_CALL,
	JSONATA_BLOCK /**< (a) */
};

enum jsonata_operator {
	JSONATA_ADD,
	JSONATA_SUBTRACT,
	JSONATA_MULTIPLY,
	JSONATA_DIVIDE,
	JSONATA_REMAINDER,
	JSONATA_JOIN,
	JSONATA_EQUAL,
	JSONATA_UNEQUAL,
	JSONATA_LESS,
	JSONATA_LESS_EQUAL,
	JSONATA_GREATER,
	JSONATA_GREATER_EQUAL,
	JSONATA_IN,
	JSONATA_AND,
	JSONATA_OR
};

struct jsonata_nodes {
	struct jsonata_node **items;
	size_t count, room;
};

struct jsonata_node {
	enum jsonata_kind kind;
	enum jsonata_operator op;
	struct jsonata_value *value; /**< of a literal; of a name its string */
	const struct jsonata_function *function;
	struct jsonata_nodes parts;
	struct jsonata_nodes filters; /**< [a] behind it */
	bool keeps;                   /**< [] behind it: one result is an array, too */
};

/** \return NULL: \p error is what is wrong, or the run has failed */
struct jsonata_node *jsonata_parse(struct jsonata_run *run, const char *text, size_t len, char *error, size_t room);

/* ---- evaluation: jsonata_evaluate.c, jsonata_operators.c, jsonata_calls.c ---- */

/** \param v  what $ is; NULL: nothing */
struct jsonata_value *jsonata_evaluate(struct jsonata_run *run, const struct jsonata_node *node, struct jsonata_value *v);
struct jsonata_value *jsonata_operate(
	struct jsonata_run *run, enum jsonata_operator op, struct jsonata_value *left, struct jsonata_value *right);
/** Texts behind each other, with another between them; NULL: with nothing. What is no string is written as JSON. */
struct jsonata_value *jsonata_joined(
	struct jsonata_run *run, struct jsonata_value **items, size_t count, const struct jsonata_value *between);
/** No result, as JSONata has none. */
struct jsonata_value *jsonata_wrong(struct jsonata_run *run);

struct jsonata_function {
	const char *name;
	size_t least, most; /**< arguments */
	bool context;       /**< one argument fewer: $ is the first */
	struct jsonata_value *(*call)(struct jsonata_run *run, struct jsonata_value **args, size_t count);
};

/** NULL: there is none. */
const struct jsonata_function *jsonata_find(const char *name, size_t len);

#endif
