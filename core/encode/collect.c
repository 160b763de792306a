/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/collect.c
 * \brief The open arrays and objects are a list of levels; each has its items so far, in an array that doubles.
 */
#include "encode/collect.h"

#include <string.h>

#define ROOM_FIRST 8

struct collect_level {
	struct collect_level *outer;
	lyre_value value; /* the items so far */
	uint32_t room;
};

/** Room for one more item or member of the innermost level. */
static bool make_room(struct collector *c, struct collect_level *l, size_t size)
{
	if (l->value.len < l->room)
		return true;
	uint32_t room = l->room ? l->room * 2 : ROOM_FIRST;
	void *more = room > l->room ? arena_alloc(c->arena, room * size) : NULL;
	if (!more)
		return false;
	if (l->value.len)
		memcpy(more, l->value.items, l->value.len * size);
	l->value.items = more;
	l->room = room;
	return true;
}

/** Adds a value, which is in the arena, where it belongs. */
static void put(struct collector *c, lyre_value v)
{
	struct collect_level *l = c->top;

	if (!l) {
		c->value = v;
	} else if (l->value.type == LYRE_OBJECT) {
		l->value.members[l->value.len - 1].value = v;
	} else if (make_room(c, l, sizeof v)) {
		l->value.items[l->value.len++] = v;
	} else {
		c->failed = true;
	}
}

void collect_begin(struct collector *c, enum lyre_type type)
{
	struct collect_level *l = c->failed ? NULL : ARENA_NEW(c->arena, struct collect_level);

	c->failed = !l;
	if (!l)
		return;
	l->outer = c->top;
	l->value.type = type;
	c->top = l;
}

void collect_end(struct collector *c)
{
	struct collect_level *l = c->top;

	if (c->failed)
		return;
	c->top = l->outer;
	put(c, l->value);
}

void collect_key(struct collector *c, const char *name, size_t len)
{
	struct collect_level *l = c->top;
	const char *copy = c->failed ? NULL : arena_strndup(c->arena, name, len);

	c->failed = !copy || !make_room(c, l, sizeof *l->value.members);
	if (c->failed)
		return;
	l->value.members[l->value.len++] = (struct value_member){ .name = copy, .name_len = (uint32_t)len };
}

void collect_value(struct collector *c, const lyre_value *v)
{
	lyre_value copy;

	c->failed = c->failed || !value_copy(c->arena, v, NULL, 0, &copy);
	if (!c->failed)
		put(c, copy);
}
