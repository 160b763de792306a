/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/ballast.h
 * \brief Space that is kept for getting out of a full disk.
 *
 * A file beside the databases (storage.reserve) takes up the space. When a write that frees something, or one of the
 * database "system" (who signs in, jobs), finds the disk full, the file is cut and the write tried again. The last part
 * of it is for "system" alone, in small steps, as a large delete could use up all there is. From then on other writes are refused, but
 * for those that fit into what is free inside their file, until the disk has room for the file again. Any thread.
 */
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

struct ballast;

/**
 * Takes up to \p size bytes, and no more than a part of the file system, in \p folder, which stays the caller's. A disk
 * without the room is said in the log. NULL when out of memory or for a size of 0, which every function here takes.
 */
struct ballast *ballast_open(int folder, const char *path, uint64_t size);
/** The file stays. */
void ballast_close(struct ballast *b);
/** Whether the space was given away and is not back. */
bool ballast_is_out(const struct ballast *b);
/** Gives the space away but for the last part. \return false when there was none */
bool ballast_release(struct ballast *b);
/** Gives away no more than \p bytes of it, of the last part too. \return false when there was none */
bool ballast_spend(struct ballast *b, uint64_t bytes);
/** Takes the space again, if there is as much. \return whether it is back, or was never gone. May block */
bool ballast_regain(struct ballast *b);
/** Bytes; 0 for none. */
uint64_t ballast_size(const struct ballast *b);
/** Bytes of it that are not given away; 0 for none. */
uint64_t ballast_left(struct ballast *b);
/** Whether an errno says that a disk, or a quota on it, is full. */
bool ballast_is_full(int error);

#endif
