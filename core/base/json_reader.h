/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/json_reader.h
 * \brief Shared by the files that read JSON.
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json_count.h"
#include "base/value.h"

/** State of reading one document; see json_read.c. */
struct json_reader {
	struct arena *arena;
	char *start, *p, *end;
	struct value_member *stack, *first; /* first: the stack while it is small */
	size_t top, cap;
	size_t limit; /* of top: cap, or 0 while nothing is stacked */
	struct json_counts counts;
	bool counted; /* counts covers the current position */
	unsigned depth;
	bool later;    /* leave arrays and objects within the outermost object in the text */
	bool skims;    /* the current value is left so */
	size_t adjust; /* UTF-16 units lost to the count by unescaping */
	struct err *err;
};

/* ---- json_text.c; each failure returns its code ---- */

/** The position of \p at in the document, in UTF-16 units from its start, as clients count. */
size_t json_position(const struct json_reader *r, const char *at);
int json_fail_at(struct json_reader *r, const char *at, const char *what);
int json_fail_end(struct json_reader *r);
/** Reports an unexpected token, with the text around it, as other servers do. */
int json_fail_token(struct json_reader *r);
/**
 * Reads a string; r->p is after the opening quote. It is unescaped in place and NUL-terminated at or before its closing
 * quote.
 */
int json_read_text(struct json_reader *r, const char **ret, uint32_t *len);

#endif
