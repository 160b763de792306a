/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/find.c
 * \brief Finding modules: linked in, in the build tree, or installed.
 */
#include <config.h>

#include "base/buf.h"
#include "base/text.h"
#include "module/internal.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define LYRE_STATIC_MODULE(id) extern const struct lyre_module lyre_module_##id;
#include "module/static_modules.h"
#undef LYRE_STATIC_MODULE

#define LYRE_STATIC_MODULE(id) &lyre_module_##id,
static const struct lyre_module *const static_modules[] = {
#include "module/static_modules.h"
	NULL
};
#undef LYRE_STATIC_MODULE

/* For modules that are linked in, in the same file as their table, so that no program can have one without the other;
 * a shared module has its own copy, set when it is loaded. */
const struct lyre_host *lyre_host = &host;

bool own_file(char out[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
	if (len > 0) {
		out[len] = '\0';
		return true;
	}
	/* Without /proc, as in a bare chroot, the kernel still provides the name it was asked to run. */
	const char *name = (const char *)getauxval(AT_EXECFN);
	return name && realpath(name, out);
}

bool module_name_valid(const char *name)
{
	return word_valid(name, sizeof(((struct lyre_module *)0)->name) - 1);
}

const struct lyre_module *module_builtin(const char *name)
{
	for (const struct lyre_module *const *m = static_modules; *m; m++)
		if (strcmp((*m)->name, name) == 0)
			return *m;
	return NULL;
}

#ifdef LYRE_STATIC_ONLY

const char *const *modules_path(size_t *count)
{
	*count = 0;
	return NULL;
}

int module_refuse_file(const char *path, const char *name, struct err *e)
{
	char word[40];
	snprintf(word, sizeof word, " %s ", name);
	if (strstr(LYRE_OWN_MODULES, word))
		return err_set(e, LYRE_ENOTSUP,
			"this build has no dynamic loading: %s: build the server with --with-module-%s=static", path, name);
	return err_set(e, LYRE_ENOTSUP,
		"this build has no dynamic loading: %s: build the server with --with-extra-module=DIR, the folder of the module's sources",
		path);
}

#else

static char build_modules[PATH_MAX];

/**
 * Whether this process was started from a build tree, recognised by config.status: then it uses the modules there. The
 * path is determined here, not compiled in, so that builds are reproducible.
 */
static bool in_build_tree(void)
{
	char self[PATH_MAX], mark[PATH_MAX];
	if (!own_file(self))
		return false;
	char *slash = strrchr(self, '/');
	*slash = '\0';
	char *last = strrchr(self, '/');
	if (last && strcmp(last, "/.libs") == 0)
		*last = '\0';
	if (snprintf(mark, sizeof mark, "%s/config.status", self) >= (int)sizeof mark || access(mark, F_OK) != 0)
		return false;
	return snprintf(build_modules, sizeof build_modules, "%s/modules/.libs", self) < (int)sizeof build_modules;
}

static const char *search_path[1];

static void find_search_path(void)
{
	search_path[0] = in_build_tree() ? build_modules : MODULEDIR;
}

const char *const *modules_path(size_t *count)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, find_search_path);
	*count = sizeof search_path / sizeof search_path[0];
	return search_path;
}

#endif

/** Names of the available modules: linked in, and in the folders. */
struct available {
	const char **names;
	size_t count, cap;
};

static void available_add(struct available *v, struct arena *a, const char *name, size_t len)
{
	for (size_t i = 0; i < v->count; i++)
		if (strncmp(v->names[i], name, len) == 0 && v->names[i][len] == '\0')
			return;
	if (v->count == v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 32;
		const char **names = ARENA_ARRAY(a, const char *, cap);
		if (!names)
			return;
		if (v->count > 0)
			memcpy(names, v->names, v->count * sizeof *names);
		v->names = names;
		v->cap = cap;
	}
	const char *copy = arena_strndup(a, name, len);
	if (copy)
		v->names[v->count++] = copy;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct available list_available(struct arena *a)
{
	struct available v = { 0 };
	for (const struct lyre_module *const *m = static_modules; *m; m++)
		available_add(&v, a, (*m)->name, strlen((*m)->name));
	size_t count;
	const char *const *folders = modules_path(&count);
	for (size_t i = 0; i < count; i++) {
		DIR *dir = opendir(folders[i]);
		if (!dir)
			continue;
		for (struct dirent *d; (d = readdir(dir));) {
			size_t len = strlen(d->d_name);
			if (len > 3 && strcmp(d->d_name + len - 3, ".so") == 0)
				available_add(&v, a, d->d_name, len - 3);
		}
		closedir(dir);
	}
	if (v.count > 0)
		qsort(v.names, v.count, sizeof *v.names, by_text);
	return v;
}

/** "not found: …": every place searched, the available modules, and the nearest name. */
static int not_found(struct arena *a, const char *name, struct err *e)
{
	struct available v = list_available(a);
	const char *near = closest_word(name, v.names, v.count);
	struct buf text;
	buf_init(&text);
	buf_add_str(&text, "not found: not built in");
	size_t count;
	const char *const *folders = modules_path(&count);
	for (size_t i = 0; i < count; i++)
		buf_addf(&text, ", and %s/%s.so does not exist", folders[i], name);
	buf_add_str(&text, v.count ? ": available modules:" : ": no modules are available");
	for (size_t i = 0; i < v.count && text.len < 700; i++)
		buf_addf(&text, " %s", v.names[i]);
	if (near)
		buf_addf(&text, ": did you mean '%s'?", near);
	else
		buf_addf(&text, ": %s '%s', or remove it from the configuration",
			count ? "install the package with" : "build the server with", name);
	const char *sentence = buf_cstr(&text);
	int rc = sentence ? err_set(e, LYRE_ENOTFOUND, "%s", sentence) : err_nomem(e);
	buf_free(&text);
	return rc;
}

int module_find(struct arena *a, const char *name, const char **path, struct err *e)
{
	size_t count;
	const char *const *folders = modules_path(&count);
	for (size_t i = 0; i < count; i++) {
		const char *file = arena_printf(a, "%s/%s.so", folders[i], name);
		if (!file)
			return err_nomem(e);
		if (access(file, F_OK) == 0) {
			*path = file;
			return 0;
		}
		if (errno != ENOENT && errno != ENOTDIR)
			return err_errno(e, errno, "look for", file);
	}
	return not_found(a, name, e);
}
