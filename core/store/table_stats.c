/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statistics of tables. They are cached with a definition, and a text made from them with the catalogue, until a commit
 * changes what they describe.
 */
#include "base/text.h"
#include "store/codec.h"
#include "store/store_internal.h"

#include <stdlib.h>
#include <sys/stat.h>

static uint64_t tree_bytes(struct snapshot *s, MDB_dbi tree)
{
	MDB_stat st;
	if (!tree || guard_stat(s, tree, &st))
		return 0;
	return (uint64_t)(st.ms_branch_pages + st.ms_leaf_pages + st.ms_overflow_pages) * st.ms_psize;
}

/* The time of an entry of the tree by time; 0 if invalid. */
static double time_of(MDB_val key)
{
	return key.mv_size > 8 ? double_unsortable(be_get(key.mv_data, 8)) : 0;
}

static bool is_due(const struct table *t, MDB_val key, double now)
{
	return key.mv_size > 8 && record_expired(t, time_of(key), now);
}

/* Counts expired records that the background has not removed yet: few, as it does so each second. */
static int count_due(struct snapshot *s, const struct table *t, uint64_t *ret, struct err *e)
{
	*ret = 0;
	if (t->expiration < 0)
		return 0;
	MDB_cursor *cursor;
	int rc = guard_cursor_open(s, t->expiry, &cursor);
	if (rc)
		return store_error(e, rc, "read", s->db);
	MDB_val key, value;
	for (MDB_cursor_op op = MDB_FIRST; !(rc = guard_cursor_get(s, cursor, &key, &value, op)) && is_due(t, key, s->now);
		op = MDB_NEXT)
		*ret += !stamp_is_ahead(time_of(key), s->now);
	for (MDB_cursor_op op = MDB_LAST; !(rc = guard_cursor_get(s, cursor, &key, &value, op)) && is_due(t, key, s->now) &&
		stamp_is_ahead(time_of(key), s->now);
		op = MDB_PREV)
		++*ret;
	mdb_cursor_close(cursor);
	return rc && rc != MDB_NOTFOUND ? store_error(e, rc, "read", s->db) : 0;
}

/* The newest time is at the end of the tree by time, or of the index of the times. */
static int newest(struct snapshot *s, const struct table *t, double *ret, struct err *e)
{
	*ret = 0;
	const struct attribute *by = NULL;
	for (uint16_t i = 0; !by && i < t->attribute_count; i++)
		if (t->attributes[i].flags & ATTRIBUTE_UPDATED)
			by = &t->attributes[i];
	if (!by)
		return 0;
	if (t->expiry) {
		MDB_cursor *cursor;
		MDB_val key, value;
		int rc = guard_cursor_open(s, t->expiry, &cursor);
		if (rc)
			return store_error(e, rc, "read", s->db);
		MDB_cursor_op op = MDB_LAST;
		do {
			rc = guard_cursor_get(s, cursor, &key, &value, op);
			op = MDB_PREV;
		} while (!rc && is_due(t, key, s->now) && stamp_is_ahead(time_of(key), s->now));
		mdb_cursor_close(cursor);
		double time = rc ? 0 : time_of(key);
		if (time > 0 && !record_expired(t, time, s->now))
			*ret = time;
		return rc && rc != MDB_NOTFOUND ? store_error(e, rc, "read", s->db) : 0;
	}
	struct walk w;
	struct walk_range range = { .attribute = by, .reverse = true };
	int rc = walk_open(&w, s, t, &range, NULL, e);
	if (rc)
		return rc;
	rc = walk_next(&w, e);
	struct record r;
	if (!rc && !(rc = walk_record(&w, &r, e)))
		*ret = record_updated(r);
	walk_close(&w);
	return rc == LYRE_END || rc == LYRE_ENOTFOUND ? 0 : rc;
}

/* The sizes shared by all tables of a database. */
static void database_sizes(struct snapshot *s, struct lyre_table_stats *ret)
{
	mdb_filehandle_t fd;
	struct stat file = { 0 };
	if (!mdb_env_get_fd(s->db->env, &fd))
		(void)fstat(fd, &file);
	ret->database_size = (uint64_t)file.st_size;
	ret->audit_size = tree_bytes(s, s->db->log);
}

static int read_stats(struct snapshot *s, const struct table *t, struct lyre_table_stats *ret, struct err *e)
{
	MDB_stat st;
	int rc = guard_stat(s, t->records, &st);
	if (rc)
		return store_error(e, rc, "read", s->db);
	uint64_t due;
	if ((rc = count_due(s, t, &due, e)) || (rc = newest(s, t, &ret->last_updated, e)))
		return rc;
	ret->record_count = ret->count_low = ret->count_high = st.ms_entries - due;
	ret->table_size = tree_bytes(s, t->records) + tree_bytes(s, t->expiry);
	for (uint16_t i = 0; i < t->attribute_count; i++)
		ret->table_size += tree_bytes(s, t->attributes[i].index);
	return 0;
}

/* ---- cached statistics ---- */

void table_touched(struct database *db, uint32_t id)
{
	struct table *t = (struct table *)(uintptr_t)catalogue_by_id(db->catalogue, id);
	if (t)
		atomic_store(&t->memo.touched, mdb_txn_id(db->writer.txn));
	watches_touched(db, id);
}

/*
 * Statistics of one table in a snapshot, from its memo if no transaction has touched the table since. The writer notes the
 * transaction before it commits, so that a snapshot that includes it sees the note. \p common has the database's part.
 */
static int stats_at(
	struct snapshot *s, struct table *t, const struct lyre_table_stats *common, struct lyre_table_stats *ret, struct err *e)
{
	struct database *db = s->db;
	size_t txn = mdb_txn_id(s->txn);
	bool kept = false;
	if (t->expiration < 0) {
		pthread_mutex_lock(&db->lock);
		kept = t->memo.txn && t->memo.txn <= txn && atomic_load(&t->memo.touched) <= t->memo.txn;
		if (kept)
			*ret = t->memo.stats;
		pthread_mutex_unlock(&db->lock);
	}
	int rc = kept ? 0 : read_stats(s, t, ret, e);
	ret->database_size = common->database_size;
	ret->audit_size = common->audit_size;
	if (rc || t->expiration >= 0)
		return rc; /* if records expire, they change with time alone */
	pthread_mutex_lock(&db->lock);
	if (t->memo.txn < txn) {
		t->memo.txn = txn;
		t->memo.stats = *ret;
	}
	pthread_mutex_unlock(&db->lock);
	return 0;
}

int snapshot_stats(struct snapshot *s, const struct table *t, bool exact, struct lyre_table_stats *ret, struct err *e)
{
	(void)exact; /* the count is always exact */
	struct table *now = (struct table *)(uintptr_t)snapshot_table(s, t);
	if (!now)
		return no_table(t, e);
	struct lyre_table_stats common, stats = { 0 };
	database_sizes(s, &common);
	int rc = stats_at(s, now, &common, &stats, e);
	if (rc)
		return rc;
	stats.size = ret->size;
	*ret = stats;
	return 0;
}

int table_stats(const struct table *t, bool exact, struct lyre_table_stats *ret, struct err *e)
{
	struct database *db = t->db;
	uint32_t size = ret->size;
	size_t txn = database_txn(db);
	pthread_mutex_lock(&db->lock);
	bool kept = txn && t->memo.txn >= txn;
	if (kept)
		*ret = t->memo.stats;
	pthread_mutex_unlock(&db->lock);
	ret->size = size;
	if (kept)
		return 0;
	struct snapshot s;
	int rc = snapshot_begin(&s, db, e);
	if (rc < 0)
		return rc;
	rc = snapshot_stats(&s, t, exact, ret, e);
	snapshot_end(&s);
	return rc;
}

/*
 * Updates the memos of all tables to the last commit in one snapshot; failures recur when a table is read.
 * \return the snapshot's transaction, 0 if there was none
 */
static size_t stats_renew(struct database *db)
{
	struct snapshot s;
	struct err ignored;
	if (snapshot_begin(&s, db, &ignored))
		return 0;
	size_t txn = mdb_txn_id(s.txn);
	const struct catalogue *c = snapshot_catalogue(&s);
	struct lyre_table_stats common, stats = { 0 };
	database_sizes(&s, &common);
	for (size_t i = 0; i < c->count; i++)
		if (c->by_id[i]->expiration < 0)
			(void)stats_at(&s, (struct table *)(uintptr_t)c->by_id[i], &common, &stats, &ignored);
	snapshot_end(&s);
	return txn;
}

/* ---- cached texts ---- */

/** Maximum number per catalogue, and maximum length. */
#define TEXTS_MAX 4
#define TEXT_MAX ((size_t)1 << 20)

bool database_text(struct database *db, const char *name, struct text_moment *ret, struct kept_text **text)
{
	size_t txn = database_txn(db);
	*ret = (struct text_moment){ .log = db->log };
	*text = NULL;
	pthread_mutex_lock(&db->lock);
	struct catalogue *c = db->catalogue;
	struct kept_text *k = c ? c->texts : NULL;
	while (k && strcmp(k->name, name))
		k = k->next;
	if (txn && k && k->txn >= txn && k->log == ret->log) {
		atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
		*text = k;
	} else if (txn && c && !c->expires) {
		ret->catalogue = catalogue_ref(c);
	}
	pthread_mutex_unlock(&db->lock);
	if (!*text && txn)
		ret->txn = stats_renew(db);
	return *text != NULL;
}

const char *kept_text_read(const struct kept_text *k, size_t *len)
{
	*len = k->len;
	return k->text;
}

void kept_text_release(struct kept_text *k)
{
	if (k && atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) == 1)
		free(k);
}

/* Removes the text that a new one replaces: that of the same name, or the oldest. With the lock held. */
static struct kept_text *take_out(struct catalogue *c, const char *name)
{
	struct kept_text **at = &c->texts, **last = at;
	unsigned count = 0;
	for (; *at && strcmp((*at)->name, name); at = &(*at)->next, count++)
		last = at;
	if (!*at && count >= TEXTS_MAX)
		at = last;
	struct kept_text *k = *at;
	if (k)
		*at = k->next;
	return k;
}

void database_keep_text(struct database *db, const char *name, struct text_moment *m, const char *text, size_t len)
{
	struct catalogue *c = m->catalogue;
	if (!c)
		return;
	m->catalogue = NULL;
	size_t name_size = strlen(name) + 1;
	struct kept_text *k = text && m->txn && len <= TEXT_MAX ? malloc(sizeof *k + len + name_size) : NULL;
	if (k) {
		*k = (struct kept_text){ .refs = 1, .txn = m->txn, .log = m->log, .len = len };
		memcpy(k->text, text, len);
		k->name = memcpy(k->text + len, name, name_size);
		pthread_mutex_lock(&db->lock);
		struct kept_text *old = take_out(c, name);
		k->next = c->texts;
		c->texts = k;
		pthread_mutex_unlock(&db->lock);
		kept_text_release(old);
	}
	catalogue_unref(c);
}
