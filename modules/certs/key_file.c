/* SPDX-License-Identifier: Apache-2.0 */
#include "key_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRESH ".new"
/* The key that signs tokens is in the same folder: it belongs to no certificate. */
#define TOKEN_KEY "jwt.pem"

static bool path_of(char path[PATH_MAX], const char *folder, const char *name, const char *ending)
{
	bool fits = snprintf(path, PATH_MAX, "%s/%s%s", folder, name, ending) < PATH_MAX;
	if (!fits)
		errno = ENAMETOOLONG;
	return fits;
}

static bool fail(char *why, const char *what, const char *path)
{
	snprintf(why, CERTIFICATE_WHY_MAX, "cannot %s %.300s: %.100s", what, path, errno_text(errno));
	return false;
}

static bool sync_folder(const char *folder)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool synced = fd >= 0 && !fsync(fd);
	if (fd >= 0)
		close(fd);
	return synced;
}

static bool write_all(int fd, const char *s, size_t len)
{
	while (len) {
		ssize_t n = write(fd, s, len);
		if (n < 0 && errno != EINTR)
			return false;
		s += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool write_new(const char *path, const char *pem)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return false;
	bool written = !fchmod(fd, 0600) && write_all(fd, pem, strlen(pem)) && !fsync(fd);
	int error = errno;
	if (close(fd) && written) {
		written = false;
		error = errno;
	}
	if (!written)
		unlink(path);
	errno = error;
	return written;
}

bool key_file_prepare(const char *folder, const char *name, const char *pem, char why[CERTIFICATE_WHY_MAX])
{
	char path[PATH_MAX];
	if (mkdir(folder, 0700) && errno != EEXIST)
		return fail(why, "make the folder", folder);
	if (!path_of(path, folder, name, FRESH) || (unlink(path) && errno != ENOENT) || !write_new(path, pem))
		return fail(why, "write the private key to", path);
	return true;
}

bool key_file_publish(const char *folder, const char *name, char why[CERTIFICATE_WHY_MAX])
{
	char from[PATH_MAX], to[PATH_MAX];
	if (!path_of(from, folder, name, FRESH) || !path_of(to, folder, name, "") || rename(from, to) || !sync_folder(folder))
		return fail(why, "rename the private key to", to);
	return true;
}

void key_file_discard(const char *folder, const char *name)
{
	char path[PATH_MAX];
	if (path_of(path, folder, name, FRESH))
		unlink(path);
}

bool key_file_remove(const char *folder, const char *name, char why[CERTIFICATE_WHY_MAX])
{
	char path[PATH_MAX];
	key_file_discard(folder, name);
	if (!path_of(path, folder, name, "") || (unlink(path) && errno != ENOENT))
		return fail(why, "remove the private key", path);
	sync_folder(folder);
	return true;
}

bool key_file_exists(const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	return path_of(path, folder, name, "") && !lstat(path, &st);
}

/* ---- reading ---- */

/* \p size bytes, and no more. */
static char *read_whole(int fd, size_t size, size_t *len)
{
	char *s = malloc(size + 2);
	ssize_t n = 1;
	*len = 0;
	while (s && *len <= size && n) {
		n = read(fd, s + *len, size + 1 - *len);
		if (n < 0 && errno != EINTR)
			break;
		*len += n > 0 ? (size_t)n : 0;
	}
	if (s && n == 0 && *len <= size) {
		s[*len] = '\0';
		return s;
	}
	int error = !s ? ENOMEM : n < 0 ? errno : EBUSY; /* somebody writes to it */
	if (s)
		explicit_bzero(s, *len);
	free(s);
	errno = error;
	return NULL;
}

char *pem_read(const char *path, size_t max, size_t *len)
{
	struct stat st;
	/* O_NONBLOCK: a named pipe must not block. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return NULL;
	char *s = NULL;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		errno = EINVAL;
	else if ((uint64_t)st.st_size > max)
		errno = EFBIG;
	else
		s = read_whole(fd, (size_t)st.st_size, len);
	int error = errno;
	close(fd);
	errno = error;
	return s;
}

static bool read_key(const char *path, const struct certificate *c, struct private_key *ret, char *why)
{
	size_t len;
	char *pem = pem_read(path, CERTIFICATE_PEM_MAX, &len);
	if (!pem)
		return fail(why, "read the private key", path);
	char cause[CERTIFICATE_WHY_MAX];
	bool read = private_key_parse(ret, pem, len, cause);
	explicit_bzero(pem, len);
	free(pem);
	if (!read) {
		snprintf(why, CERTIFICATE_WHY_MAX, "the private key %.300s cannot be used: %.150s", path, cause);
		return false;
	}
	if (!c || private_key_matches(ret, c))
		return true;
	private_key_free(ret);
	snprintf(why, CERTIFICATE_WHY_MAX, "the private key %.300s does not match the certificate", path);
	return false;
}

bool key_file_read(const char *folder, const char *name, bool fresh, const struct certificate *c, struct private_key *ret,
	char why[CERTIFICATE_WHY_MAX])
{
	char path[PATH_MAX];
	ret->key = NULL;
	return path_of(path, folder, name, fresh ? FRESH : "") ? read_key(path, c, ret, why) :
								 fail(why, "read the private key", name);
}

void key_file_recover(const char *folder, const char *name, const struct certificate *c)
{
	struct private_key key;
	char why[CERTIFICATE_WHY_MAX];
	if (key_file_read(folder, name, true, c, &key, why))
		key_file_publish(folder, name, why);
	else
		key_file_discard(folder, name);
	private_key_free(&key);
}

bool key_file_find(const char *folder, const struct certificate *c, char name[KEY_NAME_MAX + 1], char why[CERTIFICATE_WHY_MAX])
{
	DIR *d = opendir(folder);
	bool found = false;
	snprintf(why, CERTIFICATE_WHY_MAX, "%s", d || errno != ENOMEM ? "none matches" : NO_MEMORY);
	/* One that cannot be read may be anybody's; without memory it may be the one. */
	for (struct dirent *entry; d && !found && !lacked_memory(why) && (entry = readdir(d));) {
		struct private_key key;
		size_t len = strlen(entry->d_name);
		if (len < 5 || len > KEY_NAME_MAX || strcmp(entry->d_name + len - 4, ".pem") || !strcmp(entry->d_name, TOKEN_KEY))
			continue;
		found = key_file_read(folder, entry->d_name, false, c, &key, why);
		private_key_free(&key);
		if (found)
			memcpy(name, entry->d_name, len + 1);
	}
	if (d)
		closedir(d);
	return found;
}
