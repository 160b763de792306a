/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/csv_rows.h
 * \brief CSV as a stream: bytes in pieces of any size become rows of fields, each with the number of its line. By libcsv.
 *
 * Lines end in LF, CR LF or CR; blank ones are no rows. Blanks around a field belong to it. Within quotes a delimiter and an end
 * of line are text, and two quotes are one; quotes in the middle of a field are text. If the text ends within quotes, so does the
 * field.
 */
#ifndef CSV_ROWS_H
#define CSV_ROWS_H

#include <stddef.h>
#include <stdint.h>

/** Fields of a row: what a table can have as attributes. */
#define CSV_FIELDS_MAX 65000

struct csv_field {
	const char *s; /**< followed by a NUL */
	size_t len;
};

/** Lives until the next row. */
struct csv_row {
	uint64_t line; /**< where it begins, from 1 */
	size_t bytes;  /**< of its fields */
	size_t count;
	const struct csv_field *fields;
};

/** Results besides 0. */
enum csv_rows_result {
	CSV_ROWS_TAKE = -1,   /**< take() ended it */
	CSV_ROWS_MEMORY = -2, /**< out of memory */
	CSV_ROWS_LARGE = -3,  /**< a row has more bytes than it may have, see csv_rows_line() */
	CSV_ROWS_WIDE = -4    /**< a row has more than CSV_FIELDS_MAX fields */
};

struct csv_rows;

/**
 * \param bytes_max  of the fields of a row; a row may have a piece more before that is found
 * \param take       receives the rows; not 0 ends the reading
 * \return 0, CSV_ROWS_MEMORY
 */
int csv_rows_open(
	struct csv_rows **ret, char delimiter, size_t bytes_max, int (*take)(void *arg, const struct csv_row *row), void *arg);
/** The next piece. After a failure, all calls fail. \return 0 or enum csv_rows_result */
int csv_rows_feed(struct csv_rows *r, const char *bytes, size_t len);
/** The end of the text. */
int csv_rows_end(struct csv_rows *r);
/** Where the row begins that is being read. */
uint64_t csv_rows_line(const struct csv_rows *r);
/** NULL is allowed. */
void csv_rows_close(struct csv_rows *r);

#endif
