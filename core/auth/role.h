/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/role.h
 * \brief A role: its record, and its permissions in a form for fast lookup.
 *
 * The permission of a role is an object: super_user, cluster_user and structure_user (true, or an array of databases),
 * and for each database {tables: {name: {read, insert, update, delete, attribute_permissions: [{attribute_name, read,
 * insert, update}]}}}. Whatever is missing or not true is not permitted.
 */
#ifndef AUTH_ROLE_H
#define AUTH_ROLE_H

#include "base/err.h"
#include "base/value.h"

#include <lyre/module.h>
#include <stdbool.h>

/** Read, insert, update, delete. */
#define ROLE_EVERYTHING (LYRE_PERMIT_READ | LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE | LYRE_PERMIT_DELETE)

struct role_attribute {
	const char *name;
	uint32_t len;
	uint32_t permissions; /**< enum lyre_permission, or-ed; within those of the table */
};

/** Permissions on a table. */
struct role_table {
	const char *name;
	uint32_t permissions; /**< enum lyre_permission, or-ed */
	bool limited;         /**< only to the listed attributes and the primary key */
	uint32_t any;         /**< if limited: what is permitted on at least one attribute */
	uint32_t attribute_count;
	const struct role_attribute *attributes; /**< by name */
};

struct role_database {
	const char *name;
	bool structure; /**< its tables and attributes may be created and dropped */
	uint32_t table_count;
	const struct role_table *tables; /**< by name */
};

/** Never changes once made; shared by users and threads. */
struct role {
	lyre_value record; /**< id, role, permission, the times */
	const char *id, *name;
	bool super_user;
	bool structure_all; /**< structure_user of all databases */
	uint32_t database_count;
	const struct role_database *databases; /**< by name */
};

/** Makes a role from its record, with one reference; everything is copied. \return 0, LYRE_ENOMEM */
int role_make(const struct role **ret, const lyre_value *record, struct err *e);
const struct role *role_ref(const struct role *r);
void role_unref(const struct role *r);
/** The role of the server itself: a super_user. Not reference-counted. */
extern const struct role role_of_server;

/** NULL if the role does not mention it. For roles other than a super_user's. */
const struct role_database *role_database(const struct role *r, const char *database);
const struct role_table *role_table(const struct role *r, const char *database, const char *table);
/** Whether the role may create and drop tables and attributes of a database; \p database NULL: of all. */
bool role_structures(const struct role *r, const char *database);
/**
 * Permissions on an attribute of a table, the primary key if \p key is set. An unlisted key has the permissions that any
 * listed attribute has: without the key these could not be accessed.
 */
uint32_t role_attribute(const struct role_table *t, const char *name, size_t len, bool key);

#endif
