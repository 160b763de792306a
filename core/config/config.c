/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_internal.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** In the root folder, used if no other file is given. */
#define ROOT_FILE "lyre.yaml"
/** Prefix of the first user's name and password: they are not settings, and a password is not copied. */
#define FIRST_USER "LYRE_ADMIN_"

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

/** One line for all settings given without effect. */
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

/** The sources are read again when the file changes; the caller's copies may be gone by then. */
static int keep_sources(struct config *c, const struct config_sources *given, struct err *e)
{
	size_t variables = 0, kept = 0;
	while (given->environ && given->environ[variables])
		variables++;
	const char **sets = ARENA_ARRAY(&c->arena, const char *, given->set_count + 1);
	char **ours = ARENA_ARRAY(&c->arena, char *, variables + 1);
	bool fine = sets && ours;
	for (size_t i = 0; fine && i < given->set_count; i++)
		fine = (sets[i] = arena_strndup(&c->arena, given->sets[i], strlen(given->sets[i]))) != NULL;
	for (size_t i = 0; fine && i < variables; i++)
		if (!strncmp(given->environ[i], VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) &&
			strncmp(given->environ[i], FIRST_USER, strlen(FIRST_USER)))
			fine = (ours[kept++] = arena_strndup(&c->arena, given->environ[i], strlen(given->environ[i]))) != NULL;
	c->sources = (struct config_sources){
		.sets = sets,
		.set_count = given->set_count,
		.environ = ours,
		.root_file = given->root_file,
		.again = given->again,
		.system_file = given->system_file,
	};
	if (given->file)
		fine = fine && (c->sources.file = arena_strndup(&c->arena, given->file, strlen(given->file)));
	if (given->root)
		fine = fine && (c->sources.root = arena_strndup(&c->arena, given->root, strlen(given->root)));
	return fine ? 0 : err_nomem(e);
}

/** The file to read and write: the given one, or the one in the root folder, which that file cannot name itself. */
static int find_file(struct config *c, bool *there, struct err *e)
{
	const char *root = entries_find(c, "rootPath")->value.text;
	c->target = c->sources.file;
	*there = c->target;
	if (c->target || !c->sources.root_file)
		return 0;
	enum config_source source = CONFIG_DEFAULT;
	for (const struct override *o = c->overrides; o; o = o->next) {
		if (!override_is(o, "rootPath") || o->source < source || o->node->kind != YAML_SCALAR || yaml_is_null(o->node))
			continue;
		root = o->node->text;
		source = o->source;
	}
	c->target = arena_printf(&c->arena, "%s/" ROOT_FILE, root);
	if (!c->target)
		return err_nomem(e);
	*there = access(c->target, F_OK) == 0;
	return 0;
}

static int open_live(struct config *c, struct err *e)
{
	c->live = calloc(1, sizeof *c->live);
	if (!c->live)
		return err_nomem(e);
	pthread_mutex_init(&c->live->lock, NULL);
	pthread_mutex_init(&c->live->change, NULL);
	return 0;
}

/** Whether two paths are equal except for trailing slashes. */
static bool same_folder(const char *a, const char *b)
{
	size_t a_len = strlen(a), b_len = strlen(b);
	while (a_len > 1 && a[a_len - 1] == '/')
		a_len--;
	while (b_len > 1 && b[b_len - 1] == '/')
		b_len--;
	return a_len == b_len && memcmp(a, b, a_len) == 0;
}

int config_load_text(struct config **ret, const struct config_sources *sources, const struct buf *text, struct err *e)
{
	bool there = false;
	*ret = NULL;
	struct config *c = calloc(1, sizeof *c);
	if (!c)
		return err_nomem(e);
	arena_init(&c->arena);
	c->faults = sources->faults;
	int rc = open_live(c, e);
	if (!rc)
		rc = keep_sources(c, sources, e);
	if (!rc)
		rc = entries_declare(c, NULL, core_settings, core_setting_count, e);
	if (!rc)
		rc = overrides_read(c, &c->sources, e);
	if (!rc)
		rc = find_file(c, &there, e);
	if (!rc)
		rc = documents_read(c, there, text, e);
	if (!rc)
		rc = documents_take(c, e);
	const char *file_root = rc ? NULL : entries_find(c, "rootPath")->value.text;
	if (!rc)
		rc = overrides_apply(c, 0, e);
	if (!rc)
		rc = overrides_check(c, false, e);
	if (!rc)
		rc = entries_resolve(c, e);
	if (!rc && c->sources.system_file && !same_folder(file_root, entries_find(c, "rootPath")->value.text))
		c->target_root = file_root;
	if (!rc)
		rc = warn_of_inert(c, e);
	if (rc) {
		config_free(c);
		return rc;
	}
	*ret = c;
	return 0;
}

int config_load(struct config **ret, const struct config_sources *sources, struct err *e)
{
	return config_load_text(ret, sources, NULL, e);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	if (c->live) {
		live_free(c);
		pthread_mutex_destroy(&c->live->lock);
		pthread_mutex_destroy(&c->live->change);
		free(c->live);
	}
	arena_free(&c->arena);
	free(c);
}

#define KIND(type) (1u << (type))

struct setting_value entry_value(const struct config *c, const struct entry *entry)
{
	if (!(entry->setting->flags & SETTING_CHANGES))
		return entry->value;
	pthread_mutex_lock(&c->live->lock);
	struct setting_value value = entry->value;
	pthread_mutex_unlock(&c->live->lock);
	return value;
}

/** The value of \p key, which must be declared and of one of the kinds: anything else is a bug in the program. */
static struct setting_value ask(const struct config *c, const char *key, unsigned kinds)
{
	const struct entry *entry = entries_find(c, key);
	bool fits = entry && (!kinds || (entry->setting->type <= LYRE_S_PATH && KIND(entry->setting->type) & kinds));
	if (!fits) {
		fprintf(stderr, "lyre: setting '%s' was requested, but it is %s\n", key,
			entry ? "of another type" : "not declared");
		abort();
	}
	return entry_value(c, entry);
}

enum config_source config_source_of(const struct config *c, const char *key)
{
	ask(c, key, 0);
	pthread_mutex_lock(&c->live->lock);
	enum config_source source = entries_find(c, key)->source;
	pthread_mutex_unlock(&c->live->lock);
	return source;
}

#define WHOLE (KIND(LYRE_S_INT) | KIND(LYRE_S_SIZE) | KIND(LYRE_S_DURATION))

bool config_is_null(const struct config *c, const char *key)
{
	return ask(c, key, 0).null;
}

int64_t config_int(const struct config *c, const char *key)
{
	return ask(c, key, WHOLE).integer;
}

double config_number(const struct config *c, const char *key)
{
	struct setting_value v = ask(c, key, WHOLE | KIND(LYRE_S_NUMBER));
	return v.integer ? (double)v.integer : v.number;
}

bool config_bool(const struct config *c, const char *key)
{
	return ask(c, key, KIND(LYRE_S_BOOL)).boolean;
}

const char *config_string(const struct config *c, const char *key)
{
	struct setting_value v = ask(c, key, KIND(LYRE_S_STRING) | KIND(LYRE_S_ENUM) | KIND(LYRE_S_PATH));
	return v.null ? NULL : v.text;
}

const char *const *config_list(const struct config *c, const char *key, size_t *count)
{
	struct setting_value v = ask(c, key, KIND(LYRE_S_LIST));
	*count = v.count;
	return v.list;
}

const char *config_path(const struct config *c, const char *key)
{
	struct setting_value v = ask(c, key, KIND(LYRE_S_PATH));
	return v.null ? NULL : v.text;
}

struct fault_list *config_faults(const struct config *c)
{
	return c->faults;
}

bool config_is_faulty(const struct config *c, const char *key)
{
	size_t len = strlen(key);
	for (size_t i = 0; i < c->count; i++) {
		const struct entry *entry = &c->entries[i];
		if (entry->faulty && !strncmp(entry->key, key, len) && (!entry->key[len] || entry->key[len] == '.'))
			return true;
	}
	return false;
}

const char *config_file(const struct config *c)
{
	return c->file;
}

size_t config_drop_ins(const struct config *c)
{
	return c->drop_ins;
}

const char *const *config_warnings(const struct config *c, size_t *count)
{
	*count = c->warning_count;
	return c->warnings;
}

static enum config_effect effect_of(const struct lyre_setting *s)
{
	if (s->flags & SETTING_INERT)
		return CONFIG_WITHOUT_EFFECT;
	if (s->flags & LYRE_SF_LIVE)
		return CONFIG_AT_ONCE;
	return s->flags & SETTING_LISTENER ? CONFIG_AT_NEW_LISTENERS : CONFIG_AT_RESTART;
}

int config_each(const struct config *c, int (*fn)(void *ctx, const struct config_item *item), void *ctx)
{
	int rc = 0;
	for (size_t i = 0; i < c->count && !rc; i++) {
		const struct entry *entry = &c->entries[i];
		pthread_mutex_lock(&c->live->lock);
		struct config_item item = {
			.key = entry->key,
			.setting = entry->setting,
			.source = entry->source,
			.effect = effect_of(entry->setting),
			.file = entry->given && entry->given->line ? entry->given->source : NULL,
			.line = entry->given ? entry->given->line : 0,
			.column = entry->given ? entry->given->column : 0,
		};
		pthread_mutex_unlock(&c->live->lock);
		rc = fn(ctx, &item);
	}
	return rc;
}
