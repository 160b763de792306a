/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/json_count.h
 * \brief Counts the items of each array and object in a JSON text before decoding, so that each allocates its memory once,
 * and no more than it needs.
 */
#ifndef BASE_JSON_COUNT_H
#define BASE_JSON_COUNT_H

#include "base/budget.h"

#include <stdint.h>

#define JSON_COUNTS_FIRST 64

/** One byte for each, in the order in which they start; large counts are in a separate list. */
struct json_counts {
	struct charge *charge;
	uint8_t *bytes, first[JSON_COUNTS_FIRST];
	size_t count, room, next;
	struct json_many {
		uint32_t at, count;
	} * many;
	size_t many_count, many_room, many_next;
};

/**
 * Counts the rest of an array or object, from after an item to its end: first its remaining items, then those of each array
 * and object within them. Looks only at brackets, commas and strings: if the text is not JSON, the part before the fault is
 * counted correctly or too high. \p len up to UINT32_MAX.
 * \param charge  to which the counts are charged; NULL: none
 * \return 0, or LYRE_ENOMEM without a message; call json_counts_free() in either case
 */
int json_count(struct json_counts *c, const char *text, size_t len, struct charge *charge);
void json_counts_free(struct json_counts *c);

/** The next count, in the order in which they start. */
uint32_t json_counts_next(struct json_counts *c);

#endif
