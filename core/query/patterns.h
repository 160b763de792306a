/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/patterns.h
 * \brief Searches a text for many patterns in a single pass (Aho-Corasick automaton).
 */
#ifndef QUERY_PATTERNS_H
#define QUERY_PATTERNS_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

struct pattern {
	const char *s;
	size_t len;
	bool at_end; /**< it matches only at the end of the text, else anywhere */
};

struct patterns;

/**
 * \param p  in any order, which is changed; the automaton keeps no pointers to their texts
 * \return in the arena; NULL: out of memory
 */
struct patterns *patterns_make(struct arena *a, struct pattern *p, size_t count);
/** Whether a text contains one of the patterns. The time depends only on the text. */
bool patterns_match(const struct patterns *m, const char *s, size_t len);

#endif
