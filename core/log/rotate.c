/* SPDX-License-Identifier: Apache-2.0 */
#include "log/log_internal.h"

#include "base/text.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "lyre-"
#define SUFFIX ".log"
#define SAME_SECOND_MAX 1000

bool log_put_aside(const char *path, const char *folder, double now)
{
	char stamp[32], name[PATH_MAX];
	if (iso_time(stamp, now) < 19)
		return false;
	stamp[13] = stamp[16] = '-';
	for (int i = 1; i <= SAME_SECOND_MAX; i++) {
		char more[16] = "";
		if (i > 1)
			snprintf(more, sizeof more, "-%d", i);
		int n = snprintf(name, sizeof name, "%s/" PREFIX "%.19s%s" SUFFIX, folder, stamp, more);
		if (n < 0 || (size_t)n >= sizeof name)
			return false;
		if (access(name, F_OK))
			return !rename(path, name);
	}
	return false;
}

/** lyre-2026-11-21T21-58-53.log, possibly with -2 after the time. */
static bool is_aside(const char *name)
{
	static const char form[] = PREFIX "dddd-dd-ddTdd-dd-dd";
	size_t len = strlen(name), at = sizeof form - 1;
	if (len < at + strlen(SUFFIX) || strcmp(name + len - strlen(SUFFIX), SUFFIX))
		return false;
	for (size_t i = 0; i < at; i++)
		if (i >= strlen(PREFIX) && form[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != form[i])
			return false;
	size_t middle = len - at - strlen(SUFFIX);
	return !middle || (name[at] == '-' && middle > 1 && strspn(name + at + 1, "0123456789") == middle - 1);
}

static int newest_first(const void *a, const void *b)
{
	const struct log_aside *x = a, *y = b;
	if (x->changed.tv_sec != y->changed.tv_sec)
		return x->changed.tv_sec < y->changed.tv_sec ? 1 : -1;
	if (x->changed.tv_nsec != y->changed.tv_nsec)
		return x->changed.tv_nsec < y->changed.tv_nsec ? 1 : -1;
	/* within a clock tick: by name, which is longer from the second one on */
	size_t xn = strlen(x->name), yn = strlen(y->name);
	return xn != yn ? (xn < yn ? 1 : -1) : strcmp(y->name, x->name);
}

size_t log_list_aside(DIR *folder, struct log_aside **ret)
{
	struct log_aside *files = NULL;
	size_t count = 0, room = 0;
	for (const struct dirent *d; (d = readdir(folder));) {
		struct stat st;
		if (!is_aside(d->d_name) || fstatat(dirfd(folder), d->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (count == room) {
			room = room ? room * 2 : 32;
			struct log_aside *more = reallocarray(files, room, sizeof *files);
			if (!more)
				break;
			files = more;
		}
		char *name = strdup(d->d_name);
		if (!name)
			break;
		files[count++] = (struct log_aside){
			.name = name, .size = st.st_size, .changed = st.st_mtim, .device = st.st_dev, .inode = st.st_ino
		};
	}
	if (count)
		qsort(files, count, sizeof *files, newest_first);
	*ret = files;
	return count;
}

void log_free_aside(struct log_aside *files, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(files[i].name);
	free(files);
}

void log_prune(const char *folder, int64_t max_total)
{
	DIR *dir = opendir(folder);
	if (!dir)
		return;
	struct log_aside *files;
	size_t count = log_list_aside(dir, &files);
	int64_t total = 0;
	for (size_t i = 0; i < count; i++) {
		total += files[i].size;
		if (total > max_total)
			unlinkat(dirfd(dir), files[i].name, 0);
	}
	log_free_aside(files, count);
	closedir(dir);
}
