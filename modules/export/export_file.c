/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_file.c
 * \brief Creating, writing and naming an export's file.
 */
#include "export_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** Less what the umask takes; the server's own leaves what a group may read. */
#define FILE_MODE 0640
/** How often a hidden file may be removed by export_folder_clean() before it is locked. */
#define TRIES 8
#define OWN_PATH_MAX 32

/** The path by which linkat() finds an open file that has no name. */
static void own_path(int fd, char ret[OWN_PATH_MAX])
{
	snprintf(ret, OWN_PATH_MAX, "/proc/self/fd/%d", fd);
}

/** Whether /proc is there. Without it, only a process with special rights could name a file that has no name. */
static int has_own_paths(int fd)
{
	char path[OWN_PATH_MAX];
	own_path(fd, path);
	return access(path, F_OK) == 0;
}

/** A hidden file, locked so that export_folder_clean() leaves it alone. \return whether to try again: it was faster */
static int make_hidden(struct export_file *f, int *e)
{
	struct stat st;
	*e = 0;
	f->fd = openat(f->folder, f->hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (f->fd < 0) {
		*e = errno;
		return 0;
	}
	(void)flock(f->fd, LOCK_EX | LOCK_NB);
	f->hidden_made = fstat(f->fd, &st) != 0 || st.st_nlink > 0;
	if (f->hidden_made)
		return 0;
	close(f->fd);
	f->fd = -1;
	*e = EAGAIN;
	return 1;
}

int export_file_begin(struct export_file *f, int folder, const char *id)
{
	int e = 0;
	*f = (struct export_file){ .folder = folder, .fd = -1 };
	snprintf(f->hidden, sizeof f->hidden, HIDDEN_PREFIX "%s", id);
	if (has_own_paths(folder))
		f->fd = openat(folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, FILE_MODE);
	if (f->fd >= 0) {
		(void)flock(f->fd, LOCK_EX | LOCK_NB);
		return 0;
	}
	for (int i = 0; i < TRIES && make_hidden(f, &e); i++)
		;
	return e;
}

int export_file_append(struct export_file *f, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(f->fd, bytes, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int export_file_try_name(int folder, const char *name)
{
	struct stat st;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : errno;
	return S_ISREG(st.st_mode) ? EEXIST : FILE_IS_SPECIAL;
}

/** Names a file that has no name yet. */
static int link_to(const struct export_file *f, const char *name)
{
	char path[OWN_PATH_MAX];
	own_path(f->fd, path);
	return linkat(AT_FDCWD, path, f->folder, name, AT_SYMLINK_FOLLOW) ? errno : 0;
}

static int replace_with(struct export_file *f, const char *name)
{
	int e = 0;
	if (!f->hidden_made) {
		e = link_to(f, f->hidden);
		f->hidden_made = !e;
	}
	if (!e && renameat(f->folder, f->hidden, f->folder, name))
		e = errno;
	if (!e)
		f->hidden_made = 0;
	return e;
}

/** The name is on disk too; in a folder that may not be read, the file's own flush has to do. */
static int flush_name(const struct export_file *f)
{
	int readable = openat(f->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int e = fsync(readable < 0 ? f->fd : readable) && errno != EINVAL ? errno : 0;
	if (readable >= 0)
		close(readable);
	return e;
}

int export_file_name(struct export_file *f, const char *name, int replace)
{
	int e = fsync(f->fd) ? errno : 0;
	if (e)
		return e;
	e = f->hidden_made ? export_file_try_name(f->folder, name) : link_to(f, name);
	if (e == EEXIST && replace)
		e = export_file_try_name(f->folder, name);
	if ((e == 0 && f->hidden_made) || (e == EEXIST && replace))
		e = replace_with(f, name);
	return e ? e : flush_name(f);
}

void export_file_end(struct export_file *f)
{
	if (f->hidden_made)
		(void)unlinkat(f->folder, f->hidden, 0);
	if (f->fd >= 0)
		close(f->fd);
	f->hidden_made = 0;
	f->fd = -1;
}
