/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/module_trust.c
 * \brief Checks that a module can be written only by users who could change the server itself.
 */
#include "base/trust.h"

#include "module/internal.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

static int check_file(const char *path, struct err *e)
{
	struct stat st;

	if (stat(path, &st))
		return err_errno(e, errno, "read", path);
	switch (writers_of(&st)) {
	case WRITERS_ANYBODY:
		return err_set(e, LYRE_EINVAL,
			"%s: anyone may write to this file (mode %04o): check its content, then chmod o-w it", path,
			(unsigned)(st.st_mode & 07777));
	case WRITERS_OWNER:
		return err_set(e, LYRE_EINVAL,
			"%s: belongs to user %lu, who is neither root nor the server's user: check its content, then chown it",
			path, (unsigned long)st.st_uid);
	case WRITERS_GROUP:
		return err_set(e, LYRE_EINVAL,
			"%s: group %lu may write to this file (mode %04o): check its content, then chmod g-w it", path,
			(unsigned long)st.st_gid, (unsigned)(st.st_mode & 07777));
	case WRITERS_TRUSTED:
		break;
	}
	return 0;
}

static int check_folder(const char *path, const char *folder, struct err *e)
{
	struct stat st;

	if (stat(folder, &st))
		return err_errno(e, errno, "read", folder);
	switch (writers_of(&st)) {
	case WRITERS_ANYBODY:
		return err_set(e, LYRE_EINVAL,
			"%s: anyone may add files to its folder (mode %04o): keep modules where only their owner can write", path,
			(unsigned)(st.st_mode & 07777));
	case WRITERS_OWNER:
		return err_set(e, LYRE_EINVAL,
			"%s: its folder belongs to user %lu, who is neither root nor the server's user: chown it, or keep modules elsewhere",
			path, (unsigned long)st.st_uid);
	case WRITERS_GROUP:
		return err_set(e, LYRE_EINVAL, "%s: group %lu may add files to its folder (mode %04o): chmod g-w the folder", path,
			(unsigned long)st.st_gid, (unsigned)(st.st_mode & 07777));
	case WRITERS_TRUSTED:
		break;
	}
	return 0;
}

int module_trusted(const char *path, struct err *e)
{
	char folder[PATH_MAX] = ".";
	const char *slash = strrchr(path, '/');
	size_t length = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
	int rc = check_file(path, e);

	if (rc)
		return rc;
	if (length >= sizeof folder)
		return err_set(e, LYRE_EINVAL, "%s: the path is too long", path);
	if (slash) {
		memcpy(folder, path, length);
		folder[length] = '\0';
	}
	return check_folder(path, folder, e);
}
