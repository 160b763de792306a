/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file like_match.h
 * \brief LIKE on texts that do not end with a NUL: SQLite's own matcher needs a copy of each that does.
 */
#ifndef SQL_LIKE_MATCH_H
#define SQL_LIKE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

/** UTF-8 without a NUL in it. */
struct like_text {
	const char *s;
	size_t len;
};

/**
 * Whether a pattern with % and _ matches a text, letters of ASCII in either case: in time that grows with the product of the
 * two lengths at most.
 * \param escape  the character after which % and _ mean themselves; of length 0: none
 */
bool like_matches(struct like_text pattern, struct like_text text, struct like_text escape);

#endif
