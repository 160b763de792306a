/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN ((size_t)4096)
#define BLOCK_MAX ((size_t)1 << 20)

struct arena_block {
	struct arena_block *older;
	size_t size; /* of data */
	alignas(max_align_t) char data[];
};

void arena_init(struct arena *a)
{
	arena_init_charged(a, NULL);
}

void arena_init_charged(struct arena *a, struct charge *c)
{
	*a = (struct arena){ .charge = c };
}

static void free_block(struct arena *a)
{
	struct arena_block *b = a->blocks;
	a->blocks = b->older;
	a->total -= b->size;
	charge_give(a->charge, sizeof *b + b->size);
	free(b);
}

void arena_reset(struct arena *a)
{
	if (!a->blocks)
		return;
	while (a->blocks->older)
		free_block(a);
	a->next = a->blocks->data;
	a->end = a->next + a->blocks->size;
}

void arena_free(struct arena *a)
{
	while (a->blocks)
		free_block(a);
	arena_init_charged(a, a->charge);
}

/* Block sizes double, so that a large request needs few; an allocation larger than a block gets its own. */
static bool add_block(struct arena *a, size_t size)
{
	size_t want = a->blocks ? a->blocks->size * 2 : BLOCK_MIN;
	if (want > BLOCK_MAX)
		want = BLOCK_MAX;
	if (want < size)
		want = size;
	if (want > SIZE_MAX - sizeof(struct arena_block))
		return false;
	if (!charge_take(a->charge, sizeof(struct arena_block) + want))
		return false;
	struct arena_block *b = malloc(sizeof *b + want);
	if (!b) {
		charge_give(a->charge, sizeof *b + want);
		return false;
	}
	b->size = want;
	b->older = a->blocks;
	a->blocks = b;
	a->total += want;
	a->next = b->data;
	a->end = b->data + want;
	return true;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t align = alignof(max_align_t);
	bool fits = size <= SIZE_MAX - align;
	size = (size + align - 1) & ~(align - 1);
	bool room = a->next && (size_t)(a->end - a->next) >= size; /* an empty arena has none even for an empty array */
	if (!fits || (!room && !add_block(a, size))) {
		a->failed = true;
		return NULL;
	}
	void *p = a->next;
	a->next += size;
	return p;
}

bool arena_failed(struct arena *a)
{
	bool failed = a->failed;
	a->failed = false;
	return failed;
}

void *arena_zalloc(struct arena *a, size_t size)
{
	void *p = arena_alloc(a, size);
	return p ? memset(p, 0, size) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;
	if (!p)
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	char *p = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, ap);
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}
