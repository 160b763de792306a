/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/collect.h
 * \brief Tokens back to a value, for a format that has to know all of it before it writes.
 */
#ifndef ENCODE_COLLECT_H
#define ENCODE_COLLECT_H

#include "base/value.h"

struct collect_level;

/** Zeroed at first, but for the arena. */
struct collector {
	struct arena *arena;
	struct collect_level *top; /**< the innermost array or object that is open */
	lyre_value value;          /**< what was collected, when it is complete */
	bool failed;               /**< there was no memory */
};

/** LYRE_ARRAY or LYRE_OBJECT. */
void collect_begin(struct collector *c, enum lyre_type type);
void collect_end(struct collector *c);
void collect_key(struct collector *c, const char *name, size_t len);
/** A value, of which a copy is made. */
void collect_value(struct collector *c, const lyre_value *v);

#endif
