/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/replace.c
 * \brief The configuration file on disk: read under a lock, replaced as a whole.
 */
#include "config/change.h"

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** Mode of a new file: it may come to contain secrets. */
#define FIRST_MODE 0640

/** Resolves \p path; of a missing file, only its folder. */
static int resolve(const char *path, char **ret, struct err *e)
{
	*ret = realpath(path, NULL);
	if (*ret)
		return 0;
	struct stat st;
	if (errno != ENOENT || lstat(path, &st) == 0)
		return err_errno(e, errno, "open", path);
	char *copy = strdup(path), *name = strdup(path);
	char *folder = copy && name ? realpath(dirname(copy), NULL) : NULL;
	struct buf whole;
	int rc = 0;

	buf_init(&whole);
	if (!copy || !name)
		rc = err_nomem(e);
	else if (!folder)
		rc = err_errno(e, errno, "open the folder of", path);
	else
		buf_addf(&whole, "%s/%s", folder, basename(name));
	if (!rc && !buf_cstr(&whole))
		rc = err_nomem(e);
	free(copy);
	free(name);
	free(folder);
	if (rc)
		buf_free(&whole);
	else
		*ret = whole.data;
	return rc;
}

static int lock_folder(struct config_store *s, struct err *e)
{
	char *copy = strdup(s->path);
	if (!copy)
		return err_nomem(e);
	const char *folder = dirname(copy);
	int rc = 0;

	s->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->folder < 0)
		rc = err_errno(e, errno, "open", folder);
	while (!rc && flock(s->folder, LOCK_EX) < 0)
		if (errno != EINTR)
			rc = err_errno(e, errno, "lock", folder);
	free(copy);
	return rc;
}

static void remember(struct config_store *s, const struct stat *st)
{
	s->there = true;
	s->mode = st->st_mode & 07777;
	s->uid = st->st_uid;
	s->gid = st->st_gid;
	s->inode = st->st_ino;
	s->size = (unsigned long long)st->st_size;
	s->changed_s = st->st_mtim.tv_sec;
	s->changed_ns = st->st_mtim.tv_nsec;
}

static int read_text(struct config_store *s, struct err *e)
{
	struct stat st;
	int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(e, errno, "open", s->path);
	int rc = 0;
	if (fstat(fd, &st) < 0)
		rc = err_errno(e, errno, "read", s->path);
	else if (!S_ISREG(st.st_mode))
		rc = err_set(e, LYRE_ENOTSUP, "'%s' is not a regular file and cannot be changed", s->path);
	else
		rc = yaml_read(fd, s->path, &s->text, e);
	close(fd);
	if (!rc)
		remember(s, &st);
	return rc;
}

int config_store_open(struct config_store *s, const char *path, struct err *e)
{
	*s = (struct config_store){ .folder = -1 };
	buf_init(&s->text);
	int rc = resolve(path, &s->path, e);
	if (!rc)
		rc = lock_folder(s, e);
	return rc ? rc : read_text(s, e);
}

void config_store_close(struct config_store *s)
{
	if (s->folder >= 0)
		close(s->folder);
	buf_free(&s->text);
	free(s->path);
}

/** Whether the file has been written by others since it was read. */
static bool is_changed(const struct config_store *s)
{
	struct stat st;

	if (stat(s->path, &st) < 0)
		return s->there || errno != ENOENT;
	return !s->there || st.st_ino != s->inode || (unsigned long long)st.st_size != s->size ||
		st.st_mtim.tv_sec != s->changed_s || st.st_mtim.tv_nsec != s->changed_ns;
}

static int keep_owner(const struct config_store *s, int fd, struct err *e)
{
	struct stat st;

	if (!fstat(fd, &st) && ((st.st_uid == s->uid && st.st_gid == s->gid) || !fchown(fd, s->uid, s->gid)))
		return 0;
	if (errno != EPERM)
		return err_errno(e, errno, "keep the owner of", s->path);
	return err_set(e, LYRE_EDENIED,
		"the server may not write a file for the owner of '%s': chown it to the server's user, or change it "
		"by hand and restart",
		s->path);
}

static int fill(const struct config_store *s, int fd, const char *name, const struct buf *text, struct err *e)
{
	int error = file_write(fd, text->data, text->len);
	if (error)
		return err_errno(e, error, "write", name);
	if (s->there && keep_owner(s, fd, e))
		return e->code;
	if (s->there && fchmod(fd, s->mode) < 0)
		return err_errno(e, errno, "keep the mode of", s->path);
	if (fsync(fd) < 0)
		return err_errno(e, errno, "write", name);
	return 0;
}

/** The name, without the folder, of the new file that replaces the old one. \return false if it would be too long */
static bool second_name(const struct config_store *s, char out[NAME_MAX + 1])
{
	return snprintf(out, NAME_MAX + 1, ".%s.new", strrchr(s->path, '/') + 1) <= NAME_MAX;
}

static int overwrite(int fd, const struct buf *text)
{
	int error = lseek(fd, 0, SEEK_SET) < 0 ? errno : file_write(fd, text->data, text->len);
	if (!error && ftruncate(fd, (off_t)text->len) < 0)
		error = errno;
	return error || fsync(fd) == 0 ? error : errno;
}

/**
 * For a file that is itself a mount point, which cannot be replaced by another. If the new text cannot be written, the
 * old one is restored; after a crash in between, the second file has the complete new text.
 */
static int write_in_place(const struct config_store *s, const struct buf *text, struct err *e)
{
	int fd = open(s->path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	int error = fd < 0 ? errno : overwrite(fd, text);
	int lost = error && fd >= 0 ? overwrite(fd, &s->text) : 0;
	if (fd >= 0)
		close(fd);
	if (lost)
		return err_set(e, LYRE_EIO,
			"'%s' could not be written (%s), and its old content could not be restored (%s): it is "
			"incomplete now and must be repaired by hand",
			s->path, strerror(error), strerror(lost));
	return error ? err_set(e, LYRE_EIO,
			       "cannot write '%s', which is itself a mount point: %s; mount its folder instead, so "
			       "that the file can be replaced",
			       s->path, strerror(error)) :
		       0;
}

bool config_clean(const struct config *c)
{
	struct config_store s = { .folder = -1 };
	char name[NAME_MAX + 1];
	bool removed = false;
	struct err ignored;

	if (!c->target || resolve(c->target, &s.path, &ignored))
		return false;
	char *copy = strdup(s.path);
	s.folder = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	free(copy);
	if (s.folder >= 0 && second_name(&s, name) && flock(s.folder, LOCK_EX | LOCK_NB) == 0)
		removed = unlinkat(s.folder, name, 0) == 0;
	config_store_close(&s);
	return removed;
}

/** Why the second file cannot be created: often the server may not write to the folder, as under a service manager. */
static int cannot_make(const struct config_store *s, int error, struct err *e)
{
	if (error != EACCES && error != EPERM && error != EROFS)
		return err_errno(e, error, "create a file beside", s->path);
	return err_set(e, LYRE_EDENIED,
		"the server may not write to the folder of '%s' (%s): edit the file and restart, or "
		"move it to a folder that the server may write to, such as its root folder",
		s->path, strerror(error));
}

int config_store_replace(struct config_store *s, const struct buf *text, struct err *e)
{
	char name[NAME_MAX + 1];
	const char *base = strrchr(s->path, '/') + 1;
	if (!second_name(s, name))
		return err_set(e, LYRE_EIO, "the name of '%s' is too long to create a second file beside it", s->path);
	/* We hold the lock, so a file of that name is left over from a crash. */
	unlinkat(s->folder, name, 0);
	int fd = openat(s->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, s->there ? 0600 : FIRST_MODE);
	if (fd < 0)
		return cannot_make(s, errno, e);
	int rc = fill(s, fd, name, text, e);
	if (close(fd) < 0 && !rc)
		rc = err_errno(e, errno, "write", name);
	if (!rc && is_changed(s))
		rc = err_set(e, LYRE_ECONFLICT, "'%s' was changed by someone else in the meantime: nothing was written", s->path);
	bool placed = !rc && renameat(s->folder, name, s->folder, base) == 0;
	if (!rc && !placed)
		rc = errno == EBUSY ? write_in_place(s, text, e) : err_errno(e, errno, "replace", s->path);
	if (!placed)
		unlinkat(s->folder, name, 0);
	if (rc)
		return rc;
	/* The new file is in place; its name can be lost only in a power failure. */
	return fsync(s->folder) < 0 ? err_errno(e, errno, "write the folder of", s->path) : 0;
}
