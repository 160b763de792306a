/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/npm.c
 * \brief install_node_modules: npm install in component folders.
 */
#include "information.h"
#include "npm_run.h"
#include "system_module.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WARNING                                                                                        \
	"install_node_modules is deprecated. Dependencies are automatically installed on deploy, and " \
	"install_node_modules can lead to inconsistent behavior"

/** One npm at a time: two in one folder would interfere, and each takes a processor. */
static atomic_flag busy = ATOMIC_FLAG_INIT;

struct project {
	const char *name;
	char *folder;      /**< resolved path, memory of the call; NULL if there is none */
	const char *error; /**< why npm is not run there */
};

/* ---- which folders ---- */

/** A name must be that of a folder directly in componentsRoot, and must not lead out of it through links. */
static int find_folder(lyre_call *call, const char *root, struct project *p, size_t i)
{
	char path[PATH_MAX], real_root[PATH_MAX], real[PATH_MAX];
	struct stat st;

	if (!*p->name || !strcmp(p->name, ".") || !strcmp(p->name, "..") || strchr(p->name, '/'))
		return lyre_fail(call, LYRE_EINVAL, "'projects[%zu]' must be the name of a folder in componentsRoot", i);
	if (!realpath(root, real_root) || snprintf(path, sizeof path, "%s/%s", real_root, p->name) >= (int)sizeof path ||
		!realpath(path, real) || stat(real, &st) != 0 || !S_ISDIR(st.st_mode)) {
		p->error = "no such folder in componentsRoot";
		return 0;
	}
	size_t n = strlen(real_root);
	if (strncmp(real, real_root, n) != 0 || (real[n] != '/' && strcmp(real_root, "/") != 0))
		return lyre_fail(call, LYRE_EINVAL, "'projects[%zu]' leads outside componentsRoot", i);
	if (snprintf(path, sizeof path, "%s/package.json", real) >= (int)sizeof path || stat(path, &st) != 0 ||
		!S_ISREG(st.st_mode)) {
		p->error = "the folder has no package.json";
		return 0;
	}
	p->folder = lyre_alloc(call, strlen(real) + 1);
	if (!p->folder)
		return lyre_fail_no_memory(call);
	strcpy(p->folder, real);
	return 0;
}

/** Checks all projects before any is touched. Repeated names are one project. */
static int find_projects(lyre_call *call, const lyre_value *names, struct project *projects, size_t *count)
{
	const char *root = lyre_setting_string(lyre_call_module(call), "/componentsRoot");
	*count = 0;
	for (size_t i = 0; i < lyre_value_count(names); i++) {
		size_t len, j = 0;
		const char *name = lyre_value_string(lyre_value_at(names, i), &len);
		if (!name || lyre_value_type(lyre_value_at(names, i)) != LYRE_STRING)
			return lyre_fail(call, LYRE_EINVAL, "'projects[%zu]' must be a string", i);
		if (strlen(name) != len)
			return lyre_fail(call, LYRE_EINVAL, "'projects[%zu]' must be the name of a folder in componentsRoot", i);
		while (j < *count && strcmp(projects[j].name, name) != 0)
			j++;
		if (j < *count)
			continue;
		projects[j] = (struct project){ .name = name };
		int rc = find_folder(call, root, projects + j, i);
		if (rc < 0)
			return rc;
		++*count;
	}
	return 0;
}

/* ---- the answer ---- */

/** \param more  another text to append; NULL for none */
static int put_output(lyre_call *call, lyre_out *o, const char *key, const struct npm_text *t, const struct npm_text *more)
{
	size_t len = t->len + (more ? more->len : 0);
	if (len == 0) {
		put_null(o, key);
		return 0;
	}
	char *text = lyre_alloc(call, len);
	if (!text)
		return lyre_fail_no_memory(call);
	memcpy(text, t->data, t->len);
	if (more)
		memcpy(text + t->len, more->data, more->len);
	lyre_out_key(o, key);
	lyre_out_string(o, text, len);
	return 0;
}

/** If npm succeeds, its warnings are added to its output: clients take npm_error as a failure. */
static int write_result(lyre_call *call, lyre_out *o, const struct npm_result *r)
{
	char text[96];
	bool done = !r->timed_out && WIFEXITED(r->status) && WEXITSTATUS(r->status) == 0;
	int rc = put_output(call, o, "npm_output", &r->out, done ? &r->err : NULL);
	if (rc < 0)
		return rc;
	if (done) {
		put_null(o, "npm_error");
	} else if (r->timed_out) {
		lyre_out_text(o, "npm_error", "npm exceeded modules.system.npm.timeout and was stopped");
	} else if (r->err.len > 0) {
		return put_output(call, o, "npm_error", &r->err, NULL);
	} else {
		if (WIFEXITED(r->status))
			snprintf(text, sizeof text, "npm exited with status %d", WEXITSTATUS(r->status));
		else
			snprintf(text, sizeof text, "npm was killed by signal %d", WTERMSIG(r->status));
		lyre_out_text(o, "npm_error", text);
	}
	return 0;
}

static int install(lyre_call *call, lyre_out *o, const char *npm, const struct project *p)
{
	lyre_instance *self = lyre_call_module(call);
	struct npm_result result;
	int e = npm_install(npm, p->folder, lyre_value_bool(lyre_arg(call, "dry_run")), lyre_setting_number(self, "npm.timeout"),
		(size_t)lyre_setting_int(self, "npm.maxOutput"), &result);
	int rc = e == ENOMEM ? lyre_fail_no_memory(call) :
		e            ? lyre_fail(call, LYRE_EIO, "cannot run %s: %s", npm, strerror(e)) :
			       write_result(call, o, &result);
	npm_free(&result);
	return rc;
}

static int install_all(lyre_call *call, const struct project *projects, size_t count)
{
	char npm[PATH_MAX];
	bool found = npm_find(npm, sizeof npm), warn = true;
	lyre_out *o = lyre_reply(call);

	for (size_t i = 0; i < count; i++)
		if (projects[i].folder && !found)
			return lyre_fail(call, LYRE_ENOTSUP, "npm is not installed on this server, or not in the server's PATH");
	lyre_out_object_begin(o);
	for (size_t i = 0; i < count; i++) {
		const struct project *p = projects + i;
		int rc = 0;
		lyre_out_key(o, p->name);
		lyre_out_object_begin(o);
		if (p->folder) {
			rc = install(call, o, npm, p);
		} else {
			put_null(o, "npm_output");
			lyre_out_text(o, "npm_error", p->error);
		}
		if (rc < 0)
			return rc;
		lyre_out_object_end(o);
		warn = warn && strcmp(p->name, "warning") != 0; /* a project of this name takes precedence */
	}
	if (warn)
		lyre_out_text(o, "warning", WARNING);
	lyre_out_object_end(o);
	return 0;
}

int system_install_node_modules(lyre_call *call)
{
	const lyre_value *names = lyre_arg(call, "projects");
	struct project *projects = lyre_alloc(call, lyre_value_count(names) * sizeof *projects);
	size_t count;

	if (!projects)
		return lyre_fail_no_memory(call);
	int rc = find_projects(call, names, projects, &count);
	if (rc < 0)
		return rc;
	if (atomic_flag_test_and_set(&busy))
		return lyre_fail(call, LYRE_EBUSY, "npm is running for another request: try again later");
	rc = install_all(call, projects, count);
	atomic_flag_clear(&busy);
	return rc;
}
