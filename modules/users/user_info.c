/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/user_info.c
 * \brief list_users, user_info. Credentials are never shown.
 */
#include "users_module.h"

#include <string.h>

int users_user_info(lyre_call *call)
{
	struct lyre_user user = { .size = sizeof user };
	int rc = lyre_user(call, NULL, &user);

	if (rc < 0)
		return rc;
	lyre_out *o = lyre_reply(call);
	lyre_out_object_begin(o);
	lyre_out_key(o, "active");
	lyre_out_bool(o, user.active != 0);
	lyre_out_text(o, "username", user.name);
	lyre_out_key(o, "role");
	lyre_out_value(o, user.role);
	lyre_out_object_end(o);
	return 0;
}

/** A table of the system database. */
struct table_name {
	struct table_name *next;
	char name[];
};

struct listing {
	lyre_call *call;
	lyre_out *out;
	struct table_name *tables, **end;
};

static int add_table(void *arg, lyre_table *table)
{
	struct listing *l = arg;
	const char *name = lyre_table_name(table);
	size_t size = strlen(name) + 1;
	struct table_name *t = lyre_alloc(l->call, sizeof *t + size);

	if (!t)
		return lyre_fail_no_memory(l->call);
	memcpy(t->name, name, size);
	*l->end = t;
	l->end = &t->next;
	return 0;
}

/** Writes the permissions on the system tables of roles that are not super_user: none. */
static void write_system(const struct listing *l)
{
	static const char *const rights[] = { "read", "insert", "update", "delete" };
	lyre_out *o = l->out;

	lyre_out_key(o, "system");
	lyre_out_object_begin(o);
	lyre_out_key(o, "tables");
	lyre_out_object_begin(o);
	for (const struct table_name *t = l->tables; t; t = t->next) {
		lyre_out_key(o, t->name);
		lyre_out_object_begin(o);
		for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
			lyre_out_key(o, rights[i]);
			lyre_out_bool(o, 0);
		}
		lyre_out_key(o, "attribute_permissions");
		lyre_out_array_begin(o);
		lyre_out_array_end(o);
		lyre_out_object_end(o);
	}
	lyre_out_object_end(o);
	lyre_out_object_end(o);
}

/** Writes a permission, with the implied permissions on the system tables. */
static void write_permission(const struct listing *l, const lyre_value *permission)
{
	lyre_out *o = l->out;

	lyre_out_object_begin(o);
	for (size_t i = 0; i < lyre_value_count(permission); i++) {
		lyre_out_key(o, lyre_value_name(permission, i, NULL));
		lyre_out_value(o, lyre_value_at(permission, i));
	}
	if (!lyre_value_bool(lyre_value_get(permission, "super_user")) && !lyre_value_get(permission, "system"))
		write_system(l);
	lyre_out_object_end(o);
}

static void write_role(const struct listing *l, const lyre_value *role)
{
	lyre_out *o = l->out;

	if (!role) {
		lyre_out_null(o);
		return;
	}
	lyre_out_object_begin(o);
	for (size_t i = 0; i < lyre_value_count(role); i++) {
		const char *name = lyre_value_name(role, i, NULL);
		lyre_out_key(o, name);
		if (strcmp(name, "permission") == 0)
			write_permission(l, lyre_value_at(role, i));
		else
			lyre_out_value(o, lyre_value_at(role, i));
	}
	lyre_out_object_end(o);
}

static int write_user(void *arg, const struct lyre_user *user)
{
	const struct listing *l = arg;
	lyre_out *o = l->out;

	lyre_out_object_begin(o);
	lyre_out_text(o, "username", user->name);
	lyre_out_key(o, "role");
	write_role(l, user->role);
	lyre_out_key(o, "active");
	lyre_out_bool(o, user->active != 0);
	lyre_out_key(o, "__updatedtime__");
	lyre_out_double(o, user->updated);
	lyre_out_key(o, "__createdtime__");
	lyre_out_double(o, user->created);
	lyre_out_object_end(o);
	return 0;
}

int users_list_users(lyre_call *call)
{
	struct listing l = { .call = call, .out = lyre_reply(call) };

	l.end = &l.tables;
	int rc = lyre_tables(call, "system", add_table, &l);
	if (rc < 0)
		return rc;
	lyre_out_array_begin(l.out);
	rc = lyre_users(call, write_user, &l);
	lyre_out_array_end(l.out);
	return rc;
}
