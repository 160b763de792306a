/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/arena.h
 * \brief Memory of one request: taken piece by piece, given back at once. One thread at a time.
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
	size_t total;               /**< bytes taken from the system */
	bool failed;                /**< for arena_failed() */
	struct charge *charge;      /**< what the memory is charged to; NULL: it is not counted */
};

void arena_init(struct arena *a);
/** \p c is to outlive what the arena holds. */
void arena_init_charged(struct arena *a, struct charge *c);
/** Gives all back but the first block, which the next request uses again. */
void arena_reset(struct arena *a);
void arena_free(struct arena *a);

/** Aligned for any type, not zeroed. NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);
/**
 * Whether an allocation has failed since this was asked last: for who builds a value by functions that give null for
 * what there is no memory for.
 */
bool arena_failed(struct arena *a);
/** NUL-terminated copy of \p len bytes. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...) LYRE_PRINTF(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) LYRE_PRINTF(2, 0);

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_zalloc((a), sizeof(type) * (n)))

#endif
