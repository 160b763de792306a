/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_words.h
 * \brief The words of an expression, of which the parser sees one.
 */
#ifndef SQL_JSONATA_WORDS_H
#define SQL_JSONATA_WORDS_H

#include "jsonata.h"

enum jsonata_token_kind { JSONATA_TOKEN_END, JSONATA_TOKEN_NAME, JSONATA_TOKEN_VARIABLE, JSONATA_TOKEN_VALUE, JSONATA_TOKEN_SIGN };

struct jsonata_token {
	enum jsonata_token_kind kind;
	const char *text;
	size_t len;
	struct jsonata_value *value; /**< of a name and of a literal */
	bool quoted;                 /**< a name that is no operator */
};

struct jsonata_parser {
	struct jsonata_run *run;
	const char *p, *end;
	struct jsonata_token t;
	int depth;
	char *error; /**< empty: none */
	size_t room;
};

/** Ends the expression: the first error is kept. \return NULL */
struct jsonata_node *jsonata_fail(struct jsonata_parser *ps, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Goes on to the next word. */
void jsonata_advance(struct jsonata_parser *ps);
/** Whether the word is a sign. */
bool jsonata_is_sign(const struct jsonata_parser *ps, const char *sign);
/** The same, and goes on to the next word if it is. */
bool jsonata_take(struct jsonata_parser *ps, const char *sign);

#endif
