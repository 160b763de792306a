/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/backup_internal.h
 * \brief What taking, checking and bringing in a backup share.
 */
#ifndef STORE_BACKUP_INTERNAL_H
#define STORE_BACKUP_INTERNAL_H

#include "store/store_internal.h"

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

/** What a check went through. */
struct backup_counts {
	uint64_t tables, records, index_entries;
};

/**
 * Checks that the bytes are a database of this server, whole: LMDB's structure, the tables' definitions, that records
 * and index entries stand for each other. Says LYRE_ECORRUPT and what is wrong, whatever the bytes.
 */
int backup_verify_bytes(const unsigned char *bytes, size_t len, struct err *e);
/**
 * The same for a file that others go on writing, as it was at a moment.
 * \param heads  the first two pages as they were then; no other page of that moment may be written over
 * \param now    when it was, ms since the epoch: the commit log is compared with the records too; NaN: it is not
 */
int backup_verify_moment(const unsigned char *bytes, size_t len, const unsigned char *heads, double now,
	struct backup_counts *counts, struct err *e);

#endif
