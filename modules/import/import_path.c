/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/import_path.c
 * \brief Files on the server: which ones may be read, and by whom.
 *
 * What is checked is the file that was opened: its real path is looked up, without links and without "..", and must lead to the same
 * file as the descriptor. Whoever swaps a link in between gets a refusal.
 */
#include "import.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/magic.h */
#define PROC_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572

int import_is_upload(lyre_call *call)
{
	return lyre_arg_given(call, "file_path") && !lyre_value_get(lyre_call_body(call), "file_path");
}

/** Whether a real path is that of a folder, or of something in it. */
static bool is_within(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	while (len && folder[len - 1] == '/')
		len--;
	return !strncmp(path, folder, len) && (path[len] == '/' || !path[len]);
}

/** \return its real path, to be freed; NULL: it does not exist */
static char *real_folder(const char *folder)
{
	return folder ? realpath(folder, NULL) : NULL;
}

/** The server's own folder that a path is in, to be freed; NULL: none */
static char *own_folder(lyre_instance *self, const char *path)
{
	static const char *const keys[] = { "/rootPath", "/storage.path", "/logging.root" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char *folder = real_folder(lyre_setting_string(self, keys[i]));
		if (folder && is_within(path, folder))
			return folder;
		free(folder);
	}
	return NULL;
}

/** Whether the setting has a folder that the path is in, and that is itself in \p own, if there is one. */
static bool is_listed(lyre_instance *self, const char *path, const char *own)
{
	size_t count;
	const char *const *paths = lyre_setting_list(self, "paths", &count);
	bool found = false;

	for (size_t i = 0; !found && i < count; i++) {
		char *folder = real_folder(paths[i]);
		found = folder && is_within(path, folder) && (!own || is_within(folder, own));
		free(folder);
	}
	return found;
}

static int not_there(lyre_call *call, const char *path, int code)
{
	if (code == ENOENT || code == ENOTDIR)
		return lyre_fail(call, LYRE_EINVAL, "No such file or directory %s", path);
	if (code == ENOMEM)
		return lyre_fail_no_memory(call);
	return lyre_fail(call, LYRE_EINVAL, "Cannot read %s: %s", path, strerror(code));
}

static int not_listed(lyre_call *call, const char *path)
{
	return lyre_fail(call, LYRE_EDENIED, "%s is not in a folder that modules.import.paths allows", path);
}

/**
 * The real path of a file that the caller may read, to be freed. Who is not a super_user does not learn whether there is a file
 * elsewhere.
 */
static int find(lyre_call *call, const char *path, char **ret)
{
	lyre_instance *self = lyre_call_module(call);
	bool limited = !lyre_setting_is_null(self, "paths"), all = lyre_call_super_user(call);

	if (!limited && !all)
		return lyre_fail(call, LYRE_EDENIED,
			"Only super_users may load files on the server, unless modules.import.paths lists their folder: "
			"send the file as the body of the request");
	char *real = realpath(path, NULL);
	if (!real)
		return all ? not_there(call, path, errno) : not_listed(call, path);
	char *own = own_folder(self, real);
	int rc = 0;
	if (limited && !is_listed(self, real, own))
		rc = not_listed(call, path);
	else if (own && !limited)
		rc = lyre_fail(call, LYRE_EDENIED, "%s is one of the server's own files", path);
	free(own);
	*ret = real;
	return rc;
}

/** Opening a device, or a FIFO, could do something or wait: they are not opened. */
static int open_regular(lyre_call *call, const char *path, const char *real, int *fd, struct stat *st)
{
	struct statfs fs;

	if (stat(real, st))
		return not_there(call, path, errno);
	if (!S_ISREG(st->st_mode))
		return lyre_fail(call, LYRE_EINVAL, "%s is not a regular file", path);
	*fd = open(real, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, st) || fstatfs(*fd, &fs))
		return not_there(call, path, errno);
	if (!S_ISREG(st->st_mode) || fs.f_type == PROC_MAGIC || fs.f_type == SYSFS_MAGIC)
		return lyre_fail(call, LYRE_EINVAL, "%s is not a regular file", path);
	return 0;
}

/** Whether a real path still has no links in it, and leads to the file that was opened. */
static int check_same(lyre_call *call, const char *path, const char *real, const struct stat *opened)
{
	char *again = realpath(real, NULL);
	struct stat st;
	bool same =
		again && !strcmp(again, real) && !stat(again, &st) && st.st_dev == opened->st_dev && st.st_ino == opened->st_ino;

	free(again);
	return same ? 0 : lyre_fail(call, LYRE_EINVAL, "%s was replaced while it was being opened: try again", path);
}

int import_open(lyre_call *call, const char *path, int *fd, uint64_t *size)
{
	bool upload = import_is_upload(call);
	char *real = NULL;
	struct stat st;

	*fd = -1;
	int rc = upload ? 0 : find(call, path, &real);
	if (!rc)
		rc = open_regular(call, upload ? "The file" : path, upload ? path : real, fd, &st);
	if (!rc && !upload)
		rc = check_same(call, path, real, &st);
	if (!rc)
		*size = (uint64_t)st.st_size;
	if (rc && *fd >= 0)
		close(*fd);
	free(real);
	return rc;
}
