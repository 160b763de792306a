/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/permission.c
 * \brief The rules: super_users may do everything except write to the server's own tables, which are hidden from everyone
 * else; others may do what their role permits, and whatever a role does not mention does not exist for its users.
 */
#include "auth/permission.h"

#include "auth/view.h"
#include "store/store.h"

#include <string.h>

#define CHANGES (LYRE_PERMIT_UPDATE | LYRE_PERMIT_DELETE)
#define WRITES (LYRE_PERMIT_INSERT | CHANGES)

static bool is_system(const char *database)
{
	return database && !strcmp(database, SYSTEM_DATABASE);
}

/** A question being decided. Refusals are added to the lists. */
struct decision {
	const struct principal *who;
	const struct lyre_operation *operation;
	struct store *store;
	struct arena *arena;
	struct denial *denial;
};

/* ---- faults, for the lists ---- */

static int lacks_table(struct decision *d, const struct permission_need *need, uint32_t lacking, lyre_value attributes)
{
	return denial_add_table(&d->denial->unauthorized, d->arena, need, lacking, attributes);
}

static int no_table(struct decision *d, const struct permission_need *need)
{
	return denial_add(&d->denial->invalid, d->arena, "Table '%s.%s' does not exist", need->database, need->table);
}

static int no_database(struct decision *d, const struct permission_need *need)
{
	return denial_add(&d->denial->invalid, d->arena, "database '%s' does not exist", need->database);
}

/** "createTable" for create_table. */
static const char *camel_case(struct arena *a, const char *name)
{
	char *text = arena_strndup(a, name, strlen(name)), *to = text;

	for (const char *p = name; text && *p; p++) {
		bool joint = *p == '_' && p > name && p[1] >= 'a' && p[1] <= 'z';

		*to++ = joint ? (char)(*++p - 'a' + 'A') : *p;
	}
	if (text)
		*to = '\0';
	return text;
}

static int for_super_users(struct decision *d)
{
	const char *name = d->operation->refused_as;

	if (!name)
		name = camel_case(d->arena, d->operation->name);
	return name ? denial_add(&d->denial->unauthorized, d->arena, "Operation '%s' is restricted to 'super_user' roles", name) :
		      LYRE_ENOMEM;
}

/* ---- tables and their attributes ---- */

/** The primary key of a table, in the arena; NULL if there is no such table, which others report. */
static int key_of(struct decision *d, const struct permission_need *need, const char **ret, struct err *e)
{
	const struct table *t;

	*ret = NULL;
	int rc = store_table(d->store, need->database, need->table, &t, e);
	if (rc)
		return rc == LYRE_ENOTFOUND ? 0 : rc;
	const struct attribute *key = &t->attributes[t->key];
	*ret = arena_strndup(d->arena, key->name, key->name_len);
	table_unref(t);
	return *ret ? 0 : err_nomem(e);
}

/** Adds missing permissions on attributes to \p lacking, and unknown attributes to the decision's list. */
static int check_attributes(
	struct decision *d, const struct permission_need *need, const struct permission_view *v, lyre_value *lacking, struct err *e)
{
	const char *key;

	int rc = key_of(d, need, &key, e);
	if (rc)
		return rc;
	for (const struct permission_attribute *at = need->attributes;
		!rc && at && d->denial->invalid.len + lacking->len < PERMISSION_TOLD_MAX; at = at->next) {
		bool is_key = key && strlen(key) == at->len && !memcmp(key, at->name, at->len);
		uint32_t has = permission_attribute(v, at->name, at->len, is_key) & ROLE_EVERYTHING;
		uint32_t lacks = at->permissions & v->permissions & ~has;

		if (!has)
			rc = denial_add(&d->denial->invalid, d->arena, "Attribute '%.*s' does not exist on '%s.%s'", (int)at->len,
				at->name, need->database, need->table);
		else if (lacks)
			rc = denial_add_attribute(lacking, d->arena, at, lacks);
	}
	return rc ? err_nomem(e) : 0;
}

/** The server's own tables: their existence is not secret, their content is. */
static int check_system_table(struct decision *d, const struct permission_need *need, struct err *e)
{
	const struct table *t;

	int rc = store_table(d->store, need->database, need->table, &t, e);
	if (rc && rc != LYRE_ENOTFOUND)
		return rc;
	if (rc)
		rc = no_table(d, need);
	else {
		table_unref(t);
		rc = lacks_table(d, need, need->permissions, denial_no_list());
	}
	return rc ? err_nomem(e) : 0;
}

static int no_metadata(struct decision *d, const struct permission_need *need)
{
	return denial_add(&d->denial->unauthorized, d->arena,
		"Your role does not have permission to view database metadata for '%s'", need->database);
}

/** What the role does not mention does not exist for its users, except for the database that every server has. */
static int unknown(struct decision *d, const struct permission_need *need)
{
	const struct role *r = d->who->role;

	if (is_system(need->database))
		return no_metadata(d, need);
	if (need->table && (role_database(r, need->database) || role_structures(r, need->database)))
		return no_table(d, need);
	return no_database(d, need);
}

static int check_table(struct decision *d, const struct permission_need *need, struct err *e)
{
	const struct permission_view v = permission_view(d->who, false, need->database, need->table);
	uint32_t wanted = need->permissions & ROLE_EVERYTHING;
	lyre_value attributes = denial_no_list();
	int rc = 0;

	if (need->permissions & LYRE_PERMIT_DESCRIBE && !(v.permissions & LYRE_PERMIT_DESCRIBE))
		return unknown(d, need) ? err_nomem(e) : 0;
	if (!wanted)
		return 0;
	if (is_system(need->database))
		return check_system_table(d, need, e);
	if (!(v.permissions & ROLE_EVERYTHING))
		return unknown(d, need) ? err_nomem(e) : 0;
	/* A permission missing on the table is reported alone: its attributes are irrelevant then. */
	uint32_t lacking = wanted & ~v.permissions;
	if (!lacking && v.table && need->attributes)
		rc = check_attributes(d, need, &v, &attributes, e);
	if (rc)
		return rc;
	if (!lacking && !attributes.len)
		return 0;
	return lacks_table(d, need, lacking, attributes) ? err_nomem(e) : 0;
}

/** Permissions on all its tables at once are for super_users; knowing of the database is not. */
static int check_database(struct decision *d, const struct permission_need *need, struct err *e)
{
	int rc = 0;

	if (need->permissions & ROLE_EVERYTHING)
		rc = for_super_users(d);
	else if (need->permissions & LYRE_PERMIT_DESCRIBE && !permission_sees_database(d->who, false, need->database))
		rc = unknown(d, need);
	return rc ? err_nomem(e) : 0;
}

static int check_needs(struct decision *d, const struct permission_need *needs, struct err *e)
{
	int rc = 0;

	for (const struct permission_need *n = needs; !rc && n && denial_told(d->denial) < PERMISSION_TOLD_MAX; n = n->next)
		rc = n->table ? check_table(d, n, e) : check_database(d, n, e);
	return rc;
}

/* ---- the decision ---- */

static bool structures_any(const struct role *r)
{
	bool any = r->structure_all;

	for (uint32_t i = 0; !any && i < r->database_count; i++)
		any = r->databases[i].structure;
	return any;
}

/** Allows roles that may create and drop tables and attributes there; otherwise the permissions decide, if any are declared. */
static int check_structure(struct decision *d, const struct permission_question *q, struct err *e)
{
	int rc = 0;

	if (role_structures(d->who->role, q->database))
		return 0;
	if (d->operation->permissions) {
		rc = check_needs(d, q->needs, e);
		if (rc || !denial_told(d->denial) || !structures_any(d->who->role))
			return rc;
		*d->denial = denial_none();
	}
	if (structures_any(d->who->role) && q->database)
		rc = denial_add(&d->denial->unauthorized, d->arena, "User does not have access to perform '%s' against schema '%s'",
			d->operation->name, q->database);
	else
		rc = for_super_users(d);
	return rc ? err_nomem(e) : 0;
}

static int check_access(struct decision *d, const struct permission_question *q, struct err *e)
{
	switch (d->operation->access) {
	case LYRE_ACCESS_USER:
		return check_needs(d, q->needs, e);
	case LYRE_ACCESS_STRUCTURE:
		return check_structure(d, q, e);
	case LYRE_ACCESS_STRUCTURE_ALL:
		if (role_structures(d->who->role, NULL))
			return 0;
		break;
	}
	return for_super_users(d) ? err_nomem(e) : 0;
}

static bool changes_system(const struct permission_question *q, bool super_user)
{
	uint32_t access = q->operation->access, permissions = q->operation->permissions;

	if (!is_system(q->database))
		return false;
	if (super_user)
		return permissions & WRITES;
	return access != LYRE_ACCESS_SUPER_USER &&
		(permissions & CHANGES || access == LYRE_ACCESS_STRUCTURE || access == LYRE_ACCESS_STRUCTURE_ALL);
}

int permission_check(const struct principal *who, const struct permission_question *q, struct store *s, struct arena *a,
	struct denial *ret, struct err *e)
{
	*ret = denial_none();
	if (q->operation->access == LYRE_ACCESS_OPEN)
		return 0;
	if (!who)
		return err_set(e, LYRE_EUNAUTHENTICATED, MUST_LOGIN);
	if (!who->role)
		return err_set(
			e, LYRE_EDENIED, "User %s has no role or permissions.  Please assign the user a valid role.", who->name);
	if (changes_system(q, who->role->super_user))
		return err_set(e, LYRE_EDENIED, SYSTEM_CLOSED);
	if (who->role->super_user)
		return 0;
	struct decision d = { .who = who, .operation = q->operation, .store = s, .arena = a, .denial = ret };
	int rc = check_access(&d, q, e);
	if (rc)
		return rc;
	return denial_told(ret) ? err_set(e, LYRE_EDENIED, "%s", permission_refused) : 0;
}
