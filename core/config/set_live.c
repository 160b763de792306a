/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/set_live.c
 * \brief Changes settings while the server runs: writes them to the file, and applies those that can take effect at once.
 */
#include "config/change.h"
#include "config/edit.h"

#include "base/text.h"

static const char first_line[] = "# Written by set_configuration. The lyre.yaml shipped with the server explains every setting.\n";

bool setting_same(const struct lyre_setting *s, const struct setting_value *a, const struct setting_value *b)
{
	if (a->null != b->null || a->boolean != b->boolean || a->integer != b->integer || a->count != b->count ||
		a->number < b->number || a->number > b->number)
		return false;
	if (s->type == SETTING_ANY)
		return yaml_equal(a->any, b->any);
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i], b->list[i]))
			return false;
	if (a->null || (s->type != LYRE_S_STRING && s->type != LYRE_S_ENUM && s->type != LYRE_S_PATH))
		return true;
	return !strcmp(a->text, b->text);
}

/* ---- settings that take effect at once ---- */

/** Takes over the value of \p other. With the lock. */
static int take_value(struct config *c, struct entry *entry, const struct entry *other, struct err *e)
{
	struct live_texts *texts;
	struct setting_value value;

	entry->source = other->source;
	entry->given = NULL;
	if (setting_same(entry->setting, &entry->value, &other->value))
		return 0;
	if (!live_copy(&other->value, &value, &texts))
		return err_nomem(e);
	live_replaced(c->live, entry->texts, !(entry->setting->flags & LYRE_SF_LIVE));
	entry->texts = texts;
	entry->value = value;
	entry->changed = true;
	return 0;
}

/** Takes over the settings of \p fresh that have one of \p flags. */
static int take(struct config *c, const struct config *fresh, unsigned flags, struct err *e)
{
	int rc = 0;

	pthread_mutex_lock(&c->live->lock);
	for (size_t i = 0; i < c->count && !rc; i++) {
		struct entry *entry = &c->entries[i];
		const struct entry *other = entry->setting->flags & flags ? entries_find(fresh, entry->key) : NULL;

		entry->changed = false;
		if (other)
			rc = take_value(c, entry, other, e);
	}
	struct watcher *watchers = c->live->watchers;
	pthread_mutex_unlock(&c->live->lock);
	for (size_t i = 0; i < c->count; i++)
		for (struct watcher *w = c->entries[i].changed ? watchers : NULL; w; w = w->next)
			w->changed(w->arg, c, c->entries[i].key);
	return rc;
}

/** Bytes of texts that config_take_live() would replace. */
static size_t bytes_replaced(const struct config *c, const struct config *fresh)
{
	size_t bytes = 0;

	pthread_mutex_lock(&c->live->lock);
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *entry = &c->entries[i];
		const struct entry *other = entry->setting->flags & LYRE_SF_LIVE ? entries_find(fresh, entry->key) : NULL;

		if (other && !setting_same(entry->setting, &entry->value, &other->value))
			bytes += live_size(entry->texts);
	}
	pthread_mutex_unlock(&c->live->lock);
	return bytes;
}

int config_take_live(struct config *c, const struct config *fresh, struct err *e)
{
	return take(c, fresh, LYRE_SF_LIVE, e);
}

int config_take_listeners(struct config *c, const struct config *fresh, struct err *e)
{
	return take(c, fresh, SETTING_LISTENER, e);
}

int config_watch(const struct config *c, void (*changed)(void *arg, const struct config *c, const char *key), void *arg)
{
	/* The lock protects the arena, too. */
	struct config *mine = (struct config *)(uintptr_t)c;

	pthread_mutex_lock(&c->live->lock);
	struct watcher *w = ARENA_NEW(&mine->arena, struct watcher);
	if (w) {
		*w = (struct watcher){ .next = c->live->watchers, .changed = changed, .arg = arg };
		c->live->watchers = w;
	}
	pthread_mutex_unlock(&c->live->lock);
	return w ? 0 : LYRE_ENOMEM;
}

int config_try(const struct config *c, const struct buf *text, struct config **ret, struct err *e)
{
	const struct config_module *modules;
	size_t count;
	struct config *fresh;
	struct config_sources again = c->sources;

	*ret = NULL;
	again.again = true;
	int rc = config_load_text(&fresh, &again, text, e);
	if (rc)
		return rc;
	if (c->fallback)
		rc = config_modules(fresh, c->fallback, &modules, &count, e);
	for (size_t i = 0; i < c->module_count && !rc; i++)
		if (c->modules[i].declared)
			rc = config_declare_module(fresh, c->modules[i].module.name, c->modules[i].declaration, e);
	if (rc)
		config_free(fresh);
	else
		*ret = fresh;
	return rc;
}

static void list_warnings(const struct config *fresh, struct buf *warnings)
{
	size_t count;
	const char *const *lines = config_warnings(fresh, &count);

	for (size_t i = 0; i < count; i++)
		buf_addf(warnings, "%s%s", warnings->len ? "; " : "", lines[i]);
}

int config_reload_live(struct config *c, struct buf *waiting, struct buf *warnings, struct err *e)
{
	struct config *fresh;

	pthread_mutex_lock(&c->live->change);
	int rc = config_try(c, NULL, &fresh, e);
	if (!rc) {
		rc = config_take_live(c, fresh, e);
		waiting_list(c, fresh, waiting);
		list_warnings(fresh, warnings);
		config_free(fresh);
	}
	pthread_mutex_unlock(&c->live->change);
	return rc;
}

int config_write_next(const struct config *c, struct lyre_out *out, struct err *e)
{
	struct config *next;

	pthread_mutex_lock(&c->live->change);
	int rc = config_try(c, NULL, &next, e);
	pthread_mutex_unlock(&c->live->change);
	if (rc)
		return rc;
	rc = config_write(next, out, e);
	config_free(next);
	return rc;
}

/* ---- the file ---- */

/** Whether the file already has this value, however it is written. */
static bool is_so(const struct config *now, const struct setting_change *change)
{
	const struct entry *entry = now ? entries_find(now, change->entry->key) : NULL;

	return entry && entry->source == CONFIG_FILE && setting_same(entry->setting, &entry->value, &change->value) &&
		!(entry->setting->flags & SETTING_TEXT) && entry->setting->type != LYRE_S_PATH;
}

/** A module's setting needs the module's name in the file; then the others must be named, too, or they would be disabled. */
static int name_modules(const struct config *c, struct arena *a, struct buf *text, const struct yaml_node *root, struct err *e)
{
	const struct yaml_node *modules = yaml_member(root, "modules");
	const char *rest = c->fallback;
	struct buf names;
	size_t len;

	if (modules && modules->kind == YAML_LIST)
		return err_set(e, LYRE_EINVAL,
			REFUSED "the file names the modules in a list, which cannot hold their settings: "
				"edit the file to make it a mapping, such as 'data: true'");
	if (modules && !yaml_is_null(modules))
		return 0;
	buf_init(&names);
	for (const char *p; (p = modules_next_installed(c, &rest, &len));)
		buf_addf(&names, "%s%.*s: true", names.len ? ", " : "{", (int)len, p);
	buf_add_char(&names, '}');
	const char *value = buf_cstr(&names);
	struct yaml_node *wanted;
	int rc = value ? yaml_decode(a, "the modules", value, names.len, &wanted, e) : err_nomem(e);
	if (!rc)
		rc = edit_set(c, a, text, "modules", value, wanted, e);
	buf_free(&names);
	return rc;
}

/**
 * A module that only a drop-in names, as optional, is named in the file now: the server must still start when its package,
 * and with it the drop-in, is removed. \param now  the configuration before the change
 */
static int keep_optional(const struct config *c, const struct config *now, struct arena *a, struct buf *text,
	const struct yaml_node *root, const struct setting_change *change, struct err *e)
{
	const char *part = modules_part(change->entry->key), *name = arena_strndup(a, part, strcspn(part, "."));
	const char *key = name ? arena_printf(a, "modules.%s.optional", name) : NULL;
	const struct yaml_node *modules = yaml_member(root, "modules");
	struct yaml_node *wanted;

	if (!key)
		return err_nomem(e);
	const struct module_entry *m = modules_find(now, name);
	if (!m || !m->module.optional || (modules && yaml_member(modules, name)))
		return 0;
	int rc = yaml_decode(a, key, "true", strlen("true"), &wanted, e);
	return rc ? rc : edit_set(c, a, text, key, "true", wanted, e);
}

static int edit(const struct config *c, struct arena *a, struct buf *text, const struct yaml_node *root,
	const struct setting_change *changes, struct err *e)
{
	struct config *now;
	struct err ignored;
	bool named = false;
	int rc = 0;

	/* An invalid file, NULL here, may become valid by the changes. */
	config_try(c, text, &now, &ignored);
	for (const struct setting_change *change = changes; change && !rc; change = change->next) {
		const struct yaml_node *list = now ? entries_list_of(now, change->entry->key) : NULL;
		if (is_so(now, change))
			continue;
		if (list && list->source == now->file) {
			rc = change_refuse_listed(change->shown, list, e);
			break;
		}
		bool module = modules_part(change->entry->key);
		if (!named && module) {
			rc = name_modules(c, a, text, root, e);
			named = true;
		}
		if (!rc && now && module)
			rc = keep_optional(c, now, a, text, root, change, e);
		if (!rc)
			rc = edit_set(c, a, text, change->entry->key, change->text, change->node, e);
	}
	config_free(now);
	return rc;
}

static int copy_text(const struct config_store *file, struct buf *text, struct err *e)
{
	if (utf8_valid_prefix(file->text.len ? file->text.data : "", file->text.len) != file->text.len)
		return err_set(e, LYRE_EINVAL, "%s: not valid UTF-8; nothing was written", file->path);
	if (file->there)
		buf_add(text, file->text.data, file->text.len);
	else
		buf_add_str(text, first_line);
	return text->failed ? err_nomem(e) : 0;
}

static int is_new(const struct config_store *file, const struct buf *text)
{
	return text->len != file->text.len || (text->len && memcmp(text->data, file->text.data, text->len));
}

/** What overrides the file's value of a setting; NULL: nothing. */
static const char *what_overrides(const struct config *fresh, const struct entry *entry)
{
	const struct yaml_node *list = entries_list_of(fresh, entry->key);
	enum config_source source = entry->source;

	if (list && list->count)
		return list->source;
	if (source == CONFIG_DROP_IN)
		return entry->given->source;
	/* If not even the file gives it, the section of modules is overridden as a whole. */
	for (const struct override *o = entry->source < CONFIG_FILE ? fresh->overrides : NULL; o; o = o->next)
		if (override_is(o, "modules"))
			source = o->source;
	if (source <= CONFIG_FILE)
		return NULL;
	return source == CONFIG_ENVIRONMENT ? "the environment" : "the command line";
}

/** Notes what overrides the changes in \p fresh, which has them. */
static int note_overrides(const struct config *fresh, struct arena *a, struct setting_change *changes, struct err *e)
{
	for (struct setting_change *change = changes; change; change = change->next) {
		const struct entry *entry = entries_find(fresh, change->entry->key);
		const char *over = entry ? what_overrides(fresh, entry) : NULL;
		change->over = over ? arena_strndup(a, over, strlen(over)) : NULL;
		if (over && !change->over)
			return err_nomem(e);
	}
	return 0;
}

/** All steps from the reading of the file to its replacement. */
static int change_file(struct config *c, struct arena *a, struct config_store *file, struct buf *text,
	struct setting_change *changes, struct err *e)
{
	struct yaml_node *before, *after;
	struct config *fresh;
	struct err why = { 0 };
	int rc = copy_text(file, text, e);

	if (!rc)
		rc = yaml_decode_lines(a, file->path, text->data, text->len, &before, e);
	if (!rc && before->kind == YAML_LIST)
		rc = err_set(e, LYRE_EINVAL, "%s: the configuration must be a mapping of settings; found a list", file->path);
	if (!rc)
		rc = edit(c, a, text, before, changes, e);
	if (rc)
		return rc;
	if (yaml_decode_lines(a, file->path, text->data, text->len, &after, &why))
		return err_set(e, LYRE_EINTERNAL,
			"the changed file could not be read (%.300s): nothing was written; edit it by hand", why.text);
	rc = changes_prove(c, a, before, after, changes, e);
	if (rc)
		return rc;
	rc = config_try(c, text, &fresh, &why);
	if (rc)
		return err_set(e, rc, REFUSED "%.900s", why.text);
	rc = note_overrides(fresh, a, changes, e);
	if (!rc)
		rc = live_room(c->live, bytes_replaced(c, fresh), e);
	if (!rc && is_new(file, text))
		rc = config_store_replace(file, text, e);
	if (!rc)
		rc = config_take_live(c, fresh, e);
	config_free(fresh);
	return rc;
}

int config_set(struct config *c, const lyre_value *settings, bool strict, config_note_fn *note, void *ctx, struct err *e)
{
	struct arena a;
	struct setting_change *changes;
	struct config_store file;
	struct buf text;

	arena_init(&a);
	buf_init(&text);
	int rc = changes_read(c, &a, settings, strict, &changes, e);
	if (rc || !changes)
		goto out;
	if (!c->target) {
		rc = err_set(e, LYRE_ENOTSUP, "the server was started without a configuration file, so there is none to change");
		goto out;
	}
	if (c->target_root) {
		rc = err_set(e, LYRE_EDENIED,
			"'%s' belongs to the server with root folder %s: start this server with its own file "
			"(-c FILE) to change settings",
			c->target, c->target_root);
		goto out;
	}
	pthread_mutex_lock(&c->live->change);
	rc = config_store_open(&file, c->target, e);
	if (!rc)
		rc = change_file(c, &a, &file, &text, changes, e);
	config_store_close(&file);
	pthread_mutex_unlock(&c->live->change);
	for (const struct setting_change *change = changes; change && !rc; change = change->next)
		note(ctx, change->entry->key, change->over, change->entry->setting->flags & SETTING_INERT);
out:
	buf_free(&text);
	arena_free(&a);
	return rc;
}
