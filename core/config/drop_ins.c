/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/drop_ins.c
 * \brief The drop-ins of a configuration file: the files NAME.yaml in the folder FILE.d, in the byte order of their names.
 */
#include "config/config_internal.h"

#include "base/trust.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DROP_INS_MAX 64
#define SUFFIX ".yaml"

static bool is_drop_in(const char *name)
{
	size_t len = strlen(name);
	return *name != '.' && len > strlen(SUFFIX) && !strcmp(name + len - strlen(SUFFIX), SUFFIX);
}

/** Whether a name is probably meant to be that of a drop-in. */
static bool is_nearly_drop_in(const char *name)
{
	const char *dot = strrchr(name, '.');
	return dot && *name != '.' && (!strcasecmp(dot, ".yml") || !strcasecmp(dot, SUFFIX));
}

/**
 * In a folder such as /tmp, anyone could make a folder, or a link to one, beside the file: its owner must be the file's or a
 * trusted user.
 */
static int check_folder(struct config *c, const char *path, const struct stat *st, struct err *e)
{
	struct stat file;
	if (writers_of(st) == WRITERS_OWNER && (stat(c->target, &file) || file.st_uid != st->st_uid))
		return err_set(e, LYRE_EINVAL,
			"%s: user %lu, who is neither root nor the server's user nor the owner of %s, owns this folder: check its "
			"content, then chown it",
			path, (unsigned long)st->st_uid, c->target);
	return documents_check_writers(c, path, st, e);
}

/** Whether opendir() failed with \p error because nothing has this name, or because there is no way to the file either. */
static bool is_missing(const char *path, bool there, int error)
{
	struct stat st;
	if (lstat(path, &st) < 0)
		return !there || errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG;
	return error == ENOENT && !S_ISLNK(st.st_mode);
}

/** \param[out] ret  NULL: there is no folder */
static int open_folder(struct config *c, const char *path, bool there, DIR **ret, struct err *e)
{
	struct stat st;
	*ret = NULL;
	DIR *d = opendir(path);
	int error = errno;
	if (!d)
		return is_missing(path, there, error) ? 0 : err_errno(e, error, "open the folder", path);
	int rc = fstat(dirfd(d), &st) < 0 ? err_errno(e, errno, "read the folder", path) : check_folder(c, path, &st, e);
	bool gone = lstat(path, &st) < 0;
	if (!rc && !gone && S_ISLNK(st.st_mode)) {
		st.st_mode = S_IFDIR; /* a link is as its folder, but for the owner */
		rc = check_folder(c, path, &st, e);
	}
	if (rc || gone)
		closedir(d);
	else
		*ret = d;
	return rc;
}

static int read_names(struct config *c, const char *folder, DIR *d, const char **paths, size_t *count, struct err *e)
{
	const struct dirent *f;
	bool warned = false;
	while (errno = 0, (f = readdir(d))) {
		if (!is_drop_in(f->d_name)) {
			bool wrong = is_nearly_drop_in(f->d_name);
			if (wrong && !warned &&
				config_warn(c, e, "%s/%s is ignored: the names of drop-ins end in " SUFFIX, folder, f->d_name))
				return e->code;
			warned |= wrong;
			continue;
		}
		if (*count == DROP_INS_MAX)
			return err_set(e, LYRE_EINVAL, "%s: more than %d drop-ins", folder, DROP_INS_MAX);
		paths[*count] = arena_printf(&c->arena, "%s/%s", folder, f->d_name);
		if (!paths[(*count)++])
			return err_nomem(e);
	}
	return errno ? err_errno(e, errno, "read the folder", folder) : 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int drop_ins_list(struct config *c, bool there, const char *const **ret, size_t *count, struct err *e)
{
	DIR *d;
	*count = 0;
	const char *folder = c->target ? arena_printf(&c->arena, "%s.d", c->target) : NULL;
	if (!folder)
		return c->target ? err_nomem(e) : 0;
	int rc = open_folder(c, folder, there, &d, e);
	if (rc || !d)
		return rc;
	const char **paths = ARENA_ARRAY(&c->arena, const char *, DROP_INS_MAX);
	rc = paths ? read_names(c, folder, d, paths, count, e) : err_nomem(e);
	closedir(d);
	if (rc)
		*count = 0;
	else
		qsort(paths, *count, sizeof *paths, compare);
	*ret = paths;
	return rc;
}
