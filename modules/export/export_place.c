/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_place.c
 * \brief The arguments path and filename.
 */
#include "export_place.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static char *copy(lyre_call *call, const char *s, size_t len)
{
	char *text = lyre_alloc(call, len + 1);
	if (text)
		memcpy(text, s, len);
	return text;
}

/** \param between  "/" or "."; no second slash after one */
static char *join(lyre_call *call, const char *a, const char *between, const char *b)
{
	size_t len = strlen(a), size = len + strlen(between) + strlen(b) + 1;
	char *text = lyre_alloc(call, size);
	if (text)
		snprintf(text, size, "%s%s%s", a, *between == '/' && a[len - 1] == '/' ? "" : between, b);
	return text;
}

/** \param ret  NULL if it was not given */
static int read_text(lyre_call *call, const char *name, const char **ret)
{
	const lyre_value *v = lyre_arg(call, name);
	size_t len;
	*ret = NULL;
	if (!v)
		return 0;
	if (lyre_value_type(v) != LYRE_STRING)
		return lyre_fail(call, LYRE_EINVAL, "%s must be a string", name);
	const char *text = lyre_value_string(v, &len);
	if (strlen(text) != len)
		return lyre_fail(call, LYRE_EINVAL, "%s must not contain a NUL character", name);
	if (len >= PATH_MAX)
		return lyre_fail(call, LYRE_EINVAL, "%s is too long", name);
	*ret = text;
	return 0;
}

static int read_path(lyre_call *call, struct export_place *ret)
{
	const char *path;
	int rc = read_text(call, "path", &path);
	if (rc)
		return rc;
	if (!path)
		return lyre_fail(call, LYRE_EINVAL, "path is missing.");
	if (!*path)
		return lyre_fail(call, LYRE_EINVAL, "Invalid path: ");
	if (*path != '/')
		return lyre_fail(call, LYRE_EINVAL, "path '%s' must begin with /", path);
	size_t len = strlen(path);
	ret->folder = ret->path = copy(call, path, len > 1 && path[len - 1] == '/' ? len - 1 : len);
	return ret->path ? 0 : lyre_fail_no_memory(call);
}

/** Slashes at its beginning lead nowhere: it is a name in the folder. */
static int read_filename(lyre_call *call, struct export_place *ret)
{
	const char *filename;
	int rc = read_text(call, "filename", &filename);
	if (rc || !filename || !*filename)
		return rc;
	filename += strspn(filename, "/");
	const char *slash = strrchr(filename, '/');
	ret->stem = slash ? slash + 1 : filename;
	if (!slash)
		return 0;
	ret->inner = copy(call, filename, (size_t)(slash - filename));
	ret->folder = ret->inner ? join(call, ret->path, "/", ret->inner) : NULL;
	return ret->folder ? 0 : lyre_fail_no_memory(call);
}

int export_place_read(lyre_call *call, struct export_place *ret)
{
	*ret = (struct export_place){ 0 };
	int rc = read_path(call, ret);
	return rc ? rc : read_filename(call, ret);
}

static int set_name(lyre_call *call, struct export_place *p, const char *stem, enum export_format format)
{
	p->name = join(call, stem, ".", export_extension(format));
	p->file = p->name ? join(call, p->folder, "/", p->name) : NULL;
	return p->file ? 0 : lyre_fail_no_memory(call);
}

int export_place_extend(lyre_call *call, struct export_place *p, enum export_format format)
{
	return p->stem ? set_name(call, p, p->stem, format) : 0;
}

int export_place_make_name(lyre_call *call, struct export_place *p, enum export_format format, int more)
{
	char stem[32];
	snprintf(stem, sizeof stem, "%lld", (long long)lyre_time_now() + more);
	return set_name(call, p, stem, format);
}
