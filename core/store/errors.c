/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static int code_of(int rc)
{
	switch (rc) {
	case MDB_NOTFOUND:
		return LYRE_ENOTFOUND;
	case MDB_MAP_FULL:
	case MDB_DBS_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return LYRE_ENOSPACE;
	case MDB_READERS_FULL:
	case MDB_TLS_FULL:
	case EAGAIN:
	case EBUSY:
	case EMFILE:
	case ENFILE:
		return LYRE_EBUSY;
	case MDB_TXN_FULL:
		return LYRE_ETOOBIG;
	case ENOMEM:
		return LYRE_ENOMEM;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_INCOMPATIBLE:
	case MDB_BAD_DBI:
	case MDB_CURSOR_FULL:
		return LYRE_ECORRUPT;
	case MDB_KEYEXIST:
	case MDB_BAD_TXN:
	case MDB_BAD_VALSIZE:
	case EINVAL:
		return LYRE_EINTERNAL;
	default:
		return LYRE_EIO;
	}
}

int database_usable(const struct database *db, struct err *e)
{
	return db->broken ? err_set(e, LYRE_EIO, "database '%s' has failed: restart the server", db->name) : 0;
}

/* Checks by the lock on the file. */
static bool is_named(const struct database *db)
{
	mdb_filehandle_t fd;
	struct stat open, named;
	if (!db->env || db->exchanging || mdb_env_get_fd(db->env, &fd) || fstat(fd, &open))
		return true;
	/* in the open folder: if the folder itself was moved, its files moved with it */
	if (fstatat(db->options.folder, strrchr(db->file, '/') + 1, &named, 0))
		return errno != ENOENT;
	return named.st_ino == open.st_ino && named.st_dev == open.st_dev;
}

int database_present(struct database *db, struct err *e)
{
	pthread_mutex_lock(&db->lock);
	bool named = is_named(db);
	pthread_mutex_unlock(&db->lock);
	if (named)
		return 0;
	return err_set(e, LYRE_EIO,
		"%s was removed or replaced while in use: database '%s' is no longer written, and can be "
		"backed up until the server is restarted",
		db->file, db->name);
}

int store_error(struct err *e, int rc, const char *doing, const struct database *db)
{
	if (!rc)
		return 0;
	if (rc == MDB_PANIC)
		return database_usable(db, e);
	int code = code_of(rc);
	if (code == LYRE_ENOMEM)
		return err_nomem(e);
	if (rc == MDB_TXN_FULL)
		return err_set(e, code, "cannot %s database '%s': the request is too large", doing, db->name);
	return err_set(e, code, "cannot %s database '%s' (%s): %s", doing, db->name, db->file, mdb_strerror(rc));
}
