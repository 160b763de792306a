/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/patterns.h
 * \brief Many texts that are looked for in one, in a single pass over it (Aho and Corasick's automaton).
 */
#ifndef QUERY_PATTERNS_H
#define QUERY_PATTERNS_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

struct pattern {
	const char *s;
	size_t len;
	bool at_end; /**< it counts only where the text ends with it, else anywhere */
};

struct patterns;

/**
 * \param p  in any order, which is changed; the automaton keeps none of their texts
 * \return in the arena; NULL when out of memory
 */
struct patterns *patterns_make(struct arena *a, struct pattern *p, size_t count);
/** Whether a text has one of them. Its time goes by the text alone. */
bool patterns_match(const struct patterns *m, const char *s, size_t len);

#endif
