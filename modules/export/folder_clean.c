/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/folder_clean.c
 * \brief Removing what exports that were killed have left: files with a hidden name, which nobody has locked any more.
 */
#include "export_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/** Length of a job's id. */
#define ID_LENGTH 36

static int is_hidden(const char *name)
{
	size_t prefix = strlen(HIDDEN_PREFIX);
	return !strncmp(name, HIDDEN_PREFIX, prefix) && strlen(name) == prefix + ID_LENGTH;
}

/** Opened for writing: some file systems lock no others. */
static void clean(int folder, const char *name)
{
	struct stat st;
	int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(folder, name, 0);
	close(fd);
}

void export_folder_clean(int folder)
{
	int readable = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = readable < 0 ? NULL : fdopendir(readable);
	for (const struct dirent *entry; d && (entry = readdir(d)) != NULL;) {
		if (is_hidden(entry->d_name))
			clean(folder, entry->d_name);
	}
	if (d)
		closedir(d);
	else if (readable >= 0)
		close(readable);
}
