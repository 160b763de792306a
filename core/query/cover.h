/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/cover.h
 * \brief Index entries that contain all columns to be read, so that the records need not be fetched.
 */
#ifndef QUERY_COVER_H
#define QUERY_COVER_H

#include "query/columns.h"

/** Whether the entries that a walk finds can contain all columns: the primary key, and the attribute of the index. */
bool cover_is_possible(const struct walk *w, const struct column *columns, size_t count);
/** The value of the current entry, in place. \return false if the entry lacks the complete value or key: the record must be read */
bool cover_read(const struct walk *w, lyre_value *ret);

#endif
