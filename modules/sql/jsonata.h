/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata.h
 * \brief Expressions of SEARCH_JSON(): the part of JSONata that queries values and builds new ones.
 *
 * An expression is parsed once into nodes, and evaluated for each value. Its results are in the memory of a run, which is freed
 * as a whole and counts as SQLite's. NULL means no value (undefined), or that the run has failed.
 */
#ifndef SQL_JSONATA_H
#define SQL_JSONATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Maximum nesting of an expression and of a value. */
#define JSONATA_DEPTH_MAX 100

/* ---- memory: jsonata_value.c ---- */

struct jsonata_run {
	struct jsonata_block *blocks;
	struct jsonata_value *root;  /**< $$ */
	struct jsonata_value *whole; /**< the root, while paths take it as a whole rather than item by item; otherwise NULL */
	unsigned steps;
	int depth;
	bool failed;    /**< out of memory, or the statement must end: the results are invalid */
	bool deep;      /**< the expression is nested too deeply */
	bool undefined; /**< there is no result: an operand or argument has the wrong type */
};

/** Allocates zeroed memory; NULL: the run has failed. */
void *jsonata_alloc(struct jsonata_run *run, size_t size);
void jsonata_free(struct jsonata_run *run);
/** Counts a step. \return false if the evaluation must end */
bool jsonata_goes_on(struct jsonata_run *run);

/* ---- values: jsonata_value.c, jsonata_read.c ---- */

enum jsonata_type { JSONATA_NULL, JSONATA_BOOLEAN, JSONATA_NUMBER, JSONATA_STRING, JSONATA_ARRAY, JSONATA_OBJECT };

struct jsonata_value {
	enum jsonata_type type;
	bool sequence; /**< an array of results, which a single result replaces */
	bool kept;     /**< an array that is not merged into another */
	bool truth;
	double number;
	const char *text; /**< of a string; or a number as it was read, NULL if it was computed */
	size_t len;
	struct jsonata_value **items; /**< items of an array, or values of an object */
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
/** Finds the value of a name; NULL if the object does not have it. */
struct jsonata_value *jsonata_member(const struct jsonata_value *object, const char *name, size_t len);
bool jsonata_equal(struct jsonata_run *run, const struct jsonata_value *a, const struct jsonata_value *b);
bool jsonata_is_true(struct jsonata_run *run, const struct jsonata_value *v);
static inline bool jsonata_is(const struct jsonata_value *v, enum jsonata_type type)
{
	return v && v->type == type;
}

/** Reads JSON; NULL if it is not JSON, or the run has failed. */
struct jsonata_value *jsonata_read(struct jsonata_run *run, const char *text, size_t len);
/** Reads a JSON string from its opening quote on; advances \p p past it. NULL if it is not valid, or the run has failed. */
struct jsonata_value *jsonata_read_string(struct jsonata_run *run, const char **p, const char *end);
/** Writes a value as JSON to \p out, which is one of SQLite's. Parts that occur in it many times are written as often, until \p out fails. */
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
	JSONATA_RECORD, /**< {"a": b}: names and values alternate */
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
	struct jsonata_value *value; /**< of a literal, or the string of a name */
	const struct jsonata_function *function;
	struct jsonata_nodes parts;
	struct jsonata_nodes filters; /**< [a] after it */
	bool keeps;                   /**< [] after it: even a single result is an array */
};

/** \return NULL if it is not valid, with the reason in \p error, or if the run has failed */
struct jsonata_node *jsonata_parse(struct jsonata_run *run, const char *text, size_t len, char *error, size_t room);

/* ---- evaluation: jsonata_evaluate.c, jsonata_operators.c, jsonata_calls.c ---- */

/** \param v  the value of $; NULL if undefined */
struct jsonata_value *jsonata_evaluate(struct jsonata_run *run, const struct jsonata_node *node, struct jsonata_value *v);
struct jsonata_value *jsonata_operate(
	struct jsonata_run *run, enum jsonata_operator op, struct jsonata_value *left, struct jsonata_value *right);
/** Joins strings, separated by \p between unless it is NULL. Other values are written as JSON. */
struct jsonata_value *jsonata_joined(
	struct jsonata_run *run, struct jsonata_value **items, size_t count, const struct jsonata_value *between);
/** Notes that the result is undefined. \return NULL */
struct jsonata_value *jsonata_wrong(struct jsonata_run *run);

struct jsonata_function {
	const char *name;
	size_t least, most; /**< number of arguments */
	bool context;       /**< may be called with one argument fewer: $ is then the first */
	struct jsonata_value *(*call)(struct jsonata_run *run, struct jsonata_value **args, size_t count);
};

/** Finds a function; NULL if there is none. */
const struct jsonata_function *jsonata_find(const char *name, size_t len);

#endif
