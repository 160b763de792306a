/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/name_set.h
 * \brief Names, each once, with what belongs to it. For names that clients send: however they choose them, a look into
 * the set stays short. In an arena, and as long as that; one thread at a time.
 */
#ifndef BASE_NAME_SET_H
#define BASE_NAME_SET_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

struct name_place {
	const char *name; /**< NULL: nothing is here */
	size_t len;
	void *item;       /**< the caller's; NULL when the name is new */
};

/** Zero but for the arena at first. */
struct name_set {
	struct arena *arena;
	uint8_t key[16];
	struct name_place *places;
	size_t count, size;
};

/**
 * Where a name stands, which is put in when it is not there; it is not copied.
 * \return until the next call; NULL when out of memory
 */
struct name_place *name_set_add(struct name_set *s, const char *name, size_t len);

#endif
