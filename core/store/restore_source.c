/* SPDX-License-Identifier: Apache-2.0 */
/* The file to restore: whether it is a regular file, and worth copying. */
#include "store/backup_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/** Whether it is the file of one of our databases, which may be written while it is read. */
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

static const char *kind_of(mode_t mode)
{
	return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static int check_kind(const char *path, const struct stat *st, struct err *e)
{
	return S_ISREG(st->st_mode) ? 0 : err_set(e, LYRE_EINVAL, "'%s' is %s, not a file", path, kind_of(st->st_mode));
}

/** Why a file cannot be opened: because of the path, or the machine. */
static int cannot_open(const char *path, int errnum, struct err *e)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
		return err_set(e, LYRE_ENOTFOUND, "there is no file '%s'", path);
	case EACCES:
	case EPERM:
	case ELOOP:
	case ENAMETOOLONG:
	case ENXIO:
	case ENODEV:
	case EOVERFLOW: {
		struct err why;

		err_errno(&why, errnum, "open", path);
		return err_set(e, LYRE_EINVAL, "%s", why.text);
	}
	default:
		return err_errno(e, errnum, "open", path);
	}
}

int restore_open(struct restore_source *ret, struct store *s, const char *path, struct err *e)
{
	struct stat st;

	/* Opening a device may have side effects; a pipe must not block the open, and a terminal must not become ours. */
	if (stat(path, &st))
		return cannot_open(path, errno, e);

	int rc = check_kind(path, &st, e);

	if (rc)
		return rc;

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return cannot_open(path, errno, e);
	if (fstat(fd, &st))
		rc = err_errno(e, errno, "read", path);
	else
		rc = check_kind(path, &st, e);
	if (!rc && is_in_use(s, &st))
		rc = err_set(e, LYRE_EINVAL, "'%s' is the file of a database in use: take a backup of that instead", path);
	*ret = (struct restore_source){ .path = path, .fd = fd, .size = (uint64_t)st.st_size };
	if (rc)
		close(fd);
	return rc;
}

/** The head of the file. \p ret holds 2 * LMDB_PAGE_SIZE_MAX bytes. */
static int read_head(const struct restore_source *from, unsigned char *bytes, size_t *len, struct err *e)
{
	size_t most = 2 * LMDB_PAGE_SIZE_MAX;
	ssize_t n = 1;

	for (*len = 0; *len < most && n > 0; *len += n > 0 ? (size_t)n : 0)
		n = pread(from->fd, bytes + *len, most - *len, (off_t)*len);
	/* Files generated while they are read (/proc) report size 0, but have content or fail. */
	if (from->size == 0 && (n < 0 || *len))
		return err_set(e, LYRE_EINVAL, "'%s' is not a file on a disk", from->path);
	return n < 0 ? err_errno(e, errno, "read", from->path) : 0;
}

static int check_room(const struct restore_source *from, const struct store *s, const struct lmdb_head *head, struct err *e)
{
	uint64_t room = store_room(s), size = from->size, needed = (uint64_t)head->page_count * head->page_size;

	if (s->options.max_size && (size > s->options.max_size || needed > s->options.max_size))
		return err_set(e, LYRE_ENOSPACE, "it needs %" PRIu64 " bytes, and storage.maxSize limits databases to %" PRIu64,
			size > needed ? size : needed, s->options.max_size);
	if (!from->upload && size > room)
		return err_set(e, LYRE_ENOSPACE, "it needs %" PRIu64 " bytes, and there is room for %" PRIu64 " in %s", size, room,
			s->path);
	return 0;
}

int restore_look(const struct restore_source *from, const struct store *s, struct err *e)
{
	struct lmdb_head head;
	unsigned char *bytes = malloc(2 * LMDB_PAGE_SIZE_MAX);
	size_t len;

	if (!bytes)
		return err_nomem(e);

	int rc = read_head(from, bytes, &len, e);

	if (!rc)
		rc = lmdb_head_read(&head, (struct lmdb_bytes){ bytes, len }, from->size, e);
	if (!rc)
		rc = check_room(from, s, &head, e);
	free(bytes);
	return rc;
}
