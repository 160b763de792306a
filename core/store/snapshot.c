/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots: each thread keeps its read transactions and renews them, at a tenth of the cost of new ones. */
#include "base/memory.h"
#include "base/text.h"
#include "store/store_internal.h"

#include <stdlib.h>

/** Read transactions that a thread keeps, for all databases. */
#define KEPT_MAX 32
/** How long a writer waits for a long snapshot that holds it up until that snapshot should end. */
#define OVERDUE_MS 1000

struct slot {
	struct slot *next;               /**< in the thread's list */
	struct slot *db_next, **db_link; /**< in the database's list; protected by slots_lock */
	struct database *_Atomic db;     /**< NULL once it is closed */
	MDB_txn *txn;
	struct catalogue *catalogue; /**< while in use */
	bool busy;
};

static pthread_mutex_t slots_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t slots_once = PTHREAD_ONCE_INIT;
static pthread_key_t slots_key;
static _Thread_local struct slot *slots;
static _Thread_local unsigned slot_count;

/* With slots_lock held. */
static void slot_unlink(struct slot *s)
{
	if (s->txn)
		mdb_txn_abort(s->txn);
	s->txn = NULL;
	if (s->db_link) {
		*s->db_link = s->db_next;
		if (s->db_next)
			s->db_next->db_link = s->db_link;
	}
	s->db_link = NULL;
	s->db_next = NULL;
	s->db = NULL;
}

static void slot_link(struct slot *s, struct database *db)
{
	pthread_mutex_lock(&slots_lock);
	slot_unlink(s);
	s->db = db;
	s->db_next = db->slots;
	if (s->db_next)
		s->db_next->db_link = &s->db_next;
	s->db_link = &db->slots;
	db->slots = s;
	pthread_mutex_unlock(&slots_lock);
}

/* When a thread ends. */
static void slots_end(void *all)
{
	struct slot *s = all;
	pthread_mutex_lock(&slots_lock);
	while (s) {
		struct slot *next = s->next;
		slot_unlink(s);
		free(s);
		s = next;
	}
	pthread_mutex_unlock(&slots_lock);
}

static void slots_begin(void)
{
	pthread_key_create(&slots_key, slots_end);
}

void slots_close(struct database *db)
{
	pthread_mutex_lock(&slots_lock);
	while (db->slots)
		slot_unlink(db->slots);
	pthread_mutex_unlock(&slots_lock);
}

/* A free slot of this thread for the database; \p held: whether the thread already holds its gate. */
static struct slot *slot_find(struct database *db, bool *held)
{
	struct slot *mine = NULL, *empty = NULL, *other = NULL;
	*held = false;
	for (struct slot *s = slots; s; s = s->next) {
		struct database *of = s->db;
		if (of == db && s->busy)
			*held = true;
		else if (of == db)
			mine = s;
		else if (!of)
			empty = s;
		else if (!s->busy)
			other = s;
	}
	if (mine)
		return mine;
	if (empty)
		return empty;
	return slot_count >= KEPT_MAX ? other : NULL;
}

static struct slot *slot_new(void)
{
	pthread_once(&slots_once, slots_begin);
	struct slot *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->next = slots;
	slots = s;
	slot_count++;
	pthread_setspecific(slots_key, slots);
	return s;
}

int read_begin(struct database *db, MDB_txn **ret)
{
	memory_lasting_begin();
	int rc = guard_begin(db, ret);
	memory_lasting_end();
	return rc;
}

/*
 * Starts a transaction with the matching catalogue. Before committing, the writer announces which transaction brings a new
 * catalogue: a reader that sees that transaction briefly waits until the catalogue, and the handles of its trees, are
 * published.
 */
static int slot_start(struct slot *s, struct database *db)
{
	bool checked = false;
	for (;;) {
		pthread_mutex_lock(&db->lock);
		int rc = s->txn ? guard_renew(db, s->txn) : read_begin(db, &s->txn);
		if (!rc && (!db->pending || mdb_txn_id(s->txn) < db->pending)) {
			s->catalogue = catalogue_ref(db->catalogue);
			pthread_mutex_unlock(&db->lock);
			return 0;
		}
		if (!rc) {
			mdb_txn_reset(s->txn);
			pthread_cond_wait(&db->published, &db->lock);
		}
		pthread_mutex_unlock(&db->lock);
		if (!rc)
			continue;
		if (s->txn)
			mdb_txn_abort(s->txn);
		s->txn = NULL;
		int dead = 0;
		if (rc != MDB_READERS_FULL || checked || mdb_reader_check(db->env, &dead))
			return rc;
		checked = true;
	}
}

int snapshot_begin(struct snapshot *s, struct database *db, struct err *e)
{
	bool held;
	int rc;
	struct slot *slot = slot_find(db, &held);
	if (!held)
		rwlock_read(&db->gate);
	if (!db->env) {
		rc = err_set(e, LYRE_ENOTFOUND, "database '%s' does not exist", db->name);
		goto failed;
	}
	rc = database_usable(db, e);
	if (rc)
		goto failed;
	if (!slot && !(slot = slot_new())) {
		rc = err_nomem(e);
		goto failed;
	}
	if (slot->db != db)
		slot_link(slot, db);
	rc = slot_start(slot, db);
	if (rc == MDB_READERS_FULL)
		rc = err_set(e, LYRE_EBUSY, "database '%s' has too many readers (storage.maxReaders)", db->name);
	else
		rc = store_error(e, rc, "read", db);
	if (rc)
		goto failed;
	slot->busy = true;
	*s = (struct snapshot){ .db = db, .txn = slot->txn, .now = now_ms(), .slot = slot };
	return 0;
failed:
	if (!held)
		rwlock_read_end(&db->gate);
	return rc;
}

int snapshot_begin_long(struct snapshot *s, struct database *db, struct err *e)
{
	int rc = database_hold_briefly(db, e);
	if (rc)
		return rc;
	rc = snapshot_begin(s, db, e);
	if (rc)
		database_release(db);
	else
		s->held = true;
	return rc;
}

bool snapshot_is_overdue(const struct snapshot *s)
{
	return s->held && database_wanted_ms(s->db) >= OVERDUE_MS;
}

void snapshot_end(struct snapshot *s)
{
	struct slot *slot = s->slot;
	if (!slot)
		return;
	struct database *db = s->db;
	bool long_one = s->held;
	mdb_txn_reset(slot->txn);
	catalogue_unref(slot->catalogue);
	slot->catalogue = NULL;
	slot->busy = false;
	*s = (struct snapshot){ 0 };
	bool held;
	(void)slot_find(db, &held);
	if (!held)
		rwlock_read_end(&db->gate);
	if (long_one)
		database_release(db);
}

const struct table *snapshot_table(const struct snapshot *s, const struct table *t)
{
	const struct slot *slot = s->slot;
	const struct table *now = t->db == s->db ? catalogue_by_id(slot->catalogue, t->id) : NULL;
	return now && now->numbering == t->numbering ? now : NULL;
}

bool snapshot_has(const struct snapshot *s, const struct table *t)
{
	return snapshot_table(s, t) != NULL;
}

const struct catalogue *snapshot_catalogue(const struct snapshot *s)
{
	const struct slot *slot = s->slot;
	return slot->catalogue;
}

int no_table(const struct table *t, struct err *e)
{
	return err_set(e, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", t->database, t->name);
}

size_t database_txn(struct database *db)
{
	MDB_envinfo info;
	bool held;
	size_t txn = 0;
	(void)slot_find(db, &held);
	if (!held)
		rwlock_read(&db->gate);
	if (db->env && !db->broken) {
		txn = db->committed;
		/* during the first commit this is the transaction being flushed: harmless */
		if (!txn && !guard_info(db, &info))
			txn = info.me_last_txnid;
	}
	if (!held)
		rwlock_read_end(&db->gate);
	return txn;
}

/* ---- one record ---- */

int snapshot_get_key(
	struct snapshot *s, const struct table *t, const unsigned char *key, size_t len, struct record *ret, struct err *e)
{
	const struct table *now = snapshot_table(s, t);
	if (!now)
		return no_table(t, e);
	MDB_val k = val(key, len), v;
	int rc = guard_get(s, now->records, &k, &v);
	if (rc == MDB_NOTFOUND)
		return LYRE_ENOTFOUND;
	if (rc)
		return store_error(e, rc, "read", s->db);
	struct record r = { .data = v.mv_data, .len = v.mv_size };
	if (!record_check(r))
		return err_set(e, LYRE_ECORRUPT, "a record of table '%s.%s' is damaged", t->database, t->name);
	if (record_expired(now, record_updated(r), s->now))
		return LYRE_ENOTFOUND;
	*ret = r;
	return 0;
}

int snapshot_get(struct snapshot *s, const struct table *t, const lyre_value *key, struct record *ret, struct err *e)
{
	struct key k;
	if (key_primary(&k, key))
		return LYRE_ENOTFOUND;
	struct record r;
	int rc = snapshot_get_key(s, t, k.bytes, k.len, &r, e);
	if (rc)
		return rc;
	if (k.cut) {
		struct field f;
		if (!record_find(r, t->attributes[t->key].id, &f))
			return LYRE_ENOTFOUND;
		struct arena none;
		arena_init(&none);
		lyre_value whole = field_value(f, &none);
		bool same = !value_compare(&whole, key);
		arena_free(&none);
		if (!same)
			return LYRE_ENOTFOUND;
	}
	*ret = r;
	return 0;
}

int record_key(const struct table *t, const unsigned char *key, size_t len, struct record r, struct arena *a, lyre_value *ret)
{
	if (key_primary_value(key, len, a, ret))
		return 0;
	struct field f;
	if (!record_find(r, t->attributes[t->key].id, &f))
		return LYRE_ECORRUPT;
	*ret = field_value(f, a);
	return 0;
}
