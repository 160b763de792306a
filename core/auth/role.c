/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/role.c
 * \brief From a role's record to sorted tables of permissions. Nothing in a record is assumed to be valid.
 */
#include "auth/role.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/** A role with the memory of everything it refers to. */
struct counted {
	struct role role;
	atomic_uint refs;
	struct arena arena;
};

/* ---- the server's own ---- */

#define TEXT(text)                                                        \
	{                                                                 \
		.type = LYRE_STRING, .len = sizeof(text) - 1, .s = (text) \
	}

static struct value_member server_permission[] = { { "super_user", 10, { .type = LYRE_BOOL, .b = true } } };
static struct value_member server_record[] = {
	{ "id", 2, TEXT("super_user") },
	{ "role", 4, TEXT("super_user") },
	{ "permission", 10, { .type = LYRE_OBJECT, .len = 1, .members = server_permission } },
};
const struct role role_of_server = {
	.record = { .type = LYRE_OBJECT, .len = sizeof server_record / sizeof *server_record, .members = server_record },
	.id = "super_user",
	.name = "super_user",
	.super_user = true,
	.structure_all = true,
};

/* ---- reading a permission ---- */

static bool is_true(const lyre_value *v)
{
	return value_is(v, LYRE_BOOL) && v->b;
}

/** Names are compared up to their NUL: one that contains a NUL could pass for a shorter one. */
static bool is_name(const char *name, size_t len)
{
	return !memchr(name, '\0', len);
}

/** Members of a permission that are not databases. */
static bool is_word(const char *name)
{
	return !strcmp(name, "super_user") || !strcmp(name, "structure_user") || !strcmp(name, "cluster_user");
}

static uint32_t permissions_of(const lyre_value *v)
{
	return (is_true(value_get(v, "read")) ? LYRE_PERMIT_READ : 0) | (is_true(value_get(v, "insert")) ? LYRE_PERMIT_INSERT : 0) |
		(is_true(value_get(v, "update")) ? LYRE_PERMIT_UPDATE : 0) |
		(is_true(value_get(v, "delete")) ? LYRE_PERMIT_DELETE : 0);
}

static int compare_texts(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_attributes(const void *x, const void *y)
{
	const struct role_attribute *a = x, *b = y;

	return compare_texts(a->name, a->len, b->name, b->len);
}

static int compare_tables(const void *x, const void *y)
{
	const struct role_table *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static int compare_databases(const void *x, const void *y)
{
	const struct role_database *a = x, *b = y;

	return strcmp(a->name, b->name);
}

/** An attribute that is listed twice has the permissions of both entries. */
static bool make_attributes(struct role_table *t, const lyre_value *list, struct arena *a)
{
	if (!list || list->type == LYRE_NULL || (list->type == LYRE_ARRAY && !list->len))
		return true;
	t->limited = true;
	if (list->type != LYRE_ARRAY)
		return true;
	struct role_attribute *all = ARENA_ARRAY(a, struct role_attribute, list->len);
	if (!all)
		return false;

	uint32_t n = 0, distinct = 0;
	for (uint32_t i = 0; i < list->len; i++) {
		const lyre_value *name = value_get(&list->items[i], "attribute_name");

		if (value_is(name, LYRE_STRING))
			all[n++] = (struct role_attribute){ name->s, name->len, permissions_of(&list->items[i]) & t->permissions };
	}
	qsort(all, n, sizeof *all, compare_attributes);
	for (uint32_t i = 0; i < n; i++) {
		if (distinct && !compare_attributes(&all[distinct - 1], &all[i]))
			all[distinct - 1].permissions &= all[i].permissions;
		else
			all[distinct++] = all[i];
	}
	for (uint32_t i = 0; i < distinct; i++)
		t->any |= all[i].permissions;
	t->attributes = all;
	t->attribute_count = distinct;
	return true;
}

/** Without an attribute to read, the table may not be read: rows would reveal which keys exist. */
static void limit_table(struct role_table *t)
{
	if (t->limited && !(t->any & LYRE_PERMIT_READ))
		t->permissions &= ~(uint32_t)LYRE_PERMIT_READ;
}

static bool make_tables(struct role_database *d, const lyre_value *tables, struct arena *a)
{
	if (!value_is(tables, LYRE_OBJECT) || !tables->len)
		return true;
	struct role_table *all = ARENA_ARRAY(a, struct role_table, tables->len);
	if (!all)
		return false;

	uint32_t n = 0;
	for (uint32_t i = 0; i < tables->len; i++) {
		const struct value_member *m = &tables->members[i];

		if (m->value.type != LYRE_OBJECT || !is_name(m->name, m->name_len))
			continue;
		all[n] = (struct role_table){ .name = m->name, .permissions = permissions_of(&m->value) };
		if (!make_attributes(&all[n], value_get(&m->value, "attribute_permissions"), a))
			return false;
		limit_table(&all[n]);
		n++;
	}
	qsort(all, n, sizeof *all, compare_tables);
	d->tables = all;
	d->table_count = n;
	return true;
}

/** The databases in the permission, and those that structure_user lists. */
static bool make_databases(struct role *r, const lyre_value *permission, const lyre_value *structure, struct arena *a)
{
	uint32_t listed = value_is(structure, LYRE_ARRAY) ? structure->len : 0, n = 0, distinct = 0;
	struct role_database *all = ARENA_ARRAY(a, struct role_database, (size_t)permission->len + listed + 1);

	if (!all)
		return false;
	for (uint32_t i = 0; i < permission->len; i++) {
		const struct value_member *m = &permission->members[i];

		if (m->value.type != LYRE_OBJECT || !is_name(m->name, m->name_len) || is_word(m->name))
			continue;
		all[n] = (struct role_database){ .name = m->name };
		if (!make_tables(&all[n++], value_get(&m->value, "tables"), a))
			return false;
	}
	for (uint32_t i = 0; i < listed; i++) {
		const lyre_value *name = &structure->items[i];

		if (name->type == LYRE_STRING && is_name(name->s, name->len))
			all[n++] = (struct role_database){ .name = name->s, .structure = true };
	}
	qsort(all, n, sizeof *all, compare_databases);
	for (uint32_t i = 0; i < n; i++) {
		struct role_database *last = distinct ? &all[distinct - 1] : NULL;

		if (!last || strcmp(last->name, all[i].name)) {
			all[distinct++] = all[i];
			continue;
		}
		last->structure |= all[i].structure;
		if (all[i].tables) {
			last->tables = all[i].tables;
			last->table_count = all[i].table_count;
		}
	}
	r->databases = all;
	r->database_count = distinct;
	return true;
}

/* ---- making ---- */

static const char *text_of(const lyre_value *record, const char *name)
{
	const lyre_value *v = value_get(record, name);

	return value_is(v, LYRE_STRING) ? v->s : "";
}

int role_make(const struct role **ret, const lyre_value *record, struct err *e)
{
	struct counted *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(e);
	c->refs = 1;
	arena_init(&c->arena);
	struct role *r = &c->role;
	if (!value_copy(&c->arena, record, NULL, 0, &r->record))
		goto failed;
	r->id = text_of(&r->record, "id");
	r->name = text_of(&r->record, "role");
	const lyre_value *permission = value_get(&r->record, "permission");
	if (value_is(permission, LYRE_OBJECT)) {
		const lyre_value *structure = value_get(permission, "structure_user");

		r->super_user = is_true(value_get(permission, "super_user"));
		r->structure_all = is_true(structure);
		if (!make_databases(r, permission, structure, &c->arena))
			goto failed;
	}
	*ret = r;
	return 0;
failed:
	role_unref(r);
	return err_nomem(e);
}

static struct counted *counted_of(const struct role *r)
{
	return (struct counted *)(uintptr_t)r;
}

const struct role *role_ref(const struct role *r)
{
	if (r && r != &role_of_server)
		atomic_fetch_add_explicit(&counted_of(r)->refs, 1, memory_order_relaxed);
	return r;
}

void role_unref(const struct role *r)
{
	if (!r || r == &role_of_server || atomic_fetch_sub_explicit(&counted_of(r)->refs, 1, memory_order_acq_rel) != 1)
		return;
	arena_free(&counted_of(r)->arena);
	free(counted_of(r));
}

/* ---- lookup ---- */

const struct role_database *role_database(const struct role *r, const char *database)
{
	const struct role_database wanted = { .name = database };

	return r->database_count ? bsearch(&wanted, r->databases, r->database_count, sizeof wanted, compare_databases) : NULL;
}

const struct role_table *role_table(const struct role *r, const char *database, const char *table)
{
	const struct role_database *d = role_database(r, database);
	const struct role_table wanted = { .name = table };

	return d && d->table_count ? bsearch(&wanted, d->tables, d->table_count, sizeof wanted, compare_tables) : NULL;
}

bool role_structures(const struct role *r, const char *database)
{
	const struct role_database *d = database && !r->structure_all ? role_database(r, database) : NULL;

	return r->structure_all || (d && d->structure);
}

uint32_t role_attribute(const struct role_table *t, const char *name, size_t len, bool key)
{
	if (!t->limited)
		return t->permissions;
	const struct role_attribute wanted = { .name = name, .len = (uint32_t)len };
	const struct role_attribute *found =
		t->attribute_count ? bsearch(&wanted, t->attributes, t->attribute_count, sizeof wanted, compare_attributes) : NULL;
	if (!found)
		return key ? t->any : 0;
	return found->permissions | (key ? t->permissions & LYRE_PERMIT_READ : 0);
}
