/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/cover.h
 * \brief Rows of an index that have all that is read, so that their records need not be fetched.
 */
#ifndef QUERY_COVER_H
#define QUERY_COVER_H

#include "query/columns.h"

/** Whether the entries that a walk finds can have all that is read: the primary key, and the attribute of the index. */
bool cover_is_possible(const struct walk *w, const struct column *columns, size_t count);
/** The value of the present entry, in place. \return false: its record must tell, as the value or the key is not whole in it */
bool cover_read(const struct walk *w, lyre_value *ret);

#endif
