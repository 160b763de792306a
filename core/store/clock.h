/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/clock.h
 * \brief The rules of time.
 *
 * Order goes by sequence numbers and never by a clock. Durations and timeouts are measured with monotonic_ms(). Times
 * that people read, and what is compared with them, go by the system's clock, which somebody may set:
 *
 * - Stamps (times of records and of the commit log's entries) follow the clock. Each is later than the one before. Where
 *   the clock is up to CLOCK_BRIDGE behind the newest stamp, stamps count on from that; where it is further behind it
 *   has been set back: stamps follow it, the log of the server says so with both times, and the step is kept in the
 *   database, with the sequence number where it happened.
 * - A record's updated time is never below its created time. In an update after a step back the updated time is
 *   raised; in a table that expires, where it tells when the record ends, the created time is lowered instead.
 * - Between two steps the commit log's times grow with the sequence, so that they can be searched; a search covers
 *   each such stretch. An entry counts as no newer than the clock was after each later step: so the retention is not
 *   longer because the clock was ahead.
 * - A record has expired when the clock has reached its updated time + its TTL. A record with a time ahead of the clock
 *   was written before a step back: it expires at the latest its TTL after that step. Where the clock reaches its time
 *   earlier, it lives up to min(step, TTL) too long, which nothing can tell from a record of the present.
 * - After a jump forward of more than CLOCK_JUMP nothing is removed for good for CLOCK_HOLD: expired records, old
 *   entries of the log and old jobs are not shown or are kept, and are as before when the clock comes back in that time. So it
 *   is after a start when the newest stamp of a database is older than CLOCK_GAP. A wrong clock that stays longer
 *   cannot be told from time that has passed.
 * - What was removed because it had expired is kept as one time in the database, so that whoever compares the records
 *   with the commit log, by whatever clock, does not miss it.
 * - Tokens and sessions end by the clock: after a step back one that had ended is good again for no longer than the
 *   step.
 *
 * Writer's thread, but where it says otherwise.
 */
#ifndef STORE_CLOCK_H
#define STORE_CLOCK_H

#include "store/store_internal.h"

/** A step forward from here on is a jump, ms. */
#define CLOCK_JUMP 60000
/** For so long nothing is removed for good after a jump, ms. */
#define CLOCK_HOLD 600000
/** A start so long after the newest stamp may be a jump, ms. */
#define CLOCK_GAP 86400000

/** What the database keeps, in "meta" as "clock". */
void clock_encode(const struct clock_record *c, struct buf *out);
/** \return false when it makes no sense. Any thread */
bool clock_decode(struct clock_record *c, MDB_val v);

/** Reads what the database keeps and the newest stamp of its log. Before there is a thread. */
int clock_load(struct database *db, MDB_txn *txn, struct err *e);
/** Stores what is new of it, in the transaction. */
int clock_save(struct database *db);
/** The time of a request. In a transaction, in which a step back is noted. */
int clock_stamp(struct database *db, double *ret);
/** Notes a step back where \p newest, a stamp that is there, is ahead of \p now. In a transaction. */
int clock_follow(struct database *db, double newest, double now);
/** A record that had expired, at \p end, is removed. In a transaction. */
void clock_expired(struct database *db, double end);
/** No entry of the log with this sequence was made later, whatever its \p time. */
double clock_bound(const struct database *db, uint64_t sequence, double time);
/** Until when nothing is removed for good, monotonic ms; in the past for now. */
int64_t clock_hold(const struct database *db);

/** A look at the clocks now and then. */
struct clock_watch {
	bool begun;
	double real, boot; /**< at the last look, ms */
	double ahead;      /**< what the clock has jumped forward since the hold began */
	int64_t until;     /**< monotonic ms */
};
/** \return whether there was a jump forward since the last look */
bool clock_look(struct clock_watch *w, double real, double boot, int64_t monotonic);

#endif
