/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file export/export_local.c
 * \brief export_local: the rows of a search as a file on the server.
 */
#include "export_file.h"
#include "export_module.h"
#include "export_place.h"

#include "folder_rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** How many names are tried for a file that the client did not name. */
#define NAMES_MAX 1000

/** A running export. */
struct local {
	lyre_call *call;
	struct export_request request;
	struct export_place place;
	struct folder_rules rules;
	struct export_file file;
	int folder;
};

/* ---- who may, and where ---- */

/** Before anything is opened. \param[out] rules  unless it fails */
static int permit(lyre_call *call, struct folder_rules *rules)
{
	int rc = folder_rules_read(call, EXPORT_PATHS, rules);
	if (rc || rules->limited || lyre_call_super_user(call))
		return rc;
	return lyre_fail(call, LYRE_EDENIED, "Operation '%s' is restricted to 'super_user' roles", lyre_call_operation(call));
}

/** \param e  errno of folder_open() */
static int fail_folder(lyre_call *call, const struct export_place *place, const struct folder_rules *rules, int e)
{
	int verdict = folder_judge_missing(rules, place->folder);
	if (verdict > FOLDER_ALLOWED)
		return folder_deny(call, rules, place->path, (enum folder_verdict)verdict);
	if (e == ENOENT && place->inner)
		return lyre_fail(call, LYRE_EINVAL, "ENOENT: no such file or directory, open '%s'", place->file);
	if (e == ENOENT)
		return lyre_fail(call, LYRE_EINVAL, "path '%s' does not exist", place->path);
	if (e == ENOTDIR)
		return lyre_fail(call, LYRE_EINVAL, "path '%s' is not a folder", place->folder);
	return lyre_fail(call, LYRE_EINVAL, "path '%s' cannot be opened: %s", place->folder, strerror(e));
}

/** Opens the folder, if it is allowed. \return a descriptor or a failure */
static int open_allowed(lyre_call *call, const struct export_place *place, const struct folder_rules *rules)
{
	int folder = folder_open(place->path, place->inner);
	if (folder < 0)
		return fail_folder(call, place, rules, -folder);
	int verdict = folder_judge(rules, folder);
	if (verdict == FOLDER_ALLOWED)
		return folder;
	close(folder);
	return verdict < 0 ? lyre_fail(call, LYRE_EINVAL, "path '%s' cannot be examined: %s", place->folder, strerror(-verdict)) :
			     folder_deny(call, rules, place->path, (enum folder_verdict)verdict);
}

int export_local_check(lyre_call *call)
{
	struct folder_rules rules;
	struct export_place place;
	int rc = permit(call, &rules);
	if (!rc)
		rc = export_check_search(call);
	if (rc || export_place_read(call, &place))
		return rc;
	int folder = open_allowed(call, &place, &rules);
	if (folder >= 0)
		close(folder);
	/* other errors are the job's, as clients expect */
	return folder == LYRE_EDENIED ? folder : 0;
}

/* ---- the file ---- */

static int fail_file(const struct local *x, int e)
{
	lyre_call *call = x->call;
	const char *file = x->place.file ? x->place.file : x->place.folder;
	if (e == FILE_IS_SPECIAL)
		return lyre_fail(call, LYRE_ECONFLICT, "'%s' exists and is not a regular file", file);
	if (e == ENOSPC || e == EDQUOT)
		return lyre_fail(call, LYRE_ENOSPACE, "the disk is too full for '%s'", file);
	if (e == ENAMETOOLONG)
		return lyre_fail(call, LYRE_EINVAL, "filename is too long");
	return lyre_fail(call, e == EACCES || e == EROFS || e == EPERM ? LYRE_EINVAL : LYRE_EIO, "'%s' cannot be written: %s", file,
		strerror(e));
}

static int take(void *arg, const char *bytes, size_t len, uint64_t rows)
{
	struct local *x = arg;
	int e = export_file_append(&x->file, bytes, len);
	return e ? fail_file(x, e) : lyre_job_progress(x->call, rows, 0);
}

/** The folder may have been moved or replaced meanwhile: the file appears where the client wanted it, or not at all. */
static int same_place(const struct local *x)
{
	struct stat then, now;
	int folder = open_allowed(x->call, &x->place, &x->rules);
	if (folder < 0)
		return folder;
	int e = fstat(x->folder, &then) || fstat(folder, &now) ? errno : 0;
	close(folder);
	if (e)
		return fail_file(x, e);
	if (then.st_dev == now.st_dev && then.st_ino == now.st_ino)
		return 0;
	return lyre_fail(x->call, LYRE_ECONFLICT, "path '%s' was replaced during the export", x->place.path);
}

static int name_file(struct local *x)
{
	int e = EEXIST;
	if (x->place.name) {
		e = export_file_name(&x->file, x->place.name, 1);
		return e ? fail_file(x, e) : 0;
	}
	for (int i = 0; e == EEXIST && i < NAMES_MAX; i++) {
		int rc = export_place_make_name(x->call, &x->place, x->request.format, i);
		if (rc)
			return rc;
		e = export_file_name(&x->file, x->place.name, 0);
	}
	return e ? fail_file(x, e) : 0;
}

static int write_file(struct local *x)
{
	export_folder_clean(x->folder);
	int e = x->place.name ? export_file_try_name(x->folder, x->place.name) : 0;
	if (e && e != EEXIST)
		return fail_file(x, e);
	e = export_file_begin(&x->file, x->folder, lyre_job_id(x->call));
	int rc = e ? fail_file(x, e) : export_rows(x->call, &x->request, take, x);
	if (!rc)
		rc = lyre_job_progress(x->call, 0, 0);
	if (!rc)
		rc = same_place(x);
	if (!rc)
		rc = name_file(x);
	export_file_end(&x->file);
	return rc;
}

/* ---- the job ---- */

static int reply(const struct local *x)
{
	char message[64];
	lyre_out *o = lyre_reply(x->call);
	snprintf(message, sizeof message, "Successfully exported %s locally.", export_format_word(x->request.format));
	lyre_out_object_begin(o);
	lyre_out_text(o, "message", message);
	lyre_out_text(o, "path", x->place.file);
	lyre_out_object_end(o);
	return 0;
}

int export_local(lyre_call *call)
{
	struct local x = { .call = call };
	int rc = permit(call, &x.rules);
	if (!rc)
		rc = export_read_format(call, &x.request);
	if (!rc)
		rc = export_place_read(call, &x.place);
	if (!rc)
		rc = export_read_search(call, &x.request);
	if (!rc)
		rc = export_place_extend(call, &x.place, x.request.format);
	if (rc)
		return rc;
	x.folder = open_allowed(call, &x.place, &x.rules);
	if (x.folder < 0)
		return x.folder;
	rc = write_file(&x);
	close(x.folder);
	return rc ? rc : reply(&x);
}
