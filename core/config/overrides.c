/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_internal.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/** A list or quoted string is YAML; anything else is taken literally, so that no character needs escaping. */
static int read_value(struct config *c, const char *source, const char *text, struct yaml_node **ret, struct err *e)
{
	if (*text != '[' && *text != '"' && *text != '\'') {
		const char *copy = arena_strndup(&c->arena, text, strlen(text));
		*ret = copy ? yaml_scalar(&c->arena, source, copy, true) : NULL;
		return *ret ? 0 : err_nomem(e);
	}
	return yaml_decode(&c->arena, source, text, strlen(text), ret, e);
}

static int add(
	struct config *c, const char *key, const char *source_name, const char *text, enum config_source source, struct err *e)
{
	struct override *o = ARENA_NEW(&c->arena, struct override);
	if (!key || !source_name || !o)
		return err_nomem(e);
	o->key = key;
	o->source = source;
	int rc = read_value(c, source_name, text, &o->node, e);
	if (rc) {
		for (size_t i = 0; i < c->count; i++)
			c->entries[i].faulty |= override_is(o, c->entries[i].key);
		return rc;
	}
	struct override **tail = &c->overrides;
	while (*tail)
		tail = &(*tail)->next;
	*tail = o;
	return 0;
}

static int read_set(struct config *c, const char *set, struct err *e)
{
	const char *equals = strchr(set, '=');
	if (!equals || equals == set)
		return err_set(e, LYRE_EINVAL, "--set %s: must be key.path=value", set);
	const char *key = arena_strndup(&c->arena, set, (size_t)(equals - set));
	return add(c, key, arena_printf(&c->arena, "--set %s", key ? key : ""), equals + 1, CONFIG_COMMAND_LINE, e);
}

static int read_variable(struct config *c, const char *variable, struct err *e)
{
	size_t prefix = strlen(VARIABLE_PREFIX);
	const char *equals = strchr(variable, '=');
	if (!equals || strncmp(variable, VARIABLE_PREFIX, prefix) || (size_t)(equals - variable) <= prefix)
		return 0;
	const char *name = arena_strndup(&c->arena, variable, (size_t)(equals - variable));
	if (!name)
		return err_nomem(e);
	/* Only variables that are settings are decoded. */
	struct override o = { .key = name + prefix, .source = CONFIG_ENVIRONMENT };
	bool ours = !strncasecmp(o.key, "MODULES", 7);
	for (size_t i = 0; i < c->count && !ours; i++)
		ours = override_is(&o, c->keys[i]);
	return add(c, o.key, arena_printf(&c->arena, "environment %s", name), ours ? equals + 1 : "", CONFIG_ENVIRONMENT, e);
}

int overrides_read(struct config *c, const struct config_sources *sources, struct err *e)
{
	int rc = 0;
	for (char **v = sources->environ; v && *v && !rc; v++)
		rc = read_variable(c, *v, e) ? faults_take(c->faults, e) : 0;
	if (!rc && sources->root)
		rc = add(c, "rootPath", "-r", sources->root, CONFIG_COMMAND_LINE, e);
	for (size_t i = 0; i < sources->set_count && !rc; i++)
		rc = read_set(c, sources->sets[i], e) ? faults_take(c->faults, e) : 0;
	return rc;
}

bool override_is(const struct override *o, const char *key)
{
	if (o->source == CONFIG_COMMAND_LINE)
		return !strcmp(o->key, key);
	const char *name = o->key;
	for (; *name && *key; name++, key++) {
		char want = *key == '.' || *key == '-' ? '_' : *key;
		if (tolower((unsigned char)*name) != tolower((unsigned char)want))
			return false;
	}
	return !*name && !*key;
}

int overrides_apply(struct config *c, size_t first, struct err *e)
{
	for (struct override *o = c->overrides; o; o = o->next) {
		struct entry *named = o->source == CONFIG_COMMAND_LINE ? entries_find(c, o->key) : NULL;
		for (size_t i = first; i < c->count; i++) {
			struct entry *entry = &c->entries[i];
			if (entry != named && !override_is(o, entry->key))
				continue;
			o->used = true;
			int rc = entry_set(c, entry, o->node, o->source, e);
			if (rc && faults_take(c->faults, e))
				return rc;
		}
	}
	return 0;
}

static bool is_of_modules(const struct override *o)
{
	return !strncasecmp(o->key, "modules", 7) && strchr("._", o->key[7]);
}

/** The name of the variable for \p key, without the prefix. */
static const char *variable_name(struct config *c, const char *key)
{
	char *name = arena_strndup(&c->arena, key, strlen(key));
	for (char *p = name; p && *p; p++)
		*p = *p == '.' || *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	return name;
}

/** A variable whose name is close to a setting's is probably a typo; any other may belong to another program. */
static int warn_of_variable(struct config *c, const struct override *o, struct err *e)
{
	if (strlen(o->key) < 5 || !strncasecmp(o->key, "ADMIN_", 6))
		return 0;
	const char *given = variable_name(c, o->key);
	const char **names = ARENA_ARRAY(&c->arena, const char *, c->count + 1);
	if (!given || !names)
		return err_nomem(e);
	for (size_t i = 0; i < c->count; i++) {
		names[i] = variable_name(c, c->keys[i]);
		if (!names[i])
			return err_nomem(e);
	}
	const char *meant = closest_word(given, names, c->count);
	if (!meant)
		return 0;
	return config_warn(
		c, e, "%s is not a known setting and is ignored; did you mean " VARIABLE_PREFIX "%s?", o->node->source, meant);
}

int overrides_check(struct config *c, bool modules, struct err *e)
{
	int rc = 0;
	for (const struct override *o = c->overrides; o && !rc; o = o->next) {
		if (o->used || is_of_modules(o) != modules)
			continue;
		if (o->source == CONFIG_ENVIRONMENT)
			rc = warn_of_variable(c, o, e);
		else if (entries_is_section(c, o->key))
			rc = yaml_fail(e, LYRE_EINVAL, o->node, "'%s' is a section: set one of the settings below it", o->key);
		else
			rc = entries_unknown(c, o->key, o->node, e);
		if (rc)
			rc = faults_take(c->faults, e);
	}
	return rc;
}
