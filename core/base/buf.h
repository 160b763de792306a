/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/buf.h
 * \brief A growing array of bytes. A failed allocation is sticky: later appends do nothing, and the user checks once at the
 * end.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/budget.h"

#include <lyre/types.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

struct buf {
	char *data;
	size_t len, cap;
	bool failed;
	struct charge *charge; /**< to which the memory is charged, except a few KiB; NULL: not counted */
};

void buf_init(struct buf *b);
/** \p c must outlive the content of the buffer. */
void buf_init_charged(struct buf *b, struct charge *c);
void buf_free(struct buf *b);
/** Moves the memory of \p from to \p b, which must be empty. Their charges have the same budget, or none. */
void buf_move(struct buf *b, struct buf *from);
/** Empties the buffer, keeps the memory, clears a failure. */
void buf_clear(struct buf *b);
/** Whether buf_reserve() would succeed without the memory that all requests share. */
bool buf_covers(const struct buf *b, size_t more);
/** Part of buf_reserve(), for when there is not enough room. */
bool buf_grow(struct buf *b, size_t more);
void buf_addf(struct buf *b, const char *fmt, ...) LYRE_PRINTF(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) LYRE_PRINTF(2, 0);
/** The bytes with a NUL after them, which is not counted; NULL if out of memory. */
char *buf_cstr(struct buf *b);

/** Makes room for \p more bytes at data + len; false if out of memory. */
static inline bool buf_reserve(struct buf *b, size_t more)
{
	return (!b->failed && b->cap - b->len >= more) || buf_grow(b, more);
}

static inline void buf_add(struct buf *b, const void *s, size_t len)
{
	if (len && buf_reserve(b, len)) {
		memcpy(b->data + b->len, s, len);
		b->len += len;
	}
}

static inline void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

static inline void buf_add_char(struct buf *b, char c)
{
	if (b->len < b->cap || buf_reserve(b, 1))
		b->data[b->len++] = c;
}

#endif
