/* SPDX-License-Identifier: Apache-2.0 */
#include "store/clock.h"

#include "base/round.h"
#include "base/text.h"
#include "log/log.h"
#include "store/codec.h"
#include "store/commit_log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#define FORMAT 1
/** Times of expiry are rounded up to a multiple of this, ms, so that they are stored less often. */
#define EXPIRED_GRAIN 1000
#define TIME_SIZE 32

/* ---- the stored form ---- */

void clock_encode(const struct clock_record *c, struct buf *out)
{
	put_int(out, FORMAT, 1);
	put_double(out, c->expired);
	put_double(out, c->unknown_time);
	put_int(out, c->unknown_end, 8);
	put_int(out, c->count, 1);
	for (unsigned i = 0; i < c->count; i++) {
		put_int(out, c->steps[i].sequence, 8);
		put_double(out, c->steps[i].before);
		put_double(out, c->steps[i].after);
	}
}

bool clock_decode(struct clock_record *c, MDB_val v)
{
	struct reader r = reader_of(v);
	bool known = get_int(&r, 1) == FORMAT, finite = true;
	*c = (struct clock_record){ .expired = get_double(&r) };
	c->unknown_time = get_double(&r);
	c->unknown_end = get_int(&r, 8);
	c->count = (unsigned)get_int(&r, 1);
	if (!known || r.failed || c->count > CLOCK_STEPS || !isfinite(c->expired) || !isfinite(c->unknown_time))
		return false;
	for (unsigned i = 0; i < c->count; i++) {
		struct clock_step *s = &c->steps[i];
		s->sequence = get_int(&r, 8);
		s->before = get_double(&r);
		s->after = get_double(&r);
		finite = finite && isfinite(s->before) && isfinite(s->after);
	}
	return finite && !r.failed;
}

static void publish(struct database *db)
{
	const struct clock_record *c = &db->writer.clock;
	atomic_store_explicit(
		&db->stepped, c->count ? (int64_t)round_up(c->steps[c->count - 1].after) : CLOCK_NEVER, memory_order_relaxed);
}

/* The newest entry's sequence number and time; 0 and 0 without a log. */
static int newest_entry(struct database *db, MDB_txn *txn, uint64_t *sequence, double *time)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	struct commit_entry entry;
	*sequence = 0;
	*time = 0;
	if (!db->log)
		return 0;
	int rc = mdb_cursor_open(txn, db->log, &cursor);
	if (rc)
		return rc;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	if (!rc && commit_entry_decode(key, value, &entry) && isfinite(entry.time)) {
		*sequence = entry.sequence;
		*time = entry.time;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int clock_load(struct database *db, MDB_txn *txn, struct err *e)
{
	struct writer *w = &db->writer;
	uint64_t sequence;
	MDB_val key = val("clock", 5), v;
	int rc = newest_entry(db, txn, &sequence, &w->time);
	if (rc)
		return store_error(e, rc, "open", db);
	if (mdb_get(txn, db->meta, &key, &v) || !clock_decode(&w->clock, v)) {
		/* written by a server that did not record when the clock was set back */
		w->clock = (struct clock_record){ .unknown_end = sequence ? sequence + 1 : 0 };
		w->clock_changed = true;
	}
	if (w->time > 0 && now_ms() - w->time > CLOCK_GAP)
		w->hold_until = monotonic_ms() + CLOCK_HOLD;
	publish(db);
	return 0;
}

int clock_save(struct database *db)
{
	struct writer *w = &db->writer;
	if (!w->clock_changed)
		return 0;
	struct buf b;
	buf_init(&b);
	clock_encode(&w->clock, &b);
	int rc = b.failed ? writer_failed(db, ENOMEM) : writer_put(db, db->meta, val("clock", 5), val(b.data, b.len));
	buf_free(&b);
	return rc;
}

/* ---- clock set back ---- */

static void add_step(struct clock_record *c, struct clock_step step)
{
	if (c->count == CLOCK_STEPS) {
		if (c->unknown_time < c->steps[0].before)
			c->unknown_time = c->steps[0].before;
		c->unknown_end = c->steps[0].sequence;
		memmove(c->steps, c->steps + 1, (CLOCK_STEPS - 1) * sizeof *c->steps);
		c->count--;
	}
	c->steps[c->count++] = step;
}

int clock_follow(struct database *db, double newest, double now)
{
	struct writer *w = &db->writer;
	if (newest - now <= CLOCK_BRIDGE)
		return 0;
	for (unsigned i = 0; i < w->clock.count; i++)
		if (newest <= w->clock.steps[i].before && now >= w->clock.steps[i].after && w->time <= now)
			return 0; /* already recorded */
	struct clock_step step = { .before = newest, .after = now };
	int rc = commit_log_sequence(db, &step.sequence);
	if (rc)
		return rc;
	add_step(&w->clock, step);
	w->clock_changed = true;
	w->time = now;
	publish(db);
	char from[TIME_SIZE] = "?", to[TIME_SIZE] = "?";
	iso_time(from, newest);
	iso_time(to, now);
	log_warn("store",
		"the clock was set back: the newest time in database '%s' is %s, and now it is %s; times continue "
		"from here",
		db->name, from, to);
	return 0;
}

int clock_stamp(struct database *db, double *ret)
{
	struct writer *w = &db->writer;
	double now = now_ms();
	int rc = w->time > now ? clock_follow(db, w->time, now) : 0;
	double least = w->time + 0.001;
	w->time = now > least ? now : least;
	*ret = w->time;
	return rc;
}

double clock_bound(const struct database *db, uint64_t sequence, double time)
{
	const struct clock_record *c = &db->writer.clock;
	for (unsigned i = 0; i < c->count; i++)
		if (c->steps[i].sequence > sequence && c->steps[i].after < time)
			time = c->steps[i].after;
	return time;
}

/* ---- expiry ---- */

void clock_expired(struct database *db, double end)
{
	struct clock_record *c = &db->writer.clock;
	if (end <= c->expired)
		return;
	c->expired = round_up(end / EXPIRED_GRAIN) * EXPIRED_GRAIN;
	db->writer.clock_changed = true;
}

/* ---- clock set forward ---- */

bool clock_look(struct clock_watch *w, double real, double boot, int64_t monotonic)
{
	double drift = w->begun ? (real - w->real) - (boot - w->boot) : 0;
	bool jumped = drift > CLOCK_JUMP;
	w->begun = true;
	w->real = real;
	w->boot = boot;
	if (w->until <= monotonic)
		w->ahead = 0;
	if (jumped)
		w->until = monotonic + CLOCK_HOLD;
	w->ahead += drift;
	if (w->ahead <= CLOCK_JUMP)
		w->until = 0;
	return jumped;
}

/* Includes time while the machine sleeps, which is not a jump. */
static double boot_ms(void)
{
	struct timespec ts;
	if (clock_gettime(CLOCK_BOOTTIME, &ts))
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

int64_t store_hold(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct clock_watch watch;
	pthread_mutex_lock(&lock);
	double from = watch.real, real = now_ms(), boot = boot_ms();
	double due = from + (boot - watch.boot);
	bool jumped = clock_look(&watch, real, boot, monotonic_ms());
	int64_t until = watch.until;
	pthread_mutex_unlock(&lock);
	if (jumped) {
		char expected[TIME_SIZE] = "?", to[TIME_SIZE] = "?";
		iso_time(expected, due);
		iso_time(to, real);
		log_warn("store",
			"the clock was set forward, to %s instead of %s: no expired data is removed for "
			"%d minutes",
			to, expected, CLOCK_HOLD / 60000);
	}
	return until;
}

int64_t clock_hold(const struct database *db)
{
	int64_t all = store_hold(), own = db->writer.hold_until;
	return all > own ? all : own;
}
