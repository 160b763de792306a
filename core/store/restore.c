/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a backup in: copied, checked, given its name, then made a database, or nothing of it stays. */
#include "base/file.h"
#include "base/text.h"
#include "store/backup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES ((size_t)1 << 20)
#define MAP_SPARE ((size_t)1 << 20)
/** A code that neither errno nor LMDB has. */
#define WAS_SYSTEM (-1)

int backup_verify(int fd, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st))
		return err_errno(e, errno, "read", "the backup");
	if (st.st_size == 0)
		return backup_verify_bytes(NULL, 0, e);
	if ((uintmax_t)st.st_size > SIZE_MAX)
		return err_set(e, LYRE_ENOTSUP, "the file is larger than this machine can map");

	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);

	if (bytes == MAP_FAILED)
		return err_errno(e, errno, "read", "the backup");

	int rc = backup_verify_bytes(bytes, (size_t)st.st_size, e);

	munmap(bytes, (size_t)st.st_size);
	return rc;
}

/** Whether it is the file of a database of ours, which is written to while it is read. */
static bool is_in_use(struct store *s, const struct stat *file)
{
	struct stat st;
	bool ret = false;

	rwlock_read(&s->lock);
	for (size_t i = 0; i < s->count && !ret; i++)
		ret = !stat(s->databases[i]->file, &st) && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
	rwlock_read_end(&s->lock);
	return ret;
}

static int open_backup(struct store *s, const char *path, int *ret, struct err *e)
{
	struct stat st;
	/* A pipe must not make the open wait. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int rc = 0;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, LYRE_ENOTFOUND, "there is no file '%s'", path);
	if (fd < 0)
		return err_errno(e, errno, "open", path);
	if (fstat(fd, &st))
		rc = err_errno(e, errno, "read", path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, LYRE_EINVAL, "'%s' is not a file", path);
	else if (is_in_use(s, &st))
		rc = err_set(e, LYRE_EINVAL, "'%s' is the file of a database that is in use: make a backup of it", path);
	if (rc)
		close(fd);
	else
		*ret = fd;
	return rc;
}

/** \return 0 or an errno */
static int copy_plain(int from, int to)
{
	char *bytes = malloc(COPY_BYTES);
	ssize_t n = 0;
	int code = bytes ? 0 : ENOMEM;

	while (!code && (n = read(from, bytes, COPY_BYTES)) != 0) {
		if (n > 0)
			code = file_write(to, bytes, (size_t)n);
		else if (errno != EINTR)
			code = errno;
	}
	free(bytes);
	return code;
}

static int copy_file(int from, int to)
{
	ssize_t n;

	while ((n = copy_file_range(from, NULL, to, NULL, COPY_BYTES, 0)) > 0 || (n < 0 && errno == EINTR))
		;
	/* Not every kernel and file system can; both files stand where it ended. */
	return copy_plain(from, to);
}

static int put_meta(MDB_txn *txn, MDB_dbi meta, const char *key, const char *text)
{
	MDB_val k = val(key, strlen(key)), v = val(text, strlen(text));

	return mdb_put(txn, meta, &k, &v, 0);
}

/** \return whether the copy was the system's */
static bool was_system(MDB_txn *txn, MDB_dbi meta)
{
	MDB_val k = val("name", 4), v;

	return !mdb_get(txn, meta, &k, &v) && v.mv_size == strlen(SYSTEM_DATABASE) && !memcmp(v.mv_data, SYSTEM_DATABASE, v.mv_size);
}

/** The copy is a database of its own: with its own name and identity. An errno or a code of LMDB, or WAS_SYSTEM. */
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

/** Fills the file at \p fd with a sound copy. */
static int bring_in(int from, int fd, const char *path, const char *name, struct err *e)
{
	struct stat st;
	int code = copy_file(from, fd);

	if (code)
		return err_errno(e, code, "write", path);

	int rc = backup_verify(fd, e);

	if (rc)
		return rc;
	if (fstat(fd, &st))
		return err_errno(e, errno, "read", path);

	struct database unnamed = { .name = (char *)(uintptr_t)name, .file = (char *)(uintptr_t)path };

	code = rename_inside(path, name, (size_t)st.st_size);
	if (code == WAS_SYSTEM) /* by another name its hashes and stamps would be records like others */
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

int store_restore(struct store *s, const char *database, const char *path, struct err *e)
{
	char *copy = NULL;
	int from = -1, fd = -1;
	/* It is asked again when the file is made the database: here, so that nothing large is copied in vain. */
	int rc = check_absent(s, database, e);

	if (rc)
		return rc;
	rc = open_backup(s, path, &from, e);
	if (!rc)
		rc = backup_temporary(s, &fd, &copy, e);
	if (!rc) {
		rc = bring_in(from, fd, copy, database, e);
		if (rc == LYRE_ECORRUPT) {
			struct err why = *e;

			err_set(e, rc, "cannot restore '%s': %s", path, why.text);
		}
		close(fd);
	}
	if (!rc)
		rc = store_adopt(s, database, copy, e);
	if (rc && copy)
		(void)unlink(copy);
	free(copy);
	if (from >= 0)
		close(from);
	return rc;
}
