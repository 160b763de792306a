/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/cells.h
 * \brief Answers as lines of cells, for CSV and formats like it: a header line, then one line per row.
 *
 * Arrays and objects become JSON text, null an empty cell. Rows whose columns are announced are written immediately, whether
 * they come as values or in tokens.
 * Anything else is collected first, as its columns are the names of all members of all rows.
 */
#ifndef ENCODE_CELLS_H
#define ENCODE_CELLS_H

#include "encode/encode.h"

/** The differences between formats of cells. */
struct cell_style {
	char separator;
	/** A column name, a string or JSON text, quoted or escaped as needed. */
	void (*add_text)(struct buf *out, const char *s, size_t len);
};

void cells_object_begin(lyre_out *o);
void cells_array_begin(lyre_out *o);
void cells_end(lyre_out *o);
void cells_key(lyre_out *o, const char *name, size_t len);
void cells_value(lyre_out *o, const lyre_value *v);
void cells_column(lyre_out *o, const char *name, size_t len);
void cells_finish(lyre_out *o);
void cells_drop(lyre_out *o);

/** All functions of an encoder whose style is a struct cell_style. */
#define CELLS                                                                                                                  \
	.object_begin = cells_object_begin, .object_end = cells_end, .array_begin = cells_array_begin, .array_end = cells_end, \
	.key = cells_key, .value = cells_value, SCALARS_AS_VALUES, .column = cells_column, .finish = cells_finish,             \
	.drop = cells_drop

#endif
