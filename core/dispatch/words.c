/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/words.c
 * \brief What a request says under which word. Old words of the wire are resolved here and nowhere else; those for
 * operations stand in their declarations.
 */
#include "dispatch/dispatch_internal.h"

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

const lyre_value *words_find(const lyre_value *body, const char *name, const char **label)
{
	const lyre_value *v = value_get(body, name);

	*label = name;
	for (size_t i = 0; !v && i < WORDS; i++) {
		if (strcmp(words[i].modern, name))
			continue;
		v = value_get(body, words[i].old);
		if (v)
			*label = words[i].old;
	}
	return v;
}

const lyre_value *request_argument(const struct operation *o, const lyre_value *body, const char *name)
{
	size_t i = operation_param(o, name);
	const char *label;

	if (i == o->param_count)
		return NULL;
	const lyre_value *v = words_find(body, name, &label);
	if (v && !(v->type == LYRE_NULL && o->params[i].flags & LYRE_P_NULL_IS_ABSENT))
		return v;
	return o->params[i].fallback ? &o->fallbacks[i] : NULL;
}

int request_name(const lyre_value *v, struct arena *a, const char **ret, size_t *len)
{
	char number[NUMBER_TEXT_MAX];

	*ret = NULL;
	*len = 0;
	if (value_is(v, LYRE_STRING) || value_is(v, LYRE_BIGINT)) {
		*ret = v->s;
		*len = v->len;
	} else if (value_is_number(v)) {
		*len = v->type == LYRE_INT ? int_text(number, v->i) : double_text(number, v->d);
		*ret = arena_strndup(a, number, *len);
		return *ret ? 0 : LYRE_ENOMEM;
	}
	return 0;
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
