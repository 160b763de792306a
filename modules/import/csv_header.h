/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/csv_header.h
 * \brief The first row of a CSV text: the names of the attributes, and their types in the table.
 */
#ifndef CSV_HEADER_H
#define CSV_HEADER_H

#include "csv_rows.h"
#include "csv_value.h"
#include "load.h"

/** Attribute of the values that a row has beyond the header. */
#define CSV_EXTRA "__parsed_extra"

struct csv_header {
	size_t count;
	const char **names; /**< each only once; NULL for a column without one, whose values must be empty */
	enum csv_type *types;
	const char **type_names; /**< for errors */
	bool has_extra;          /**< one of the names is CSV_EXTRA */
};

/**
 * Takes the names over, and looks their types up in the load's table. A name that is there already gets a number: name, name_1.
 * Spreadsheets are often stored with empty columns: a column may have no name if it has no values either.
 * \return 0; LYRE_EINVAL for a name that no attribute can have
 */
int csv_header_take(struct csv_header *h, struct load *l, const struct csv_row *row);
void csv_header_free(struct csv_header *h);

#endif
