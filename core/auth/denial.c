/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/denial.c
 * \brief The message and the lists of a refusal.
 */
#include "auth/denial.h"

#include "auth/permission.h"

#include <string.h>

const char permission_refused[] = "This operation is not authorized due to role restrictions and/or invalid database items";

int permission_refuse(struct denial *ret, struct err *e)
{
	*ret = denial_none();
	return err_set(e, LYRE_EDENIED, "%s", permission_refused);
}

/* ---- the lists ---- */

/** Lists grow by doubling: they are full when their length is a power of two. */
static int list_add(lyre_value *list, struct arena *a, lyre_value v)
{
	const uint32_t first = 4;

	if (!list->len || (list->len >= first && !(list->len & (list->len - 1)))) {
		lyre_value *items = ARENA_ARRAY(a, lyre_value, list->len ? (size_t)list->len * 2 : first);

		if (!items)
			return LYRE_ENOMEM;
		if (list->len)
			memcpy(items, list->items, list->len * sizeof *items);
		list->items = items;
	}
	list->items[list->len++] = v;
	return 0;
}

int denial_add(lyre_value *list, struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	const char *text = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return text ? list_add(list, a, value_text(text, strlen(text))) : LYRE_ENOMEM;
}

static void set_member(struct value_member *m, const char *name, lyre_value v)
{
	*m = (struct value_member){ name, (uint32_t)strlen(name), v };
}

static int permission_names(struct arena *a, uint32_t permissions, lyre_value *ret)
{
	int rc = 0;

	*ret = denial_no_list();
	for (uint32_t bit = LYRE_PERMIT_READ; !rc && bit <= LYRE_PERMIT_DELETE; bit <<= 1) {
		const char *word = lyre_permission_word(bit);

		if (permissions & bit)
			rc = list_add(ret, a, value_text(word, strlen(word)));
	}
	return rc;
}

int denial_add_attribute(lyre_value *list, struct arena *a, const struct permission_attribute *at, uint32_t lacking)
{
	struct value_member *members = ARENA_ARRAY(a, struct value_member, 2);
	lyre_value names;

	if (!members || permission_names(a, lacking, &names))
		return LYRE_ENOMEM;
	set_member(&members[0], "attribute_name", value_text(at->name, at->len));
	set_member(&members[1], "required_permissions", names);
	return list_add(list, a, (lyre_value){ .type = LYRE_OBJECT, .len = 2, .members = members });
}

int denial_add_table(lyre_value *list, struct arena *a, const struct permission_need *need, uint32_t lacking, lyre_value attributes)
{
	struct value_member *members = ARENA_ARRAY(a, struct value_member, 4);
	lyre_value names;

	if (!members || permission_names(a, lacking, &names))
		return LYRE_ENOMEM;
	set_member(&members[0], "schema", value_text(need->database, strlen(need->database)));
	set_member(&members[1], "table", value_text(need->table, strlen(need->table)));
	set_member(&members[2], "required_table_permissions", names);
	set_member(&members[3], "required_attribute_permissions", attributes);
	return list_add(list, a, (lyre_value){ .type = LYRE_OBJECT, .len = 4, .members = members });
}

/* ---- the answer ---- */

bool denial_has_lists(const struct denial *d, const char *sentence)
{
	return d->unauthorized.len || d->invalid.len || !strcmp(sentence, permission_refused);
}

static void write_list(lyre_out *o, const char *name, const lyre_value *list)
{
	const lyre_value none = denial_no_list();

	out_key(o, name);
	out_value(o, list->len ? list : &none);
}

void denial_write(lyre_out *o, const char *sentence, const struct denial *d)
{
	out_object_begin(o);
	out_key(o, "error");
	out_string(o, sentence, strlen(sentence));
	write_list(o, "unauthorized_access", &d->unauthorized);
	write_list(o, "invalid_schema_items", &d->invalid);
	out_object_end(o);
}
