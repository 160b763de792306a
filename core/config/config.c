/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_internal.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int config_warn(struct config *c, struct err *e, const char *fmt, ...)
{
	if (c->warning_count == c->warning_room) {
		const char **more = grow(c, c->warnings, c->warning_count, &c->warning_room, sizeof *more);
		if (!more)
			return err_nomem(e);
		c->warnings = more;
	}
	va_list ap;
	va_start(ap, fmt);
	const char *line = arena_vprintf(&c->arena, fmt, ap);
	va_end(ap);
	if (!line)
		return err_nomem(e);
	c->warnings[c->warning_count++] = line;
	return 0;
}

static int load_file(struct config *c, const char *path, struct err *e)
{
	struct yaml_node *root;
	c->file = arena_strndup(&c->arena, path, strlen(path));
	int rc = c->file ? yaml_decode_file(&c->arena, path, &root, e) : err_nomem(e);
	if (rc || yaml_is_null(root))
		return rc;
	if (root->kind != YAML_MAPPING)
		return yaml_fail(e, LYRE_EINVAL, root, "a configuration is a mapping of settings; found %s",
				 root->kind == YAML_LIST ? "a list" : "a text");
	for (const struct yaml_node *node = root->first; node; node = node->next)
		if (!strcmp(node->key, "modules"))
			c->modules_node = node;
	return entries_take(c, "", root, "modules", e);
}

/** One line for all that was given without effect. */
static int warn_of_inert(struct config *c, struct err *e)
{
	struct buf keys;
	buf_init(&keys);
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *entry = &c->entries[i];
		if (entry->source != CONFIG_DEFAULT && entry->setting->flags & SETTING_INERT)
			buf_addf(&keys, "%s%s", keys.len ? ", " : "", entry->key);
	}
	int rc = 0;
	if (keys.len) {
		const char *text = buf_cstr(&keys);
		rc = text ? config_warn(c, e, "these settings have no effect in this build: %s", text) : err_nomem(e);
	}
	buf_free(&keys);
	return rc;
}

int config_load(struct config **ret, const struct config_sources *sources, struct err *e)
{
	*ret = NULL;
	struct config *c = calloc(1, sizeof *c);
	if (!c)
		return err_nomem(e);
	arena_init(&c->arena);
	int rc = entries_declare(c, NULL, core_settings, core_setting_count, e);
	if (!rc && sources->file)
		rc = load_file(c, sources->file, e);
	if (!rc)
		rc = overrides_read(c, sources, e);
	if (!rc)
		rc = overrides_apply(c, 0, e);
	if (!rc)
		rc = overrides_check(c, false, e);
	if (!rc)
		rc = entries_resolve(c, e);
	if (!rc)
		rc = warn_of_inert(c, e);
	if (rc) {
		config_free(c);
		return rc;
	}
	*ret = c;
	return 0;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	arena_free(&c->arena);
	free(c);
}

#define KIND(type) (1u << (type))

/** The value of \p key, which must be declared and of one of the kinds: anything else is a mistake in the program. */
static const struct setting_value *ask(const struct config *c, const char *key, unsigned kinds)
{
	const struct entry *entry = entries_find(c, key);
	bool fits = entry && (!kinds || (entry->setting->type <= LYRE_S_PATH && KIND(entry->setting->type) & kinds));
	if (!fits) {
		fprintf(stderr, "lyre: the setting '%s' was asked for, but it is %s\n", key,
			entry ? "of another kind" : "not declared");
		abort();
	}
	return &entry->value;
}

#define WHOLE (KIND(LYRE_S_INT) | KIND(LYRE_S_SIZE) | KIND(LYRE_S_DURATION))

bool config_is_null(const struct config *c, const char *key)
{
	return ask(c, key, 0)->null;
}

int64_t config_int(const struct config *c, const char *key)
{
	return ask(c, key, WHOLE)->integer;
}

double config_number(const struct config *c, const char *key)
{
	const struct setting_value *v = ask(c, key, WHOLE | KIND(LYRE_S_NUMBER));
	return v->integer ? (double)v->integer : v->number;
}

bool config_bool(const struct config *c, const char *key)
{
	return ask(c, key, KIND(LYRE_S_BOOL))->boolean;
}

const char *config_string(const struct config *c, const char *key)
{
	const struct setting_value *v = ask(c, key, KIND(LYRE_S_STRING) | KIND(LYRE_S_ENUM) | KIND(LYRE_S_PATH));
	return v->null ? NULL : v->text;
}

const char *const *config_list(const struct config *c, const char *key, size_t *count)
{
	const struct setting_value *v = ask(c, key, KIND(LYRE_S_LIST));
	*count = v->count;
	return v->list;
}

const char *config_path(const struct config *c, const char *key)
{
	const struct setting_value *v = ask(c, key, KIND(LYRE_S_PATH));
	return v->null ? NULL : v->text;
}

const char *config_file(const struct config *c)
{
	return c->file;
}

const char *const *config_warnings(const struct config *c, size_t *count)
{
	*count = c->warning_count;
	return c->warnings;
}

int config_each(const struct config *c, int (*fn)(void *ctx, const struct config_item *item), void *ctx)
{
	int rc = 0;
	for (size_t i = 0; i < c->count && !rc; i++) {
		const struct entry *entry = &c->entries[i];
		struct config_item item = {
			.key = entry->key,
			.setting = entry->setting,
			.source = entry->source,
			.inert = entry->setting->flags & SETTING_INERT,
			.line = entry->given ? entry->given->line : 0,
			.column = entry->given ? entry->given->column : 0,
		};
		rc = fn(ctx, &item);
	}
	return rc;
}
