/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file value_set.h
 * \brief The distinct values of a group, in order of first occurrence, and how often each occurred.
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

/** All zeros is the empty set, with which an aggregate begins. */
struct value_set {
	struct value_entry *entries;
	uint32_t *slots; /**< hash table of places in entries, from 1; 0: free; twice as large as entries */
	size_t count, room;
	uint64_t bytes; /**< of the values */
};

/** The step of an aggregate whose context is such a set. */
void value_set_step(sqlite3_context *ctx, int count, sqlite3_value **args);
void value_set_free(struct value_set *s);

#endif
