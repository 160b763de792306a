/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/ballast.h
 * \brief Reserved space for recovering from a full disk.
 *
 * A file beside the databases (storage.reserve) occupies the space. If a write that frees space, or a write to the database
 * "system" (sign-ins, jobs), finds the disk full, the file is shortened and the write is retried. Its last part is for
 * "system" only, in small steps, as a large delete could use up everything. From then on other writes are refused, unless
 * they fit into free space inside their file, until the disk has room for the ballast file again. Any thread.
 */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

struct ballast;

/**
 * Reserves up to \p size bytes, limited to a part of the file system, in \p folder, which remains the caller's. If the disk
 * has no room, this is logged. NULL if out of memory or for size 0; all functions here accept NULL.
 */
struct ballast *ballast_open(int folder, const char *path, uint64_t size);
/** The file stays. */
void ballast_close(struct ballast *b);
/** Whether the space was released and is not reserved again yet. */
bool ballast_is_out(const struct ballast *b);
/** Releases the space except for the last part. \return false if there was none */
bool ballast_release(struct ballast *b);
/** Releases at most \p bytes of it, also from the last part. \return false if there was none */
bool ballast_spend(struct ballast *b, uint64_t bytes);
/** Reserves the space again, if the disk has room. \return whether it is back, or was never released. May block */
bool ballast_regain(struct ballast *b);
/** Bytes; 0 for none. */
uint64_t ballast_size(const struct ballast *b);
/** Bytes of it that have not been released; 0 for none. */
uint64_t ballast_left(struct ballast *b);
/** Whether an errno means that a disk, or a quota on it, is full. */
bool ballast_is_full(int error);

#endif
