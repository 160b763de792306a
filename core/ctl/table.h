/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/table.h
 * \brief Prints objects as the rows of a table. All are measured before the first is printed; none is stored.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "base/buf.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct column;

struct table {
	struct column *columns; /**< of all rows, in order of appearance */
	size_t count, room;
	struct buf cell;
};

/** \return false if out of memory */
bool table_measure(struct table *t, struct json_object *row);
/** Prints the heading. Columns are narrowed to fit the screen. */
void table_head(struct table *t, struct buf *out);
void table_row(struct table *t, struct buf *out, struct json_object *row);
void table_free(struct table *t);

#endif
