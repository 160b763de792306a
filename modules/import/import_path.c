/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/import_path.c
 * \brief Files on the server: which ones may be read, and by whom.
 *
 * The folder of the real path is opened, and what was opened is judged; the file is then opened in it, without following links. So
 * replacing a part of the path meanwhile leads nowhere else.
 */
#include "import.h"

#include "folder_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* linux/magic.h */
#define PROC_MAGIC 0x9fa0
#define SYSFS_MAGIC 0x62656572

/** Whether the caller sent the file as the request's body, instead of naming one on the server. */
static bool is_upload(lyre_call *call)
{
	return lyre_arg_given(call, "file_path") && !lyre_value_get(lyre_call_body(call), "file_path");
}

static int not_there(lyre_call *call, const char *path, int e)
{
	if (e == ENOENT || e == ENOTDIR)
		return lyre_fail(call, LYRE_EINVAL, "No such file or directory %s", path);
	if (e == ENOMEM)
		return lyre_fail_no_memory(call);
	return lyre_fail(call, LYRE_EINVAL, "'%s' cannot be read: %s", path, strerror(e));
}

static int not_regular(lyre_call *call, const char *path)
{
	return lyre_fail(call, LYRE_EINVAL, "'%s' is not a regular file", path);
}

/** Before anything is opened. \param[out] rules  unless it fails */
static int permit(lyre_call *call, struct folder_rules *rules)
{
	int rc = folder_rules_read(call, IMPORT_PATHS, rules);

	if (rc || rules->limited || lyre_call_super_user(call))
		return rc;
	return lyre_fail(call, LYRE_EDENIED,
		"Only super_users may load files on the server, unless " IMPORT_PATHS
		" lists their folder: send the file as the body of the request");
}

/** \param e  errno of realpath() */
static int fail_path(lyre_call *call, const struct folder_rules *rules, const char *path, int e)
{
	int verdict = folder_judge_missing(rules, path);

	return verdict > FOLDER_ALLOWED ? folder_deny(call, rules, path, (enum folder_verdict)verdict) : not_there(call, path, e);
}

/** Opens the folder of a real path, if it is allowed. \return a descriptor or a failure */
static int open_allowed(lyre_call *call, const struct folder_rules *rules, const char *path, const char *folder)
{
	int fd = folder_open(folder, NULL);
	int verdict = fd < 0 ? fd : folder_judge(rules, fd);

	if (verdict == FOLDER_ALLOWED)
		return fd;
	if (fd >= 0)
		close(fd);
	return verdict < 0 ? not_there(call, path, -verdict) : folder_deny(call, rules, path, (enum folder_verdict)verdict);
}

/** Opening a device, or a FIFO, could do something or wait: they are not opened. \return a descriptor or a failure */
static int open_regular(lyre_call *call, const char *path, int folder, const char *name)
{
	struct stat st;
	struct statfs fs;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return not_there(call, path, errno);
	if (!S_ISREG(st.st_mode))
		return not_regular(call, path);
	int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	int rc = fd < 0 || fstat(fd, &st) || fstatfs(fd, &fs) ? not_there(call, path, errno) : 0;
	if (!rc && (!S_ISREG(st.st_mode) || fs.f_type == PROC_MAGIC || fs.f_type == SYSFS_MAGIC))
		rc = not_regular(call, path);
	if (rc && fd >= 0)
		close(fd);
	return rc ? rc : fd;
}

/** \return a descriptor or a failure */
static int open_on_server(lyre_call *call, const char *path)
{
	struct folder_rules rules;

	int rc = permit(call, &rules);
	if (rc)
		return rc;
	char *real = realpath(path, NULL);
	if (!real)
		return fail_path(call, &rules, path, errno);
	char *name = strrchr(real, '/');
	*name++ = '\0';
	int folder = open_allowed(call, &rules, path, *real ? real : "/");
	int fd = folder < 0 ? folder : open_regular(call, path, folder, *name ? name : ".");
	if (folder >= 0)
		close(folder);
	free(real);
	return fd;
}

int import_read_failed(lyre_call *call, int e)
{
	return lyre_fail(call, LYRE_EIO, "The file cannot be read: %s", strerror(e));
}

static int open_upload(lyre_call *call, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? import_read_failed(call, errno) : fd;
}

int import_open(lyre_call *call, const char *path, int *fd, uint64_t *size)
{
	struct stat st;

	*fd = is_upload(call) ? open_upload(call, path) : open_on_server(call, path);
	if (*fd < 0)
		return *fd;
	if (fstat(*fd, &st)) {
		int rc = import_read_failed(call, errno);
		close(*fd);
		return rc;
	}
	*size = (uint64_t)st.st_size;
	return 0;
}
