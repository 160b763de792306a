/* SPDX-License-Identifier: Apache-2.0 */
#include "base/words.h"

#include "base/value.h"

#include <string.h>

static const struct {
	const char *modern, *old;
} words[] = {
	{ "database", "schema" },
	{ "primary_key", "hash_attribute" },
	{ "ids", "hash_values" },
	{ "attribute", "search_attribute" },
	{ "value", "search_value" },
	{ "comparator", "search_type" },
};

#define WORDS (sizeof words / sizeof *words)

const char *words_modern(const char *name, size_t *len)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (strlen(words[i].old) != *len || memcmp(words[i].old, name, *len))
			continue;
		*len = strlen(words[i].modern);
		return words[i].modern;
	}
	return name;
}

const lyre_value *words_get(const lyre_value *object, const char *modern, const char **label)
{
	const lyre_value *v = value_get(object, modern);
	const char *found = modern;

	for (size_t i = 0; !v && i < WORDS; i++) {
		if (strcmp(words[i].modern, modern))
			continue;
		v = value_get(object, words[i].old);
		if (v)
			found = words[i].old;
	}
	if (label)
		*label = found;
	return v;
}

static void modernise_object(lyre_value *object)
{
	for (size_t i = 0; i < WORDS; i++) {
		const lyre_value *old = value_get(object, words[i].old);

		if (!old || value_get(object, words[i].modern))
			continue;
		struct value_member *m = (struct value_member *)((char *)(uintptr_t)old - offsetof(struct value_member, value));
		m->name = words[i].modern;
		m->name_len = (uint32_t)strlen(m->name);
	}
}

void words_modernise(lyre_value *conditions)
{
	if (conditions->type != LYRE_ARRAY)
		return;
	for (uint32_t i = 0; i < conditions->len; i++) {
		lyre_value *item = &conditions->items[i];

		if (item->type != LYRE_OBJECT)
			continue;
		modernise_object(item);
		for (uint32_t j = 0; j < item->len; j++) {
			if (!strcmp(item->members[j].name, "conditions"))
				words_modernise(&item->members[j].value);
		}
	}
}
