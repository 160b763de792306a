/* SPDX-License-Identifier: Apache-2.0 */
#include "store/ballast.h"

#include "base/file.h"
#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FILE_NAME ".reserve"
#define FILE_MODE 0600
/** At most this fraction of the file system. */
#define PART_OF_DISK 16
#define GRAIN 4096
/** The fraction kept as the last part. */
#define LAST_PART 4

struct ballast {
	pthread_mutex_t lock; /* held while changing */
	int folder;
	uint64_t size;
	uint64_t left; /* bytes still in the file */
	atomic_bool out;
};

bool ballast_is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

/* If the file system cannot allocate space, the bytes are written. \return 0 or an errno */
static int take_space(int fd, uint64_t size)
{
	static const char zeros[GRAIN];
	int error = posix_fallocate(fd, 0, (off_t)size);
	if (error != EOPNOTSUPP && error != EINVAL)
		return error;
	error = lseek(fd, 0, SEEK_SET) < 0 ? errno : 0;
	for (uint64_t done = 0; !error && done < size; done += GRAIN)
		error = file_write(fd, zeros, GRAIN);
	return error;
}

/* Existing bytes, even those left by a killed process, count and are kept. With the lock held. \return 0 or an errno */
static int make(struct ballast *b)
{
	int fd = openat(b->folder, FILE_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return errno;
	struct stat st;
	int error = fstat(fd, &st) ? errno : 0;
	if (error)
		goto out;
	uint64_t there = (uint64_t)st.st_size < b->size ? (uint64_t)st.st_size : b->size;
	if ((uint64_t)st.st_blocks * 512 < there)
		there = 0; /* holes */
	error = take_space(fd, b->size);
	b->left = error ? there : b->size;
	if (ftruncate(fd, (off_t)b->left) && !error)
		error = errno;
out:
	close(fd);
	return error;
}

static bool has_room(const struct ballast *b)
{
	struct statvfs fs;
	return fstatvfs(b->folder, &fs) || (uint64_t)fs.f_bavail * fs.f_frsize >= b->size - b->left;
}

static uint64_t most_of(int folder)
{
	struct statvfs fs;
	return fstatvfs(folder, &fs) ? UINT64_MAX : (uint64_t)fs.f_blocks * fs.f_frsize / PART_OF_DISK;
}

struct ballast *ballast_open(int folder, const char *path, uint64_t size)
{
	uint64_t most = most_of(folder);
	size = (size < most ? size : most) / GRAIN * GRAIN;
	if (!size) {
		(void)unlinkat(folder, FILE_NAME, 0);
		return NULL;
	}
	struct ballast *b = calloc(1, sizeof *b);
	if (!b)
		return NULL;
	pthread_mutex_init(&b->lock, NULL);
	b->folder = folder;
	b->size = size;
	int error = make(b);
	if (error) {
		atomic_store(&b->out, ballast_is_full(error));
		log_warn("store", "cannot reserve the %" PRIu64 " bytes of storage.reserve in %s: %s", size, path, strerror(error));
	}
	return b;
}

void ballast_close(struct ballast *b)
{
	if (!b)
		return;
	pthread_mutex_destroy(&b->lock);
	free(b);
}

bool ballast_is_out(const struct ballast *b)
{
	return b && atomic_load_explicit(&b->out, memory_order_relaxed);
}

uint64_t ballast_size(const struct ballast *b)
{
	return b ? b->size : 0;
}

uint64_t ballast_left(struct ballast *b)
{
	if (!b)
		return 0;
	pthread_mutex_lock(&b->lock);
	uint64_t left = b->left;
	pthread_mutex_unlock(&b->lock);
	return left;
}

/* With the lock held: shortens the file to \p keep bytes. \return false if it is no longer than that */
static bool cut(struct ballast *b, uint64_t keep)
{
	int fd = b->left > keep ? openat(b->folder, FILE_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
	if (fd < 0)
		return false;
	bool done = !ftruncate(fd, (off_t)keep);
	close(fd);
	b->left = done ? keep : b->left;
	if (!atomic_exchange(&b->out, true))
		log_warn("store",
			"the disk is full: using storage.reserve, so that records can be deleted; none can be added "
			"until there is space");
	return done;
}

bool ballast_release(struct ballast *b)
{
	if (!b)
		return false;
	pthread_mutex_lock(&b->lock);
	bool done = cut(b, b->size / LAST_PART / GRAIN * GRAIN);
	pthread_mutex_unlock(&b->lock);
	return done;
}

bool ballast_spend(struct ballast *b, uint64_t bytes)
{
	if (!b)
		return false;
	bytes = (bytes / GRAIN + 1) * GRAIN;
	pthread_mutex_lock(&b->lock);
	bool done = cut(b, b->left > bytes ? b->left - bytes : 0);
	pthread_mutex_unlock(&b->lock);
	return done;
}

bool ballast_regain(struct ballast *b)
{
	if (!ballast_is_out(b))
		return true;
	pthread_mutex_lock(&b->lock);
	bool was_out = atomic_load(&b->out), back = !was_out || (has_room(b) && !make(b));
	if (back)
		atomic_store(&b->out, false);
	pthread_mutex_unlock(&b->lock);
	if (was_out && back)
		log_info("store", "the disk has space again: records can be added");
	return back;
}
