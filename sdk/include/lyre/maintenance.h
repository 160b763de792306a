/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/maintenance.h
 * \brief Backups, maintenance of databases, and the audit log.
 *
 * What lyre/store.h says of failures, threads and rights applies here, too.
 */
#ifndef LYRE_MAINTENANCE_H
#define LYRE_MAINTENANCE_H

#include <lyre/store.h>

LYRE_BEGIN_DECLS

/* ---- backup ---- */

/**
 * Takes a consistent snapshot of a database, or of some of its tables, while writes continue. Blocks.
 * \param tables  names; NULL with \p count 0 for the whole database
 * \param[out] fd an unnamed file, positioned at its start and owned by the caller: a complete database as an LMDB file
 */
static inline int lyre_backup(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd)
{
	return lyre_host->store->backup(call, database, tables, count, fd);
}

/**
 * Restores a backup as a new database, completely or not at all: the file is checked before the database becomes visible.
 * LYRE_EEXISTS, LYRE_ECORRUPT, LYRE_EINVAL if it is not a file, LYRE_ENOSPACE if it is too large for the disk or the settings.
 * Blocks.
 * \param path  absolute path of the file on the server; an uploaded file (LYRE_P_FILE) becomes the database itself
 */
static inline int lyre_restore(lyre_call *call, const char *database, const char *path)
{
	return lyre_host->store->restore(call, database, path);
}

/**
 * Checks whether a file could be restored: the database does not exist yet, the file begins like a backup, and there is
 * room for it. For lyre_operation.check, while the file is still arriving (LYRE_P_FILE). Fails like lyre_restore(), and
 * with LYRE_EBUSY if another file is arriving for the same database. Blocks.
 */
static inline int lyre_restore_check(lyre_call *call, const char *database, const char *path)
{
	return lyre_host->store->restore_check(call, database, path);
}

/* ---- maintenance ---- */

/** Disk space of a database, in bytes. */
struct lyre_storage {
	uint32_t size; /**< sizeof(struct lyre_storage) */
	uint32_t reserved;
	uint64_t file_size;
	uint64_t used_size;
	uint64_t reclaimable_size; /**< part of the file that lyre_database_compact() would free; writes reuse it, too */
};

/** What lyre_database_check() has checked. */
struct lyre_check {
	uint32_t size; /**< sizeof(struct lyre_check) */
	uint32_t reserved;
	uint64_t tables;
	uint64_t records;
	uint64_t index_entries;
};

/**
 * Rewrites a database's file without its unused space, atomically, even in a crash. Reads continue, writes wait until it is
 * done. The disk must have room for the second file. LYRE_EBUSY during a backup or a check. Blocks.
 * \param[out] before  size of the old file, bytes
 * \param[out] after   size of the new file, bytes
 */
static inline int lyre_database_compact(lyre_call *call, const char *database, uint64_t *before, uint64_t *after)
{
	return lyre_host->store->database_compact(call, database, before, after);
}

/** The current sizes of a database. */
static inline int lyre_database_storage(lyre_call *call, const char *database, struct lyre_storage *ret)
{
	return lyre_host->store->database_storage(call, database, ret);
}

/**
 * Reads a snapshot of a whole database, while writes continue, and checks whether pages, records, index entries, expiry
 * times, counts and the audit log of tables with audit on are consistent. LYRE_ECORRUPT says what is wrong, and where.
 * LYRE_EBUSY during a backup or a compaction. Blocks.
 */
static inline int lyre_database_check(lyre_call *call, const char *database, struct lyre_check *ret)
{
	return lyre_host->store->database_check(call, database, ret);
}

/* ---- the audit log ---- */

/** One record that a write changed. Grows at its end. */
struct lyre_change {
	uint32_t size;
	uint32_t mode;     /**< enum lyre_write_mode */
	uint64_t sequence; /**< of the write, shared by all its changes; grows without gaps within a database */
	double time;       /**< of the write, ms since the epoch */
	const char *user;
	const char *operation;
	const lyre_value *key;
	const lyre_value *before; /**< the record before the change; NULL: there was none */
	const lyre_value *after;  /**< the record after the change; NULL: it was deleted */
};

/** Selects changes of a table. */
struct lyre_change_query {
	uint32_t size; /**< sizeof(struct lyre_change_query) */
	uint32_t newest_first;
	double from, until;      /**< ms since the epoch, inclusive; NAN for no bound */
	const lyre_value *keys;  /**< array: only changes of these keys; NULL for all */
	const lyre_value *users; /**< array of texts: only changes by these users; NULL for all */
	uint64_t limit;          /**< of writes, not of changes; UINT64_MAX for none */
};

/**
 * Reads the changes of a table with audit on; of the server's own tables only with the server's rights. What \p visit
 * receives lives until it returns. Memory does not grow with the log, and no snapshot is held for longer than a slice of
 * work. Blocks.
 * \return 0, the first non-zero return of \p visit, or a failure
 */
static inline int lyre_changes(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
	int (*visit)(void *arg, const struct lyre_change *change), void *arg)
{
	return lyre_host->store->changes(call, table, query, visit, arg);
}

/**
 * Removes a table's entries older than a given time from the audit log, in small transactions between which other writes
 * proceed. Blocks.
 * \param before   ms since the epoch
 * \param progress called between transactions with the number of writes removed so far; a non-zero return ends the removal
 *                 and is passed on; NULL for none
 * \param[out] removed  number of writes removed
 */
static inline int lyre_changes_remove(lyre_call *call, lyre_table *table, double before,
	int (*progress)(void *arg, uint64_t removed), void *arg, uint64_t *removed)
{
	return lyre_host->store->changes_remove(call, table, before, progress, arg, removed);
}

/** Trees of a database. Grows at the end only. */
enum lyre_tree {
	LYRE_TREE_MAIN = 0, /**< the tree that holds the others */
	LYRE_TREE_FREE = 1, /**< the list of free pages */
	LYRE_TREE_LOG = 2   /**< the audit log */
};

/** LMDB's statistics of a tree. */
struct lyre_pages {
	uint32_t size;      /**< sizeof(struct lyre_pages), set by the caller */
	uint32_t page_size; /**< bytes */
	uint32_t depth;
	uint32_t tree; /**< enum lyre_tree, set by the caller; used when no table is given */
	uint64_t branch_pages, leaf_pages, overflow_pages;
	uint64_t entries;
	/* of the database, whichever tree was requested */
	uint64_t map_size;  /**< bytes */
	uint64_t last_page; /**< the highest page number in use */
	uint64_t last_transaction;
	uint32_t readers; /**< slots in use */
	uint32_t max_readers;
};

/** Statistics of the tree of a table's records or, if \p table is NULL, of the tree that ret->tree selects. */
static inline int lyre_pages(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret)
{
	return lyre_host->store->pages(call, database, table, ret);
}

LYRE_END_DECLS

#endif
