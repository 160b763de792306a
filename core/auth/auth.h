/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/auth.h
 * \brief Authentication: from credentials to a principal, and the cache of recently verified credentials.
 *
 * Users and roles are records of the system database. A principal holds what was read of a user there; it is read again
 * if a commit has touched those tables since, so that a change takes effect with the next request, however the user
 * signed in.
 */
#ifndef AUTH_AUTH_H
#define AUTH_AUTH_H

#include "auth/role.h"

#include <lyre/user.h>
#include <stdbool.h>

struct attempt;
struct auth;
struct config;
struct store;
struct users;

/** Longest user name and password, in bytes; longer ones are always wrong. */
#define AUTH_USER_MAX LYRE_USER_NAME_MAX
/** The answer to wrong credentials. */
#define LOGIN_FAILED "Login failed"
/** The name of the server itself, whose rights a peer on the domain socket has without a password. Not allowed for users. */
#define PRINCIPAL_SERVER "root@socket"
#define AUTH_PASSWORD_MAX LYRE_PASSWORD_MAX
/** Longest credentials of other kinds that are checked. */
#define AUTH_CREDENTIAL_MAX LYRE_CREDENTIAL_MAX
/** Room for a user's stamp, with the NUL. */
#define AUTH_STAMP_MAX (LYRE_STAMP_MAX + 1)

/** A user as last read. Never changes; shared by requests and jobs. */
struct principal {
	const char *name;           /**< PRINCIPAL_SERVER for the server itself */
	const struct role *role;    /**< NULL if the user's role does not exist */
	const char *only;           /**< the only operation for which the credentials are valid; NULL: all */
	char stamp[AUTH_STAMP_MAX]; /**< of the current password */
	uint64_t epoch;             /**< of the users and roles from which it was read */
};

const struct principal *principal_ref(const struct principal *p);
void principal_unref(const struct principal *p);
/** A peer on the domain socket. Not reference-counted. */
const struct principal *principal_server(void);

/** Whether auth_open() could use the settings, that is, whether they are consistent. LYRE_EINVAL with a message. */
int auth_check(const struct config *c, struct err *e);
/**
 * Creates the system tables and, if there is no user, the first super_user: from LYRE_ADMIN_USERNAME and
 * LYRE_ADMIN_PASSWORD (or HDB_ADMIN_…) or the file that LYRE_ADMIN_PASSWORD_FILE names, else with a generated password that
 * is written to a file of mode 0600 in the root folder, which the log names.
 */
int auth_open(struct auth **ret, struct store *s, const struct config *c, struct err *e);
void auth_close(struct auth *a);
/** The users and roles, to change them. */
struct users *auth_users(struct auth *a);

/* ---- user name and password ---- */

/**
 * Looks for the credentials among those verified recently. Never blocks.
 * \return 0 with a reference in \p ret; LYRE_PENDING: call auth_verify() on a thread that may block;
 *         LYRE_EUNAUTHENTICATED: they are certainly wrong
 */
int auth_remembered(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	const struct principal **ret, struct err *e);
/**
 * Checks the password and remembers it. Takes tens of milliseconds and the memory set in authentication.argon2, and just
 * as long for an unknown user. A correct password whose hash was made with other parameters is hashed again.
 * \return 0 with a reference in \p ret; LYRE_EUNAUTHENTICATED "Login failed"; LYRE_EDENIED if it is correct, but the user
 *         is inactive; LYRE_ENOMEM …
 */
int auth_verify(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	const struct principal **ret, struct err *e);

/* ---- credentials of other kinds: tokens, sessions ---- */

/** The user that credentials belong to, according to a module. */
struct identity {
	const char *user, *stamp;
	double until;     /**< end of validity, ms since the epoch; 0: never ends */
	const char *only; /**< the only operation for which they are valid; NULL: all */
};

/**
 * As auth_remembered(), for a string that an authenticator checks; \p kind distinguishes authenticators. \p began is for
 * auth_accept().
 */
int auth_remembered_text(
	struct auth *a, unsigned kind, const char *text, size_t len, uint64_t *began, const struct principal **ret, struct err *e);
/**
 * Accepts what an authenticator has verified: the user must exist, be active, and have the stamp. Remembers it, unless
 * auth_forget() was called since \p began, or it is valid for one operation only.
 * \return 0 with a reference in \p ret; LYRE_EUNAUTHENTICATED, without a message
 */
int auth_accept(struct auth *a, unsigned kind, const char *text, size_t len, uint64_t began, const struct identity *c,
	const struct principal **ret, struct err *e);
/**
 * The user named by a verified certificate. Never blocks. \return 0 with a reference in \p ret; LYRE_EUNAUTHENTICATED,
 * without a message: the user does not exist or is inactive
 */
int auth_certified(struct auth *a, const char *name, const struct principal **ret, struct err *e);
/** Invalidates these credentials. */
void auth_forget(struct auth *a, unsigned kind, const char *text, size_t len);

/**
 * The same user as of now, for work that outlasts a request. \return 0 with a reference in \p ret; LYRE_EUNAUTHENTICATED
 * with a message if the user no longer exists, is inactive, or has new credentials
 */
int auth_refresh(struct auth *a, const struct principal *p, const struct principal **ret, struct err *e);
/** The same in place: releases the old reference and takes the new one. On failure, \p p is unchanged. */
int auth_renew(struct auth *a, const struct principal **p, struct err *e);

/* ---- failed attempts ---- */

/**
 * How long an attempt for a user from a source (source_of()) must wait before it is checked, because of earlier failures:
 * authentication.failures.delay, doubled each time. An attempt that has to wait counts as failed until auth_count() reports
 * its outcome. The password that was recently correct for the user from that source does not wait, and its success does
 * not reset the failures of others.
 * \return ms; 0: no wait; less than 0: too many attempts for that user and source are waiting: this one must be refused,
 * and may be repeated after that many ms
 */
int64_t auth_delay(struct auth *a, const struct attempt *attempt);
/**
 * Reports the outcome of an attempt whose password was checked. Not for attempts refused unchecked: they cost their sender
 * nothing, and many of them would push others out of the table.
 */
void auth_count(struct auth *a, bool right, const struct attempt *attempt);
/** Logs the outcome of an attempt, 0 or the code of auth_verify(), if logging.auditAuthEvents enables it. */
void auth_audit(struct auth *a, int outcome, const char *user, const char *peer);
/**
 * Reports that an attempt was refused unchecked; \p why as in the answer. Logged once a minute at most, as such attempts
 * cost their sender nothing. Any thread.
 */
void auth_refused(struct auth *a, const char *user, const char *peer, const char *why);

#endif
