/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/json_reader.h
 * \brief What the files that read JSON share.
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json_count.h"
#include "base/value.h"

/** Of one document; see json_read.c for what it does. */
struct json_reader {
	struct arena *arena;
	char *start, *p, *end;
	struct value_member *stack, *first; /* first: where it stands while it is small */
	size_t top, cap;
	size_t limit;  /* of top: cap, or 0 while nothing is stacked */
	struct json_counts counts;
	bool counted;  /* what is read now is in counts */
	unsigned depth;
	bool later;    /* arrays and objects within the outermost object are left in the text */
	bool skims;    /* what is read now is */
	size_t adjust; /* UTF-16 units that unescaping has taken from the counting */
	struct err *err;
};

/* ---- json_text.c; each failure returns its code ---- */

/** Where \p at stands in the document. Clients count UTF-16 units from its start. */
size_t json_position(const struct json_reader *r, const char *at);
int json_fail_at(struct json_reader *r, const char *at, const char *what);
int json_fail_end(struct json_reader *r);
/** A token that does not belong there, with a stretch of the document around it, as people expect it from other servers. */
int json_fail_token(struct json_reader *r);
/**
 * r->p stands behind the opening quote. The text is unescaped in its place and NUL-terminated where its closing quote stood or
 * before.
 */
int json_read_text(struct json_reader *r, const char **ret, uint32_t *len);

#endif
