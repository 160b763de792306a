/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/collect.h
 * \brief Turns tokens back into a value, for formats that must know all of it before they write.
 */
#ifndef ENCODE_COLLECT_H
#define ENCODE_COLLECT_H

#include "base/value.h"

struct collect_level;

/** Zero at first, except the arena. */
struct collector {
	struct arena *arena;
	struct collect_level *top; /**< the innermost open array or object */
	lyre_value value;          /**< the result, when complete */
	bool failed;               /**< out of memory */
};

/** LYRE_ARRAY or LYRE_OBJECT. */
void collect_begin(struct collector *c, enum lyre_type type);
void collect_end(struct collector *c);
void collect_key(struct collector *c, const char *name, size_t len);
/** Adds a copy of a value. */
void collect_value(struct collector *c, const lyre_value *v);

#endif
