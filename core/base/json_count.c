/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_count.h"

#include "base/json.h"

#include <stdlib.h>
#include <string.h>

/* Marks a count that is in the list. */
#define MANY 255

/* The end of a string whose opening quote is before p: after its closing quote, or the end of the text. */
static const char *pass_text(const char *p, const char *end)
{
	for (const char *from = p; (p = memchr(p, '"', (size_t)(end - p))); p++) {
		const char *b = p;
		while (b > from && b[-1] == '\\')
			b--;
		if ((p - b) % 2 == 0)
			return p + 1;
		from = p + 1;
	}
	return end;
}

/* Makes room for one more; the first array is not on the heap. */
static void *grow(struct json_counts *c, void *old, bool on_heap, size_t size, size_t *room, size_t first)
{
	size_t cap = *room ? *room * 2 : first;
	size_t more = (cap - (on_heap ? *room : 0)) * size;
	if (!charge_take(c->charge, more))
		return NULL;
	void *p = realloc(on_heap ? old : NULL, cap * size);
	if (!p) {
		charge_give(c->charge, more);
		return NULL;
	}
	if (!on_heap && *room)
		memcpy(p, old, *room * size);
	*room = cap;
	return p;
}

static bool begin(struct json_counts *c)
{
	if (c->count == c->room) {
		uint8_t *bytes = grow(c, c->bytes, c->bytes != c->first, sizeof *bytes, &c->room, 0);
		if (!bytes)
			return false;
		c->bytes = bytes;
	}
	c->bytes[c->count++] = 0;
	return true;
}

static bool set(struct json_counts *c, uint32_t at, uint32_t count)
{
	if (count < MANY) {
		c->bytes[at] = (uint8_t)count;
		return true;
	}
	if (c->many_count == c->many_room) {
		struct json_many *many = grow(c, c->many, true, sizeof *many, &c->many_room, 16);
		if (!many)
			return false;
		c->many = many;
	}
	c->bytes[at] = MANY;
	c->many[c->many_count++] = (struct json_many){ at, count };
	return true;
}

static bool is_empty(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p < end && (*p == ']' || *p == '}');
}

/* The list is in the order in which they end. */
static int by_place(const void *a, const void *b)
{
	uint32_t x = ((const struct json_many *)a)->at, y = ((const struct json_many *)b)->at;
	return (x > y) - (x < y);
}

int json_count(struct json_counts *c, const char *text, size_t len, struct charge *charge)
{
	struct json_many open[JSON_DEPTH_MAX]; /* their positions, and the counts so far */
	unsigned depth = 1;

	c->charge = charge;
	c->bytes = c->first;
	c->room = JSON_COUNTS_FIRST;
	c->many = NULL;
	c->count = c->next = c->many_count = c->many_room = c->many_next = 0;
	open[0] = (struct json_many){ 0, 0 };
	begin(c);
	for (const char *p = text, *end = text + len; p < end && depth;) {
		switch (*p++) {
		case '"':
			p = pass_text(p, end);
			break;
		case '[':
		case '{':
			if (depth == JSON_DEPTH_MAX) {
				p = end; /* too deep to be decoded */
				break;
			}
			open[depth++] = (struct json_many){ (uint32_t)c->count, !is_empty(p, end) };
			if (!begin(c))
				return LYRE_ENOMEM;
			break;
		case ',':
			open[depth - 1].count++;
			break;
		case ']':
		case '}':
			depth--;
			if (!set(c, open[depth].at, open[depth].count))
				return LYRE_ENOMEM;
			break;
		}
	}
	while (depth--)
		if (!set(c, open[depth].at, open[depth].count))
			return LYRE_ENOMEM;
	if (c->many_count > 1)
		qsort(c->many, c->many_count, sizeof *c->many, by_place);
	return 0;
}

void json_counts_free(struct json_counts *c)
{
	if (c->bytes != c->first) {
		charge_give(c->charge, c->room);
		free(c->bytes);
	}
	charge_give(c->charge, c->many_room * sizeof *c->many);
	free(c->many);
}

uint32_t json_counts_next(struct json_counts *c)
{
	if (c->next == c->count)
		return 0; /* after a fault in the text */
	uint32_t n = c->bytes[c->next++];
	return n < MANY ? n : c->many[c->many_next++].count;
}
