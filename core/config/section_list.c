/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/section_list.c
 * \brief Sections that may be lists of sections: each item has the settings of the section, such as "tls.0.certificate".
 */
#include "config/config_internal.h"

#include <stdio.h>
#include <string.h>

#define ITEMS_MAX 100

const char *const section_lists[SECTION_LISTS] = { "operationsApi.tls", "tls" };

/** The index of \p key among the sections that may be lists; SECTION_LISTS if it is not one of them. */
static size_t find(const char *key)
{
	size_t i = 0;
	while (i < SECTION_LISTS && strcmp(key, section_lists[i]))
		i++;
	return i;
}

bool entries_is_list(const char *key)
{
	return find(key) < SECTION_LISTS;
}

/** Whether \p key is below \p section. */
static bool is_below(const char *key, const char *section)
{
	size_t len = strlen(section);
	return !strncmp(key, section, len) && key[len] == '.';
}

const struct yaml_node *entries_list_of(const struct config *c, const char *key)
{
	for (size_t i = 0; i < SECTION_LISTS; i++)
		if (c->lists[i] && (!strcmp(key, section_lists[i]) || is_below(key, section_lists[i])))
			return c->lists[i];
	return NULL;
}

/** Whether \p key is a setting of an item of the list \p section. */
static bool is_of_item(const char *key, const char *section)
{
	const char *rest = key + strlen(section) + 1;
	return is_below(key, section) && *rest >= '0' && *rest <= '9';
}

/** The section's settings, with keys below \p key. \return NULL: out of memory */
static const struct lyre_setting *members(struct config *c, const char *section, size_t *count)
{
	size_t len = strlen(section);
	*count = 0;
	struct lyre_setting *ret = ARENA_ARRAY(&c->arena, struct lyre_setting, core_setting_count);
	for (size_t i = 0; ret && i < core_setting_count; i++) {
		const struct lyre_setting *s = &core_settings[i];
		if (!is_below(s->key, section))
			continue;
		ret[*count] = *s;
		ret[(*count)++].key = s->key + len + 1;
	}
	return ret;
}

static int take_item(struct config *c, const char *key, const struct yaml_node *item, const struct lyre_setting *settings,
	size_t count, struct err *e)
{
	int rc = entries_declare(c, key, settings, count, e);
	return rc ? rc : entries_take(c, key, item, "", e);
}

/** Forgets the items of an earlier file. */
static int remove_items(struct config *c, const char *section, struct err *e)
{
	size_t kept = 0;
	for (size_t i = 0; i < c->count; i++)
		if (!is_of_item(c->entries[i].key, section))
			c->entries[kept++] = c->entries[i];
	c->count = kept;
	return entries_declare(c, NULL, NULL, 0, e);
}

int entries_take_list(struct config *c, const char *key, const struct yaml_node *list, struct err *e)
{
	const struct yaml_node **given = &c->lists[find(key)];
	size_t count, n = 0;
	if (list->count > ITEMS_MAX)
		return yaml_fail(e, LYRE_EINVAL, list, "'%s' has %zu items: at most %d are allowed", key, list->count, ITEMS_MAX);
	if (*given && (*given)->source == list->source)
		return yaml_fail_key(e, LYRE_EINVAL, list, "'%s' is set twice", key);
	const struct lyre_setting *settings = members(c, key, &count);
	if (!settings)
		return err_nomem(e);
	int removed = *given ? remove_items(c, key, e) : 0;
	if (removed)
		return removed;
	*given = list;
	for (const struct yaml_node *item = list->first; item; item = item->next) {
		const char *item_key = arena_printf(&c->arena, "%s.%zu", key, n++);
		int rc = item_key ? 0 : err_nomem(e);
		if (!rc && item->kind != YAML_MAPPING)
			rc = yaml_fail(e, LYRE_EINVAL, item, "'%s' must be a mapping of settings; found %s", item_key,
				item->kind == YAML_LIST ? "a list" : "a string");
		if (!rc)
			rc = take_item(c, item_key, item, settings, count, e);
		if (rc && faults_take(c->faults, e))
			return rc;
	}
	return 0;
}

size_t config_count(const struct config *c, const char *section)
{
	char item[128];
	for (size_t n = 0; entries_is_list(section); n++) {
		snprintf(item, sizeof item, "%s.%zu", section, n);
		if (!entries_is_section(c, item))
			return n;
	}
	return 0;
}
