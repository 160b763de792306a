/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/changes.h
 * \brief Reads the changes of one table from the audit log of its database, and removes them.
 */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include "store/commit_log.h"

/** One change, copied from the log: no snapshot is open while it is used. */
struct table_change {
	const struct table *table; /**< the current definition: attributes dropped since have no name */
	uint64_t sequence;         /**< of the write: that of its first entry */
	double time;
	int mode;
	struct field user, operation;
	struct commit_change change; /**< its records are checked */
};

/**
 * lyre_changes(). Snapshots are held for a few milliseconds each, and memory is bounded by the size of two log entries.
 * \return 0, the first nonzero value returned by a visit, or a failure: LYRE_EINVAL for a table without audit
 */
int table_changes(const struct table *t, const struct lyre_change_query *q, int (*visit)(void *arg, const struct table_change *c),
	void *arg, struct err *e);

/**
 * lyre_changes_remove(). An entry preceded by other tables' entries is replaced by an empty one, so that the sequence has
 * no gap; empty ones at the front are removed.
 */
int table_changes_remove(const struct table *t, double before, int (*progress)(void *arg, uint64_t removed), void *arg,
	uint64_t *removed, struct err *e);

/* ---- shared by both ---- */

/** How long a snapshot is kept open, ns. */
#define CHANGES_SLICE_NS 5000000
/** LYRE_EINVAL for a table that was created without audit. */
int table_check_audit(const struct table *t, struct err *e);

#endif
