/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/json_count.h
 * \brief How much is in each array and object of a JSON text, found before they are decoded: each takes its memory once,
 * and no more than it needs.
 */
#ifndef BASE_JSON_COUNT_H
#define BASE_JSON_COUNT_H

#include "base/budget.h"

#include <stdint.h>

#define JSON_COUNTS_FIRST 64

/** A byte each in the order in which they begin; those of many are listed besides. */
struct json_counts {
	struct charge *charge;
	uint8_t *bytes, first[JSON_COUNTS_FIRST];
	size_t count, room, next;
	struct json_many {
		uint32_t at, count;
	} *many;
	size_t many_count, many_room, many_next;
};

/**
 * Counts what is left of an array or object, from behind an item to its end: first the items that are to come, then those
 * of each array and object within them. By brackets, commas and texts alone: of a text that is not JSON, what stands before
 * the fault is counted right, or as more than there is. \p len up to UINT32_MAX.
 * \param charge  what the counts are charged to; NULL: nothing
 * \return 0, or LYRE_ENOMEM without a sentence; json_counts_free() is due in either case
 */
int json_count(struct json_counts *c, const char *text, size_t len, struct charge *charge);
void json_counts_free(struct json_counts *c);

/** The next count, in the order in which they begin. */
uint32_t json_counts_next(struct json_counts *c);

#endif
