/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/auth.h
 * \brief Who is asking: from credentials to a principal, and the memory of those verified not long ago.
 *
 * Users and roles are records of the system database. A principal is what was read of a user there; it is read again when
 * a commit has touched those tables since, so that a change acts on the next request, however its user signed in.
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

/** Longest user name and password, in bytes; longer ones cannot be right. */
#define AUTH_USER_MAX LYRE_USER_NAME_MAX
/** What clients are told of wrong credentials. */
#define LOGIN_FAILED "Login failed"
/** The name of the server itself, whose rights a peer of the domain socket has without a password. No user may have it. */
#define PRINCIPAL_SERVER "root@socket"
#define AUTH_PASSWORD_MAX LYRE_PASSWORD_MAX
/** Longest credentials of another kind that are looked at. */
#define AUTH_CREDENTIAL_MAX LYRE_CREDENTIAL_MAX
/** Room for a user's stamp, with the NUL. */
#define AUTH_STAMP_MAX (LYRE_STAMP_MAX + 1)

/** A user as last read. Never changes; shared by requests and jobs. */
struct principal {
	const char *name;          /**< PRINCIPAL_SERVER for the server itself */
	const struct role *role;   /**< NULL when there is no such role */
	const char *only;          /**< the one operation the credentials are good for; NULL for all */
	char stamp[AUTH_STAMP_MAX]; /**< of the password there is */
	uint64_t epoch;            /**< of the users and roles it was read from */
};

const struct principal *principal_ref(const struct principal *p);
void principal_unref(const struct principal *p);
/** A peer on the domain socket. Of no reference to count. */
const struct principal *principal_server(void);

/** Whether auth_open() could use the settings: those that must fit each other do. LYRE_EINVAL with a sentence. */
int auth_check(const struct config *c, struct err *e);
/**
 * Makes the system tables and, where there is no user, the first super_user: from LYRE_ADMIN_USERNAME and
 * LYRE_ADMIN_PASSWORD (or HDB_ADMIN_…), else with a password made up and written to a file of mode 0600 under the root,
 * which the log names.
 */
int auth_open(struct auth **ret, struct store *s, const struct config *c, struct err *e);
void auth_close(struct auth *a);
/** What changes users and roles. */
struct users *auth_users(struct auth *a);

/* ---- user name and password ---- */

/**
 * Looks for the credentials among those verified not long ago. Never blocks.
 * \return 0 with a reference in \p ret; LYRE_PENDING: ask auth_verify() on a thread that may block;
 *         LYRE_EUNAUTHENTICATED: they cannot be right
 */
int auth_remembered(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	const struct principal **ret, struct err *e);
/**
 * Checks the password and remembers it. Takes tens of milliseconds and the memory that authentication.argon2 says, as
 * long for a user that there is not. A right password whose hash was made with other parameters is hashed anew.
 * \return 0 with a reference in \p ret; LYRE_EUNAUTHENTICATED "Login failed"; LYRE_EDENIED where it is right, but the user
 *         inactive; LYRE_ENOMEM …
 */
int auth_verify(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	const struct principal **ret, struct err *e);

/* ---- credentials of other kinds: tokens, sessions ---- */

/** Whom a module says that credentials let in. */
struct identity {
	const char *user, *stamp;
	double until;     /**< ms since the epoch; 0: never ends */
	const char *only; /**< NULL: good for every operation */
};

/**
 * As auth_remembered(), for a text of which an authenticator decides; \p kind tells them apart. \p began is for
 * auth_accept().
 */
int auth_remembered_text(struct auth *a, unsigned kind, const char *text, size_t len, uint64_t *began,
	const struct principal **ret, struct err *e);
/**
 * Takes an authenticator's word for it: the user must be there, active, and have the stamp. Remembers it, unless
 * auth_forget() came since \p began, or it is good for one operation only.
 * \return 0 with a reference in \p ret; LYRE_EUNAUTHENTICATED, without a sentence
 */
int auth_accept(struct auth *a, unsigned kind, const char *text, size_t len, uint64_t began, const struct identity *c,
	const struct principal **ret, struct err *e);
/**
 * The user whom a certificate that was verified names. Never blocks. \return 0 with a reference in \p ret;
 * LYRE_EUNAUTHENTICATED, without a sentence: there is none, or it is inactive
 */
int auth_certified(struct auth *a, const char *name, const struct principal **ret, struct err *e);
/** The text is good no more. */
void auth_forget(struct auth *a, unsigned kind, const char *text, size_t len);

/**
 * The same user as of now: for what goes on for longer than a request. \return 0 with a reference in \p ret;
 * LYRE_EUNAUTHENTICATED with a sentence when the user is gone, inactive, or has other credentials since
 */
int auth_refresh(struct auth *a, const struct principal *p, const struct principal **ret, struct err *e);
/** The same in place: gives the old reference back for the new one. \p p stays as it is where it fails. */
int auth_renew(struct auth *a, const struct principal **p, struct err *e);

/* ---- failed attempts ---- */

/**
 * How long an attempt of a user from a source (source_of()) has to wait before it is looked at, after those that failed:
 * authentication.failures.delay, doubled each time. An attempt that has to wait counts as failed until auth_count() is
 * told what came of it. The password that was right for the user from there lately does not wait, and its success leaves
 * what others got wrong counted.
 * \return ms; 0: not at all; less than 0: so many of that user and source wait already that it is to be refused, and to
 *         come again after so many ms
 */
int64_t auth_delay(struct auth *a, const struct attempt *attempt);
/**
 * What came of an attempt whose password was checked. Not for what is refused without that: it costs its sender nothing,
 * and many such attempts would push those that count out of the table.
 */
void auth_count(struct auth *a, bool right, const struct attempt *attempt);
/** What came of an attempt, 0 or the code of auth_verify(): logs it where logging.auditAuthEvents asks for it. */
void auth_audit(struct auth *a, int outcome, const char *user, const char *peer);
/**
 * An attempt was refused without a look at it, for what clients are told. Logged once a minute at the most, as it costs its
 * sender nothing. Any thread.
 */
void auth_refused(struct auth *a, const char *user, const char *peer, const char *why);

#endif
