/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/row_count.h
 * \brief Counts the rows of an answer as its bytes pass, and tells whether the answer is whole: a connection that is closed
 * too early is not always noticed elsewhere, as a proxy may end the answer properly.
 */
#ifndef CTL_ROW_COUNT_H
#define CTL_ROW_COUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Rows are the items of a JSON array, JSON lines, or lines of CSV with a newline between them, the first for the names. */
enum rows { ROWS_JSON, ROWS_LINES, ROWS_CSV };

struct row_count {
	enum rows format;
	uint64_t rows; /**< so far */
	size_t depth;
	bool quoted, escaped;
	bool array; /**< the JSON began as one */
	char last;  /**< '\0': nothing came */
};

void row_count_add(struct row_count *r, const char *bytes, size_t len);
/** Whether the bytes may end here. */
bool row_count_whole(const struct row_count *r);

#endif
