/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/attribute_names.c
 * \brief Attribute names as clients send them.
 */
#include "query/plan.h"

#include "base/json.h"

#include <string.h>

struct unknown_name {
	struct unknown_name *next;
	const char *name;
};

void unknown_init(struct unknown_names *u, struct arena *a)
{
	*u = (struct unknown_names){ .seen.arena = a, .last = &u->first };
}

int unknown_add(struct unknown_names *u, struct arena *a, const char *name, size_t len, struct err *e)
{
	struct unknown_name *n = ARENA_NEW(a, struct unknown_name);
	char *copy = n ? arena_strndup(a, name, len) : NULL;
	struct name_place *place = copy ? name_set_add(&u->seen, copy, len) : NULL;
	if (!place)
		return err_nomem(e);
	if (place->item)
		return 0;
	place->item = n;
	n->name = copy;
	*u->last = n;
	u->last = &n->next;
	u->count++;
	return 0;
}

int unknown_fail(const struct unknown_names *u, struct arena *a, struct err *e)
{
	const char *list = NULL;
	for (const struct unknown_name *n = u->first; n; n = n->next) {
		if (!list)
			list = n->name;
		else
			list = arena_printf(a, "%s%s%s", list, n->next ? ", " : " and ", n->name);
		if (!list)
			return err_nomem(e);
		if (strlen(list) > sizeof(e->text))
			break;
	}
	return list ? err_set(e, LYRE_EINVAL, "unknown attribute '%s'", list) : 0;
}

const struct attribute *visible_attribute(const struct table *t, const struct attribute_filter *f, const char *name, size_t len)
{
	const struct attribute *at = table_attribute(t, name, len);
	const uint32_t named = ATTRIBUTE_DECLARED | ATTRIBUTE_KEY | ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED;
	return at && (t->dynamic || at->flags & named) && attribute_is_shown(f, at) ? at : NULL;
}

int name_of_value(const lyre_value *v, struct arena *a, const char **name, size_t *len, struct err *e)
{
	*name = NULL;
	*len = 0;
	if (value_is(v, LYRE_STRING)) {
		*name = v->s;
		*len = v->len;
	} else if (value_is_number(v)) {
		struct buf b;
		buf_init(&b);
		json_add_value(&b, v);
		*name = b.failed ? NULL : arena_strndup(a, b.data, b.len);
		*len = b.len;
		buf_free(&b);
		if (!*name)
			return err_nomem(e);
	}
	return 0;
}
