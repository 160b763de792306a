/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/clock.h
 * \brief The rules of time.
 *
 * Order depends on sequence numbers and never on a clock. Durations and timeouts are measured with monotonic_ms(). Times
 * that people read, and times compared with them, use the system's clock, which may be set:
 *
 * - Stamps (times of records and of audit log entries) follow the clock. Each is later than the one before. If the clock
 *   is up to CLOCK_BRIDGE behind the newest stamp, stamps continue from that stamp; if it is further behind, it has been
 *   set back: stamps follow it, the server's log reports both times, and the step is stored in the database, with the
 *   sequence number where it happened.
 * - A record's updated time is never before its created time. In an update after a step back the updated time is raised;
 *   in a table that expires, where it determines when the record ends, the created time is lowered instead.
 * - Between two steps the audit log's times grow with the sequence, so that they can be searched; a search covers each
 *   such range. An entry counts as no newer than the clock was after each later step: so the retention does not become
 *   longer because the clock was ahead.
 * - A record has expired when the clock has reached its updated time + its TTL. A record with a time ahead of the clock
 *   was written before a step back: it expires at the latest its TTL after that step. If the clock reaches its time
 *   earlier, it lives up to min(step, TTL) too long, as it cannot be distinguished from a current record.
 * - After a jump forward of more than CLOCK_JUMP nothing is removed permanently for CLOCK_HOLD: expired records, old log
 *   entries and old jobs are hidden or kept, and are as before if the clock comes back within that time. The same applies
 *   after a start if the newest stamp of a database is older than CLOCK_GAP. A clock that stays wrong for longer cannot be
 *   distinguished from time that has passed.
 * - For records removed because they had expired, one time is stored in the database, so that a comparison of the records
 *   with the audit log, by whatever clock, does not expect them.
 * - Tokens and sessions end by the clock: after a step back, one that had ended is valid again for no longer than the
 *   step.
 *
 * Writer's thread, except as noted.
 */
#ifndef STORE_CLOCK_H
#define STORE_CLOCK_H

#include "store/store_internal.h"

/** A step forward of at least this is a jump, ms. */
#define CLOCK_JUMP 60000
/** How long nothing is removed permanently after a jump, ms. */
#define CLOCK_HOLD 600000
/** A start this long after the newest stamp may be a jump, ms. */
#define CLOCK_GAP 86400000

/** The form stored in the database, in "meta" as "clock". */
void clock_encode(const struct clock_record *c, struct buf *out);
/** \return false if it is invalid. Any thread */
bool clock_decode(struct clock_record *c, MDB_val v);

/** Reads the stored clock record and the newest stamp of the log. Before any thread uses the database. */
int clock_load(struct database *db, MDB_txn *txn, struct err *e);
/** Stores its changes, in the transaction. */
int clock_save(struct database *db);
/** The time of a request. In a transaction, which records a step back. */
int clock_stamp(struct database *db, double *ret);
/** Records a step back if \p newest, an existing stamp, is ahead of \p now. In a transaction. */
int clock_follow(struct database *db, double newest, double now);
/** Notes that a record that expired at \p end is removed. In a transaction. */
void clock_expired(struct database *db, double end);
/** The latest time at which the log entry with this sequence can have been written, whatever its \p time. */
double clock_bound(const struct database *db, uint64_t sequence, double time);
/** Until when nothing is removed permanently, monotonic ms; in the past: no restriction. */
int64_t clock_hold(const struct database *db);

/** State of a periodic check of the clocks. */
struct clock_watch {
	bool begun;
	double real, boot; /**< at the last check, ms */
	double ahead;      /**< how far the clock has jumped forward since the hold began */
	int64_t until;     /**< monotonic ms */
};
/** \return whether there was a jump forward since the last check */
bool clock_look(struct clock_watch *w, double real, double boot, int64_t monotonic);

#endif
