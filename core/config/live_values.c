/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file config/live_values.c
 * \brief The texts of values that change while the server runs. A value that is replaced may still be read: it is kept for
 * KEPT_MS, and changes that replace more are refused while too many are kept.
 */
#include "config/config_internal.h"

#include "base/text.h"

#include <stdlib.h>

/** As lyre/module.h promises, ms. */
#define KEPT_MS 600000
/** Bytes of replaced values that are kept; twice as many for changes of little text, such as those of numbers and switches. */
#define KEPT_MAX ((size_t)1 << 20)
#define LITTLE ((size_t)4 << 10)

struct live_texts {
	struct live_texts *next;
	int64_t until; /**< monotonic ms; INT64_MAX: as long as the configuration */
	size_t size;
};

static size_t size_of(const struct setting_value *v)
{
	size_t size = v->list ? (v->count + 1) * sizeof *v->list : 0;
	for (size_t i = 0; v->list && i < v->count; i++)
		size += strlen(v->list[i]) + 1;
	return size + (v->text ? strlen(v->text) + 1 : 0);
}

/** \return what follows the copy */
static char *put(char *at, const char *text)
{
	size_t len = strlen(text) + 1;
	memcpy(at, text, len);
	return at + len;
}

bool live_copy(const struct setting_value *from, struct setting_value *to, struct live_texts **ret)
{
	size_t size = sizeof **ret + size_of(from);
	*to = *from;
	to->any = NULL;
	*ret = NULL;
	if (size == sizeof **ret)
		return true;
	*ret = malloc(size);
	if (!*ret)
		return false;
	(*ret)->size = size;
	char *at = (char *)(*ret + 1);
	if (from->list) {
		to->list = (const char **)at;
		at += (from->count + 1) * sizeof *to->list;
		to->list[from->count] = NULL;
		for (size_t i = 0; i < from->count; i++) {
			to->list[i] = at;
			at = put(at, from->list[i]);
		}
	}
	if (from->text) {
		to->text = at;
		put(at, from->text);
	}
	return true;
}

size_t live_size(const struct live_texts *t)
{
	return t ? t->size : 0;
}

/** Frees what nobody may read any more. */
static void sweep(struct live *l)
{
	int64_t now = monotonic_ms();
	for (struct live_texts **at = &l->replaced, *t; (t = *at);) {
		if (t->until > now) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		l->replaced_size -= t->size;
		free(t);
	}
}

void live_replaced(struct live *l, struct live_texts *t, bool for_ever)
{
	if (!t)
		return;
	sweep(l);
	t->until = for_ever ? INT64_MAX : monotonic_ms() + KEPT_MS;
	t->next = l->replaced;
	l->replaced = t;
	l->replaced_size += for_ever ? 0 : t->size;
}

int live_room(struct live *l, size_t bytes, struct err *e)
{
	const size_t most = bytes > LITTLE ? KEPT_MAX : 2 * KEPT_MAX;

	pthread_mutex_lock(&l->lock);
	sweep(l);
	bool full = bytes && l->replaced_size > most;
	pthread_mutex_unlock(&l->lock);
	return full ? err_set(e, LYRE_EBUSY, "Settings have been changed too often: try again in a few minutes") : 0;
}

void live_free(struct config *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->entries[i].texts);
	for (struct live_texts *t = c->live->replaced, *next; t; t = next) {
		next = t->next;
		free(t);
	}
}
