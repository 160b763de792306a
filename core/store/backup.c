/* SPDX-License-Identifier: Apache-2.0 */
/* Takes a backup: of a database as LMDB copies it, or of some of its tables into a database of their own. */
#include "store/backup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Spare map that writers may fill during the copy before they must wait for its end. */
#define ROOM ((size_t)256 << 20)
/* Bytes that a copy of tables writes in one transaction. */
#define BATCH_BYTES ((size_t)32 << 20)
#define TREE_NAMES_MAX 4 /* meta, tables, dropped, and one to spare */

int backup_temporary(const struct store *s, int *fd, char **path, struct err *e)
{
	if (asprintf(path, "%s/.backup-XXXXXX.mdb.new", s->path) < 0) {
		*path = NULL;
		return err_nomem(e);
	}
	*fd = mkostemps(*path, (int)strlen(".mdb.new"), O_CLOEXEC);
	if (*fd >= 0)
		return 0;

	int rc = err_errno(e, errno, "create a file in", s->path);

	free(*path);
	*path = NULL;
	return rc;
}

/* ---- one at a time per database ---- */

static pthread_mutex_t claims_lock = PTHREAD_MUTEX_INITIALIZER;
static struct claim *claims;

int claim_take(struct claim *c, const struct database *db, const char *what, struct err *e)
{
	const char *taken = NULL;

	pthread_mutex_lock(&claims_lock);
	for (const struct claim *other = claims; other; other = other->next)
		taken = other->db == db ? other->what : taken;
	if (!taken) {
		*c = (struct claim){ .next = claims, .db = db, .what = what };
		claims = c;
	}
	pthread_mutex_unlock(&claims_lock);
	return taken ? err_set(e, LYRE_EBUSY, "a %s of database '%s' is in progress", taken, db->name) : 0;
}

void claim_end(struct claim *c)
{
	pthread_mutex_lock(&claims_lock);
	for (struct claim **at = &claims; *at; at = &(*at)->next) {
		if (*at == c) {
			*at = c->next;
			break;
		}
	}
	pthread_mutex_unlock(&claims_lock);
}

/* ---- a whole database ---- */

static int copy_database(struct database *db, int fd, struct err *e)
{
	int code = guard_copy(db, fd, MDB_CP_COMPACT);

	/* LMDB cannot compact a file whose list of free pages is incomplete, although all its data is intact. */
	if (code == MDB_INCOMPATIBLE) {
		if (ftruncate(fd, 0) || lseek(fd, 0, SEEK_SET))
			return err_errno(e, errno, "write a backup of", db->name);
		code = guard_copy(db, fd, 0);
	}
	return store_error(e, code, "back up", db);
}

/* ---- some tables ---- */

struct copy {
	struct database *db;
	struct snapshot snapshot;
	const struct table **tables; /* as in the snapshot, in order of creation */
	size_t count;
	MDB_cursor *cursor; /* in the snapshot */
	MDB_env *env;       /* the copy */
	MDB_txn *txn;
	size_t batch; /* bytes in txn */
	const char *path;
	int code; /* the first LMDB error */
};

static int compare_ids(const void *x, const void *y)
{
	const struct table *const *a = x, *const *b = y;

	return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

/** Finds the named tables, each once. The caller must release the references in \p c. */
static int find_tables(struct copy *c, struct store *s, const char *const *names, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		const struct table *t;
		int rc = store_table(s, c->db->name, names[i], &t, e);

		if (rc)
			return rc;

		const struct table *then = snapshot_table(&c->snapshot, t);

		if (then)
			c->tables[c->count++] = table_ref(then);
		else
			rc = err_set(e, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", c->db->name, names[i]);
		table_unref(t);
		if (rc)
			return rc;
	}
	qsort(c->tables, c->count, sizeof(*c->tables), compare_ids);

	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (kept && c->tables[kept - 1] == c->tables[i])
			table_unref(c->tables[i]);
		else
			c->tables[kept++] = c->tables[i];
	}
	c->count = kept;
	return 0;
}

/** Appends an entry, which sorts after all others in the tree; commits now and then. */
static int copy_entry(struct copy *c, MDB_dbi to, MDB_val *key, MDB_val *data)
{
	int code = c->txn ? 0 : mdb_txn_begin(c->env, NULL, 0, &c->txn);

	if (!code)
		code = mdb_put(c->txn, to, key, data, MDB_APPEND);
	c->batch += key->mv_size + data->mv_size;
	if (!code && c->batch > BATCH_BYTES) {
		c->batch = 0;
		code = mdb_txn_commit(c->txn);
		c->txn = NULL;
	}
	return code;
}

static void close_cursor(struct copy *c)
{
	if (c->cursor)
		mdb_cursor_close(c->cursor);
	c->cursor = NULL;
}

/** Creates a tree and copies another's entries from \p first on, as long as their keys start with it. */
static int copy_tree(struct copy *c, MDB_dbi from, const char *name, MDB_val first, MDB_dbi *to)
{
	int code = c->txn ? 0 : mdb_txn_begin(c->env, NULL, 0, &c->txn);
	MDB_val key = first, data;
	MDB_stat st;

	if (!code)
		code = mdb_stat(c->snapshot.txn, from, &st); /* reads the page that opening a cursor reads; leaving
 * that by a jump would leak the cursor */
	if (!code && *to == 0)
		code = mdb_dbi_open(c->txn, name, MDB_CREATE, to);
	if (!code)
		code = mdb_cursor_open(c->snapshot.txn, from, &c->cursor);
	if (!code)
		code = mdb_cursor_get(c->cursor, &key, &data, first.mv_size ? MDB_SET_RANGE : MDB_FIRST);
	while (!code && key.mv_size >= first.mv_size && memcmp(key.mv_data, first.mv_data, first.mv_size) == 0) {
		code = copy_entry(c, *to, &key, &data);
		if (!code)
			code = mdb_cursor_get(c->cursor, &key, &data, MDB_NEXT);
	}
	close_cursor(c);
	return code == MDB_NOTFOUND ? 0 : code;
}

static int copy_whole_tree(struct copy *c, MDB_dbi from, const char *name)
{
	MDB_dbi to = 0;

	return copy_tree(c, from, name, val("", 0), &to);
}

static int copy_table(struct copy *c, const struct table *t, MDB_dbi *definitions)
{
	unsigned char id[ATTRIBUTE_KEY_LEN];
	char name[TREE_NAME_MAX];

	table_key(id, t->id, 0);

	int code = copy_tree(c, c->db->tables, "tables", val(id, TABLE_KEY_LEN), definitions);

	records_tree(name, t->id);
	if (!code)
		code = copy_whole_tree(c, t->records, name);
	if (!code && t->expiry) {
		expiry_tree(name, t->id);
		code = copy_whole_tree(c, t->expiry, name);
	}
	for (uint16_t i = 0; i < t->attribute_count && !code; i++) {
		const struct attribute *a = &t->attributes[i];

		if (!a->index)
			continue;
		index_tree(name, t->id, a->id);
		code = copy_whole_tree(c, a->index, name);
	}
	return code;
}

static unsigned count_trees(const struct copy *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += 2u + c->tables[i]->attribute_count;
	return n;
}

static int open_target(struct copy *c, const char *path)
{
	MDB_envinfo info;
	int code = mdb_env_create(&c->env);

	if (code)
		return code;
	mdb_env_info(c->db->env, &info);

	/* A copy made in order is never larger than its source; its transactions leave a few free pages. */
	size_t room = (info.me_last_pgno + 1) * c->db->page_size;

	room += room / 8 + ((size_t)16 << 20);
	code = mdb_env_set_maxdbs(c->env, count_trees(c) + TREE_NAMES_MAX);
	if (!code)
		code = mdb_env_set_mapsize(c->env, room);
	if (!code)
		code = mdb_env_open(c->env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | MDB_NOSYNC, 0600);
	return code;
}

/** A guarded step: if a page is invalid, both environments are abandoned. */
static void copy_tables(void *arg)
{
	struct copy *c = arg;
	MDB_dbi definitions = 0, dropped;
	int code = open_target(c, c->path);

	if (!code)
		code = copy_whole_tree(c, c->db->meta, "meta");
	if (!code && !c->txn)
		code = mdb_txn_begin(c->env, NULL, 0, &c->txn);
	if (!code)
		code = mdb_dbi_open(c->txn, "tables", MDB_CREATE, &definitions);
	if (!code)
		code = mdb_dbi_open(c->txn, "dropped", MDB_CREATE, &dropped);
	for (size_t i = 0; i < c->count && !code; i++)
		code = copy_table(c, c->tables[i], &definitions);
	if (c->txn) {
		if (code)
			mdb_txn_abort(c->txn);
		else
			code = mdb_txn_commit(c->txn);
	}
	if (c->env)
		mdb_env_close(c->env);
	c->code = code;
}

static int backup_tables(
	struct store *s, struct database *db, const char *const *names, size_t count, const char *path, struct err *e)
{
	struct copy c = { .db = db, .path = path, .tables = calloc(count, sizeof(*c.tables)) };

	if (!c.tables)
		return err_nomem(e);

	int rc = snapshot_begin(&c.snapshot, db, e);

	if (rc)
		goto out;
	rc = find_tables(&c, s, names, count, e);
	if (!rc) {
		int left = guard_run(db, copy_tables, &c);

		close_cursor(&c);
		if (left && c.env)
			guard_leave_environment(c.env);
		rc = store_error(e, left ? left : c.code, "back up", db);
	}
	snapshot_end(&c.snapshot);
out:
	for (size_t i = 0; i < c.count; i++)
		table_unref(c.tables[i]);
	free(c.tables);
	return rc;
}

/* ---- both ---- */

/*
 * The copy is complete before any of it is sent. A stream directly from LMDB would hold its snapshot for as long as the
 * client takes: the file would grow, writers would wait for the end once ROOM is used up, and a failure midway could no
 * longer be answered. So the copy needs disk space for a while: this is checked first, so that writers do not find the
 * disk full.
 */
static int check_room(const struct store *s, struct database *db, struct err *e)
{
	struct lyre_storage storage = { .size = sizeof storage };
	int rc = storage_look(db, &storage, e);
	uint64_t room = store_room(s);

	if (rc || storage.used_size <= room)
		return rc;
	return err_set(e, LYRE_ENOSPACE,
		"a backup of database '%s' needs %" PRIu64 " bytes of disk space until it is sent, and there is "
		"room for %" PRIu64 " in %s",
		db->name, storage.used_size, room, s->path);
}

int store_backup(struct store *s, const char *database, const char *const *tables, size_t count, int *ret, struct err *e)
{
	struct database *db;
	struct claim claim;
	char *path = NULL;
	int fd = -1;
	int rc = store_database(s, database, &db, e);

	if (rc)
		return rc;
	rc = claim_take(&claim, db, "backup", e);
	if (rc)
		goto out;
	rc = count ? 0 : check_room(s, db, e);
	if (!rc)
		rc = backup_temporary(s, &fd, &path, e);
	if (!rc)
		rc = database_hold(db, ROOM, e);
	if (!rc) {
		/* The hold comes first, so that no writer waiting for the gate makes readers wait for the end of this snapshot. */
		rc = count ? backup_tables(s, db, tables, count, path, e) : copy_database(db, fd, e);
		database_release(db);
	}
	if (!rc && lseek(fd, 0, SEEK_SET))
		rc = err_errno(e, errno, "read", path);
	claim_end(&claim);
out:
	if (path)
		(void)unlink(path);
	free(path);
	if (!rc)
		*ret = fd;
	else if (fd >= 0)
		close(fd);
	database_unref(db);
	return rc;
}
