/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log_internal.h"

#include "base/folder.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_NAME "lyre.log"
#define CHECK_EVERY 1000
#define RETRY_ROTATION 60000
#define FOLDER_MODE 0750

/** The time of the first line; now if there is none. */
static double first_time(int fd)
{
	char head[24];
	double ms;
	if (pread(fd, head, sizeof head, 0) == (ssize_t)sizeof head && iso_time_parse(head, sizeof head, &ms))
		return ms;
	return now_ms();
}

/** Opens lyre.log; on failure the file that was open stays open. */
static bool reopen(struct log_file *f)
{
	struct stat st;
	int fd = open(f->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
	if (fd < 0)
		return false;
	if (fstat(fd, &st)) {
		close(fd);
		return false;
	}
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd;
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->size = st.st_size;
	f->born = first_time(fd);
	f->torn = false;
	return true;
}

/**
 * Creates the folder if it was removed, but none above it: if those are missing too, the file system was unmounted or the
 * server's root folder moved away, and empty folders in its place would hide that from the next start.
 */
static bool remake_root(const struct log_file *f)
{
	return !mkdir(f->root, FOLDER_MODE) || errno == EEXIST;
}

/** \return whether the file was opened again */
static bool make_folders(struct log_file *f)
{
	struct err ignored;
	if (!remake_root(f))
		return false;
	bool open = reopen(f);
	if (open)
		atomic_store(&f->remade, true);
	if (f->options.rotate)
		(void)folder_make(f->rotated, FOLDER_MODE, &ignored);
	return open;
}

/** Whether the open file no longer has a name, so that what is written to it is lost. */
static bool is_nameless(const struct log_file *f)
{
	struct stat st;
	return !fstat(f->fd, &st) && !st.st_nlink;
}

/** Handles that the file was moved away, as logrotate does, or removed with its folder.
 * \return whether the open file has the name */
static bool follow_name(struct log_file *f, int64_t now)
{
	struct stat st;
	if (now - f->checked < CHECK_EVERY)
		return true;
	f->checked = now;
	f->nameless = 0;
	if (!stat(f->path, &st) && st.st_ino == f->inode && st.st_dev == f->device)
		return true;
	int error = reopen(f) ? 0 : errno;
	if (error == ENOENT && make_folders(f))
		error = 0;
	f->nameless = error && is_nameless(f) ? error : 0;
	return !error;
}

/** \param error  0: no error */
static void note(struct log_file *f, int error)
{
	if (error && !atomic_load(&f->trouble))
		atomic_store(&f->failed, true);
	atomic_store(&f->trouble, error);
}

bool log_file_follow(struct log_file *f)
{
	bool followed = true;
	pthread_mutex_lock(&f->lock);
	if (f->fd >= 0) {
		int64_t now = monotonic_ms();
		f->checked = now - CHECK_EVERY;
		followed = follow_name(f, now);
		if (f->nameless)
			note(f, f->nameless);
	}
	pthread_mutex_unlock(&f->lock);
	return followed;
}

static bool is_due(const struct log_file *f, size_t len)
{
	const struct log_file_options *o = &f->options;
	if (!o->rotate || !f->size)
		return false;
	return (o->max_size && f->size + (int64_t)len > o->max_size) || (o->interval && now_ms() - f->born >= (double)o->interval);
}

static void rotate(struct log_file *f, int64_t now)
{
	struct err ignored;
	if (now < f->held_until)
		return;
	if (remake_root(f))
		(void)folder_make(f->rotated, FOLDER_MODE, &ignored);
	if (!log_put_aside(f->path, f->rotated, now_ms()) || !reopen(f)) {
		f->held_until = now + RETRY_ROTATION;
		return;
	}
	if (f->options.max_total)
		log_prune(f->rotated, f->options.max_total);
}

bool log_file_remade(struct log_file *f)
{
	return atomic_load_explicit(&f->remade, memory_order_relaxed) && atomic_exchange(&f->remade, false);
}

int log_file_failed(struct log_file *f)
{
	bool news = atomic_load_explicit(&f->failed, memory_order_relaxed) && atomic_exchange(&f->failed, false);
	return news ? atomic_load(&f->trouble) : 0;
}

/** \return 0, or an errno: the line is not there, or in part */
static int write_line(struct log_file *f, const char *line, size_t len)
{
	size_t skip = f->torn ? 0 : 1;
	ssize_t n;
	do {
		n = write(f->fd, line + skip, len - skip);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno;
	f->size += n;
	bool whole = n == (ssize_t)(len - skip);
	f->torn = !whole && (f->torn || n > 0);
	return whole ? 0 : ENOSPC;
}

unsigned long log_file_write(struct log_file *f, const char *line, size_t len)
{
	unsigned long lost = 0;
	pthread_mutex_lock(&f->lock);
	if (f->fd < 0)
		goto out;
	int64_t now = monotonic_ms();
	(void)follow_name(f, now);
	if (is_due(f, len))
		rotate(f, now);
	int error = write_line(f, line, len);
	if (!error)
		error = f->nameless;
	note(f, error);
	if (error) {
		f->lost++;
	} else {
		lost = f->lost;
		f->lost = 0;
	}
out:
	pthread_mutex_unlock(&f->lock);
	return lost;
}

/** Files are rotated by renaming them, which is not possible to another file system. */
static int check_rotated(const struct log_file *f, struct err *e)
{
	struct stat st;
	int rc = folder_make(f->rotated, FOLDER_MODE, e);
	if (rc)
		return rc;
	if (stat(f->rotated, &st))
		return err_errno(e, errno, "inspect", f->rotated);
	if (st.st_dev != f->device)
		return err_set(e, LYRE_EINVAL, "logging.rotation.path '%s' must be on the file system of logging.root", f->rotated);
	return 0;
}

static char *path_of(const char *folder, const char *name)
{
	size_t size = strlen(folder) + strlen(name) + 2;
	char *path = malloc(size);
	if (path)
		snprintf(path, size, "%s/%s", folder, name);
	return path;
}

int log_file_open(struct log_file *f, const struct log_file_options *o, struct err *e)
{
	*f = (struct log_file){ .options = *o, .fd = -1 };
	pthread_mutex_init(&f->lock, NULL);
	int rc = folder_make(o->root, FOLDER_MODE, e);
	if (rc)
		goto failed;
	f->root = strdup(o->root);
	f->path = path_of(o->root, LOG_NAME);
	f->rotated = strdup(o->rotated ? o->rotated : o->root);
	if (!f->root || !f->path || !f->rotated)
		rc = err_nomem(e);
	else if (!reopen(f))
		rc = err_errno(e, errno, "open", f->path);
	else if (o->rotate)
		rc = check_rotated(f, e);
	if (!rc)
		return 0;
failed:
	log_file_close(f);
	return rc;
}

void log_file_close(struct log_file *f)
{
	pthread_mutex_lock(&f->lock);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	free(f->root);
	free(f->path);
	free(f->rotated);
	f->root = f->path = f->rotated = NULL;
	pthread_mutex_unlock(&f->lock);
}
