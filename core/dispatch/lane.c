/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/lane.c
 * \brief An ordered list. It is short: searching it many times costs less than one password hash.
 */
#include "dispatch/lane.h"

#include "dispatch/dispatch_internal.h"

#include <string.h>

uint64_t lane_turn(const struct lane *l, const char *source)
{
	uint64_t turn = l->turn;

	for (const struct verification *v = l->first; v; v = v->next) {
		if (!strcmp(v->source, source))
			turn = v->turn; /* the last attempt of the source has the latest turn */
	}
	return turn + 1;
}

bool lane_has_room(const struct lane *l, uint64_t turn)
{
	return l->count < l->max || (l->last && l->last->turn > turn);
}

static struct verification *drop_last(struct lane *l)
{
	struct verification *gone = l->last, *before = NULL;

	for (struct verification *v = l->first; v != gone; v = v->next)
		before = v;
	l->last = before;
	*(before ? &before->next : &l->first) = NULL;
	l->count--;
	return gone;
}

struct verification *lane_insert(struct lane *l, struct verification *v)
{
	struct verification *gone = l->count < l->max ? NULL : drop_last(l), **at = &l->first;

	while (*at && ((*at)->turn < v->turn || ((*at)->turn == v->turn && (*at)->due <= v->due)))
		at = &(*at)->next;
	v->next = *at;
	*at = v;
	if (!v->next)
		l->last = v;
	l->count++;
	return gone;
}

bool lane_is_due(const struct lane *l, int64_t now)
{
	return l->first && l->first->due <= now;
}

struct verification *lane_take(struct lane *l)
{
	struct verification *v = l->first;

	l->first = v->next;
	if (!l->first)
		l->last = NULL;
	l->count--;
	l->turn = v->turn;
	return v;
}

struct verification *lane_empty(struct lane *l)
{
	struct verification *all = l->first;

	l->first = l->last = NULL;
	l->count = 0;
	return all;
}
