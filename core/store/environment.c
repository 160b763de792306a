/* SPDX-License-Identifier: Apache-2.0 */
/* One database file: creating, opening, exchanging and closing it. */
#include "base/thread.h"
#include "base/memory.h"
#include "base/text.h"
#include "store/backup_internal.h"
#include "store/ballast.h"
#include "store/clock.h"
#include "store/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MODE 0600
/** Handles in addition to those of tables: meta, tables, dropped, log, and one that is being freed. */
#define OWN_TREES 8
/** A new file's map: it is almost empty. */
#define MAP_NEW ((size_t)1 << 20)
/** Bytes per reader in LMDB's lock file, and an upper bound of its head, in readers. */
#define LOCK_READER 64
#define LOCK_HEAD 8

/* ---- the structure ---- */

static struct database *database_new(const struct store_options *o, const char *file)
{
	struct database *db = calloc(1, sizeof *db);
	if (!db)
		return NULL;
	db->refs = 1;
	db->options = *o;
	db->file = strdup(file);
	if (!db->file) {
		free(db);
		return NULL;
	}
	rwlock_init(&db->gate);
	pthread_mutex_init(&db->lock, NULL);
	cond_init_monotonic(&db->published);
	writer_init(&db->writer);
	return db;
}

struct database *database_ref(struct database *db)
{
	atomic_fetch_add_explicit(&db->refs, 1, memory_order_relaxed);
	return db;
}

void database_unref(struct database *db)
{
	if (!db || atomic_fetch_sub_explicit(&db->refs, 1, memory_order_acq_rel) != 1)
		return;
	writer_free(&db->writer);
	watches_free(db);
	pthread_cond_destroy(&db->published);
	pthread_mutex_destroy(&db->lock);
	rwlock_destroy(&db->gate);
	free(db->failure);
	free(db->file);
	free(db->name);
	free(db);
}

const char *database_name(const struct database *db)
{
	return db->name;
}

struct database *database_failed(const struct store_options *o, const char *name, const char *file, const struct err *why)
{
	struct database *db = database_new(o, file);
	if (!db)
		return NULL;
	db->name = strdup(name);
	db->failure = malloc(sizeof *why);
	if (!db->name || !db->failure) {
		database_unref(db);
		return NULL;
	}
	*db->failure = *why;
	return db;
}

/* ---- the file ---- */

static int put_meta(MDB_txn *txn, MDB_dbi meta, const char *key, const void *data, size_t len)
{
	MDB_val k = val(key, strlen(key)), v = val(data, len);
	return mdb_put(txn, meta, &k, &v, 0);
}

static bool get_meta(MDB_txn *txn, MDB_dbi meta, const char *key, MDB_val *v)
{
	MDB_val k = val(key, strlen(key));
	return !mdb_get(txn, meta, &k, v);
}

static int fill_file(MDB_env *env, const char *name)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(env, NULL, 0, &txn);
	if (rc)
		return rc;
	MDB_dbi meta, other;
	struct buf b;
	buf_init(&b);
	if ((rc = mdb_dbi_open(txn, "meta", MDB_CREATE, &meta)) || (rc = mdb_dbi_open(txn, "tables", MDB_CREATE, &other)) ||
		(rc = mdb_dbi_open(txn, "dropped", MDB_CREATE, &other)))
		goto out;
	char uuid[37];
	uuid_text(uuid);
	put_int(&b, STORE_FORMAT, 4);
	put_double(&b, now_ms());
	put_int(&b, 1, 4);
	if (b.failed) {
		rc = ENOMEM;
		goto out;
	}
	if ((rc = put_meta(txn, meta, "format", b.data, 4)) || (rc = put_meta(txn, meta, "created", b.data + 4, 8)) ||
		(rc = put_meta(txn, meta, "next", b.data + 12, 4)) || (rc = put_meta(txn, meta, "uuid", uuid, 36)) ||
		(rc = put_meta(txn, meta, "name", name, strlen(name))))
		goto out;
	rc = mdb_txn_commit(txn);
	txn = NULL;
out:
	if (txn)
		mdb_txn_abort(txn);
	buf_free(&b);
	return rc;
}

int database_make_file(const struct store_options *o, const char *name, const char *file, struct err *e)
{
	char *fresh;
	MDB_env *env = NULL;
	if (asprintf(&fresh, "%s.new", file) < 0)
		return err_nomem(e);
	int rc = 0;
	(void)unlink(fresh);
	memory_lasting_begin();
	int code = mdb_env_create(&env);
	if (!code && !(code = mdb_env_set_maxdbs(env, 4)) && !(code = mdb_env_set_mapsize(env, MAP_NEW)) &&
		!(code = mdb_env_open(env, fresh, MDB_NOSUBDIR | MDB_NOTLS | MDB_NOLOCK, FILE_MODE)))
		code = fill_file(env, name);
	memory_lasting_end();
	if (env)
		mdb_env_close(env);
	struct database unnamed = { .name = (char *)(uintptr_t)name, .file = fresh, .options = *o };
	if (code)
		rc = store_error(e, code, "make", &unnamed);
	else if (rename(fresh, file))
		rc = err_errno(e, errno, "make", file);
	if (rc)
		(void)unlink(fresh);
	free(fresh);
	return rc;
}

/* LMDB would turn an empty file into a new database, and the file may not be ours. */
static int check_size(const char *file, size_t *size, struct err *e)
{
	struct stat st;
	if (stat(file, &st))
		return err_errno(e, errno, "open", file);
	if (!S_ISREG(st.st_mode) || st.st_size < 1024)
		return err_set(e, LYRE_ECORRUPT, "%s is not a database", file);
	*size = (size_t)st.st_size;
	return 0;
}

static int read_meta(struct database *db, MDB_txn *txn, bool named, struct err *e)
{
	int rc = mdb_dbi_open(txn, "meta", 0, &db->meta);
	if (rc == MDB_NOTFOUND || rc == MDB_INCOMPATIBLE)
		return err_set(e, LYRE_ECORRUPT, "%s is not a database of this server", db->file);
	if (rc)
		return store_error(e, rc, "open", db);
	MDB_val v;
	if (!get_meta(txn, db->meta, "format", &v) || v.mv_size != 4)
		return err_set(e, LYRE_ECORRUPT, "%s is not a database of this server", db->file);
	struct reader r = reader_of(v);
	uint64_t format = get_int(&r, 4);
	if (format != STORE_FORMAT)
		return err_set(e, LYRE_ECORRUPT, "%s has the %s format %u; this server supports format %d", db->file,
			format > STORE_FORMAT ? "newer" : "older", (unsigned)format, STORE_FORMAT);
	if (!named) {
		if (!get_meta(txn, db->meta, "name", &v) || memchr(v.mv_data, 0, v.mv_size))
			return err_set(e, LYRE_ECORRUPT, "%s has no name", db->file);
		if (!(db->name = strndup(v.mv_data, v.mv_size)))
			return err_nomem(e);
	}
	if (!get_meta(txn, db->meta, "created", &v) || v.mv_size != 8)
		return err_set(e, LYRE_ECORRUPT, "%s is damaged", db->file);
	r = reader_of(v);
	db->created = get_double(&r);
	if (!get_meta(txn, db->meta, "next", &v) || v.mv_size != 4)
		return err_set(e, LYRE_ECORRUPT, "%s is damaged", db->file);
	r = reader_of(v);
	db->writer.committed.next_table = (uint32_t)get_int(&r, 4);
	if (!get_meta(txn, db->meta, "uuid", &v) || v.mv_size != 36)
		return err_set(e, LYRE_ECORRUPT, "%s is damaged", db->file);
	memcpy(db->uuid, v.mv_data, 36);
	if ((rc = mdb_dbi_open(txn, "tables", 0, &db->tables)) || (rc = mdb_dbi_open(txn, "dropped", 0, &db->dropped)))
		return store_error(e, rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc, "open", db);
	MDB_dbi log;
	rc = mdb_dbi_open(txn, "log", 0, &log);
	if (rc && rc != MDB_NOTFOUND)
		return store_error(e, rc, "open", db);
	db->writer.committed.log = rc ? 0 : log;
	db->log = rc ? 0 : log;
	return clock_load(db, txn, e);
}

static void count_trees(struct database *db, MDB_txn *txn)
{
	MDB_stat st;
	unsigned n = 0;
	for (size_t i = 0; i < db->catalogue->count; i++) {
		const struct table *t = db->catalogue->by_id[i];
		n += 1 + (t->expiry != 0);
		for (uint16_t j = 0; j < t->attribute_count; j++)
			n += t->attributes[j].index != 0;
	}
	if (!mdb_stat(txn, db->dropped, &st))
		n += (unsigned)st.ms_entries;
	db->writer.committed.trees = n;
}

static size_t lock_size(const struct database *db)
{
	return (db->options.max_readers + LOCK_HEAD) * LOCK_READER;
}

/*
 * The table of readers is written through a map, where a full disk causes a signal instead of an error: its space is
 * allocated in advance.
 * \return 0 or an errno
 */
static int reserve_lock(const struct database *db)
{
	char *lock;
	if (asprintf(&lock, "%s-lock", db->file) < 0)
		return ENOMEM;
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE), rc = fd < 0 ? errno : 0;
	free(lock);
	if (rc)
		return rc;
	rc = posix_fallocate(fd, 0, (off_t)lock_size(db));
	close(fd);
	return rc == EOPNOTSUPP || rc == EINVAL ? 0 : rc; /* the file system cannot allocate in advance */
}

static int open_environment(struct database *db, size_t size, struct err *e)
{
	const struct store_options *o = &db->options;
	size_t map = 0;
	int rc = database_first_map(db, size, &map, e);
	if (rc)
		return rc;
	int lock = reserve_lock(db);
	if (ballast_is_full(lock) && ballast_spend(o->ballast, lock_size(db)))
		lock = reserve_lock(db);
	unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | (o->read_ahead ? 0 : MDB_NORDAHEAD) | (o->write_async ? MDB_NOSYNC : 0);
	memory_lasting_begin();
	rc = mdb_env_create(&db->env);
	if (!rc && !(rc = mdb_env_set_maxdbs(db->env, o->max_trees + OWN_TREES)) &&
		!(rc = mdb_env_set_maxreaders(db->env, o->max_readers)) && !(rc = mdb_env_set_mapsize(db->env, map)) &&
		!(rc = lock))
		rc = mdb_env_open(db->env, db->file, flags, FILE_MODE);
	memory_lasting_end();
	if (!rc) {
		int dead, fd;
		/* LMDB does not set close-on-exec on this one. */
		if (mdb_env_get_fd(db->env, &fd) == 0)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		guard_environment(db);
		mdb_reader_check(db->env, &dead);
		MDB_stat st;
		mdb_env_stat(db->env, &st);
		db->page_size = st.ms_psize;
		return 0;
	}
	if (db->env)
		mdb_env_close(db->env);
	db->env = NULL;
	if (rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_CORRUPTED)
		return err_set(e, LYRE_ECORRUPT, "%s is not a database, or is damaged: %s", db->file, mdb_strerror(rc));
	return store_error(e, rc, "open", db);
}

/* Opens everything except the threads. */
static int open_still(struct database **ret, const struct store_options *o, const char *name, const char *file, struct err *e)
{
	size_t size = 0;
	int rc = check_size(file, &size, e);
	if (!rc)
		rc = backup_verify_file(file, o->check_at_start, e);
	if (rc)
		return rc;
	struct database *db = database_new(o, file);
	if (!db)
		return err_nomem(e);
	MDB_txn *txn = NULL;
	if (name && !(db->name = strdup(name))) {
		rc = err_nomem(e);
		goto out;
	}
	rc = open_environment(db, size, e);
	if (rc)
		goto out;
	int code = read_begin(db, &txn);
	if (code) {
		rc = code == ENOMEM ? err_nomem(e) : err_set(e, LYRE_EIO, "cannot read %s: %s", file, mdb_strerror(code));
		goto out;
	}
	rc = read_meta(db, txn, name != NULL, e);
	if (!rc)
		rc = catalogue_load(db, txn, &db->catalogue, e);
	if (rc)
		goto out;
	count_trees(db, txn);
	/* a commit, so that the handles stay */
	code = mdb_txn_commit(txn);
	txn = NULL;
	if (code)
		rc = store_error(e, code, "open", db);
out:
	if (txn)
		mdb_txn_abort(txn);
	if (rc) {
		database_close(db);
		database_unref(db);
	} else {
		*ret = db;
	}
	return rc;
}

int database_open(struct database **ret, const struct store_options *o, const char *name, const char *file, struct err *e)
{
	struct database *db;
	int rc = open_still(&db, o, name, file, e);
	if (rc)
		return rc;
	rc = background_begin(db, e);
	if (rc) {
		database_close(db);
		database_unref(db);
	} else {
		*ret = db;
	}
	return rc;
}

int database_open_copy(struct database **ret, const struct database *of, const char *file, struct err *e)
{
	return open_still(ret, &of->options, of->name, file, e);
}

void database_exchange(struct database *db, struct database *copy)
{
	struct catalogue *c = copy->catalogue;
	for (size_t i = 0; i < c->count; i++) {
		struct table *t = &definition_of(c->by_id[i])->table;
		const struct table *old = catalogue_by_id(db->catalogue, t->id);
		bool renumbered = old && definition_of(old)->next_attribute != definition_of(t)->next_attribute;
		t->numbering = old ? old->numbering + renumbered : 0;
		t->db = database_ref(db);
		database_unref(copy);
	}
	(void)gate_shut(db, true);
	slots_close(db);
	pthread_mutex_lock(&db->lock);
	MDB_env *env = db->env;
	db->env = copy->env;
	copy->env = env;
	db->exchanging = false;
	mdb_env_set_userctx(db->env, db);
	mdb_env_set_userctx(env, copy);
	copy->catalogue = db->catalogue;
	db->catalogue = c;
	db->meta = copy->meta;
	db->tables = copy->tables;
	db->dropped = copy->dropped;
	db->log = copy->log;
	db->committed = copy->committed;
	db->writer.committed.log = copy->log;
	db->writer.committed.trees = copy->writer.committed.trees;
	pthread_mutex_unlock(&db->lock);
	gate_open(db);
}

void database_close(struct database *db)
{
	writer_stop(db);
	(void)gate_shut(db, true);
	slots_close(db);
	if (db->abandoned) {
		guard_leave_environment(db->env);
	} else if (db->env) {
		if (db->options.write_async)
			mdb_env_sync(db->env, 1);
		mdb_env_close(db->env);
	}
	pthread_mutex_lock(&db->lock);
	db->env = NULL;
	struct catalogue *c = db->catalogue;
	db->catalogue = NULL;
	pthread_mutex_unlock(&db->lock);
	gate_open(db);
	catalogue_unref(c);
}
