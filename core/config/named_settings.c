/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/named_settings.c
 * \brief Finds the settings that the names sent by a client refer to.
 */
#include "config/change.h"

#include <ctype.h>

struct reading {
	const struct config *config;
	struct arena *arena;
	bool strict;
	struct setting_change *first, **tail;
};

static int fold(char c)
{
	return c == '.' || c == '-' ? '_' : tolower((unsigned char)c);
}

/** 0: \p name is not \p key; 1: it is; 2: it is a section that contains the key. */
static int compare(const char *name, const char *key)
{
	while (*name && *key && fold(*name) == fold(*key)) {
		name++;
		key++;
	}
	if (*name)
		return 0;
	return !*key ? 1 : *key == '.' ? 2 : 0;
}

/** The entry for a name, and its name in messages. */
static const struct entry *find_entry(const struct config *c, struct arena *a, const char *name, const char **shown)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *key = c->entries[i].key, *below = entries_below(key);
		*shown = key;
		if (compare(name, key) == 1)
			return &c->entries[i];
		if (!below)
			continue;
		*shown = arena_printf(a, "%s.%s", key, below);
		if (*shown && compare(name, *shown) == 1)
			return &c->entries[i];
	}
	return NULL;
}

static bool is_section(const struct config *c, const char *name)
{
	bool found = compare(name, "modules") == 1;

	for (size_t i = 0; i < c->count && !found; i++)
		found = compare(name, c->entries[i].key) == 2;
	return found;
}

/** Whether they differ by one letter added, missing or changed, or by two swapped; ignores separators and case. */
static bool nearly(const char *name, const char *key)
{
	char a[256], b[256];
	size_t m = 0, n = 0;

	for (; *name && m < sizeof a; name++)
		if (fold(*name) != '_')
			a[m++] = (char)fold(*name);
	for (; *key && n < sizeof b; key++)
		if (fold(*key) != '_')
			b[n++] = (char)fold(*key);
	if (m < 6 || m == sizeof a || n == sizeof b)
		return false;
	size_t from = 0;
	while (from < m && from < n && a[from] == b[from])
		from++;
	while (m > from && n > from && a[m - 1] == b[n - 1]) {
		m--;
		n--;
	}
	m -= from;
	n -= from;
	return (m <= 1 && n <= 1) || (m == 2 && n == 2 && a[from] == b[from + 1] && a[from + 1] == b[from]);
}

static int unknown(const struct reading *r, const char *name, struct err *e)
{
	const struct config *c = r->config;

	for (size_t i = 0; i < c->count; i++)
		if (nearly(name, c->keys[i]))
			return err_set(e, LYRE_EINVAL, REFUSED "unknown setting '%s'; did you mean '%s'?", name, c->keys[i]);
	bool module = fold(*name) == 'm' && strlen(name) > 8 && !strncasecmp(name, "modules", 7) && fold(name[7]) == '_';
	if (r->strict || module)
		return err_set(e, LYRE_EINVAL, REFUSED "unknown setting '%.200s'", name);
	return 0;
}

/** Only someone with access to the machine may choose the modules; a request that changes nothing is accepted. */
static int take_switch(const struct reading *r, const char *name, const lyre_value *v, bool *taken, struct err *e)
{
	static const char *const words[] = { "", ".enabled", ".optional", ".path" };
	const struct config *c = r->config;

	for (size_t i = 0; i < c->module_count * 4; i++) {
		const struct module_entry *m = &c->modules[i / 4];
		const char *key = arena_printf(r->arena, "modules.%s%s", m->module.name, words[i % 4]);
		if (!key)
			return err_nomem(e);
		if (compare(name, key) != 1)
			continue;
		*taken = true;
		if (i % 4 < 2 && v->type == LYRE_BOOL && v->b == m->enabled)
			return 0;
		return err_set(e, LYRE_EINVAL,
			REFUSED "'%s' can be changed only in the file: clients cannot choose which modules "
				"are loaded",
			key);
	}
	return 0;
}

int change_refuse_listed(const char *shown, const struct yaml_node *list, struct err *e)
{
	return err_set(e, LYRE_EINVAL, REFUSED "'%s' is in a list: change it in %s", shown, list->source);
}

static int take(struct reading *r, const char *name, const lyre_value *v, struct err *e);

static int take_members(struct reading *r, const char *prefix, const lyre_value *v, struct err *e)
{
	int rc = 0;

	for (uint32_t i = 0; i < v->len && !rc; i++) {
		const char *name = arena_printf(r->arena, "%s.%s", prefix, v->members[i].name);
		rc = name ? take(r, name, &v->members[i].value, e) : err_nomem(e);
	}
	return rc;
}

static int take(struct reading *r, const char *name, const lyre_value *v, struct err *e)
{
	const struct config *c = r->config;
	const char *shown;
	bool taken = false;
	const struct entry *entry = find_entry(c, r->arena, name, &shown);
	bool section = is_section(c, name);

	if (v->type == LYRE_OBJECT && section)
		return take_members(r, name, v, e);
	if (!entry) {
		int rc = take_switch(r, name, v, &taken, e);
		if (rc || taken)
			return rc;
		if (section)
			return err_set(e, LYRE_EINVAL, REFUSED "'%s' must be an object of settings", name);
		return unknown(r, name, e);
	}
	const struct yaml_node *list = entries_list_of(c, entry->key);
	if (list)
		return change_refuse_listed(shown, list, e);
	for (const struct setting_change *other = r->first; other; other = other->next)
		if (other->entry == entry)
			return err_set(e, LYRE_EINVAL, REFUSED "'%s' is given twice", shown);
	struct setting_change *change = ARENA_NEW(r->arena, struct setting_change);
	if (!change || !shown)
		return err_nomem(e);
	change->shown = shown;
	change->entry = entry;
	*r->tail = change;
	r->tail = &change->next;
	return change_value(r->arena, change, v, e);
}

int changes_read(const struct config *c, struct arena *a, const lyre_value *settings, bool strict, struct setting_change **ret,
	struct err *e)
{
	struct reading r = { .config = c, .arena = a, .strict = strict, .tail = &r.first };
	int rc = 0;

	*ret = NULL;
	if (!value_is(settings, LYRE_OBJECT))
		return err_set(e, LYRE_EINVAL, REFUSED "the settings must be an object");
	for (uint32_t i = 0; i < settings->len && !rc; i++)
		rc = take(&r, settings->members[i].name, &settings->members[i].value, e);
	*ret = r.first;
	return rc;
}
