/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_memory.c
 * \brief The fake host's memory and texts.
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct fake_block {
	struct fake_block *before;
	union {
		long long i;
		double d;
		void *p;
	} data[];
};

void fake_die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("fake host: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

void *fake_take(struct fake_memory *m, size_t size)
{
	struct fake_block *b = calloc(1, sizeof *b + size);
	if (!b)
		fake_die("out of memory");
	b->before = m->last;
	m->last = b;
	return b->data;
}

void fake_release(struct fake_memory *m, struct fake_block *until)
{
	while (m->last && m->last != until) {
		struct fake_block *b = m->last;
		m->last = b->before;
		free(b);
	}
}

char *fake_copy(struct fake_memory *m, const char *s, size_t len)
{
	char *copy = fake_take(m, len + 1);
	if (len)
		memcpy(copy, s, len);
	return copy;
}

char *fake_print(struct fake_memory *m, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		fake_die("cannot print '%s'", fmt);
	text = fake_take(m, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	return text;
}

void fake_add(struct fake_text *t, const char *s, size_t len)
{
	if (t->len + len + 1 > t->cap) {
		t->cap = (t->len + len + 1) * 2;
		t->s = realloc(t->s, t->cap);
		if (!t->s)
			fake_die("out of memory");
	}
	if (len)
		memcpy(t->s + t->len, s, len);
	t->len += len;
	t->s[t->len] = '\0';
}
