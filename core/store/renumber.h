/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/renumber.h
 * \brief New ids for the attributes of tables that have used most of theirs.
 */
#ifndef STORE_RENUMBER_H
#define STORE_RENUMBER_H

#include "store/store_internal.h"

/** Whether a table has used most of its ids, some of them for dropped attributes. */
bool renumber_wanted(const struct table *t);
/**
 * Assigns new ids in the tables that need them, in the private copy \p path of the database, \p size bytes, and copies it
 * without free pages to \p to. On the writer's thread, between transactions.
 */
int renumber_copy(const struct database *db, const char *path, size_t size, int to, struct err *e);

#endif
