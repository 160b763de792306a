/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work of the writer while no request waits: freeing trees of dropped tables and indexes, and removing expired records and
 * old audit log entries. In small steps, so that a request never waits long.
 */
#include "base/text.h"
#include "log/log.h"
#include "store/ballast.h"
#include "store/clock.h"
#include "store/codec.h"
#include "store/commit_log.h"
#include "store/store_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/** Removed in one transaction. */
#define BATCH 500
#define DROP_BATCH 5000
/** Shortest and longest delay, ms. */
#define SOON 1000
#define LATE 3600000
/** Delay after a failure, ms. */
#define AGAIN 60000

/* Runs a step in a transaction. \p changed: commit. \return the error of the step or the commit, such as LYRE_ENOSPACE */
static int in_transaction(struct database *db, int (*step)(struct database *db, void *arg, bool *changed), void *arg, struct err *e)
{
	bool grown = false;
	for (;;) {
		int rc = transaction_begin(db, e);
		if (rc)
			return rc;
		bool changed = false;
		int code;
		rc = step(db, arg, &changed);
		if (!rc && changed) {
			rc = transaction_commit(db, e);
			code = db->writer.rc;
		} else {
			code = db->writer.rc;
			transaction_abort(db);
			if (rc)
				rc = store_error(e, code ? code : MDB_CORRUPTED, "clean", db);
		}
		if (!rc) {
			e->code = 0; /* the first attempt may have lacked space */
			if (grown)
				database_settle(db);
		}
		if (ballast_is_full(code) && ballast_release(db->options.ballast))
			continue;
		if (!rc || code != MDB_MAP_FULL)
			return rc;
		rc = database_grow(db, 0, true, e);
		if (rc)
			return rc;
		grown = true;
	}
}

/* Converts \p then, a time of the clock, to monotonic ms. */
static int64_t when(double then)
{
	if (isinf(then) || isnan(then))
		return INT64_MAX;
	double wait = then - now_ms();
	return monotonic_ms() + (wait < SOON ? SOON : wait > LATE ? LATE : (int64_t)wait);
}

/* ---- dropped trees ---- */

struct dropping {
	bool later; /**< the gate cannot be shut at the moment */
	bool left;  /**< more remain */
};

static int empty_tree(struct database *db, MDB_dbi tree)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_cursor_open(db->writer.txn, tree, &cursor);
	if (rc)
		return writer_failed(db, rc);
	for (unsigned n = 0; !rc && n < DROP_BATCH; n++)
		if (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)))
			rc = mdb_cursor_del(cursor, 0);
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : writer_failed(db, rc);
}

static int drop_step(struct database *db, void *arg, bool *changed)
{
	struct dropping *d = arg;
	struct writer *w = &db->writer;
	MDB_cursor *cursor;
	MDB_val key, value;
	char name[TREE_NAME_MAX] = "";
	int rc = mdb_cursor_open(w->txn, db->dropped, &cursor);
	if (rc)
		return writer_failed(db, rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	if (!rc && key.mv_size < sizeof name)
		memcpy(name, key.mv_data, key.mv_size);
	mdb_cursor_close(cursor);
	*d = (struct dropping){ .left = !rc };
	if (rc)
		return rc == MDB_NOTFOUND ? 0 : writer_failed(db, rc);
	MDB_dbi tree;
	MDB_stat st;
	rc = mdb_dbi_open(w->txn, name, 0, &tree);
	if (!rc && !(rc = mdb_stat(w->txn, tree, &st)) && st.ms_entries > DROP_BATCH) {
		*changed = true;
		return empty_tree(db, tree);
	}
	if (!rc) {
		/* the handle is closed here: no reader may be using it */
		if (!gate_shut(db, false)) {
			d->later = true;
			return 0;
		}
		rc = mdb_drop(w->txn, tree, 1);
		gate_open(db);
	}
	if (rc && rc != MDB_NOTFOUND)
		return writer_failed(db, rc);
	*changed = true;
	if (w->now.trees)
		w->now.trees--;
	return writer_del(db, db->dropped, val(name, strlen(name)));
}

static int64_t drop(struct database *db, struct err *e)
{
	struct dropping d = { 0 };
	if (in_transaction(db, drop_step, &d, e))
		return monotonic_ms() + AGAIN;
	return d.later ? monotonic_ms() + SOON : d.left ? 0 : INT64_MAX;
}

/* ---- expired records ---- */

/** How many tables are swept in one transaction. */
#define TABLES 16

struct sweeping {
	double now, next;
	unsigned removed;
	unsigned tables;
	struct {
		uint32_t id;
		unsigned removed;
	} of[TABLES];
};

struct due {
	struct database *db;
	const struct table *t;
	struct sweeping *sweeping;
	MDB_cursor *cursor;
	MDB_val *keys;
	unsigned count;
};

/* From one end of the tree by time; with \p ahead, only times from before the clock was set back. \return an LMDB code */
static int take_due(struct due *d, MDB_cursor_op begin, MDB_cursor_op step, bool ahead)
{
	struct sweeping *s = d->sweeping;
	MDB_val key, value;
	int rc = 0;
	for (MDB_cursor_op op = begin; s->removed + d->count < BATCH && !(rc = mdb_cursor_get(d->cursor, &key, &value, op));
		op = step) {
		if (key.mv_size <= 8)
			return MDB_CORRUPTED;
		double updated = double_unsortable(be_get(key.mv_data, 8));
		double end = record_end(d->t, updated, s->now);
		if (stamp_is_ahead(updated, s->now) != ahead)
			break;
		if (end > s->now) {
			s->next = end < s->next ? end : s->next;
			break;
		}
		unsigned char *copy = arena_alloc(&d->db->writer.scratch, key.mv_size - 8);
		if (!copy)
			return ENOMEM;
		memcpy(copy, (unsigned char *)key.mv_data + 8, key.mv_size - 8);
		d->keys[d->count++] = val(copy, key.mv_size - 8);
	}
	return rc;
}

/* If the newest time of the tree is ahead of the clock, the clock has stepped back, even if nothing was written since. */
static int follow_clock(struct due *d)
{
	MDB_val key, value;
	int rc = mdb_cursor_get(d->cursor, &key, &value, MDB_LAST);
	if (rc || key.mv_size <= 8)
		return rc == MDB_NOTFOUND ? 0 : writer_failed(d->db, rc ? rc : MDB_CORRUPTED);
	return clock_follow(d->db, double_unsortable(be_get(key.mv_data, 8)), d->sweeping->now);
}

/* The primary keys of a table's due records, in the scratch arena. */
static int find_due(struct database *db, const struct table *t, struct sweeping *s, MDB_val *keys, unsigned *count)
{
	struct due d = { .db = db, .t = t, .sweeping = s, .keys = keys };
	int rc = mdb_cursor_open(db->writer.txn, t->expiry, &d.cursor);
	if (rc)
		return writer_failed(db, rc);
	int code = follow_clock(&d);
	if (!code)
		rc = take_due(&d, MDB_LAST, MDB_PREV, true);
	if (!code && (!rc || rc == MDB_NOTFOUND))
		rc = take_due(&d, MDB_FIRST, MDB_NEXT, false);
	mdb_cursor_close(d.cursor);
	*count = d.count;
	return code ? code : rc == MDB_NOTFOUND ? 0 : writer_failed(db, rc);
}

static int remove_due(struct database *db, const struct table *t, MDB_val primary)
{
	struct writer *w = &db->writer;
	MDB_val v;
	int rc = writer_get(db, t->records, primary, &v);
	if (rc)
		return rc == LYRE_ENOTFOUND ? 0 : rc;
	buf_clear(&w->old);
	buf_add(&w->old, v.mv_data, v.mv_size);
	struct record r = { .data = (unsigned char *)w->old.data, .len = w->old.len };
	if (w->old.failed)
		return writer_failed(db, ENOMEM);
	if (!record_check(r))
		return writer_failed(db, MDB_CORRUPTED);
	clock_expired(db, record_updated(r) + t->expiration);
	return record_remove(db, t, primary, r);
}

static int sweep_step(struct database *db, void *arg, bool *changed)
{
	struct sweeping *s = arg;
	*s = (struct sweeping){ .now = now_ms(), .next = INFINITY };
	MDB_val keys[BATCH];
	int code = clock_follow(db, db->writer.time, s->now);
	if (code)
		return code;
	for (size_t i = 0; i < db->catalogue->count && s->removed < BATCH && s->tables < TABLES; i++) {
		const struct table *t = db->catalogue->by_id[i];
		if (t->expiration < 0)
			continue;
		unsigned count = 0;
		arena_reset(&db->writer.scratch);
		int rc = find_due(db, t, s, keys, &count);
		for (unsigned j = 0; !rc && j < count; j++)
			rc = remove_due(db, t, keys[j]);
		if (rc)
			return rc;
		s->removed += count;
		if (count) {
			s->of[s->tables].id = t->id;
			s->of[s->tables++].removed = count;
		}
	}
	*changed = s->removed;
	return 0;
}

static int64_t sweep(struct database *db, struct err *e)
{
	struct sweeping s = { 0 };
	if (in_transaction(db, sweep_step, &s, e))
		return monotonic_ms() + AGAIN;
	for (unsigned i = 0; i < s.tables; i++)
		tell_of_expired(db, s.of[i].id, s.of[i].removed, s.now);
	return s.removed == BATCH || s.tables == TABLES ? 0 : when(s.next);
}

/* ---- the audit log ---- */

struct trimming {
	unsigned removed;
	double next;
};

static int trim_step(struct database *db, void *arg, bool *changed)
{
	struct trimming *t = arg;
	int rc = commit_log_trim(db, now_ms(), BATCH, &t->removed, &t->next);
	*changed = t->removed;
	return rc;
}

static int64_t trim(struct database *db, struct err *e)
{
	struct trimming t = { 0 };
	if (in_transaction(db, trim_step, &t, e))
		return monotonic_ms() + AGAIN;
	return t.removed == BATCH ? 0 : isinf(t.next) ? monotonic_ms() + LATE : when(t.next);
}

/* ---- when ---- */

static int64_t next_due(const struct writer *w)
{
	int64_t next = w->sync_at;
	next = w->sweep_at < next ? w->sweep_at : next;
	next = w->trim_at < next ? w->trim_at : next;
	return w->drop_at < next ? w->drop_at : next;
}

int background_begin(struct database *db, struct err *e)
{
	struct writer *w = &db->writer;
	struct snapshot s;
	MDB_stat st;
	int rc = snapshot_begin(&s, db, e);
	if (rc)
		return rc;
	if (!guard_stat(&s, db->dropped, &st) && st.ms_entries)
		w->drop_at = 0;
	for (size_t i = 0; i < db->catalogue->count; i++) {
		const struct table *t = db->catalogue->by_id[i];
		if (t->expiration >= 0 && !guard_stat(&s, t->expiry, &st) && st.ms_entries)
			w->sweep_at = 0;
	}
	if (db->log && db->options.audit_retention > 0)
		w->trim_at = 0;
	snapshot_end(&s);
	w->due = next_due(w);
	return 0;
}

int64_t background_run(struct database *db)
{
	struct writer *w = &db->writer;
	int64_t now = monotonic_ms();
	struct err e = { 0 };
	if (ballast_is_out(db->options.ballast))
		(void)ballast_regain(db->options.ballast);
	if (now >= w->sweep_at || now >= w->trim_at) {
		int64_t hold = clock_hold(db);
		if (now >= w->sweep_at && w->sweep_at < hold)
			w->sweep_at = hold;
		if (now >= w->trim_at && w->trim_at < hold)
			w->trim_at = hold;
	}
	if (w->trim_at == INT64_MAX && db->log && db->options.audit_retention > 0)
		w->trim_at = now + SOON;
	if (now >= w->sync_at) {
		int rc = db->broken ? 0 : mdb_env_sync(db->env, 1);
		if (rc)
			store_error(&e, rc, "flush", db);
		w->sync_at = INT64_MAX;
	} else if (now >= w->sweep_at) {
		w->sweep_at = sweep(db, &e);
	} else if (now >= w->trim_at) {
		w->trim_at = trim(db, &e);
	} else if (now >= w->drop_at) {
		w->drop_at = drop(db, &e);
	}
	if (e.code && !db->broken)
		log_error("store", "%s", e.text);
	return next_due(w);
}
