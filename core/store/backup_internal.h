/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/backup_internal.h
 * \brief Shared by taking, checking and restoring a backup.
 */
#ifndef STORE_BACKUP_INTERNAL_H
#define STORE_BACKUP_INTERNAL_H

#include "store/lmdb_file.h"
#include "store/store_internal.h"
#include "store/upload.h"

/** A new file in the store's folder, which the next start removes if this process cannot. \param path malloc'ed */
int backup_temporary(const struct store *s, int *fd, char **path, struct err *e);

/** Allows only one backup, check or compaction per database at a time: each may delay its writers. */
struct claim {
	struct claim *next;
	const struct database *db;
	const char *what;
};
/** LYRE_EBUSY if there is one already. \param what  what it is, for the message: a constant string */
int claim_take(struct claim *c, const struct database *db, const char *what, struct err *e);
void claim_end(struct claim *c);

/** A file to restore, open and known to be a regular file. */
struct restore_source {
	const char *path;
	int fd;
	uint64_t size;         /**< that it has or will have */
	struct upload *upload; /**< NULL: not an upload */
};
/**
 * Never waits, whatever \p path is. LYRE_EINVAL if it is not a file, LYRE_ENOTFOUND. On success the caller closes \p ret->fd.
 */
int restore_open(struct restore_source *ret, struct store *s, const char *path, struct err *e);
/** Checks, before it is copied, that the file starts like a database and that there is room for it. */
int restore_look(const struct restore_source *from, const struct store *s, struct err *e);

/** What a check has covered. */
struct backup_counts {
	uint64_t tables, records, index_entries;
};

/**
 * Checks that the bytes are a complete database of this server: LMDB's structure, the tables' definitions, and that
 * records, index entries and the audit log match. Otherwise LYRE_ECORRUPT, with the fault. Others may keep writing the file:
 * \param heads  the first two pages as of one moment; no other page as of that moment may be overwritten
 * \param now    that moment, ms since the epoch
 */
int backup_verify_moment(struct lmdb_bytes file, struct lmdb_bytes heads, double now, struct backup_counts *counts, struct err *e);
/**
 * Checks LMDB's structure; in a file larger than \p whole bytes, only what a start reads and the list of free pages, as
 * the rest would take too long.
 */
int backup_verify_start(struct lmdb_bytes file, uint64_t whole, struct err *e);
/** The same for a file, before LMDB opens it. The message names it. */
int backup_verify_file(const char *path, uint64_t whole, struct err *e);

#endif
