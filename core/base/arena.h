/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/arena.h
 * \brief Memory of one request: allocated piece by piece, freed all at once. One thread at a time.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/budget.h"

#include <lyre/types.h>
#include <stdarg.h>
#include <stdbool.h>

struct arena_block;

struct arena {
	struct arena_block *blocks; /**< newest first */
	char *next, *end;
	size_t total;          /**< bytes allocated from the system */
	bool failed;           /**< for arena_failed() */
	struct charge *charge; /**< to which the memory is charged; NULL: not counted */
};

void arena_init(struct arena *a);
/** \p c must outlive the content of the arena. */
void arena_init_charged(struct arena *a, struct charge *c);
/** Frees everything except the first block, which the next request reuses. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/** Aligned for any type, not zeroed. NULL if out of memory. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);
/**
 * Whether an allocation has failed since the last call: for callers that build a value with functions that return null if
 * memory runs out.
 */
bool arena_failed(struct arena *a);
/** NUL-terminated copy of \p len bytes. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) LYRE_PRINTF(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) LYRE_PRINTF(2, 0);

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_zalloc((a), sizeof(type) * (n)))

#endif
