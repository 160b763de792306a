/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file like_match.h
 * \brief LIKE on strings without a terminating NUL: for SQLite's own matcher, each would have to be copied.
 */
#ifndef SQL_LIKE_MATCH_H
#define SQL_LIKE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/** UTF-8 that contains no NUL. */
struct like_text {
	const char *s;
	size_t len;
};

/**
 * Whether a pattern with % and _ matches a string, ignoring the case of ASCII letters. The time is at worst proportional to
 * the product of the two lengths.
 * \param escape  the character after which % and _ stand for themselves; length 0 for none
 */
bool like_matches(struct like_text pattern, struct like_text text, struct like_text escape);

#endif
