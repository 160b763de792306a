/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/table.h
 * \brief Objects as the rows of a table. All are measured before the first is printed; none is kept.
 */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "base/buf.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct column;

struct table {
	struct column *columns; /**< of all rows, in the order they are first seen */
	size_t count, room;
	struct buf cell;
};

/** \return false when out of memory */
bool table_measure(struct table *t, struct json_object *row);
/** What stands above the rows. Columns are made as narrow as the screen wants. */
void table_head(struct table *t, struct buf *out);
void table_row(struct table *t, struct buf *out, struct json_object *row);
void table_free(struct table *t);

#endif
