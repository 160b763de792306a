/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/upload.h
 * \brief A file that a client sends, on its way to the disk: kept in the store's folder, where its size has its place.
 *
 * One is used by one thread at a time. The next start removes what a kill has left.
 */
#ifndef STORE_UPLOAD_H
#define STORE_UPLOAD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct upload;

/** Of a size that nobody has said. */
#define UPLOAD_SIZE_UNKNOWN UINT64_MAX

/** Only takes a name for it. NULL when out of memory. \param size  bytes that will come, or UPLOAD_SIZE_UNKNOWN */
struct upload *upload_new(struct store *s, uint64_t size);
/** Where it will be. As long as \p u. */
const char *upload_path(const struct upload *u);
/** Bytes that came so far. */
uint64_t upload_came(const struct upload *u);
/** Whether there is room for it. Blocks. LYRE_ENOSPACE */
int upload_look(const struct upload *u, struct err *e);
/**
 * Goes on writing it; the first time the file is made. A part of the disk is left for who writes to the databases.
 * Blocks. LYRE_ENOSPACE. \param whole  nothing more comes
 */
int upload_write(struct upload *u, const void *bytes, size_t len, bool whole, struct err *e);
/** Removes it, unless it has become a database. Blocks. */
void upload_discard(struct upload *u);

/* ---- for restores ---- */

/**
 * Says which database will be made of it; no other upload may say the same until this one is discarded.
 * \return 0; LYRE_EBUSY when another one has; LYRE_ENOMEM
 */
int upload_take_name(struct upload *u, const char *name, struct err *e);
/** Bytes it has or will have, or UPLOAD_SIZE_UNKNOWN. */
uint64_t upload_expected(const struct upload *u);
/** Whether nothing more comes. */
bool upload_whole(const struct upload *u);

#endif
