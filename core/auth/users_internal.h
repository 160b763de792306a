/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users_internal.h
 * \brief Shared by the files for users and roles: the tables, reading them, writing one record.
 */
#ifndef AUTH_USERS_INTERNAL_H
#define AUTH_USERS_INTERNAL_H

#include "auth/users.h"
#include "store/store.h"

#include <pthread.h>
#include <string.h>

#define USER_TABLE "hdb_user"
#define ROLE_TABLE "hdb_role"
/** Name and id of the role of a new server. */
#define SUPER_USER "super_user"

/** Number of roles kept compiled. */
#define ROLES_KEPT 256

/** A compiled role, found by its id. */
struct kept_role {
	const struct role *role; /**< NULL: empty */
	uint64_t epoch;          /**< the role is of this epoch, or of a later one */
	double updated;          /**< of its record; different for every version */
};

struct users {
	struct store *store;
	struct password_costs costs;
	const atomic_uint_least64_t *user_commits, *role_commits;
	pthread_mutex_t changes; /**< held by a change from its first read until it is on disk */
	char *made_up;           /**< file of the generated first password, existing or not; NULL: not known */
	pthread_mutex_t lock;    /**< protects roles */
	struct kept_role roles[ROLES_KEPT];
};

/* ---- users_read.c ---- */

/** The id of the role with a name, in the arena. LYRE_ENOTFOUND without a message. */
int users_role_id(struct users *u, const char *name, struct arena *a, const char **ret, struct err *e);
/** Whether an active user other than \p but (NULL for none) has a role. */
int users_have_role(struct users *u, const char *id, const char *but, bool *ret, struct err *e);
/** Whether there is an active super_user other than the user \p but and those with the role \p but_role (NULL for none). */
int users_have_super_user(struct users *u, const char *but, const char *but_role, bool *ret, struct err *e);
/** Whether the permission of a role makes its users super_users. */
bool permission_is_super(const lyre_value *permission);

/* ---- users.c ---- */

/** For names of users and roles, and ids of roles. */
bool users_name_valid(const char *name);
/** Writes one record, or deletes one given its key, and waits for the disk. \return 0; LYRE_END if it was not done */
int users_write(struct users *u, const char *table, int mode, const lyre_value *record, struct arena *a, struct err *e);

#define OBJECT(list, n) ((lyre_value){ .type = LYRE_OBJECT, .len = (n), .members = (list) })

static inline struct value_member member_text(const char *name, const char *text)
{
	return (struct value_member){ name, (uint32_t)strlen(name), value_text(text, strlen(text)) };
}

static inline struct value_member member_bool(const char *name, bool b)
{
	return (struct value_member){ name, (uint32_t)strlen(name), value_bool(b) };
}

/* ---- users_role.c ---- */

/** Creates the super_user role if there is no role at all. */
int users_first_role(struct users *u, struct err *e);
/** Releases the roles that are kept. */
void users_forget_roles(struct users *u);

#endif
