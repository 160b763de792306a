/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/section_list.c
 * \brief Sections that may be lists of sections: each item has the settings of the section, such as "tls.0.certificate".
 */
#include "config/config_internal.h"

#include <stdio.h>
#include <string.h>

#define ITEMS_MAX 100

static const char *const listed[] = { "operationsApi.tls", "tls" };

bool entries_is_list(const char *key)
{
	for (size_t i = 0; i < sizeof listed / sizeof *listed; i++)
		if (!strcmp(key, listed[i]))
			return true;
	return false;
}

/** The section's settings, with keys below \p key. \return NULL: out of memory */
static const struct lyre_setting *members(struct config *c, const char *section, size_t *count)
{
	size_t len = strlen(section);
	*count = 0;
	struct lyre_setting *ret = ARENA_ARRAY(&c->arena, struct lyre_setting, core_setting_count);
	for (size_t i = 0; ret && i < core_setting_count; i++) {
		const struct lyre_setting *s = &core_settings[i];
		if (strncmp(s->key, section, len) || s->key[len] != '.')
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

int entries_take_list(struct config *c, const char *key, const struct yaml_node *list, struct err *e)
{
	size_t count, n = 0;
	if (list->count > ITEMS_MAX)
		return yaml_fail(e, LYRE_EINVAL, list, "'%s' has %zu items: at most %d are allowed", key, list->count, ITEMS_MAX);
	if (config_count(c, key))
		return yaml_fail_key(e, LYRE_EINVAL, list, "'%s' is set twice", key);
	const struct lyre_setting *settings = members(c, key, &count);
	if (!settings)
		return err_nomem(e);
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

bool entries_in_list(const char *key)
{
	for (size_t i = 0; i < sizeof listed / sizeof *listed; i++) {
		size_t len = strlen(listed[i]);
		if (!strncmp(key, listed[i], len) && key[len] == '.' && key[len + 1] >= '0' && key[len + 1] <= '9')
			return true;
	}
	return false;
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
