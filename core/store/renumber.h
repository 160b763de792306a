/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/renumber.h
 * \brief New ids for the attributes of tables that have spent most of them.
 */
#ifndef STORE_RENUMBER_H
#define STORE_RENUMBER_H

#include "store/store_internal.h"

/** Whether a table has spent most of its ids, some of them on attributes that are dropped. */
bool renumber_wanted(const struct table *t);
/**
 * Gives new ids to the tables that want them, in the private copy \p path of the database, \p size bytes, and copies it
 * without free pages to \p to. On the writer's thread, between transactions.
 */
int renumber_copy(const struct database *db, const char *path, size_t size, int to, struct err *e);

#endif
