/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/commit_log.h
 * \brief The audit log of a database: all writes in order, for readers that continue from a position.
 *
 * The tree "log" of a database: sequence number (8 bytes, big-endian) → entry. An entry is written in the transaction that
 * makes the change. A large write has several entries, all but the last marked as continued. Sequence numbers start at 1,
 * have no gaps and are never reused; old entries are removed from the front, the newest is always kept.
 */
#ifndef STORE_COMMIT_LOG_H
#define STORE_COMMIT_LOG_H

#include "store/store_internal.h"

struct commit_entry {
	uint64_t sequence;
	double time; /**< of the commit, ms since the epoch */
	uint32_t table_id;
	int mode;                                            /**< enum lyre_write_mode */
	bool continued;                                      /**< the next entry belongs to the same write */
	struct field node, user, operation, database, table; /**< strings, not NUL-terminated */
	uint32_t count;                                      /**< of changes */
	struct field changes;
};

struct commit_change {
	struct field key;     /**< primary-tree key */
	struct record before; /**< data NULL: there was none */
	struct record after;  /**< data NULL: there is none */
};

struct commit_log {
	struct snapshot *snapshot;
	MDB_cursor *cursor; /**< NULL: there is no log */
	uint64_t next;
};

/** Reads entries with a sequence number greater than \p after. Everything returned lives until snapshot_end(). */
int commit_log_open(struct commit_log *l, struct snapshot *s, uint64_t after, struct err *e);
/**
 * 0 or LYRE_END. LYRE_ENOTFOUND, once, if entries after the position have already been removed: reading continues after
 * the gap.
 */
int commit_log_next(struct commit_log *l, struct commit_entry *ret, struct err *e);
void commit_log_close(struct commit_log *l);
/** The entry with a sequence number, or the next one that exists. \return 0, LYRE_END */
int commit_entry_from(struct commit_log *l, uint64_t sequence, struct commit_entry *ret, MDB_val *value, struct err *e);
/**
 * The entries from \p first to before \p end include all with a time from \p from to \p until, NaN for no bound, and others
 * if the clock was set back. \return 0, LYRE_END if there are none
 */
int commit_log_span(struct commit_log *l, double from, double until, uint64_t *first, uint64_t *end, struct err *e);
/** Decodes an entry of the tree. \return false if it is invalid; its changes are not checked */
bool commit_entry_decode(MDB_val key, MDB_val value, struct commit_entry *ret);
/** Iterates over the changes of an entry: \p rest starts as entry.changes. \return 0, LYRE_END, LYRE_ECORRUPT */
int commit_change_next(struct field *rest, struct commit_change *ret);

/* ---- for the writer ---- */

/** Adds a change to those of the current request. */
void commit_change_add(struct buf *changes, MDB_val key, const struct record *before, const struct record *after);
/** Appends an entry with the content of writer.changes, and empties that. */
int commit_log_append(
	struct database *db, const struct record_write *w, const struct table *t, double time, uint32_t count, bool continued);
/** The sequence number of the next entry; 0 if there is no log yet. */
int commit_log_sequence(struct database *db, uint64_t *ret);
/**
 * Removes entries older than the retention, at most \p most. \p next: when the oldest remaining one will be, ms since the
 * epoch; INFINITY for never.
 */
int commit_log_trim(struct database *db, double now, unsigned most, unsigned *removed, double *next);

#endif
