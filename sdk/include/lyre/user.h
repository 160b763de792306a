/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/user.h
 * \brief Users, roles, the caller's permissions, and authentication by modules.
 *
 * Functions that take a call set its failure, with a message for the client, when they return a negative code. Those marked
 * "blocks" are for handlers that run on the pool, and so are those that visit all users or roles. Besides the errors listed
 * with each function, they may fail with LYRE_ENOMEM, and with LYRE_EIO or LYRE_ENOSPACE from the disk. They are for the
 * thread that runs the call. Changes take effect with the next request, however the user signed in. These functions do not
 * check the caller's rights: the operation's declaration must restrict who may make the change.
 */
#ifndef LYRE_USER_H
#define LYRE_USER_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

struct lyre_user;
struct lyre_user_change;
struct lyre_role;
struct lyre_authenticator;

/** The host's implementation of the functions in this header. */
struct lyre_user_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*call_super_user)(lyre_call *call);
	uint32_t (*call_permissions)(lyre_call *call, const char *database, const char *table);
	int (*call_limited)(lyre_call *call);
	int (*call_by_password)(lyre_call *call);
	void (*server_rights_begin)(lyre_call *call);
	void (*server_rights_end)(lyre_call *call);

	int (*user)(lyre_call *call, const char *name, struct lyre_user *ret);
	int (*users)(lyre_call *call, int (*visit)(void *arg, const struct lyre_user *user), void *arg);
	int (*user_add)(lyre_call *call, const struct lyre_user_change *user);
	int (*user_change)(lyre_call *call, const struct lyre_user_change *change);
	int (*user_drop)(lyre_call *call, const char *name);

	int (*roles)(lyre_call *call, int (*visit)(void *arg, const lyre_value *role), void *arg);
	int (*role_find)(lyre_call *call, const char *id, const lyre_value **ret);
	int (*role_add)(lyre_call *call, const struct lyre_role *role, const lyre_value **ret);
	int (*role_change)(lyre_call *call, const struct lyre_role *role, const lyre_value **ret);
	int (*role_drop)(lyre_call *call, const char *id);

	int (*authenticator_add)(lyre_instance *self, const struct lyre_authenticator *a);
	void (*credentials_forget)(lyre_call *call, int source, const char *name, const char *text, size_t len);
	const char *(*call_cookie)(lyre_call *call, const char *name);
	int (*reply_cookie)(lyre_call *call, const char *name, const char *value, int64_t max_age);
};

/* ---- the caller ---- */

/** \return 1 if the caller's role is super_user, or the caller is the server itself (a peer on the domain socket); else 0 */
static inline int lyre_call_super_user(lyre_call *call)
{
	return lyre_host->user->call_super_user(call);
}

/**
 * From here to lyre_server_rights_end() the call opens tables, searches and writes with the rights of the server instead of
 * the caller's: for records that a module keeps for itself. Check what the caller asked for before this. Tables that are
 * already open keep the rights they were opened with. May be nested. If a handler returns without ending them, the rights
 * remain for the rest of the call and end with it; an extra end does nothing.
 */
static inline void lyre_server_rights_begin(lyre_call *call)
{
	lyre_host->user->server_rights_begin(call);
}
static inline void lyre_server_rights_end(lyre_call *call)
{
	lyre_host->user->server_rights_end(call);
}

/**
 * The caller's permissions on a table, enum lyre_permission or-ed, with LYRE_PERMIT_DESCRIBE if it may see the table: for
 * databases and tables that no parameter names. They follow from the caller's role and the names, even if there is no such
 * table: a super_user has all of them, except that tables of "system" can only be read. \return 0 for none
 */
static inline uint32_t lyre_call_permissions(lyre_call *call, const char *database, const char *table)
{
	return lyre_host->user->call_permissions(call, database, table);
}

/* ---- users ---- */

/** Maximum length of a user name and of a password, in bytes. */
#define LYRE_USER_NAME_MAX 500
#define LYRE_PASSWORD_MAX 1024
/** Maximum length of a user's stamp, in bytes. */
#define LYRE_STAMP_MAX 32

/** A user. Texts live until the call ends or, in a visit, until the visit returns. Grows at its end. */
struct lyre_user {
	uint32_t size;           /**< sizeof(struct lyre_user), set by the caller */
	uint32_t active;         /**< 0: cannot sign in */
	double created, updated; /**< ms since the epoch */
	const char *name;
	const char *role_id;
	const lyre_value *role; /**< the role's record: id, role, permission and the times; NULL if there is no such role */
	/**
	 * Identifies the current credentials: it changes with the password, and when the user is deactivated; at most
	 * LYRE_STAMP_MAX bytes. Store it in every token or session that lets the user in later without the password.
	 */
	const char *stamp;
	const char *refresh_token; /**< as last stored by lyre_user_change(); "" for none */
};

/**
 * Finds a user by name, NULL for the caller; set \p ret->size first. LYRE_ENOTFOUND, also if nobody is signed in. If the
 * caller is the server itself (a peer on the domain socket), name and stamp are "". The caller's stamp is that of the
 * request's credentials: LYRE_EUNAUTHENTICATED if these are no longer valid, so that they cannot be used to create new ones.
 * Does not block.
 */
static inline int lyre_user(lyre_call *call, const char *name, struct lyre_user *ret)
{
	return lyre_host->user->user(call, name, ret);
}

/**
 * Calls \p visit for every user, in order of name, until one returns non-zero. The users are those of a snapshot; each comes
 * with its role as of its visit. The visit may read users, roles and records, but must not call functions that block, such
 * as a change: the snapshot stays open, so that this could deadlock. Does not wait for writers itself.
 * \return the first non-zero return of \p visit, 0 at the end, or a failure
 */
static inline int lyre_users(lyre_call *call, int (*visit)(void *arg, const struct lyre_user *user), void *arg)
{
	return lyre_host->user->users(call, visit, arg);
}

/** Fields of a user to change. Grows at its end. */
enum lyre_user_field {
	LYRE_USER_PASSWORD = 1 << 0,
	LYRE_USER_ROLE = 1 << 1,
	LYRE_USER_ACTIVE = 1 << 2,
	LYRE_USER_REFRESH_TOKEN = 1 << 3
};

/** A user to add, or the changes to one. Everything is copied. Grows at its end. */
struct lyre_user_change {
	uint32_t size;             /**< sizeof(struct lyre_user_change) */
	uint32_t fields;           /**< enum lyre_user_field, or-ed: which of the following are given */
	const char *name;          /**< the user; 1 to LYRE_USER_NAME_MAX bytes */
	const char *password;      /**< 1 to LYRE_PASSWORD_MAX bytes; stored only as an argon2id hash */
	const char *role;          /**< the role's name, not its id */
	uint32_t active;           /**< 0: cannot sign in; non-zero: can */
	uint32_t reserved;         /**< 0 */
	const char *refresh_token; /**< a digest of it, never the token itself; NULL or "" removes it */
};

/**
 * Adds a user; password, role and active must be given, and a refresh token is ignored. LYRE_ECONFLICT if the name is
 * taken, LYRE_ENOTFOUND if there is no such role, LYRE_EINVAL if one of them is missing, or the name or the password is
 * invalid. Blocks.
 */
static inline int lyre_user_add(lyre_call *call, const struct lyre_user_change *user)
{
	return lyre_host->user->user_add(call, user);
}

/**
 * Changes a user. A new password, or deactivating an active user, makes a new stamp, which ends all tokens and sessions, and
 * removes the refresh token unless LYRE_USER_REFRESH_TOKEN gives one at the same time. LYRE_ENOTFOUND for the user or the
 * role; LYRE_ECONFLICT if no active super_user would be left; LYRE_EINVAL if no field is given, or the password is invalid.
 * On failure nothing is changed. Blocks.
 */
static inline int lyre_user_change(lyre_call *call, const struct lyre_user_change *change)
{
	return lyre_host->user->user_change(call, change);
}

/** Removes a user. LYRE_ENOTFOUND; LYRE_ECONFLICT if no active super_user would be left. Blocks. */
static inline int lyre_user_drop(lyre_call *call, const char *name)
{
	return lyre_host->user->user_drop(call, name);
}

/* ---- roles ---- */

/** A role. The module must have checked its permission. Everything is copied. Grows at its end. */
struct lyre_role {
	uint32_t size;                /**< sizeof(struct lyre_role) */
	uint32_t reserved;            /**< 0 */
	const char *id;               /**< 1 to LYRE_USER_NAME_MAX bytes; NULL in lyre_role_add(): same as name */
	const char *name;             /**< 1 to LYRE_USER_NAME_MAX bytes; NULL in lyre_role_change(): unchanged */
	const lyre_value *permission; /**< an object */
};

/**
 * Calls \p visit with the record of every role (id, role, permission and the times), in order of id, until one returns
 * non-zero. The roles are those of a snapshot. A record lives until the visit returns; see lyre_users() for what a visit may
 * do.
 * \return the first non-zero return of \p visit, 0 at the end, or a failure
 */
static inline int lyre_roles(lyre_call *call, int (*visit)(void *arg, const lyre_value *role), void *arg)
{
	return lyre_host->user->roles(call, visit, arg);
}

/**
 * Finds the record of a role. LYRE_ENOTFOUND. Does not block.
 * \param[out] ret  id, role, permission and the times, until the call ends
 */
static inline int lyre_role_find(lyre_call *call, const char *id, const lyre_value **ret)
{
	return lyre_host->user->role_find(call, id, ret);
}

/**
 * Adds a role. LYRE_ECONFLICT if the id or the name is taken, LYRE_EINVAL. Blocks.
 * \param[out] ret  its record, until the call ends; NULL if not wanted
 */
static inline int lyre_role_add(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return lyre_host->user->role_add(call, role, ret);
}

/**
 * Changes a role. LYRE_ENOTFOUND; LYRE_ECONFLICT if the name is taken, or no active super_user would be left;
 * LYRE_EINVAL. Blocks. \p ret as in lyre_role_add()
 */
static inline int lyre_role_change(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return lyre_host->user->role_change(call, role, ret);
}

/** Removes a role; inactive users may lose theirs. LYRE_ENOTFOUND; LYRE_ECONFLICT while active users have it. Blocks. */
static inline int lyre_role_drop(lyre_call *call, const char *id)
{
	return lyre_host->user->role_drop(call, id);
}

/* ---- authentication by modules ---- */

/** Maximum length of credentials passed to verify(), in bytes. */
#define LYRE_CREDENTIAL_MAX 8192

/** Where a request carries credentials. Grows at the end only. */
enum lyre_credential_source {
	LYRE_CREDENTIAL_SCHEME = 0, /**< after a scheme in the Authorization header: "Bearer" */
	/**
	 * A cookie: checked only if the request has no Authorization header at all. Only requests whose Origin is the server's
	 * own may change anything with it; reads from another origin are refused.
	 */
	LYRE_CREDENTIAL_COOKIE = 1
};

/** The user that credentials identify: filled in by verify. Its texts must live at least until the call ends. Grows at its end. */
struct lyre_identity {
	uint32_t size; /**< sizeof(struct lyre_identity), set by the server; all other members start as 0 */
	uint32_t reserved;
	const char *user;
	const char *stamp; /**< stamp of struct lyre_user when the credentials were issued; refused if it has changed since */
	double until;      /**< expiry, ms since the epoch; 0: never */
	const char *only;  /**< the only operation they are valid for; NULL for all */
};

/** A module's way of checking credentials. Grows at its end. */
struct lyre_authenticator {
	uint32_t size;    /**< sizeof(struct lyre_authenticator) */
	uint32_t source;  /**< enum lyre_credential_source */
	const char *name; /**< of the scheme or cookie, case-sensitive; at most 100 bytes */
	/**
	 * Identifies the user of the credentials \p text: 1 to LYRE_CREDENTIAL_MAX bytes, without NUL and not NUL-terminated;
	 * the server refuses longer ones itself. Runs on the pool with the server's rights. The result is cached for
	 * authentication.cacheTTL, unless only is set. The server checks that the user exists, is active and has this stamp.
	 * \return 0; LYRE_EUNAUTHENTICATED with a message (lyre_fail()); LYRE_END with a message: once valid, but expired.
	 *         Never LYRE_PENDING: use lyre_write_wait() to write
	 */
	int (*verify)(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret);
};

/**
 * Adds an authenticator; in start() only. \p a is copied; what it points to must live as long as the module.
 * \return 0; as lyre_start_fail() with a message: LYRE_EEXISTS if another module has this scheme or cookie, LYRE_EINVAL,
 *         LYRE_ENOMEM
 */
static inline int lyre_authenticator_add(lyre_instance *self, const struct lyre_authenticator *a)
{
	return lyre_host->user->authenticator_add(self, a);
}

/**
 * Removes credentials from the cache because they are no longer valid. Call this only once verify() would refuse them, or
 * they may be cached again. \p source and \p name are the authenticator's.
 */
static inline void lyre_credentials_forget(
	lyre_call *call, enum lyre_credential_source source, const char *name, const char *text, size_t len)
{
	lyre_host->user->credentials_forget(call, (int)source, name, text, len);
}

/** \return 1 if the caller's credentials are valid for this operation only, else 0 */
static inline int lyre_call_limited(lyre_call *call)
{
	return lyre_host->user->call_limited(call);
}

/**
 * \return 1 if this request came with the caller's password, or the caller is the server itself; 0 if it came with a token,
 *         a session or other credentials of a module, which must not be exchanged for longer-lived ones
 */
static inline int lyre_call_by_password(lyre_call *call)
{
	return lyre_host->user->call_by_password(call);
}

/**
 * \return the value of a cookie as sent with the request, NUL-terminated, until the call ends; NULL if there is no such
 *         cookie, in a job, or when out of memory
 */
static inline const char *lyre_call_cookie(lyre_call *call, const char *name)
{
	return lyre_host->user->call_cookie(call, name);
}

/**
 * Sets a cookie with the answer: for all paths, HttpOnly, SameSite=Strict, and Secure if the connection is. For pages of an
 * allowed origin it is SameSite=None and Partitioned, if the connection is secure. An answer sets one cookie: the last.
 * \param name     of letters, digits and !#$%&'*+-.^_`|~; 1 to 100 bytes
 * \param value    of letters, digits and -._~; at most 4096 bytes; "" removes the cookie
 * \param max_age  seconds; 0 or less removes the cookie
 * \return 0; LYRE_EINVAL if one of them is NULL; LYRE_EINTERNAL for an invalid name or value, and in a job; LYRE_ENOMEM
 */
static inline int lyre_reply_cookie(lyre_call *call, const char *name, const char *value, int64_t max_age)
{
	return lyre_host->user->reply_cookie(call, name, value, max_age);
}

LYRE_END_DECLS

#endif
