/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users.h
 * \brief Users and roles as records of the system database.
 */
#ifndef AUTH_USERS_H
#define AUTH_USERS_H

#include "auth/password.h"
#include "base/err.h"

#include <stdbool.h>

struct store;

/** What is known of a user. */
struct user {
	bool active;
	bool super_user;
	char hash[PASSWORD_HASH_MAX];
};

/** Makes the tables where they are not there yet, and the super_user role. Blocks. */
int users_open(struct store *s, struct err *e);
/** Whether there is any user. */
int users_any(struct store *s, bool *any, struct err *e);
/** Adds an active super_user with a password; LYRE_EEXISTS. Blocks. */
int users_add(struct store *s, const char *name, const char *password, struct err *e);
/** LYRE_ENOTFOUND, without a sentence, when there is no such user. */
int users_find(struct store *s, const char *name, size_t len, struct user *ret, struct err *e);

#endif
