/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/view.c
 * \brief What a principal can see of a table or a database.
 */
#include "auth/view.h"

#include "store/store.h"

#include <string.h>

/** Attributes that nobody may read or search by. */
static const struct {
	const char *table;
	const char *const attributes[5];
} secrets[] = {
	{ "hdb_user", { "password", "hash", "refresh_token", "stamp" } },
	{ "hdb_session", { "stamp" } }, /* the key is a digest, which cannot be used to sign in */
};

static struct permission_view system_view(const char *table)
{
	struct permission_view v = { .permissions = LYRE_PERMIT_READ | LYRE_PERMIT_DESCRIBE };

	for (size_t i = 0; !v.secret && i < sizeof secrets / sizeof *secrets; i++) {
		v.secret = !strcmp(secrets[i].table, table);
		v.secrets = v.secret ? secrets[i].attributes : NULL;
	}
	return v;
}

struct permission_view permission_view(const struct principal *who, bool server_rights, const char *database, const char *table)
{
	const struct permission_view all = { .permissions = ROLE_EVERYTHING | LYRE_PERMIT_DESCRIBE };
	bool system = !strcmp(database, SYSTEM_DATABASE);

	if (server_rights)
		return all;
	if (!who || !who->role)
		return (struct permission_view){ .permissions = 0 };
	if (who->role->super_user)
		return system ? system_view(table) : all;
	if (system)
		return (struct permission_view){ .permissions = 0 };

	const struct role_table *t = role_table(who->role, database, table);
	struct permission_view v = { .structure = role_structures(who->role, database) };
	if (t) {
		v.permissions = t->permissions & ROLE_EVERYTHING;
		v.table = t->limited ? t : NULL;
	}
	if (v.permissions || v.structure)
		v.permissions |= LYRE_PERMIT_DESCRIBE;
	return v;
}

uint32_t permission_attribute(const struct permission_view *v, const char *name, size_t len, bool key)
{
	for (size_t i = 0; v->secret && v->secrets[i]; i++) {
		if (strlen(v->secrets[i]) == len && !memcmp(v->secrets[i], name, len))
			return 0;
	}
	if (!v->table)
		return v->permissions;
	uint32_t permissions = role_attribute(v->table, name, len, key);
	return permissions || v->structure ? permissions | LYRE_PERMIT_DESCRIBE : 0;
}

bool permission_sees_database(const struct principal *who, bool server_rights, const char *database)
{
	if (server_rights)
		return true;
	if (!who || !who->role)
		return false;
	if (who->role->super_user)
		return true;
	if (!strcmp(database, SYSTEM_DATABASE))
		return false;
	if (role_structures(who->role, database))
		return true;
	const struct role_database *d = role_database(who->role, database);
	for (uint32_t i = 0; d && i < d->table_count; i++) {
		if (d->tables[i].permissions & ROLE_EVERYTHING)
			return true;
	}
	return false;
}
