/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/output.h"

#include "base/arena.h"
#include "ctl/ctl.h"
#include "ctl/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_put(const struct output *out, const void *bytes, size_t len)
{
	const char *p = bytes;
	while (len > 0) {
		ssize_t n = write(out->fd, p, len);
		if (n < 0 && errno == EINTR && !interrupted())
			continue;
		if (n < 0) {
			if (!interrupted())
				complain(CTL_REFUSED, "cannot write '%s': %s", out->path, strerror(errno));
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/** Whether the name still leads to the open file: another process may have finished with it, and renamed it, meanwhile. */
static bool is_still(const char *part, int fd)
{
	struct stat opened, named;
	return fstat(fd, &opened) == 0 && lstat(part, &named) == 0 && opened.st_dev == named.st_dev &&
		opened.st_ino == named.st_ino;
}

/** Creates the file; no other process may write to it at the same time. */
static int open_part(const char *part, mode_t mode)
{
	int fd = open(part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
	bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
	if (locked && !is_still(part, fd)) {
		close(fd);
		return open_part(part, mode);
	}
	if (locked && ftruncate(fd, 0) == 0)
		return fd;
	if (fd >= 0 && errno == EWOULDBLOCK)
		complain(CTL_REFUSED, "another process is writing '%s'", part);
	else
		complain(CTL_REFUSED, "cannot write '%s': %s", part, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

/** Flushes the new name to disk, as fsync() does for the file's content. */
static void sync_folder(struct arena *a, const char *file)
{
	char *copy = arena_strndup(a, file, strlen(file));
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/** A new file takes the old one's name when it is complete. */
static int write_file(struct arena *a, const char *file, mode_t mode, int (*fill)(void *arg, const struct output *out), void *arg)
{
	char *part = arena_printf(a, "%s.part", file);
	if (!part)
		return complain(CTL_REFUSED, "out of memory");
	interrupts_note();
	struct output out = { .path = part, .fd = open_part(part, mode), .regular = true };
	if (out.fd < 0)
		return CTL_REFUSED;
	int rc = fill(arg, &out);
	if (rc == 0 && fsync(out.fd) < 0)
		rc = complain(CTL_REFUSED, "cannot write '%s': %s", part, strerror(errno));
	if (rc == 0 && rename(part, file) < 0)
		rc = complain(CTL_REFUSED, "cannot rename '%s' to '%s': %s", part, file, strerror(errno));
	if (rc == 0)
		sync_folder(a, file);
	else
		unlink(part);
	close(out.fd);
	return rc;
}

/** Anything but a regular file is written in place. */
static int write_stream(const char *file, int (*fill)(void *arg, const struct output *out), void *arg)
{
	bool standard = strcmp(file, "-") == 0;
	struct output out = { .path = standard ? "standard output" : file };
	out.fd = standard ? STDOUT_FILENO : open(file, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (out.fd < 0)
		return complain(CTL_REFUSED, "cannot write '%s': %s", file, strerror(errno));
	int rc = fill(arg, &out);
	if (!standard && close(out.fd) < 0 && rc == 0)
		rc = complain(CTL_REFUSED, "cannot write '%s': %s", file, strerror(errno));
	return rc;
}

bool output_is_stream(const char *file)
{
	struct stat st;
	return strcmp(file, "-") == 0 || (stat(file, &st) == 0 && !S_ISREG(st.st_mode));
}

int output_write(struct arena *a, const char *file, const struct output_options *options,
	int (*fill)(void *arg, const struct output *out), void *arg)
{
	struct stat st;
	if (output_is_stream(file))
		return write_stream(file, fill, arg);
	bool link = lstat(file, &st) == 0 && S_ISLNK(st.st_mode), there = stat(file, &st) == 0;
	if (link && !there)
		return complain(CTL_REFUSED, "'%s' is a dangling link: %s", file, strerror(errno));
	if (there && !options->force)
		return complain(CTL_REFUSED, "'%s' exists: use --force to replace it", file);
	char *real = link ? realpath(file, NULL) : NULL;
	if (link && !real)
		return complain(CTL_REFUSED, "cannot write '%s': %s", file, strerror(errno));
	int rc = write_file(a, real ? real : file, options->mode, fill, arg);
	free(real);
	return rc;
}
