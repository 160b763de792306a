/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file jsonata_words.h
 * \brief Tokens of an expression; the parser sees one at a time.
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
	bool quoted;                 /**< a name in quotes, which is never an operator */
};

struct jsonata_parser {
	struct jsonata_run *run;
	const char *p, *end;
	struct jsonata_token t;
	int depth;
	char *error; /**< empty if there is none */
	size_t room;
};

/** Ends the expression with an error, unless there is one already. \return NULL */
struct jsonata_node *jsonata_fail(struct jsonata_parser *ps, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** Advances to the next token. */
void jsonata_advance(struct jsonata_parser *ps);
/** Whether the current token is this sign. */
bool jsonata_is_sign(const struct jsonata_parser *ps, const char *sign);
/** The same, and advances to the next token if it is. */
bool jsonata_take(struct jsonata_parser *ps, const char *sign);

#endif
