/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int make_all(const char *path, mode_t mode, struct err *e)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return err_nomem(e);
	for (char *p = copy + 1; !rc; p++) {
		char end = *p;
		if (end && end != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) && errno != EEXIST)
			rc = err_errno(e, errno, "create the folder", copy);
		*p = end;
		if (!end)
			break;
	}
	free(copy);
	return rc;
}

static void cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(path, ".");
	else if (slash == path)
		path[1] = '\0';
	else
		*slash = '\0';
}

/** Checks the part of the path that exists. \p path is changed. */
static int try_existing(char *path, struct err *e)
{
	struct stat st;

	while (stat(path, &st) < 0) {
		if (errno != ENOENT || !strcmp(path, "/") || !strcmp(path, "."))
			return err_errno(e, errno, "create the folder", path);
		cut_last(path);
	}
	if (!S_ISDIR(st.st_mode))
		return err_errno(e, ENOTDIR, "use as a folder", path);
	return access(path, W_OK | X_OK) < 0 ? err_errno(e, errno, "write to the folder", path) : 0;
}

int folder_try(const char *path, struct err *e)
{
	char *copy = strdup(*path ? path : ".");

	if (!copy)
		return err_nomem(e);
	int rc = try_existing(copy, e);
	free(copy);
	return rc;
}

int folder_make(const char *path, mode_t mode, struct err *e)
{
	struct err seen = { .code = 0 };
	int rc = make_all(path, mode, e);

	/* One fault has one message, whichever check finds it. */
	if (rc && folder_try(path, &seen))
		*e = seen;
	return rc ? e->code : 0;
}

int folder_try_parent(const char *path, struct err *e)
{
	char *copy = strdup(path);

	if (!copy)
		return err_nomem(e);
	cut_last(copy);
	int rc = try_existing(copy, e);
	free(copy);
	return rc;
}

bool folder_holds(const char *folder, const char *path)
{
	size_t len = strlen(folder);
	return strncmp(folder, path, len) == 0 && (!path[len] || path[len] == '/');
}
