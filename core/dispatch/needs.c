/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/needs.c
 * \brief Finds what a request uses: tables, and the attributes of those whose attributes are limited for the caller.
 * Follows the operation's declaration, on arguments that are not validated yet.
 */
#include "dispatch/dispatch_internal.h"

#include "base/name_set.h"
#include "base/words.h"

#include <string.h>

/** How deep conditions are searched; a search refuses such depths much earlier. */
#define DEPTH_MAX 100

#define ANY_WRITE (LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE)

/* ---- attributes ---- */

struct attributes {
	struct name_set names;
	struct permission_attribute *first, **end;
};

static int add_attribute(struct attributes *to, const char *name, size_t len, uint32_t permissions)
{
	struct name_place *p = name_set_add(&to->names, name, len);

	if (!p)
		return LYRE_ENOMEM;
	struct permission_attribute *at = p->item;
	if (!at) {
		at = ARENA_NEW(to->names.arena, struct permission_attribute);
		if (!at)
			return LYRE_ENOMEM;
		at->name = name;
		at->len = len;
		p->item = *to->end = at;
		to->end = &at->next;
	}
	at->permissions |= permissions;
	return 0;
}

/** A name that is read; "*" means everything visible, and "$id" the primary key, whatever its name. */
static int add_read(struct attributes *to, const lyre_value *v)
{
	const char *name;
	size_t len;

	int rc = request_name(v, to->names.arena, &name, &len);
	if (rc || !name || (len == 1 && *name == '*') || (len == 3 && !memcmp(name, "$id", 3)))
		return rc;
	return add_attribute(to, name, len, LYRE_PERMIT_READ);
}

static const char *const read_within[] = { "conditions", "sort", "next" };

static int add_reads(struct attributes *to, const lyre_value *v, unsigned depth)
{
	const lyre_value *name = NULL;
	int rc = 0;

	if (!v || depth > DEPTH_MAX)
		return 0;
	for (uint32_t i = 0; v->type == LYRE_ARRAY && !rc && i < v->len; i++)
		rc = add_reads(to, &v->items[i], depth + 1);
	if (v->type == LYRE_ARRAY)
		return rc;
	if (v->type != LYRE_OBJECT)
		return add_read(to, v);
	name = words_get(v, "attribute", NULL);
	if (!name)
		name = value_get(v, "name");
	if (name)
		rc = add_reads(to, name, depth + 1);
	else
		rc = add_reads(to, value_get(v, "select"), depth + 1); /* after a name, it selects within the value */
	for (size_t i = 0; !rc && i < sizeof read_within / sizeof *read_within; i++)
		rc = add_reads(to, value_get(v, read_within[i]), depth + 1);
	return rc;
}

static bool same_name(const struct value_member *a, const struct value_member *b)
{
	return a->name_len == b->name_len && !memcmp(a->name, b->name, a->name_len);
}

/** Most records have the same names as the previous one: those are skipped without searching the set. */
static int add_writes(struct attributes *to, const lyre_value *records, uint32_t permissions)
{
	const lyre_value *before = NULL, *r = records;
	uint32_t count = records->type == LYRE_ARRAY ? records->len : 1;
	int rc = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (records->type == LYRE_ARRAY)
			r = &records->items[i];
		if (r->type != LYRE_OBJECT)
			continue;
		for (uint32_t j = 0; !rc && j < r->len; j++) {
			const struct value_member *m = &r->members[j];

			if (!before || j >= before->len || !same_name(m, &before->members[j]))
				rc = add_attribute(to, m->name, m->name_len, permissions);
		}
		if (rc)
			return rc;
		before = r;
	}
	return 0;
}

static int find_attributes(const struct operation *o, const lyre_value *body, struct arena *a, struct permission_attribute **ret)
{
	struct attributes to = { .names = { .arena = a } };
	uint32_t writes = o->decl->permissions & ANY_WRITE;
	int rc = 0;

	to.end = &to.first;
	for (size_t i = 0; !rc && i < o->param_count; i++) {
		const struct lyre_param *p = &o->params[i];

		if (!(p->flags & (LYRE_P_READS | LYRE_P_WRITES)))
			continue;
		const lyre_value *v = request_argument(o, body, p->name);
		if (v && p->flags & LYRE_P_READS)
			rc = add_reads(&to, v, 0);
		if (!rc && v && p->flags & LYRE_P_WRITES)
			rc = add_writes(&to, v, writes);
	}
	*ret = to.first;
	return rc;
}

/* ---- tables ---- */

struct needs {
	const struct operation *operation;
	const char *database;
	struct arena *arena;
	struct name_set names;
	struct permission_need *first, **end;
};

static int add_need(struct needs *to, const char *table)
{
	struct permission_need *need = ARENA_NEW(to->arena, struct permission_need);

	if (!need)
		return LYRE_ENOMEM;
	need->database = to->database;
	need->table = table;
	need->permissions = to->operation->decl->permissions;
	*to->end = need;
	to->end = &need->next;
	return 0;
}

/** A table named twice is needed once. */
static int add_table(struct needs *to, const lyre_value *v)
{
	const char *name;
	size_t len;

	int rc = request_name(v, to->arena, &name, &len);
	if (rc || !name)
		return rc;
	struct name_place *p = name_set_add(&to->names, name, strlen(name));
	if (!p)
		return LYRE_ENOMEM;
	if (p->item)
		return 0;
	p->item = to;
	return add_need(to, name);
}

static bool is_required(const struct operation *o, const char *name)
{
	size_t i = operation_param(o, name);

	return i < o->param_count && o->params[i].flags & LYRE_P_REQUIRED;
}

static int find_tables(struct needs *to, const lyre_value *body)
{
	const lyre_value *table = request_argument(to->operation, body, "table");
	const lyre_value *tables = request_argument(to->operation, body, "tables");
	int rc = 0;

	if (table)
		rc = add_table(to, table);
	for (uint32_t i = 0; value_is(tables, LYRE_ARRAY) && !rc && i < tables->len; i++)
		rc = add_table(to, &tables->items[i]);
	/* If a required table is missing, validation reports it; otherwise the whole database is meant. */
	if (!rc && !table && !tables && !is_required(to->operation, "table") && !is_required(to->operation, "tables"))
		rc = add_need(to, NULL);
	return rc;
}

int needs_find(const struct operation *o, const lyre_value *body, const char *database, const struct role *role, struct arena *a,
	struct permission_need **ret)
{
	struct needs to = { .operation = o, .database = database, .arena = a, .names = { .arena = a } };
	struct permission_attribute *attributes;
	bool limited = false;

	to.end = &to.first;
	int rc = find_tables(&to, body);
	for (const struct permission_need *n = to.first; !rc && !limited && n; n = n->next) {
		const struct role_table *t = n->table ? role_table(role, database, n->table) : NULL;

		limited = t && t->limited;
	}
	if (!rc && limited) {
		rc = find_attributes(o, body, a, &attributes);
		for (struct permission_need *n = to.first; !rc && n; n = n->next)
			n->attributes = attributes;
	}
	*ret = to.first;
	return rc;
}
