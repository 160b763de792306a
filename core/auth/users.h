/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users.h
 * \brief Users and roles as records of the system database: reading them, and the only way to change them.
 */
#ifndef AUTH_USERS_H
#define AUTH_USERS_H

#include "auth/auth.h"
#include "auth/password.h"

#include <lyre/user.h>

struct store;
struct users;

/** A user as stored. */
struct user {
	bool active;
	char hash[PASSWORD_HASH_MAX];
	char stamp[AUTH_STAMP_MAX];
	char role_id[AUTH_USER_MAX + 1];
	const char *refresh_token; /**< in the arena; "" for none */
	double created, updated;   /**< ms since the epoch */
};

/** Creates the tables and the super_user role if they do not exist yet. Blocks. */
int users_open(struct users **ret, struct store *s, const struct password_costs *costs, struct err *e);
void users_close(struct users *u);
/** Whether there is any user. */
int users_any(struct users *u, bool *any, struct err *e);
/** Grows with every commit that touches users or roles; what was read before may be outdated. */
uint64_t users_epoch(struct users *u);

/** LYRE_ENOTFOUND, without a message, if there is no such user. */
int users_find(struct users *u, const char *name, size_t len, struct arena *a, struct user *ret, struct err *e);
/**
 * Visits every user, by name, until \p visit returns nonzero; its arguments live until it returns. It must not wait for a
 * change, as it holds a snapshot of the database. \return what \p visit returned, 0 at the end, or a failure
 */
int users_each(struct users *u, int (*visit)(void *arg, const char *name, const struct user *user), void *arg, struct err *e);
/** A reference; LYRE_ENOTFOUND, without a message. */
int users_role(struct users *u, const char *id, const struct role **ret, struct err *e);
/** Visits the record of every role, by id, in the same way. */
int users_each_role(struct users *u, int (*visit)(void *arg, const lyre_value *role), void *arg, struct err *e);
/** The record of a role, in the arena. LYRE_ENOTFOUND without a message. */
int users_role_record(struct users *u, const char *id, struct arena *a, lyre_value *ret, struct err *e);

/* Changes, described in lyre/user.h. They block, one at a time. */
int users_add(struct users *u, const struct lyre_user_change *user, struct err *e);
int users_change(struct users *u, const struct lyre_user_change *change, struct err *e);
int users_drop(struct users *u, const char *name, struct err *e);
/** \p ret is the record, in the arena; may be NULL. */
int users_add_role(struct users *u, const struct lyre_role *role, struct arena *a, lyre_value *ret, struct err *e);
int users_change_role(struct users *u, const struct lyre_role *role, struct arena *a, lyre_value *ret, struct err *e);
int users_drop_role(struct users *u, const char *id, struct err *e);
/** Hashes a correct password again with today's costs, unless it was changed since \p known was read. */
int users_rehash(struct users *u, const char *name, size_t len, const struct user *known, const char *password, size_t password_len,
	struct err *e);

#endif
