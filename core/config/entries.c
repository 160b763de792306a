/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config_internal.h"

#include "base/machine.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/** Other spellings of a key. */
static const struct {
	const char *other, *key;
} synonyms[] = {
	{ "operationsApi.network.mtls.enabled", "operationsApi.network.mtls" },
	{ "threads.count", "threads" },
};

const char *entries_spelling(const char *key)
{
	for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
		if (!strcmp(key, synonyms[i].other))
			return synonyms[i].key;
	return key;
}

const char *entries_below(const char *key)
{
	for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
		if (!strcmp(key, synonyms[i].key))
			return synonyms[i].other + strlen(key) + 1;
	return NULL;
}

void *grow(struct config *c, const void *items, size_t n, size_t *room, size_t item_size)
{
	size_t wanted = *room ? *room * 2 : 16;
	void *copy = arena_zalloc(&c->arena, wanted * item_size);
	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, items, n * item_size);
	*room = wanted;
	return copy;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp((*(struct entry *const *)a)->key, (*(struct entry *const *)b)->key);
}

static int compare_key(const void *key, const void *entry)
{
	return strcmp(key, (*(struct entry *const *)entry)->key);
}

struct entry *entries_find(const struct config *c, const char *key)
{
	struct entry **hit = NULL;
	if (c->count)
		hit = bsearch(entries_spelling(key), c->index, c->count, sizeof *c->index, compare_key);
	return hit ? *hit : NULL;
}

bool entries_is_section(const struct config *c, const char *key)
{
	size_t len = strlen(key);
	for (size_t i = 0; i < c->count; i++)
		if (!strncmp(c->keys[i], key, len) && c->keys[i][len] == '.')
			return true;
	return false;
}

/** A default is written as it would be in the file. */
static int set_default(struct config *c, struct entry *entry, struct err *e)
{
	const char *text = entry->setting->fallback;
	if (!text) {
		entry->value.null = true;
		return 0;
	}
	const char *source = arena_printf(&c->arena, "the default of %s", entry->key);
	if (!source)
		return err_nomem(e);
	struct yaml_node *node;
	int rc = yaml_decode(&c->arena, source, text, strlen(text), &node, e);
	return rc ? rc : setting_convert(&c->arena, entry->setting, entry->key, node, &entry->value, e);
}

/** Without memory the previous index stays: lookups continue, as all faults are reported. */
static int build_index(struct config *c, struct err *e)
{
	struct entry **index = ARENA_ARRAY(&c->arena, struct entry *, c->count);
	const char **keys = ARENA_ARRAY(&c->arena, const char *, c->count);
	if (c->count && (!index || !keys))
		return err_nomem(e);
	for (size_t i = 0; i < c->count; i++) {
		index[i] = &c->entries[i];
		keys[i] = c->entries[i].key;
	}
	if (c->count)
		qsort(index, c->count, sizeof *index, compare_entries);
	for (size_t i = 1; i < c->count; i++)
		if (!strcmp(index[i - 1]->key, index[i]->key))
			return err_set(e, LYRE_EINVAL, "the setting '%s' is declared twice", index[i]->key);
	c->index = index;
	c->keys = keys;
	return 0;
}

static int declare_all(struct config *c, const char *prefix, const struct lyre_setting *settings, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++) {
		if (c->count == c->room) {
			struct entry *more = grow(c, c->entries, c->count, &c->room, sizeof *more);
			if (!more)
				return err_nomem(e);
			c->entries = more;
		}
		struct entry *entry = &c->entries[c->count];
		*entry = (struct entry){ .setting = &settings[i], .key = settings[i].key };
		if (prefix)
			entry->key = arena_printf(&c->arena, "%s.%s", prefix, settings[i].key);
		int rc = entry->key ? set_default(c, entry, e) : err_nomem(e);
		if (rc)
			return rc;
		c->count++;
	}
	return build_index(c, e);
}

int entries_declare(struct config *c, const char *prefix, const struct lyre_setting *settings, size_t count, struct err *e)
{
	struct err ignored;
	size_t before = c->count;
	int rc = declare_all(c, prefix, settings, count, e);
	if (!rc)
		return 0;
	c->count = before;
	return build_index(c, &ignored) == LYRE_ENOMEM ? err_nomem(e) : rc;
}

static int set_value(struct config *c, struct entry *entry, const struct yaml_node *node, enum config_source source, struct err *e)
{
	if (source < CONFIG_ENVIRONMENT && entry->given && entry->given->source == node->source)
		return yaml_fail_key(
			e, LYRE_EINVAL, node, "'%s' is set twice (first on line %d)", entry->key, entry->given->key_line);
	struct setting_value value;
	int rc = setting_convert(&c->arena, entry->setting, entry->key, node, &value, e);
	if (rc || source < entry->source)
		return rc;
	entry->value = value;
	entry->source = source;
	entry->given = node;
	return 0;
}

int entry_set(struct config *c, struct entry *entry, const struct yaml_node *node, enum config_source source, struct err *e)
{
	int rc = set_value(c, entry, node, source, e);
	if (rc)
		entry->faulty = true;
	return rc;
}

/** The part after the last dot. */
static const char *last_part(const char *key)
{
	const char *dot = strrchr(key, '.');
	return dot ? dot + 1 : key;
}

/** The key or section in the same section whose last part is nearest. */
static const char *nearest_sibling(const struct config *c, const char *key, char out[256])
{
	size_t prefix = (size_t)(last_part(key) - key);
	char part[128];
	const char *best = NULL;
	for (size_t i = 0; i < c->count; i++) {
		if (strncmp(c->keys[i], key, prefix))
			continue;
		const char *rest = c->keys[i] + prefix;
		snprintf(part, sizeof part, "%.*s", (int)strcspn(rest, "."), rest);
		const char *candidates[] = { part, best };
		const char *nearest = closest_word(key + prefix, candidates, best ? 2 : 1);
		if (nearest == part) {
			snprintf(out, 256, "%.*s%s", (int)prefix, key, part);
			best = out + prefix;
		}
	}
	return best ? out : NULL;
}

/** What \p key may have been meant to be; stored in \p out if it is not a declared key. */
static const char *nearest(const struct config *c, const char *key, char out[256])
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcasecmp(c->keys[i], key))
			return c->keys[i];
	const char *found = strlen(key) < 128 ? nearest_sibling(c, key, out) : NULL;
	for (size_t i = 0; i < c->count && !found; i++)
		if (!strcasecmp(last_part(c->keys[i]), last_part(key)))
			found = c->keys[i];
	return found ? found : closest_word(key, c->keys, c->count);
}

int entries_unknown(const struct config *c, const char *key, const struct yaml_node *node, struct err *e)
{
	char guess[256];
	const char *meant = nearest(c, key, guess);
	if (meant)
		return yaml_fail_key(e, LYRE_EINVAL, node, "unknown setting '%s'; did you mean '%s'?", key, meant);
	return yaml_fail_key(e, LYRE_EINVAL, node, "unknown setting '%s'", key);
}

/** A section cannot be added to a list of another file: readers of the list would not see it. */
static int refuse_beside_list(const struct config *c, const char *key, const struct yaml_node *node, struct err *e)
{
	const struct yaml_node *list = entries_list_of(c, key);
	if (!list || list->source == node->source || (node->kind == YAML_LIST && entries_is_list(key)))
		return 0;
	return yaml_fail_key(e, LYRE_EINVAL, node,
		"'%s' has no effect beside the list '%s' in %s: give the whole list here, which replaces that", key, list->key,
		list->source);
}

static int take_member(struct config *c, const char *key, const struct yaml_node *node, struct err *e)
{
	struct entry *entry = entries_find(c, key);
	bool section = entries_is_section(c, key);
	int rc = refuse_beside_list(c, key, node, e);
	if (rc)
		return rc;
	if (section && node->kind == YAML_MAPPING)
		return entries_take(c, key, node, "", e);
	if (section && node->kind == YAML_LIST && entries_is_list(key))
		return entries_take_list(c, key, node, e);
	if (entry)
		return entry_set(c, entry, node, node->source == c->file ? CONFIG_FILE : CONFIG_DROP_IN, e);
	if (!section && modules_part(node->key))
		return yaml_fail_key(e, LYRE_EINVAL, node, "'%s' must be written below 'modules:'", key);
	if (!section)
		return entries_unknown(c, key, node, e);
	if (yaml_is_null(node))
		return 0;
	return yaml_fail(e, LYRE_EINVAL, node, "'%s' is a section: it must be a mapping of settings", key);
}

static bool is_word(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (const char *p = strstr(words, word); len && p; p = strstr(p + 1, word))
		if ((p == words || p[-1] == ' ') && (!p[len] || p[len] == ' '))
			return true;
	return false;
}

int entries_take(struct config *c, const char *prefix, const struct yaml_node *mapping, const char *except, struct err *e)
{
	for (const struct yaml_node *node = mapping->first; node; node = node->next) {
		if (is_word(except, node->key))
			continue;
		const char *key = arena_printf(&c->arena, "%s%s%s", prefix, *prefix ? "." : "", node->key);
		int rc = key ? take_member(c, key, node, e) : err_nomem(e);
		if (rc && faults_take(c->faults, e))
			return rc;
	}
	return 0;
}

static int make_absolute(struct config *c, struct entry *entry, const char *root, struct err *e)
{
	struct setting_value *v = &entry->value;
	if (entry->setting->type != LYRE_S_PATH || v->null || v->text[0] == '/')
		return 0;
	const char *text = arena_printf(&c->arena, "%s/%s", root, v->text);
	if (!text)
		return err_nomem(e);
	v->text = text;
	return 0;
}

static int resolve_root(struct config *c, struct entry *root, struct err *e)
{
	char *here = NULL;
	if (root->value.text[0] != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return err_errno(e, errno, "find", "the working directory");
	}
	int rc = make_absolute(c, root, here, e);
	free(here);
	if (rc)
		return rc;
	size_t given = strlen(root->value.text), len = given;
	while (len > 1 && root->value.text[len - 1] == '/')
		len--;
	const char *text = len < given ? arena_strndup(&c->arena, root->value.text, len) : root->value.text;
	if (!text)
		return err_nomem(e);
	root->value.text = text;
	return 0;
}

int entries_resolve(struct config *c, struct err *e)
{
	struct entry *root = entries_find(c, "rootPath");
	int rc = resolve_root(c, root, e);
	for (size_t i = 0; i < c->count && !rc; i++)
		rc = make_absolute(c, &c->entries[i], root->value.text, e);
	if (rc)
		return rc;
	struct entry *rotated = entries_find(c, "logging.rotation.path");
	if (rotated->value.null)
		rotated->value = entries_find(c, "logging.root")->value;
	struct entry *threads = entries_find(c, "threads");
	if (threads->value.null)
		threads->value = (struct setting_value){ .integer = machine_processors() };
	return 0;
}
