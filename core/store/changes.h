/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/changes.h
 * \brief What was written to one table, out of the commit log of its database; and its removal from there.
 */
#ifndef STORE_CHANGES_H
#define STORE_CHANGES_H

#include "store/commit_log.h"

/** One change, copied out of the log: no snapshot is open while it is looked at. */
struct table_change {
	const struct table *table; /**< as it is defined now: attributes dropped since have no name any more */
	uint64_t sequence;         /**< of the write: that of its first entry */
	double time;
	int mode;
	struct field user, operation;
	struct commit_change change; /**< its records are checked */
};

/**
 * lyre_changes(). Snapshots are held for a few milliseconds each, and memory is bounded by the size of two of the log's
 * entries.
 * \return 0, what the first visit that is not 0 returned, or a failure: LYRE_EINVAL for a table without audit
 */
int table_changes(const struct table *t, const struct lyre_change_query *q,
	int (*visit)(void *arg, const struct table_change *c), void *arg, struct err *e);

/**
 * lyre_changes_remove(). An entry with others' before it leaves an empty one behind, so that the sequence has no gap;
 * empty ones at the front go.
 */
int table_changes_remove(const struct table *t, double before, int (*progress)(void *arg, uint64_t removed), void *arg,
	uint64_t *removed, struct err *e);

/* ---- what both share ---- */

/** How long a snapshot is open, ns. */
#define CHANGES_SLICE_NS 5000000
/** LYRE_EINVAL for a table that was made without audit. */
int table_check_audit(const struct table *t, struct err *e);

#endif
