/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/waiting.c
 * \brief What differs between two configurations and takes effect only at a restart.
 */
#include "config/config_internal.h"

#include <string.h>

static void add(struct buf *names, const char *prefix, const char *name, const char *suffix)
{
	buf_addf(names, "%s%s%s%s", names->len ? ", " : "", prefix, name, suffix);
}

static void add_entries(const struct config *c, const struct config *fresh, struct buf *names)
{
	pthread_mutex_lock(&c->live->lock);
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *entry = &c->entries[i];
		const struct entry *other =
			entry->setting->flags & (LYRE_SF_LIVE | SETTING_INERT) ? NULL : entries_find(fresh, entry->key);
		if (other && !setting_same(entry->setting, &entry->value, &other->value))
			add(names, "", entry->key, "");
	}
	pthread_mutex_unlock(&c->live->lock);
}

/** Lists with more or fewer items: those that only one of them has are entries of only one. */
static void add_lists(const struct config *c, const struct config *fresh, struct buf *names)
{
	for (size_t i = 0; i < SECTION_LISTS; i++)
		if (config_count(c, section_lists[i]) != config_count(fresh, section_lists[i]))
			add(names, "", section_lists[i], "");
}

/** One of the built-in list that is not installed is not missed: whether it is enabled makes no difference. */
static bool is_used(const struct module_entry *m)
{
	return m && m->enabled && (m->declared || !m->module.fallback);
}

static bool same_path(const struct module_entry *a, const struct module_entry *b)
{
	const char *x = a->module.path, *y = b->module.path;
	return x && y ? !strcmp(x, y) : x == y;
}

/** Nothing changes the modules of a configuration after its start. */
static void add_modules(const struct config *c, const struct config *fresh, struct buf *names)
{
	for (size_t i = 0; i < c->module_count; i++) {
		const struct module_entry *m = &c->modules[i], *other = modules_find(fresh, m->module.name);
		if (is_used(m) != is_used(other))
			add(names, "modules.", m->module.name, "");
		else if (is_used(m) && !same_path(m, other))
			add(names, "modules.", m->module.name, ".path");
	}
	for (size_t i = 0; i < fresh->module_count; i++) {
		const struct module_entry *m = &fresh->modules[i];
		if (is_used(m) && !modules_find(c, m->module.name))
			add(names, "modules.", m->module.name, "");
	}
}

void waiting_list(const struct config *c, const struct config *fresh, struct buf *names)
{
	add_entries(c, fresh, names);
	add_lists(c, fresh, names);
	add_modules(c, fresh, names);
}
