/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/backup_internal.h
 * \brief What taking, checking and bringing in a backup share.
 */
#ifndef STORE_BACKUP_INTERNAL_H
#define STORE_BACKUP_INTERNAL_H

#include "store/lmdb_file.h"
#include "store/store_internal.h"
#include "store/upload.h"

/** A new file in the store's folder, which the next start removes where this process cannot. \param path malloc'ed */
int backup_temporary(const struct store *s, int *fd, char **path, struct err *e);

/** One backup, check or compaction at a time a database: each may keep its writers waiting. */
struct claim {
	struct claim *next;
	const struct database *db;
	const char *what;
};
/** LYRE_EBUSY when there is one. \param what  it is, for the sentence: a text that stays */
int claim_take(struct claim *c, const struct database *db, const char *what, struct err *e);
void claim_end(struct claim *c);

/** A file to bring in, open and known to be one. */
struct restore_source {
	const char *path;
	int fd;
	uint64_t size;         /**< that it has, or will have */
	struct upload *upload; /**< NULL: it is no upload */
};
/**
 * Never waits, whatever \p path is. LYRE_EINVAL for what is no file, LYRE_ENOTFOUND. The caller closes \p ret->fd when 0.
 */
int restore_open(struct restore_source *ret, struct store *s, const char *path, struct err *e);
/** Before it is copied: whether the file begins as a database does, and there is room for it. */
int restore_look(const struct restore_source *from, const struct store *s, struct err *e);

/** What a check went through. */
struct backup_counts {
	uint64_t tables, records, index_entries;
};

/**
 * Checks that the bytes are a database of this server, whole: LMDB's structure, the tables' definitions, that records,
 * index entries and the commit log stand for each other. Says LYRE_ECORRUPT and what is wrong, whatever the bytes.
 * Others may go on writing the file:
 * \param heads  the first two pages as they were at a moment; no other page of that moment may be written over
 * \param now    when it was, ms since the epoch
 */
int backup_verify_moment(struct lmdb_bytes file, struct lmdb_bytes heads, double now, struct backup_counts *counts,
	struct err *e);
/**
 * Checks LMDB's structure; of a file of more than \p whole bytes only what a start reads, and the list of free pages, as the
 * rest would take too long then.
 */
int backup_verify_start(struct lmdb_bytes file, uint64_t whole, struct err *e);
/** The same of a file, before LMDB opens it. The sentence names it. */
int backup_verify_file(const char *path, uint64_t whole, struct err *e);

#endif
