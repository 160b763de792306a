/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/prove.c
 * \brief Checks that a changed file means the same as before except for the changes: by reading it, not by trusting the writer.
 */
#include "config/change.h"

#include <stdlib.h>

/** A setting of the file. */
struct leaf {
	const char *key;
	const struct yaml_node *node;
};

struct leaves {
	const struct config *config;
	struct arena *arena;
	struct leaf *list;
	size_t count, room;
	struct yaml_node yes; /**< for modules enabled just by being named */
	bool failed;
};

static void add(struct leaves *l, const char *key, const struct yaml_node *node)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct leaf *more = ARENA_ARRAY(l->arena, struct leaf, room);
		if (more && l->count)
			memcpy(more, l->list, l->count * sizeof *more);
		l->failed |= !more;
		if (!more)
			return;
		l->list = more;
		l->room = room;
	}
	l->failed |= !key;
	if (key)
		l->list[l->count++] = (struct leaf){ entries_spelling(key), node };
}

static const char *join(struct leaves *l, const char *prefix, const char *name)
{
	const char *key = arena_printf(l->arena, "%s%s%s", prefix, *prefix ? "." : "", name);

	l->failed |= !key;
	return key ? key : "";
}

static void walk(struct leaves *l, const char *prefix, const struct yaml_node *mapping)
{
	for (const struct yaml_node *n = mapping->first; n; n = n->next) {
		const char *key = join(l, prefix, n->key);
		bool section = entries_is_section(l->config, key);
		if (!*prefix && !strcmp(key, "modules"))
			continue;
		if (section && n->kind == YAML_MAPPING)
			walk(l, key, n);
		else if (!section || entries_find(l->config, key) || !yaml_is_null(n))
			add(l, key, n);
	}
}

/** "data: true" and "data: {}" both enable the module. */
static void walk_module(struct leaves *l, const char *name, const struct yaml_node *n)
{
	const char *key = join(l, "modules", name);
	bool on = true;

	for (const struct yaml_node *m = n && n->kind == YAML_MAPPING ? n->first : NULL; m; m = m->next)
		on &= strcmp(m->key, "enabled") != 0;
	if (n && n->kind == YAML_SCALAR && !yaml_is_null(n) && strcmp(n->text, "true"))
		add(l, key, n);
	else if (on)
		add(l, join(l, key, "enabled"), &l->yes);
	if (n && n->kind == YAML_MAPPING)
		walk(l, key, n);
}

static void walk_modules(struct leaves *l, const struct yaml_node *modules)
{
	const char *rest = l->config->fallback;
	size_t len;

	if (modules && modules->kind == YAML_LIST) {
		for (const struct yaml_node *n = modules->first; n; n = n->next)
			walk_module(l, n->kind == YAML_SCALAR ? n->text : "", NULL);
	} else if (modules && modules->kind == YAML_MAPPING) {
		for (const struct yaml_node *n = modules->first; n; n = n->next)
			walk_module(l, n->key, n);
	} else {
		for (const char *p; (p = modules_next_installed(l->config, &rest, &len));) {
			const char *name = arena_strndup(l->arena, p, len);
			l->failed |= !name;
			if (name)
				walk_module(l, name, NULL);
		}
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct leaf *)a)->key, ((const struct leaf *)b)->key);
}

static void read_leaves(struct leaves *l, const struct yaml_node *root)
{
	l->yes = (struct yaml_node){ .kind = YAML_SCALAR, .plain = true, .text = "true" };
	if (root->kind == YAML_MAPPING)
		walk(l, "", root);
	walk_modules(l, yaml_member(root, "modules"));
	if (l->count)
		qsort(l->list, l->count, sizeof *l->list, compare);
}

static const struct setting_change *change_of(const struct setting_change *changes, const char *key)
{
	while (changes && strcmp(changes->entry->key, key))
		changes = changes->next;
	return changes;
}

/** Whether a module is enabled just by being named, and one of its settings is changed: if a drop-in enables it, it has to
 *  be named in the file now. */
static bool is_named_for(const struct leaves *l, const struct leaf *leaf, const struct setting_change *changes)
{
	size_t len = strlen(leaf->key) - strlen("enabled");

	while (leaf->node == &l->yes && changes && strncmp(changes->entry->key, leaf->key, len))
		changes = changes->next;
	return leaf->node == &l->yes && changes;
}

/** Skips the leaves of changed settings. */
static size_t skip(const struct leaves *l, size_t at, const struct setting_change *changes)
{
	while (at < l->count && (change_of(changes, l->list[at].key) || is_named_for(l, &l->list[at], changes)))
		at++;
	return at;
}

/** Whether a module gets the mark that a drop-in gives it, as it is named in the file for a change (set_live.c). */
static bool is_made_optional(const struct leaf *leaf, const struct setting_change *changes)
{
	const char *name = modules_part(leaf->key), *rest = name ? name + strcspn(name, ".") : NULL;

	if (!name || strcmp(rest, ".optional") || leaf->node->kind != YAML_SCALAR || strcmp(leaf->node->text, "true"))
		return false;
	while (changes && strncmp(changes->entry->key, leaf->key, (size_t)(rest - leaf->key) + 1))
		changes = changes->next;
	return changes;
}

static int wrong(struct err *e, const char *key)
{
	return err_set(e, LYRE_EINTERNAL,
		"the file's structure does not allow '%s' to be changed safely: nothing was written; "
		"edit the file by hand",
		key);
}

static int check_change(const struct leaves *after, struct arena *a, const struct setting_change *change, struct err *e)
{
	struct leaf wanted = { change->entry->key, NULL };
	const struct leaf *found = after->count ? bsearch(&wanted, after->list, after->count, sizeof wanted, compare) : NULL;
	struct setting_value value;
	struct err ignored;

	if (!found || setting_convert(a, change->entry->setting, change->shown, found->node, &value, &ignored) ||
		!setting_same(change->entry->setting, &value, &change->value))
		return wrong(e, change->shown);
	return 0;
}

int changes_prove(const struct config *c, struct arena *a, const struct yaml_node *before, const struct yaml_node *after,
	const struct setting_change *changes, struct err *e)
{
	struct leaves old = { .config = c, .arena = a }, new = { .config = c, .arena = a };
	size_t i = 0, j = 0;
	int rc = 0;

	read_leaves(&old, before);
	read_leaves(&new, after);
	if (old.failed || new.failed)
		return err_nomem(e);
	for (;;) {
		i = skip(&old, i, changes);
		j = skip(&new, j, changes);
		bool added = j < new.count && (i == old.count || strcmp(old.list[i].key, new.list[j].key));
		if (added && is_made_optional(&new.list[j], changes)) {
			j++;
			continue;
		}
		if (i == old.count || j == new.count)
			break;
		if (strcmp(old.list[i].key, new.list[j].key) || !yaml_equal(old.list[i].node, new.list[j].node))
			return wrong(e, changes->shown);
		i++;
		j++;
	}
	if (i < old.count || j < new.count)
		return wrong(e, changes->shown);
	for (const struct setting_change *change = changes; change && !rc; change = change->next)
		rc = check_change(&new, a, change, e);
	return rc;
}
