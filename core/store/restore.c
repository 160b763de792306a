/* SPDX-License-Identifier: Apache-2.0 */
/* Restores a backup: it is copied, checked, named and then made a database; after a failure nothing of it remains. */
#include "base/file.h"
#include "base/text.h"
#include "store/backup_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES ((size_t)1 << 20)
#define MAP_SPARE ((size_t)1 << 20)
/** A code that is neither an errno nor one of LMDB's. */
#define WAS_SYSTEM (-1)

/** \return 0 or an errno */
static int copy_plain(int from, int to, uint64_t size)
{
	char *bytes = malloc(COPY_BYTES);
	ssize_t n = 0;
	int code = bytes ? 0 : ENOMEM;

	while (!code && (n = read(from, bytes, size < COPY_BYTES ? (size_t)size : COPY_BYTES)) != 0) {
		if (n > 0) {
			code = file_write(to, bytes, (size_t)n);
			size -= (size_t)n;
		} else if (errno != EINTR) {
			code = errno;
		}
	}
	free(bytes);
	return code;
}

/** Copies at most \p size bytes, even if the file grows meanwhile. */
static int copy_file(int from, int to, uint64_t size)
{
	ssize_t n;

	while ((n = copy_file_range(from, NULL, to, NULL, size < COPY_BYTES ? (size_t)size : COPY_BYTES, 0)) > 0 ||
		(n < 0 && errno == EINTR))
		size -= n > 0 ? (uint64_t)n : 0;
	/* Not every kernel and file system supports it; both files are positioned where it stopped. */
	return copy_plain(from, to, size);
}

static int put_meta(MDB_txn *txn, MDB_dbi meta, const char *key, const char *text)
{
	MDB_val k = val(key, strlen(key)), v = val(text, strlen(text));

	return mdb_put(txn, meta, &k, &v, 0);
}

/** \return whether the copy was the database "system" */
static bool was_system(MDB_txn *txn, MDB_dbi meta)
{
	MDB_val k = val("name", 4), v;

	return !mdb_get(txn, meta, &k, &v) && v.mv_size == strlen(SYSTEM_DATABASE) &&
		!memcmp(v.mv_data, SYSTEM_DATABASE, v.mv_size);
}

/** Makes the copy a database in its own right, with its own name and identity. An errno, an LMDB code, or WAS_SYSTEM. */
static int rename_inside(const char *path, const char *name, size_t size)
{
	char uuid[37];
	MDB_env *env;
	MDB_txn *txn = NULL;
	MDB_dbi meta;
	int code = mdb_env_create(&env);

	if (code)
		return code;
	uuid_text(uuid);
	code = mdb_env_set_maxdbs(env, 1);
	if (!code)
		code = mdb_env_set_mapsize(env, size + MAP_SPARE);
	if (!code)
		code = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS, 0600);
	if (!code)
		code = mdb_txn_begin(env, NULL, 0, &txn);
	if (!code)
		code = mdb_dbi_open(txn, "meta", 0, &meta);
	if (!code && was_system(txn, meta))
		code = WAS_SYSTEM;
	if (!code)
		code = put_meta(txn, meta, "name", name);
	if (!code)
		code = put_meta(txn, meta, "uuid", uuid);
	if (txn) {
		if (code)
			mdb_txn_abort(txn);
		else
			code = mdb_txn_commit(txn);
	}
	mdb_env_close(env);
	return code;
}

/** Makes the file at \p path, open as \p fd, a database in its own right, if it is intact. */
static int settle(int fd, const char *path, const char *name, struct err *e)
{
	struct stat st;
	int rc = backup_verify(fd, e);

	if (rc)
		return rc;
	if (fstat(fd, &st))
		return err_errno(e, errno, "read", path);

	struct database unnamed = { .name = (char *)(uintptr_t)name, .file = (char *)(uintptr_t)path };
	int code = rename_inside(path, name, (size_t)st.st_size);

	if (code == WAS_SYSTEM) /* under another name, its password hashes would be ordinary records */
		return err_set(e, LYRE_EDENIED, "a backup of the database 'system' cannot be restored while the server runs");
	rc = store_error(e, code, "restore", &unnamed);
	if (!rc && fsync(fd))
		rc = err_errno(e, errno, "sync", path);
	return rc;
}

static int check_absent(struct store *s, const char *name, struct err *e)
{
	struct database *db;
	struct err why;
	int rc = store_database(s, name, &db, &why);

	if (rc == LYRE_ENOTFOUND)
		return 0;
	if (rc == 0)
		database_unref(db);
	return err_set(e, LYRE_EEXISTS, "database '%s' already exists", name);
}

static int restore_copy(struct store *s, const char *database, const struct restore_source *from, struct err *e)
{
	char *copy = NULL;
	int fd = -1;
	int rc = backup_temporary(s, &fd, &copy, e);

	if (rc)
		return rc;

	int code = copy_file(from->fd, fd, from->size);

	rc = code ? err_errno(e, code, "write", copy) : settle(fd, copy, database, e);
	close(fd);
	if (!rc)
		rc = store_adopt(s, database, copy, e);
	if (rc)
		(void)unlink(copy);
	free(copy);
	return rc;
}

/** An uploaded file belongs to nobody else: no copy is needed. */
static int restore_in_place(struct store *s, const char *database, const struct restore_source *from, struct err *e)
{
	int rc = settle(from->fd, from->path, database, e);

	return rc ? rc : store_adopt(s, database, from->path, e);
}

/** Opens \p from and checks whether it can be restored. On success the caller closes from->fd. */
static int restore_begin(
	struct restore_source *from, struct store *s, const char *database, const char *path, struct upload *u, struct err *e)
{
	/* Checked again when the file becomes the database; here, so that nothing large is copied in vain. */
	int rc = check_absent(s, database, e);

	if (!rc && u)
		rc = upload_take_name(u, database, e);
	if (!rc)
		rc = restore_open(from, s, path, e);
	if (rc)
		return rc;
	if (u)
		from->size = upload_expected(u);
	from->upload = u;
	rc = restore_look(from, s, e);
	if (rc)
		close(from->fd);
	return rc;
}

/** Names what could not be restored, if the error is about its content. */
static int name_source(int rc, const char *path, const struct upload *u, struct err *e)
{
	struct err why;

	if (rc != LYRE_ECORRUPT && rc != LYRE_ENOSPACE)
		return rc;
	why = *e;
	return u ? err_set(e, rc, "cannot restore the uploaded file: %s", why.text) :
		   err_set(e, rc, "cannot restore '%s': %s", path, why.text);
}

int store_restore_look(struct store *s, const char *database, const char *path, struct upload *u, struct err *e)
{
	struct restore_source from;
	int rc = restore_begin(&from, s, database, path, u, e);

	if (!rc)
		close(from.fd);
	return name_source(rc, path, u, e);
}

int store_restore(struct store *s, const char *database, const char *path, struct upload *u, struct err *e)
{
	struct restore_source from;
	int rc = restore_begin(&from, s, database, path, u, e);

	if (!rc) {
		rc = u && upload_whole(u) ? restore_in_place(s, database, &from, e) : restore_copy(s, database, &from, e);
		close(from.fd);
	}
	return name_source(rc, path, u, e);
}
