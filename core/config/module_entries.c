/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_internal.h"

#include "base/text.h"

#include <string.h>

#define RESERVED "enabled optional path"

static const struct lyre_setting enabled_setting = { .key = "enabled", .type = LYRE_S_BOOL, .flags = LYRE_SF_NULL };
static const struct lyre_setting optional_setting = { .key = "optional", .type = LYRE_S_BOOL };
static const struct lyre_setting path_setting = { .key = "path", .type = LYRE_S_PATH, .flags = LYRE_SF_NULL };

static struct module_entry *find_module(const struct config *c, const char *name, size_t len)
{
	for (size_t i = 0; i < c->module_count; i++)
		if (strlen(c->modules[i].module.name) == len && !memcmp(c->modules[i].module.name, name, len))
			return &c->modules[i];
	return NULL;
}

const char *modules_part(const char *key)
{
	const size_t len = strlen("modules.");
	return strncmp(key, "modules.", len) ? NULL : key + len;
}

const struct module_entry *modules_find(const struct config *c, const char *name)
{
	return find_module(c, name, strlen(name));
}

const char *modules_next_installed(const struct config *c, const char **rest, size_t *len)
{
	for (const char *p = *rest; p && *(p += strspn(p, " ")); p += *len) {
		*len = strcspn(p, " ");
		const struct module_entry *m = find_module(c, p, *len);
		if (m && m->enabled && !m->declared)
			continue;
		*rest = p + *len;
		return p;
	}
	return NULL;
}

/** Reports a fault of \p m, if it is not NULL. \return 0: continue without the module */
static int fail(struct config *c, struct module_entry *m, struct err *e)
{
	if (m)
		m->faulty = true;
	return faults_take(c->faults, e);
}

/** The last file that names a module is the one to look at. */
static void set_named(struct module_entry *m, const struct yaml_node *named)
{
	m->named = named;
	m->module.fallback = false;
	m->module.file = named->source;
	m->module.line = named->key_line ? named->key_line : named->line;
}

static int add_module(struct config *c, const char *name, const struct yaml_node *named, struct module_entry **ret, struct err *e)
{
	if (named && !word_valid(name, sizeof((struct lyre_module *)0)->name - 1))
		return yaml_fail_key(
			e, LYRE_EINVAL, named, "'%s' is not a module name: use 1 to 31 of a to z, 0 to 9, _ and -", name);
	if (find_module(c, name, strlen(name)))
		return named ? yaml_fail_key(e, LYRE_EINVAL, named, "module '%s' is named twice", name) :
			       err_set(e, LYRE_EINVAL, "module '%s' is named twice", name);
	if (c->module_count == c->module_room) {
		struct module_entry *more = grow(c, c->modules, c->module_count, &c->module_room, sizeof *more);
		if (!more)
			return err_nomem(e);
		c->modules = more;
	}
	*ret = &c->modules[c->module_count++];
	**ret = (struct module_entry){ .module.name = name, .enabled = true };
	if (named)
		set_named(*ret, named);
	return 0;
}

/** A module named in a section: a new one, or one that the list of modules or an earlier file has already. */
static int name_module(struct config *c, const char *name, const struct yaml_node *named, struct module_entry **ret, struct err *e)
{
	struct module_entry *m = find_module(c, name, strlen(name));
	if (!m || (m->named && m->named->source == named->source))
		return add_module(c, name, named, ret, e);
	set_named(m, named);
	*ret = m;
	return 0;
}

/** "modules.NAME.WORD", for messages and for the environment. */
static const char *module_key(struct config *c, const char *name, const char *word)
{
	return arena_printf(&c->arena, "modules.%s%s%s", name, *word ? "." : "", word);
}

/** Sets one of the reserved settings of a module. */
static int set_reserved(
	struct config *c, struct module_entry *m, const struct lyre_setting *s, const struct yaml_node *node, struct err *e)
{
	const char *key = module_key(c, m->module.name, s->key);
	if (!key)
		return err_nomem(e);
	struct setting_value value;
	int rc = setting_convert(&c->arena, s, key, node, &value, e);
	if (rc)
		return rc;
	if (s == &enabled_setting)
		m->enabled = value.null || value.boolean;
	else if (s == &optional_setting)
		m->module.optional = value.boolean;
	else
		m->module.path = value.null ? NULL : value.text;
	return 0;
}

/** Takes the value of a module's name in a mapping. */
static int take_module(struct config *c, struct module_entry *m, const struct yaml_node *node, struct err *e)
{
	static const struct lyre_setting *const reserved[] = { &enabled_setting, &optional_setting, &path_setting };
	if (node->kind == YAML_LIST)
		return yaml_fail(e, LYRE_EINVAL, node,
			"'modules.%s' must be true, false or a mapping of its settings; found a list", m->module.name);
	if (node->kind == YAML_SCALAR)
		return set_reserved(c, m, &enabled_setting, node, e);
	for (const struct yaml_node *member = node->first; member; member = member->next) {
		for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
			int rc = strcmp(member->key, reserved[i]->key) ? 0 : set_reserved(c, m, reserved[i], member, e);
			if (rc && fail(c, m, e))
				return rc;
		}
	}
	return 0;
}

static int take_list(struct config *c, const struct yaml_node *list, struct err *e)
{
	for (const struct yaml_node *item = list->first; item; item = item->next) {
		struct module_entry *m;
		int rc;
		if (item->kind != YAML_SCALAR || yaml_is_null(item))
			rc = yaml_fail(e, LYRE_EINVAL, item,
				"'modules' as a list can contain only names; use a mapping for modules with settings");
		else
			rc = name_module(c, item->text, item, &m, e);
		if (!rc)
			m->enabled = true;
		else if (fail(c, NULL, e))
			return rc;
	}
	return 0;
}

static int take_fallback(struct config *c, const char *fallback, struct err *e)
{
	for (const char *p = fallback + strspn(fallback, " "); *p; p += strspn(p, " ")) {
		size_t len = strcspn(p, " ");
		const char *name = arena_strndup(&c->arena, p, len);
		struct module_entry *m;
		int rc = name ? add_module(c, name, NULL, &m, e) : err_nomem(e);
		if (rc)
			return rc;
		m->module.fallback = true;
		p += len;
	}
	return 0;
}

static int take_section(struct config *c, const struct yaml_node *node, struct err *e)
{
	if (node->kind == YAML_LIST)
		return take_list(c, node, e);
	if (node->kind == YAML_SCALAR)
		return yaml_fail(e, LYRE_EINVAL, node, "'modules' must be a mapping or a list; found '%s'", node->text);
	for (const struct yaml_node *member = node->first; member; member = member->next) {
		struct module_entry *m = NULL;
		int rc = name_module(c, member->key, member, &m, e);
		if (!rc)
			rc = take_module(c, m, member, e);
		if (!rc && m->module.path && c->exposed && !m->faulty)
			rc = yaml_fail(e, LYRE_EINVAL, member, "a module cannot be named by its path here, because %s", c->exposed);
		if (rc && fail(c, m, e))
			return rc;
	}
	return 0;
}

/** Of --set and the environment, the whole list of modules; NULL: they leave it to the files. */
static const struct yaml_node *overriding_list(struct config *c)
{
	const struct yaml_node *list = NULL;
	for (struct override *o = c->overrides; o; o = o->next)
		if (override_is(o, "modules")) {
			list = o->node;
			o->used = true;
		}
	for (struct document *d = list ? c->documents : NULL; d; d = d->next)
		d->modules = NULL;
	return list;
}

/** The modules of the file, or else the built-in list; then those of the drop-ins. */
static int take_all(struct config *c, const char *fallback, struct err *e)
{
	const struct yaml_node *list = overriding_list(c);
	const struct document *d = c->documents;
	bool named = (list && !yaml_is_null(list)) || (d && d->modules && d->root->source == c->file);
	int rc = named ? 0 : take_fallback(c, fallback, e);
	if (list && named)
		rc = take_section(c, list, e);
	for (; d && !rc; d = d->next)
		rc = d->modules ? take_section(c, d->modules, e) : 0;
	return rc;
}

/** "modules.NAME=true" on the command line can add a module that the file does not name. */
static int add_by_override(struct config *c, struct override *o, struct err *e)
{
	const char *name = modules_part(o->key);
	if (o->source != CONFIG_COMMAND_LINE || !name || strchr(name, '.') || modules_find(c, name))
		return 0;
	struct module_entry *m;
	return add_module(c, name, o->node, &m, e);
}

static int apply_to_module(struct config *c, struct module_entry *m, struct override *o, struct err *e)
{
	static const struct {
		const char *word;
		const struct lyre_setting *setting;
	} ways[] = {
		{ "", &enabled_setting },
		{ "enabled", &enabled_setting },
		{ "optional", &optional_setting },
		{ "path", &path_setting },
	};
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		const char *key = module_key(c, m->module.name, ways[i].word);
		if (!key)
			return err_nomem(e);
		if (!override_is(o, key))
			continue;
		o->used = true;
		return set_reserved(c, m, ways[i].setting, o->node, e);
	}
	return 0;
}

static int apply_overrides(struct config *c, struct err *e)
{
	int rc = 0;
	for (struct override *o = c->overrides; o && !rc; o = o->next) {
		if (add_by_override(c, o, e)) {
			o->used = true;
			rc = fail(c, NULL, e);
		}
		for (size_t i = 0; i < c->module_count && !rc; i++)
			if (apply_to_module(c, &c->modules[i], o, e))
				rc = fail(c, &c->modules[i], e);
	}
	return rc;
}

int config_modules(struct config *c, const char *fallback, const struct config_module **ret, size_t *count, struct err *e)
{
	int rc = 0;
	if (!c->modules_read) {
		c->fallback = arena_strndup(&c->arena, fallback, strlen(fallback));
		if (!c->fallback)
			return err_nomem(e);
		rc = take_all(c, fallback, e);
		if (!rc)
			rc = apply_overrides(c, e);
		if (rc)
			return rc;
		c->enabled = ARENA_ARRAY(&c->arena, struct config_module, c->module_count + 1);
		if (!c->enabled)
			return err_nomem(e);
		for (size_t i = 0; i < c->module_count; i++)
			if (c->modules[i].enabled && !c->modules[i].faulty)
				c->enabled[c->enabled_count++] = c->modules[i].module;
		c->modules_read = true;
	}
	*ret = c->enabled;
	*count = c->enabled_count;
	return 0;
}

/** The settings in our layout: those of an older module are shorter. */
static struct lyre_setting *copy_settings(struct config *c, struct lyre_list list)
{
	struct lyre_setting *copy = ARENA_ARRAY(&c->arena, struct lyre_setting, (size_t)list.count + 1);
	size_t size = list.item_size < sizeof *copy ? list.item_size : sizeof *copy;
	for (uint32_t i = 0; copy && i < list.count; i++)
		memcpy(&copy[i], (const char *)list.items + (size_t)i * list.item_size, size);
	return copy;
}

static int check_declaration(const char *name, const struct lyre_setting *s, struct err *e)
{
	if (!s->key || !*s->key)
		return err_set(e, LYRE_EINVAL, "module '%s' declares a setting without a key", name);
	if (s->type == LYRE_S_ENUM && (!s->values || !*s->values))
		return err_set(e, LYRE_EINVAL,
			"module '%s' declares the setting '%s' as one of some words, but no words: set .values", name, s->key);
	if (s->type > LYRE_S_PATH)
		return err_set(
			e, LYRE_EINVAL, "module '%s' declares the setting '%s' with a type unknown to this server", name, s->key);
	if (!strcmp(s->key, "enabled") || !strcmp(s->key, "optional") || !strcmp(s->key, "path"))
		return err_set(e, LYRE_EINVAL, "module '%s' declares the setting '%s', a reserved name", name, s->key);
	return 0;
}

int config_declare_module(struct config *c, const char *name, struct lyre_list settings, struct err *e)
{
	size_t first = c->count;
	const char *prefix = module_key(c, name, "");
	struct lyre_setting *copy = copy_settings(c, settings);
	if (!prefix || !copy)
		return err_nomem(e);
	for (uint32_t i = 0; i < settings.count; i++) {
		copy[i].flags &= LYRE_SF_NULL | LYRE_SF_SECRET | LYRE_SF_LIVE;
		int rc = check_declaration(name, &copy[i], e);
		if (rc)
			return rc;
	}
	int rc = entries_declare(c, prefix, copy, settings.count, e);
	if (rc)
		return rc;
	struct module_entry *m = find_module(c, name, strlen(name));
	if (m) {
		m->declared = true;
		m->declaration = settings;
	}
	for (const struct document *d = c->documents; d && !rc; d = d->next) {
		const struct yaml_node *given = d->modules ? yaml_member(d->modules, name) : NULL;
		if (given && given->kind == YAML_MAPPING)
			rc = entries_take(c, prefix, given, RESERVED, e);
	}
	if (!rc)
		rc = overrides_apply(c, first, e);
	return rc ? rc : entries_resolve(c, e);
}

void config_pass_over_module(struct config *c, const char *name)
{
	struct module_entry *m = find_module(c, name, strlen(name));
	if (m)
		m->faulty = true;
}

/** Settings of a module that is disabled, faulty, or optional and missing, are not checked. */
static void pass_over_absent(struct config *c)
{
	for (struct override *o = c->overrides; o; o = o->next) {
		const char *name = modules_part(o->key);
		if (o->used || o->source != CONFIG_COMMAND_LINE || !name)
			continue;
		const struct module_entry *m = find_module(c, name, strcspn(name, "."));
		o->used = m && !m->declared && (!m->enabled || m->faulty || m->module.optional);
	}
}

int config_check_unknown(struct config *c, struct err *e)
{
	for (size_t i = 0; i < c->module_count; i++) {
		const struct module_entry *m = &c->modules[i];
		if (!m->named || !m->enabled || m->faulty || m->declared || m->module.optional)
			continue;
		int rc = yaml_fail_key(e, LYRE_EINVAL, m->named, "module '%s' is named here but was not loaded", m->module.name);
		if (faults_take(c->faults, e))
			return rc;
	}
	pass_over_absent(c);
	int rc = overrides_check(c, true, e);
	c->faults = NULL;
	return rc;
}
