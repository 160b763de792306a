/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_rights.c
 * \brief What the services permit the caller, whatever the module has declared. The rules are in auth/.
 */
#include "host/host_store.h"

#include <string.h>

bool host_is_whole(const lyre_call *call)
{
	return call->server_rights || (call->who && call->who->role && call->who->role->super_user);
}

static int only_reads(lyre_call *call)
{
	return err_set(&call->err, LYRE_EINVAL, "An operation that is run as part of another may only read here");
}

static int refuse(lyre_call *call)
{
	return permission_refuse(&call->denial, &call->err);
}

int host_refuse(
	lyre_call *call, const char *database, const char *table, uint32_t permissions, struct permission_attribute *attributes)
{
	/* like an operation that is open to every user and touches this table */
	const struct lyre_operation any = { .name = "", .access = LYRE_ACCESS_USER, .permissions = permissions };
	struct arena *a = call_arena(call);
	struct permission_need need = {
		.database = arena_strndup(a, database, strlen(database)), /* the failure may outlive the table */
		.table = arena_strndup(a, table, strlen(table)),
		.permissions = permissions,
		.attributes = attributes,
	};
	const struct permission_question q = { .operation = &any, .database = need.database, .needs = &need };
	if (!call->who)
		return refuse(call);
	if (!need.database || !need.table)
		return err_nomem(&call->err);
	int rc = permission_check(call->who, &q, call->store, a, &call->denial, &call->err);
	return rc < 0 ? rc : refuse(call);
}

int host_may(lyre_call *call, const lyre_table *table, uint32_t permissions)
{
	if ((table->view.permissions & permissions) == permissions)
		return 0;
	return host_refuse(call, table->def->database, table->def->name, permissions, NULL);
}

int host_table_refuse(
	lyre_call *call, const char *database, const char *table, uint32_t permissions, const char *const *attributes, size_t count)
{
	struct permission_attribute *first = NULL, **last = &first;
	for (size_t i = 0; i < count; i++) {
		struct arena *a = call_arena(call);
		struct permission_attribute *at = ARENA_NEW(a, struct permission_attribute);
		const char *name = at ? arena_strndup(a, attributes[i], strlen(attributes[i])) : NULL;
		if (!name)
			return err_nomem(&call->err);
		*at = (struct permission_attribute){ .name = name, .len = strlen(name), .permissions = permissions };
		*last = at;
		last = &at->next;
	}
	return host_refuse(call, database, table, permissions, first);
}

uint32_t host_attribute_permissions(lyre_table *table, const char *attribute)
{
	const struct attribute *key = &table->def->attributes[table->def->key];
	return permission_attribute(&table->view, attribute, strlen(attribute), !strcmp(attribute, key->name));
}

/* ---- records ---- */

/** The attributes of records that may not be written, in the order found. */
struct unwritable {
	lyre_call *call;
	const lyre_table *table;
	uint32_t permissions;
	struct permission_attribute *first, **last;
	size_t count;
};

static bool is_writable(const struct unwritable *u, const struct value_member *m)
{
	const struct attribute *key = &u->table->def->attributes[u->table->def->key];
	bool is_key = m->name_len == key->name_len && !memcmp(m->name, key->name, key->name_len);
	return (permission_attribute(&u->table->view, m->name, m->name_len, is_key) & u->permissions) == u->permissions;
}

static int add_unwritable(struct unwritable *u, const struct value_member *m)
{
	for (const struct permission_attribute *a = u->first; a; a = a->next) {
		if (a->len == m->name_len && !memcmp(a->name, m->name, a->len))
			return 0;
	}
	struct arena *arena = call_arena(u->call);
	struct permission_attribute *a = ARENA_NEW(arena, struct permission_attribute);
	const char *name = a ? arena_strndup(arena, m->name, m->name_len) : NULL;
	if (!name)
		return err_nomem(&u->call->err);
	*a = (struct permission_attribute){ .name = name, .len = m->name_len, .permissions = u->permissions };
	*u->last = a;
	u->last = &a->next;
	u->count++;
	return 0;
}

static int find_unwritable(struct unwritable *u, const lyre_value *records)
{
	int rc = 0;
	for (uint32_t i = 0; i < records->len; i++) {
		const lyre_value *record = &records->items[i];
		for (uint32_t j = 0; record->type == LYRE_OBJECT && j < record->len; j++) {
			if (!is_writable(u, &record->members[j]))
				rc = add_unwritable(u, &record->members[j]);
			if (rc < 0 || u->count == PERMISSION_TOLD_MAX)
				return rc;
		}
	}
	return 0;
}

static uint32_t permissions_of(int mode)
{
	switch (mode) {
	case LYRE_INSERT:
		return LYRE_PERMIT_INSERT;
	case LYRE_UPDATE:
		return LYRE_PERMIT_UPDATE;
	case LYRE_DELETE:
		return LYRE_PERMIT_DELETE;
	default:
		return LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE;
	}
}

int host_may_write(lyre_call *call, const lyre_table *table, int mode, const lyre_value *records)
{
	if (call->only_reads)
		return only_reads(call);
	struct unwritable u = { .call = call, .table = table, .permissions = permissions_of(mode) };
	int rc = host_may(call, table, u.permissions);
	if (rc < 0 || mode == LYRE_DELETE || permission_sees_all(&table->view) || records->type != LYRE_ARRAY)
		return rc; /* the store refuses anything but an array */
	u.last = &u.first;
	rc = find_unwritable(&u, records);
	if (rc < 0 || !u.first)
		return rc;
	return host_refuse(call, table->def->database, table->def->name, u.permissions, u.first);
}

/* ---- the rest ---- */

int host_may_structure(lyre_call *call, const char *database)
{
	const struct role *role = call->who ? call->who->role : NULL;
	if (call->only_reads)
		return only_reads(call);
	if (host_is_whole(call))
		return 0;
	if (!role || (database && !strcmp(database, SYSTEM_DATABASE)) || !role_structures(role, database))
		return refuse(call);
	return 0;
}

int host_may_manage(lyre_call *call)
{
	if (call->only_reads)
		return only_reads(call);
	return host_is_whole(call) ? 0 : refuse(call);
}
