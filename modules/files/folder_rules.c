/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file files/folder_rules.c
 * \brief Which folders are allowed. A folder is opened once, and everything else happens through the descriptor, so that nothing
 * changes when a link or a folder in its path is replaced meanwhile.
 */
#include "folder_rules.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
/** No path has more parts than this. */
#define DEPTH_MAX (PATH_MAX / 2)

/** A folder that decides about what is in it. */
struct folder_rule {
	dev_t device;
	ino_t number;
	enum folder_verdict verdict;
};

static int same_folder(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/** A folder that does not exist has nothing in it. */
static void add_rule(struct folder_rules *to, const char *path, enum folder_verdict verdict)
{
	struct stat st;
	if (!path || stat(path, &st))
		return;
	to->rules[to->count++] = (struct folder_rule){ .device = st.st_dev, .number = st.st_ino, .verdict = verdict };
}

/** Relative paths would depend on where the server was started. */
int folder_rules_check(lyre_instance *self, const char *setting)
{
	size_t count;
	const char *const *paths = lyre_setting_list(self, "paths", &count);
	for (size_t i = 0; i < count; i++) {
		if (paths[i][0] != '/')
			return lyre_start_fail(self, LYRE_EINVAL, "'%s': '%s' must begin with /", setting, paths[i]);
	}
	return 0;
}

int folder_rules_read(lyre_call *call, const char *setting, struct folder_rules *ret)
{
	static const char *const own[] = { "/rootPath", "/storage.path", "/logging.root" };
	const size_t own_count = sizeof own / sizeof *own;
	lyre_instance *self = lyre_call_module(call);
	size_t count;
	const char *const *paths = lyre_setting_list(self, "paths", &count);
	*ret = (struct folder_rules){ .setting = setting, .limited = !lyre_setting_is_null(self, "paths") };
	ret->rules = lyre_alloc(call, (count + own_count) * sizeof *ret->rules);
	if (!ret->rules)
		return lyre_fail_no_memory(call);
	/* first: a folder of the server's that the operator names is allowed */
	for (size_t i = 0; i < count; i++)
		add_rule(ret, paths[i], FOLDER_ALLOWED);
	for (size_t i = 0; i < own_count; i++)
		add_rule(ret, lyre_setting_string(self, own[i]), FOLDER_OF_SERVER);
	return 0;
}

int folder_open(const char *path, const char *inner)
{
	int folder = open(path, OPEN_FLAGS);
	if (folder < 0 || !inner)
		return folder < 0 ? -errno : folder;
	int below = openat(folder, inner, OPEN_FLAGS);
	int e = errno;
	close(folder);
	return below < 0 ? -e : below;
}

static const struct folder_rule *find_rule(const struct folder_rules *rules, const struct stat *st)
{
	for (size_t i = 0; i < rules->count; i++) {
		if (rules->rules[i].device == st->st_dev && rules->rules[i].number == st->st_ino)
			return &rules->rules[i];
	}
	return NULL;
}

/** One step up: \p folder is closed and replaced. \return 0, an errno */
static int climb(int *folder, struct stat *st)
{
	int up = openat(*folder, "..", OPEN_FLAGS);
	int e = up < 0 || fstat(up, st) ? errno : 0;
	close(*folder);
	*folder = up;
	return e;
}

int folder_judge(const struct folder_rules *rules, int folder)
{
	struct stat top, here, before;
	const struct folder_rule *rule = NULL;
	int at = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	int e = at < 0 || stat("/", &top) || fstat(at, &here) ? errno : 0;
	for (unsigned depth = 0; !e; depth++) {
		rule = find_rule(rules, &here);
		if (rule)
			break;
		before = here;
		e = depth < DEPTH_MAX ? climb(&at, &here) : ELOOP;
		/* the folder above the root is the root; another may seem to be its own parent, being mounted below itself */
		if (!e && same_folder(&here, &before) && same_folder(&here, &top))
			break;
	}
	if (at >= 0)
		close(at);
	if (e)
		return -e;
	return rule ? (int)rule->verdict : rules->limited ? FOLDER_OUTSIDE : FOLDER_ALLOWED;
}

int folder_judge_missing(const struct folder_rules *rules, const char *path)
{
	char *above = strdup(path);
	int verdict = above ? FOLDER_OUTSIDE : -ENOMEM;
	for (size_t len = above ? strlen(above) : 0; len > 0;) {
		while (len > 0 && above[len - 1] != '/')
			len--;
		while (len > 1 && above[len - 1] == '/')
			len--;
		above[len] = '\0';
		int folder = len ? folder_open(above, NULL) : -ENOENT;
		if (folder >= 0) {
			verdict = folder_judge(rules, folder);
			close(folder);
			break;
		}
		if (len == 1)
			break;
	}
	free(above);
	return verdict;
}

int folder_deny(lyre_call *call, const struct folder_rules *rules, const char *path, enum folder_verdict verdict)
{
	if (verdict == FOLDER_OUTSIDE)
		return lyre_fail(call, LYRE_EDENIED, "path '%s' is in none of the folders of %s", path, rules->setting);
	return lyre_fail(call, LYRE_EDENIED, "path '%s' is in a folder of the server's own files", path);
}
