/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_open(const char *path, int *ret, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_errno(e, errno, "open", path);
	int rc = fstat(fd, &st) < 0 ? err_errno(e, errno, "read", path) : 0;
	if (!rc && !S_ISREG(st.st_mode))
		rc = err_set(e, LYRE_EINVAL, "'%s' is not a regular file", path);
	if (rc)
		close(fd);
	else
		*ret = fd;
	return rc;
}

int file_write(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno != EINTR)
			return errno;
		if (!n)
			return EIO;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/** Flushes the folder of a file to disk. */
static int sync_folder(const char *path, struct err *e)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return err_nomem(e);
	const char *folder = dirname(copy);
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		rc = err_errno(e, errno, "write the folder", folder);
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

int file_write_new(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return err_errno(e, errno, "create", path);
	int error = file_write(fd, bytes, len);
	if (!error && fsync(fd) < 0)
		error = errno;
	if (close(fd) < 0 && !error)
		error = errno;
	int rc = error ? err_errno(e, error, "write", path) : sync_folder(path, e);
	if (rc)
		unlink(path);
	return rc;
}
