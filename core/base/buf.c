/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#define NOT_COUNTED ((size_t)4 << 10)
/* From this size on a buffer grows by a quarter: doubling could take much more than it ever needs. */
#define LARGE ((size_t)1 << 20)

void buf_init(struct buf *b)
{
	buf_init_charged(b, NULL);
}

void buf_init_charged(struct buf *b, struct charge *c)
{
	*b = (struct buf){ .charge = c };
}

/* Small buffers are not counted: even after a refusal there is room for the message about it. */
static size_t counted(size_t cap)
{
	return cap > NOT_COUNTED ? cap : 0;
}

void buf_free(struct buf *b)
{
	free(b->data);
	charge_give(b->charge, counted(b->cap));
	buf_init_charged(b, b->charge);
}

void buf_move(struct buf *b, struct buf *from)
{
	struct charge *charge = b->charge;

	if (from->charge && charge)
		charge_move(from->charge, charge, counted(from->cap));
	*b = *from;
	b->charge = charge;
	buf_init_charged(from, from->charge);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

static size_t grown(const struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 256;

	while (cap < b->len + more)
		cap += cap < LARGE ? cap : cap / 4;
	return cap;
}

bool buf_covers(const struct buf *b, size_t more)
{
	if (more > SIZE_MAX / 2 - b->len)
		return false;
	return charge_covers(b->charge, counted(grown(b, more)) - counted(b->cap));
}

bool buf_grow(struct buf *b, size_t more)
{
	if (b->failed)
		return false;
	if (more > SIZE_MAX / 2 - b->len)
		goto fail;
	size_t cap = grown(b, more);
	size_t extra = counted(cap) - counted(b->cap);
	if (!charge_take(b->charge, extra))
		goto fail;
	char *data = realloc(b->data, cap);
	if (!data) {
		charge_give(b->charge, extra);
		goto fail;
	}
	b->data = data;
	b->cap = cap;
	return true;
fail:
	b->failed = true;
	return false;
}

void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (buf_reserve(b, (size_t)n + 1)) {
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
		b->len += (size_t)n;
	}
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

char *buf_cstr(struct buf *b)
{
	if (!buf_reserve(b, 1))
		return NULL;
	b->data[b->len] = '\0';
	return b->data;
}
