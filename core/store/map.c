/* SPDX-License-Identifier: Apache-2.0 */
/* The map of an open database: its size, and the gate that protects readers while it moves. */
#include "base/text.h"
#include "base/thread.h"
#include "log/log.h"
#include "store/store_internal.h"

#include <errno.h>
#include <sys/mman.h>

#define MAP_STEP ((size_t)1 << 20)
/** The first map is at most this fraction of the free addresses: a quarter. */
#define MAP_PART 4
/** How long a reader that holds the map waits for a writer that needs the gate. */
#define HOLD_WAIT_NS ((int64_t)2000000000)

/* ---- the gate ---- */

bool gate_shut(struct database *db, bool wait)
{
	pthread_mutex_lock(&db->lock);
	bool wants = false;
	while (wait && (db->holds || db->shutting)) {
		if (db->holds && !db->wanted) {
			atomic_store(&db->wanted, monotonic_ms());
			wants = true;
		}
		pthread_cond_wait(&db->published, &db->lock);
	}
	if (wants)
		atomic_store(&db->wanted, 0);
	bool may = !db->holds && !db->shutting;
	db->shutting = db->shutting || may;
	pthread_mutex_unlock(&db->lock);
	if (may)
		rwlock_write(&db->gate);
	return may;
}

void gate_open(struct database *db)
{
	rwlock_write_end(&db->gate);
	pthread_mutex_lock(&db->lock);
	db->shutting = false;
	pthread_cond_broadcast(&db->published);
	pthread_mutex_unlock(&db->lock);
}

static int grant_room(struct database *db, struct definition_change *c, struct err *e)
{
	return database_grow(db, *(const size_t *)c->in, false, e);
}

int database_hold(struct database *db, size_t room, struct err *e)
{
	MDB_envinfo info;
	pthread_mutex_lock(&db->lock);
	while (db->shutting)
		pthread_cond_wait(&db->published, &db->lock);
	int rc = db->env ? database_usable(db, e) : err_set(e, LYRE_ENOTFOUND, "database '%s' does not exist", db->name);
	if (!rc)
		rc = store_error(e, guard_info(db, &info), "read", db);
	if (!rc)
		db->holds++;
	pthread_mutex_unlock(&db->lock);
	if (rc)
		return rc;
	size_t want = (info.me_last_pgno + 1) * db->page_size + room;
	if (want <= info.me_mapsize)
		return 0;
	/* optional: without the room, a writer that needs more waits until the hold ends */
	database_release(db);
	struct definition_change c = { .write.kind = WRITE_APART, .apply = grant_room, .in = &want };
	struct err ignored;
	(void)writer_change(db, &c, &ignored);
	return database_hold(db, 0, e);
}

/** Waits until nobody wants the gate. \return false if that takes too long */
static bool gate_calm(struct database *db)
{
	int64_t end = monotonic_ns() + HOLD_WAIT_NS;
	const struct timespec until = timespec_of_ns(end);
	while ((db->shutting || db->wanted) && monotonic_ns() < end)
		pthread_cond_timedwait(&db->published, &db->lock, &until);
	return !db->shutting && !db->wanted;
}

int database_hold_briefly(struct database *db, struct err *e)
{
	int rc = 0;
	pthread_mutex_lock(&db->lock);
	if (!gate_calm(db))
		rc = err_set(e, LYRE_EBUSY, "database '%s' is being changed: try again later", db->name);
	else
		db->holds++;
	pthread_mutex_unlock(&db->lock);
	return rc;
}

int64_t database_wanted_ms(const struct database *db)
{
	int64_t since = atomic_load_explicit(&db->wanted, memory_order_relaxed);
	return since ? monotonic_ms() - since : 0;
}

void database_release(struct database *db)
{
	pthread_mutex_lock(&db->lock);
	db->holds--;
	pthread_cond_broadcast(&db->published);
	pthread_mutex_unlock(&db->lock);
}

/* ---- sizes ---- */

/* Maximum size of the map; without a setting, limited only by the addresses. */
static size_t size_cap(const struct database *db)
{
	size_t most = SIZE_MAX / 2;
	return db->options.max_size && db->options.max_size < most ? (size_t)db->options.max_size : most;
}

/* Whether that many contiguous addresses are available. */
static bool is_mappable(size_t size)
{
	void *map = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED)
		return false;
	munmap(map, size);
	return true;
}

/* With the gate shut. */
static int set_map(struct database *db, size_t to)
{
	int rc = mdb_env_set_mapsize(db->env, to);
	if (rc) {
		db->broken = true;
		log_fatal("store", "database '%s' has lost its memory map: %s", db->name, mdb_strerror(rc));
	}
	return rc;
}

/*
 * LMDB unmaps the old map before it has the new one, and does not report a second failure: the first must be avoided.
 */
static int resize(struct database *db, size_t to)
{
	if (!is_mappable(to))
		return ENOMEM;
	(void)gate_shut(db, true);
	int rc = set_map(db, to);
	gate_open(db);
	return rc;
}

/* Additional size above the cap, for requests that free space. */
static size_t beyond_cap(size_t cap)
{
	return cap >= SIZE_MAX / 4 ? 0 : cap / 16 < MAP_STEP ? MAP_STEP : cap / 16;
}

size_t database_excess(struct database *db)
{
	MDB_envinfo info;
	if (!db->options.max_size)
		return 0;
	mdb_env_info(db->env, &info);
	size_t cap = size_cap(db);
	return (info.me_last_pgno + 1) * (size_t)db->page_size > cap ? beyond_cap(cap) : 0;
}

int database_grow(struct database *db, size_t at_least, bool reserve, struct err *e)
{
	MDB_envinfo info;
	int rc = database_usable(db, e);
	if (rc)
		return rc;
	mdb_env_info(db->env, &info);
	size_t now = info.me_mapsize, cap = size_cap(db), most = cap;
	if (reserve)
		most += beyond_cap(cap);
	size_t want = now > most / 2 ? most : 2 * now;
	if (want < at_least)
		want = at_least < most ? at_least : most;
	want -= want % db->page_size;
	if (want <= now)
		return err_set(e, LYRE_ENOSPACE, "database '%s' is full: it may not grow beyond storage.maxSize, %zu bytes",
			db->name, cap);
	while ((rc = resize(db, want)) == ENOMEM && !db->broken && want - now > MAP_STEP && want > at_least) {
		size_t less = now + (want - now) / 2;
		want = less < at_least ? at_least : less;
		want -= want % db->page_size;
	}
	if (rc == ENOMEM)
		return err_set(
			e, LYRE_ENOSPACE, "database '%s' cannot grow: no address space for a map of %zu bytes", db->name, want);
	return store_error(e, rc, "enlarge", db);
}

bool database_confine(struct database *db)
{
	MDB_envinfo info;
	mdb_env_info(db->env, &info);
	size_t used = (info.me_last_pgno + 1) * (size_t)db->page_size;
	if (info.me_mapsize <= used)
		return true;
	if (!is_mappable(used) || !gate_shut(db, false))
		return false;
	int rc = set_map(db, used);
	gate_open(db);
	return !rc;
}

void database_settle(struct database *db)
{
	MDB_envinfo info;
	mdb_env_info(db->env, &info);
	size_t cap = size_cap(db);
	cap -= cap % db->page_size;
	if (info.me_mapsize > cap && (info.me_last_pgno + 1) * db->page_size <= cap)
		(void)resize(db, cap);
}

static size_t round_up(size_t size)
{
	return (size + MAP_STEP - 1) / MAP_STEP * MAP_STEP;
}

int database_first_map(const struct database *db, size_t size, size_t *ret, struct err *e)
{
	const struct store_options *o = &db->options;
	size_t map = o->map_size > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)o->map_size, least = round_up(size);
	if (o->max_size && map > o->max_size)
		map = (size_t)o->max_size;
	map = round_up(map);
	while (map > least && (map > SIZE_MAX / MAP_PART || !is_mappable(map * MAP_PART)))
		map = round_up(map / 2);
	if (map <= least && !is_mappable(map = least)) /* LMDB would report lack of memory instead */
		return err_set(e, LYRE_ENOSPACE, "cannot open %s: no address space for a map of %zu bytes", db->file, map);
	*ret = map;
	return 0;
}
