/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/name_set.c
 * \brief Open addressing with a keyed hash if there are more than a few names.
 */
#include "base/name_set.h"

#include "base/text.h"

#include <string.h>

/** Places of a set small enough for a linear search: it needs no key, which would cost a system call. */
#define FEW 16

/** The place of a name, or the one for it; there is always room. */
static struct name_place *place_of(const struct name_set *s, const char *name, size_t len)
{
	uint64_t hash[2] = { 0 };

	if (s->size > FEW)
		siphash128(s->key, name, len, (uint8_t *)hash);
	for (size_t i = (size_t)hash[0];; i++) {
		struct name_place *p = &s->places[i & (s->size - 1)];

		if (!p->name || (p->len == len && !memcmp(p->name, name, len)))
			return p;
	}
}

static bool grow(struct name_set *s)
{
	struct name_set bigger = *s;

	bigger.size = s->size ? s->size * 2 : FEW;
	if (s->size == FEW)
		random_bytes(bigger.key, sizeof bigger.key);
	bigger.places = ARENA_ARRAY(s->arena, struct name_place, bigger.size);
	if (!bigger.places)
		return false;
	for (size_t i = 0; i < s->size; i++) {
		if (s->places[i].name)
			*place_of(&bigger, s->places[i].name, s->places[i].len) = s->places[i];
	}
	*s = bigger;
	return true;
}

struct name_place *name_set_add(struct name_set *s, const char *name, size_t len)
{
	if (s->count * 2 >= s->size && !grow(s))
		return NULL;
	struct name_place *p = place_of(s, name, len);
	if (!p->name) {
		p->name = name;
		p->len = len;
		s->count++;
	}
	return p;
}
