/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/name_set.h
 * \brief A set of names, each with an item. For names sent by clients: however they choose them, lookups stay fast. Lives in
 * an arena; one thread at a time.
 */
#ifndef BASE_NAME_SET_H
#define BASE_NAME_SET_H

#include "base/arena.h"

#include <stddef.h>
#include <stdint.h>

struct name_place {
	const char *name; /**< NULL: empty */
	size_t len;
	void *item; /**< the caller's; NULL if the name is new */
};

/** Initially zero, except the arena. */
struct name_set {
	struct arena *arena;
	uint8_t key[16];
	struct name_place *places;
	size_t count, size;
};

/**
 * Finds a name, or adds it; it is not copied.
 * \return its place, valid until the next call; NULL if out of memory
 */
struct name_place *name_set_add(struct name_set *s, const char *name, size_t len);

#endif
