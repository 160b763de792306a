/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/tree_write.c
 * \brief The configuration as clients see it.
 */
#include "config/config_internal.h"

#include "base/json.h"
#include "encode/encode.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/** Writes a value that is never interpreted, as it is in the YAML. */
static void write_node(struct lyre_out *o, const struct yaml_node *n)
{
	char *end;

	if (n->kind == YAML_LIST) {
		out_array_begin(o);
		for (n = n->first; n; n = n->next)
			write_node(o, n);
		out_array_end(o);
		return;
	}
	if (n->kind == YAML_MAPPING) {
		out_object_begin(o);
		for (n = n->first; n; n = n->next) {
			out_key(o, n->key);
			write_node(o, n);
		}
		out_object_end(o);
		return;
	}
	bool number = n->plain && strspn(n->text, "+-.eE0123456789") == strlen(n->text);
	errno = 0;
	long long whole = number ? strtoll(n->text, &end, 10) : 0;
	if (yaml_is_null(n)) {
		out_null(o);
	} else if (n->plain && (!strcmp(n->text, "true") || !strcmp(n->text, "false"))) {
		out_bool(o, *n->text == 't');
	} else if (number && !*end && !errno) {
		out_int(o, whole);
	} else {
		double d = number ? strtod(n->text, &end) : 0;
		if (number && !*end && isfinite(d))
			out_double(o, d);
		else
			out_string(o, n->text, strlen(n->text));
	}
}

static void write_value(struct lyre_out *o, const struct lyre_setting *s, const struct setting_value *v)
{
	if (s->type == SETTING_ANY && v->any) {
		write_node(o, v->any);
		return;
	}
	if (v->null || s->flags & LYRE_SF_SECRET) {
		out_null(o);
		return;
	}
	if (s->flags & SETTING_TEXT && v->text) {
		out_string(o, v->text, strlen(v->text));
		return;
	}
	switch (s->type) {
	case LYRE_S_INT:
	case LYRE_S_SIZE:
	case LYRE_S_DURATION:
		out_int(o, v->integer);
		break;
	case LYRE_S_NUMBER:
		out_double(o, v->number);
		break;
	case LYRE_S_BOOL:
		out_bool(o, v->boolean);
		break;
	case LYRE_S_LIST:
		out_array_begin(o);
		for (size_t i = 0; i < v->count; i++)
			out_string(o, v->list[i], strlen(v->list[i]));
		out_array_end(o);
		break;
	default:
		out_string(o, v->text ? v->text : "", v->text ? strlen(v->text) : 0);
	}
}

/** A key as in the tree: a setting that is also a section is in that section, under its other name. */
static const char *tree_key(const struct config *c, const struct entry *entry, struct arena *a)
{
	const char *below = entries_is_section(c, entry->key) ? entries_below(entry->key) : NULL;

	return below ? arena_printf(a, "%s.%s", entry->key, below) : entry->key;
}

/** Whether an entry before \p at is in the same section, the first \p len bytes of its key. */
static bool is_begun(const char *const *keys, size_t at, size_t len)
{
	for (size_t i = 0; i < at; i++)
		if (!strncmp(keys[i], keys[at], len) && keys[i][len] == '.')
			return true;
	return false;
}

static void write_below(const struct config *c, struct lyre_out *o, const char *const *keys, const char *key, size_t len);

/** Writes the members of the section named by the first \p len bytes of \p prefix, without the dot; 0 for all. */
static void write_section(const struct config *c, struct lyre_out *o, const char *const *keys, const char *prefix, size_t len)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *key = keys[i];
		if (len && (strncmp(key, prefix, len) || key[len] != '.'))
			continue;
		if (!len && modules_part(key))
			continue;
		const char *part = key + (len ? len + 1 : 0);
		size_t part_len = strcspn(part, ".");
		if (part[part_len]) {
			size_t whole = (size_t)(part - key) + part_len;
			if (is_begun(keys, i, whole))
				continue;
			out_keyn(o, part, part_len);
			write_below(c, o, keys, key, whole);
		} else {
			struct setting_value v = entry_value(c, &c->entries[i]);
			out_keyn(o, part, part_len);
			write_value(o, c->entries[i].setting, &v);
		}
	}
}

/** The value of a section: an object, or an array of objects if the file has a list. */
static void write_below(const struct config *c, struct lyre_out *o, const char *const *keys, const char *key, size_t len)
{
	char section[128];
	snprintf(section, sizeof section, "%.*s", (int)len, key);
	size_t count = config_count(c, section);
	if (!count) {
		out_object_begin(o);
		write_section(c, o, keys, key, len);
		out_object_end(o);
		return;
	}
	out_array_begin(o);
	for (size_t n = 0; n < count; n++) {
		snprintf(section, sizeof section, "%.*s.%zu", (int)len, key, n);
		out_object_begin(o);
		write_section(c, o, keys, section, strlen(section));
		out_object_end(o);
	}
	out_array_end(o);
}

/** Writes each module with its settings; true if it has none, false if it is disabled. */
static int write_modules(const struct config *c, struct lyre_out *o, const char *const *keys, struct arena *a)
{
	out_key(o, "modules");
	out_object_begin(o);
	for (size_t i = 0; i < c->module_count; i++) {
		const struct module_entry *m = &c->modules[i];
		const char *key = arena_printf(a, "modules.%s", m->module.name);
		if (!key)
			return LYRE_ENOMEM;
		out_key(o, m->module.name);
		if (m->enabled && entries_is_section(c, key)) {
			out_object_begin(o);
			write_section(c, o, keys, key, strlen(key));
			out_object_end(o);
		} else {
			out_bool(o, m->enabled);
		}
	}
	out_object_end(o);
	return 0;
}

int config_write(const struct config *c, struct lyre_out *o, struct err *e)
{
	struct arena a;
	bool failed = false;

	arena_init(&a);
	const char **keys = ARENA_ARRAY(&a, const char *, c->count + 1);
	for (size_t i = 0; keys && i < c->count; i++) {
		keys[i] = tree_key(c, &c->entries[i], &a);
		failed |= !keys[i];
	}
	int rc = keys && !failed ? 0 : LYRE_ENOMEM;
	if (!rc) {
		out_object_begin(o);
		write_section(c, o, keys, "", 0);
		rc = write_modules(c, o, keys, &a);
		out_object_end(o);
	}
	arena_free(&a);
	return rc ? err_nomem(e) : 0;
}
