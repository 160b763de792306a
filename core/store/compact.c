/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maintenance of a database in use: returning its free pages to the disk, counting them, and checking the database.
 */
#include "base/text.h"
#include "log/log.h"
#include "store/backup_internal.h"
#include "store/ballast.h"
#include "store/renumber.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/** Spare map for writers while a check runs, before they have to wait for its end. */
#define CHECK_ROOM ((size_t)256 << 20)

static uint64_t file_size(const struct database *db)
{
	mdb_filehandle_t fd;
	struct stat st;
	return mdb_env_get_fd(db->env, &fd) || fstat(fd, &st) ? 0 : (uint64_t)st.st_size;
}

/* ---- returning space ---- */

struct compaction {
	struct store *store;
	uint64_t before, after;
};

/* On a full disk the copy may use the reserve if that is enough: removing the old file gives it back. */
static bool take_from_reserve(struct database *db)
{
	struct lyre_storage storage = { .size = sizeof storage };
	struct ballast *ballast = db->options.ballast;
	struct err ignored;
	return !storage_look(db, &storage, &ignored) && storage.used_size < storage.file_size / 2 &&
		storage.used_size <= ballast_left(ballast) && ballast_spend(ballast, storage.used_size);
}

/* Writes a copy without the free pages, flushed to disk. */
static int write_copy(struct database *db, int fd, uint64_t *size, struct err *e)
{
	struct stat st;
	int code = guard_copy(db, fd, MDB_CP_COMPACT);
	if (ballast_is_full(code) && take_from_reserve(db))
		code = ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET) ? errno : guard_copy(db, fd, MDB_CP_COMPACT);
	if (code == MDB_INCOMPATIBLE)
		return err_set(e, LYRE_ECORRUPT,
			"database '%s' cannot be compacted: its list of free pages is incomplete; "
			"back up its tables and restore them instead",
			db->name);
	if (code)
		return store_error(e, code, "compact", db);
	if (fsync(fd) || fstat(fd, &st))
		return err_errno(e, errno, "compact", db->name);
	*size = (uint64_t)st.st_size;
	return 0;
}

static bool any_renumber_wanted(const struct catalogue *c)
{
	bool wanted = false;
	for (size_t i = 0; i < c->count; i++)
		wanted = wanted || renumber_wanted(c->by_id[i]);
	return wanted;
}

/* Replaces the copy by one with new attribute ids, if some table has used up its own. */
static int renumber(struct store *s, const struct database *db, char **path, int *fd, uint64_t *size, struct err *e)
{
	struct stat st;
	char *to_path = NULL;
	int to = -1;
	if (!any_renumber_wanted(db->catalogue))
		return 0;
	int rc = backup_temporary(s, &to, &to_path, e);
	if (rc)
		return rc;
	rc = renumber_copy(db, *path, (size_t)*size, to, e);
	if (!rc && (fsync(to) || fstat(to, &st)))
		rc = err_errno(e, errno, "compact", db->name);
	if (!rc)
		*size = (uint64_t)st.st_size;
	/* remove the copy that is not needed: the old one, or on failure the new one */
	char *gone = rc ? to_path : *path;
	(void)unlink(gone);
	free(gone);
	close(rc ? to : *fd);
	if (!rc) {
		*path = to_path;
		*fd = to;
	}
	return rc;
}

/* Moves both names to their files; other processes that open the file find its table of readers by name. */
static int take_names(const struct database *fresh, const struct database *db, const char *lock, struct err *e)
{
	char *to;
	if (asprintf(&to, "%s-lock", db->file) < 0)
		return err_nomem(e);
	int rc = rename(fresh->file, db->file) ? err_errno(e, errno, "replace", db->file) : 0;
	if (!rc)
		(void)rename(lock, to);
	free(to);
	return rc;
}

static void set_exchanging(struct database *db, bool exchanging)
{
	pthread_mutex_lock(&db->lock);
	db->exchanging = exchanging;
	pthread_mutex_unlock(&db->lock);
}

/* Until database_exchange(), unless it fails. */
static int exchange_names(const struct database *fresh, struct database *db, const char *lock, struct err *e)
{
	set_exchanging(db, true);
	int rc = take_names(fresh, db, lock, e);
	if (rc)
		set_exchanging(db, false);
	return rc;
}

/*
 * On the writer's thread, between transactions: from the copy until its name is on disk nothing is written to the database.
 * Before the renaming only new files are touched; after it, nothing that readers need can fail.
 */
static int compact(struct database *db, struct definition_change *change, struct err *e)
{
	struct compaction *c = change->out;
	struct database *fresh = NULL;
	char *path = NULL, *lock = NULL;
	int fd = -1;
	int rc = database_usable(db, e);
	if (!rc)
		rc = database_present(db, e); /* the copy is to take the name */
	if (rc)
		return rc;
	c->before = file_size(db);
	rc = backup_temporary(c->store, &fd, &path, e);
	if (rc)
		return rc;
	rc = write_copy(db, fd, &c->after, e);
	if (!rc)
		rc = renumber(c->store, db, &path, &fd, &c->after, e);
	close(fd);
	if (!rc && asprintf(&lock, "%s-lock", path) < 0) {
		lock = NULL;
		rc = err_nomem(e);
	}
	if (!rc)
		rc = database_open_copy(&fresh, db, path, e);
	if (!rc)
		rc = exchange_names(fresh, db, lock, e);
	if (rc) {
		(void)unlink(path);
		if (lock)
			(void)unlink(lock);
	} else {
		database_exchange(db, fresh);
		if (fsync(c->store->folder))
			rc = err_errno(e, errno, "sync", c->store->path);
	}
	if (fresh) {
		database_close(fresh);
		database_unref(fresh);
	}
	free(lock);
	free(path);
	return rc;
}

int store_compact(struct store *s, const char *database, uint64_t *before, uint64_t *after, struct err *e)
{
	struct database *db;
	struct claim claim;
	struct compaction c = { .store = s };
	struct definition_change change = { .write.kind = WRITE_APART, .apply = compact, .out = &c };
	int rc = store_database(s, database, &db, e);
	if (rc)
		return rc;
	rc = claim_take(&claim, db, "compaction", e);
	if (!rc) {
		rc = writer_change(db, &change, e);
		claim_end(&claim);
	}
	if (rc && rc != LYRE_ENOTFOUND && rc != LYRE_EBUSY && !db->broken)
		log_error("store", "%s", e->text);
	database_unref(db);
	*before = c.before;
	*after = c.after;
	return rc;
}

/* ---- counting free space ---- */

/* LMDB stores the pages freed by a transaction as a list, its length first. */
static int count_free(struct snapshot *s, uint64_t *ret, struct err *e)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	uint64_t pages = 0;
	int code = guard_cursor_open(s, 0, &cursor);
	if (code)
		return store_error(e, code, "read", s->db);
	while (!(code = guard_cursor_get(s, cursor, &key, &value, MDB_NEXT))) {
		size_t count = 0;
		if (value.mv_size >= sizeof count)
			memcpy(&count, value.mv_data, sizeof count);
		pages += count;
	}
	mdb_cursor_close(cursor);
	*ret = pages;
	return code == MDB_NOTFOUND ? 0 : store_error(e, code, "read", s->db);
}

int storage_of(struct snapshot *s, struct lyre_storage *ret, struct err *e)
{
	struct database *db = s->db;
	uint64_t pages = 0;
	MDB_envinfo info = { .me_last_pgno = 0 };
	int rc = count_free(s, &pages, e);
	if (!rc)
		rc = store_error(e, guard_info(db, &info), "read", db);
	uint64_t size = file_size(db), used = (uint64_t)info.me_last_pgno + 1;
	used = (used > pages ? used - pages : 0) * db->page_size;
	ret->file_size = size;
	ret->used_size = used < size ? used : size;
	ret->reclaimable_size = size - ret->used_size;
	return rc;
}

int storage_look(struct database *db, struct lyre_storage *ret, struct err *e)
{
	struct snapshot snapshot;
	int rc = snapshot_begin(&snapshot, db, e);
	if (rc)
		return rc;
	rc = storage_of(&snapshot, ret, e);
	snapshot_end(&snapshot);
	return rc;
}

int store_storage(struct store *s, const char *database, struct lyre_storage *ret, struct err *e)
{
	struct database *db;
	int rc = store_database(s, database, &db, e);
	if (rc)
		return rc;
	rc = database_present(db, e);
	if (!rc)
		rc = storage_look(db, ret, e);
	database_unref(db);
	return rc;
}

/* ---- checking ---- */

struct check_start {
	MDB_txn *txn;         /* keeps the pages of that moment unchanged */
	unsigned char *heads; /* as of that moment, as only these are overwritten */
	size_t size;          /* of the file */
	double now;           /* that moment: records that expire later are not expected to be removed */
	int fd;
};

/* On the writer's thread, between transactions, so that the newest head is complete and matches the snapshot. */
static int check_begin(struct database *db, struct definition_change *change, struct err *e)
{
	struct check_start *c = change->out;
	int rc = database_usable(db, e);
	if (rc)
		return rc;
	MDB_envinfo info;
	struct stat st;
	mdb_filehandle_t fd;
	mdb_env_info(db->env, &info);
	size_t want = (info.me_last_pgno + 1) * db->page_size + CHECK_ROOM, heads = 2 * (size_t)db->page_size;
	struct err ignored;
	if (want > info.me_mapsize)
		(void)database_grow(db, want, false, &ignored); /* without it, writers that need more wait for the end */
	if (mdb_env_get_fd(db->env, &fd) || fstat(fd, &st))
		return err_errno(e, errno, "check", db->file);
	c->now = now_ms();
	if (c->now < db->writer.time)
		c->now = db->writer.time;
	c->fd = fd;
	c->size = (size_t)st.st_size;
	c->heads = malloc(heads);
	if (!c->heads)
		return err_nomem(e);
	if (pread(fd, c->heads, heads, 0) != (ssize_t)heads)
		return err_set(e, LYRE_EIO, "cannot read %s", db->file);
	rc = store_error(e, read_begin(db, &c->txn), "check", db);
	if (!rc)
		rc = database_hold(db, 0, e);
	if (rc && c->txn) {
		mdb_txn_abort(c->txn);
		c->txn = NULL;
	}
	return rc;
}

struct check {
	struct lmdb_bytes file, heads;
	double now;
	struct backup_counts *counts;
	int rc;
	struct err why;
};

static void check_step(void *arg)
{
	struct check *c = arg;
	c->rc = backup_verify_moment(c->file, c->heads, c->now, c->counts, &c->why);
}

static int check_bytes(struct database *db, const struct check_start *start, struct backup_counts *counts, struct err *e)
{
	void *bytes = mmap(NULL, start->size, PROT_READ, MAP_SHARED, start->fd, 0);
	if (bytes == MAP_FAILED)
		return err_errno(e, errno, "check", db->file);
	struct check c = {
		.file = { bytes, start->size },
		.heads = { start->heads, 2 * (size_t)db->page_size },
		.now = start->now,
		.counts = counts,
	};
	int left = guard_run(db, check_step, &c);
	munmap(bytes, start->size);
	if (left)
		return store_error(e, left, "check", db);
	if (c.rc == LYRE_ECORRUPT)
		return err_set(e, c.rc, "database '%s' failed the check: %s", db->name, c.why.text);
	if (c.rc)
		*e = c.why;
	return c.rc;
}

int store_check(struct store *s, const char *database, struct lyre_check *ret, struct err *e)
{
	struct database *db;
	struct claim claim;
	struct check_start c = { 0 };
	struct backup_counts counts = { 0 };
	struct definition_change change = { .write.kind = WRITE_APART, .apply = check_begin, .out = &c };
	int rc = store_database(s, database, &db, e);
	if (rc)
		return rc;
	rc = claim_take(&claim, db, "check", e);
	if (rc)
		goto out;
	rc = writer_change(db, &change, e);
	if (!rc) {
		rc = check_bytes(db, &c, &counts, e);
		mdb_txn_abort(c.txn);
		database_release(db);
	}
	free(c.heads);
	claim_end(&claim);
	if (rc == LYRE_ECORRUPT)
		log_error("store", "%s", e->text);
	ret->tables = counts.tables;
	ret->records = counts.records;
	ret->index_entries = counts.index_entries;
out:
	database_unref(db);
	return rc;
}
