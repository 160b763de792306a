/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/load.c
 * \brief One module: found, checked by its file, mapped, its descriptor copied.
 */
#include <config.h>

#include "module/internal.h"

#include <stdlib.h>
#include <string.h>
#ifndef LYRE_STATIC_ONLY
#include <dlfcn.h>
#endif

/** Whether a list of the descriptor can be walked. */
static bool list_valid(struct lyre_list list)
{
	return list.count == 0 || (list.items && list.item_size >= sizeof(const char *));
}

static int check_settings(const struct lyre_list *settings, struct err *e)
{
	const char *items = settings->items;
	for (uint32_t i = 0; i < settings->count; i++) {
		const struct lyre_setting *s = (const void *)(items + (size_t)i * settings->item_size);
		for (uint32_t j = 0; j < i; j++) {
			const struct lyre_setting *other = (const void *)(items + (size_t)j * settings->item_size);
			if (s->key && other->key && strcmp(s->key, other->key) == 0)
				return err_set(
					e, LYRE_EINVAL, "declares the setting '%s' twice: this is a bug in the module", s->key);
		}
	}
	return 0;
}

/** Copies the descriptor in our length, and passes the table of functions to the module. */
static int adopt(struct modules *m, lyre_instance *i, const struct lyre_module *own, struct err *e)
{
	struct lyre_module *copy = ARENA_NEW(&m->arena, struct lyre_module);
	if (!copy)
		return err_nomem(e);
	memcpy(copy, own, own->struct_size);
	if (!copy->host || !list_valid(copy->settings) || !list_valid(copy->operations))
		return err_set(e, LYRE_EINVAL,
			"has a damaged descriptor: a list or the host pointer is missing: define it with LYRE_MODULE()");
	int rc = check_settings(&copy->settings, e);
	if (rc < 0)
		return rc;
	*copy->host = &host;
	i->descriptor = copy;
	return 0;
}

#ifdef LYRE_STATIC_ONLY

static int open_file(struct modules *m, lyre_instance *i, struct err *e)
{
	(void)m;
	return module_refuse_file(i->path, i->name, e);
}

static int open_by_name(struct modules *m, lyre_instance *i, struct err *e)
{
	struct err cause = { 0 };
	int rc = module_find(&m->arena, i->name, &i->path, &cause);
	return err_set(e, rc, "this build has no dynamic loading: %s", cause.text);
}

#else

static int open_file(struct modules *m, lyre_instance *i, struct err *e)
{
	struct lyre_module head;
	int rc = head_read(i->path, &head, e);
	if (rc < 0 || (rc = module_trusted(i->path, e)) < 0 || (rc = head_check(&head, i->path, i->name, e)) < 0)
		return rc;

	/* Never closed: the module's threads, and traces of tools, may refer to it as long as the process lives. */
	void *handle = dlopen(i->path, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return err_set(e, LYRE_EINVAL, "cannot be loaded: %s (version %s): %s: install what it needs, or build it again",
			i->path, head.version, dlerror());
	const struct lyre_module *own = dlsym(handle, "lyre_module");
	if (!own || memcmp(own, &head, HEAD_SIZE) != 0)
		return err_set(e, LYRE_EINVAL, "changed while it was being loaded: %s: try again", i->path);
	return adopt(m, i, own, e);
}

static int open_by_name(struct modules *m, lyre_instance *i, struct err *e)
{
	int rc = module_find(&m->arena, i->name, &i->path, e);
	return rc < 0 ? rc : open_file(m, i, e);
}

#endif

int module_open(struct modules *m, lyre_instance *i, struct err *e)
{
	if (!module_name_valid(i->name))
		return err_set(e, LYRE_EINVAL, "is not a valid module name: use a to z, 0 to 9, _ and -, at most %zu",
			sizeof i->descriptor->name - 1);
	if (i->path) {
		if (i->path[0] != '/')
			return err_set(e, LYRE_EINVAL, "path: %s: must be absolute, starting with /", i->path);
		return open_file(m, i, e);
	}
	const struct lyre_module *builtin = module_builtin(i->name);
	if (!builtin)
		return open_by_name(m, i, e);
	int rc = head_check(builtin, "built in", i->name, e);
	return rc < 0 ? rc : adopt(m, i, builtin, e);
}
