/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/upload.h
 * \brief A file that a client uploads, stored in the store's folder, where there must be room for it.
 *
 * One thread at a time may use it. Files left by a killed process are removed at the next start.
 */
#ifndef STORE_UPLOAD_H
#define STORE_UPLOAD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct upload;

/** For an unknown size. */
#define UPLOAD_SIZE_UNKNOWN UINT64_MAX

/** Only reserves a name. NULL: out of memory. \param size  bytes expected, or UPLOAD_SIZE_UNKNOWN */
struct upload *upload_new(struct store *s, uint64_t size);
/** Its path. Valid as long as \p u. */
const char *upload_path(const struct upload *u);
/** Bytes received so far. */
uint64_t upload_came(const struct upload *u);
/** Whether there is room for it. Blocks. LYRE_ENOSPACE */
int upload_look(const struct upload *u, struct err *e);
/**
 * Appends to it; the first call creates the file. Part of the disk is left for writes to the databases. Blocks.
 * LYRE_ENOSPACE. \param whole these are the last bytes
 */
int upload_write(struct upload *u, const void *bytes, size_t len, bool whole, struct err *e);
/** Removes it, unless it has become a database. Blocks. */
void upload_discard(struct upload *u);

/* ---- for restores ---- */

/**
 * Reserves the name of the database that it will become; no other upload can have it until this one is discarded.
 * \return 0; LYRE_EBUSY if another upload has it; LYRE_ENOMEM
 */
int upload_take_name(struct upload *u, const char *name, struct err *e);
/** Bytes received and expected, or UPLOAD_SIZE_UNKNOWN. */
uint64_t upload_expected(const struct upload *u);
/** Whether it is complete. */
bool upload_whole(const struct upload *u);

#endif
