/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file value_set.h
 * \brief The distinct values of a group, in the order in which they came, and how often each did.
 */
#ifndef SQL_VALUE_SET_H
#define SQL_VALUE_SET_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

struct value_entry {
	sqlite3_value *value;
	uint64_t hash;
	int64_t count;
};

/** All zero is the empty set, and what an aggregate begins with. */
struct value_set {
	struct value_entry *entries;
	uint32_t *slots; /**< places of entries by their hashes, from 1; twice the room of the entries */
	size_t count, room;
	uint64_t bytes; /**< of the values */
};

/** The step of an aggregate whose context is such a set. */
void value_set_step(sqlite3_context *ctx, int count, sqlite3_value **args);
void value_set_free(struct value_set *s);

#endif
