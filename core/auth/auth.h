/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/auth.h
 * \brief Who is asking: users in the system database, argon2id, and a memory of verified credentials.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "base/err.h"
#include "base/value.h"

#include <stdbool.h>

struct auth;
struct config;
struct store;

/** Who signed in; lives in the arena it was made in. */
struct identity {
	const char *user; /**< "" for nobody */
	bool super_user;
};

/**
 * Makes the system tables and, where there is no user, the first super_user: from LYRE_ADMIN_USERNAME and
 * LYRE_ADMIN_PASSWORD (or HDB_ADMIN_…), else with a password made up and written to a file of mode 0600 under the root,
 * which the log names.
 */
int auth_open(struct auth **ret, struct store *s, const struct config *c, struct err *e);
void auth_close(struct auth *a);

/**
 * Looks for the credentials among those verified not long ago. Never blocks.
 * \return 0 with \p ret; LYRE_PENDING: ask auth_verify() on a thread that may block; LYRE_EUNAUTHENTICATED: they cannot
 * be right
 */
int auth_remembered(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	struct arena *arena, struct identity *ret, struct err *e);
/**
 * Checks the password and remembers it. Takes tens of milliseconds and 19 MiB, as long for a user that there is not.
 * \return 0; LYRE_EUNAUTHENTICATED "Login failed"; LYRE_ENOMEM …
 */
int auth_verify(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	struct arena *arena, struct identity *ret, struct err *e);

/** Logs that credentials were found right or wrong, where logging.auditAuthEvents asks for it. */
void auth_audit(const struct auth *a, bool right, const char *user, const char *peer);

#endif
