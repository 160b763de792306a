/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/user.h
 * \brief Users, roles, what a caller may do, and credentials of a module's own kind.
 *
 * Functions with a call set its failure with a sentence for the client when they return a negative code. Those marked
 * "blocks" are for handlers that run on the pool; so is what walks over all users or roles. Beside what each one says,
 * they may fail with LYRE_ENOMEM, and by the disk: LYRE_EIO, LYRE_ENOSPACE. They are for the thread that runs the call. A
 * change acts on the next request, however its user signed in. What is changed here was permitted by the operation's
 * declaration: these functions do not ask who calls.
 */
#ifndef LYRE_USER_H
#define LYRE_USER_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

struct lyre_user;
struct lyre_user_change;
struct lyre_role;
struct lyre_authenticator;

/** The functions of this header, as the host has them. */
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

/* ---- who calls ---- */

/** \return 1 when the caller's role is a super_user's, or the caller is the server's own, a peer on the domain socket; else 0 */
static inline int lyre_call_super_user(lyre_call *call) { return lyre_host->user->call_super_user(call); }

/**
 * From here to lyre_server_rights_end() the call opens tables, searches and writes with the rights of the server, not of
 * its caller: for records that a module keeps for itself. What the caller asked for must have been decided before.
 * Tables that were opened before keep the rights they were opened with. May be nested. Where a handler returns without as
 * many ends as beginnings, the rights go on in what continues the call, and end with it; an end too many does nothing.
 */
static inline void lyre_server_rights_begin(lyre_call *call) { lyre_host->user->server_rights_begin(call); }
static inline void lyre_server_rights_end(lyre_call *call) { lyre_host->user->server_rights_end(call); }

/**
 * What the caller may do to a table, enum lyre_permission or-ed, LYRE_PERMIT_DESCRIBE where it may know of it: for
 * databases and tables that no parameter names. It is what the caller's role says of the names, whether there is such a
 * table or not: everything, for a super_user, but only to read of the tables of "system". \return 0 for nothing
 */
static inline uint32_t lyre_call_permissions(lyre_call *call, const char *database, const char *table)
{
	return lyre_host->user->call_permissions(call, database, table);
}

/* ---- users ---- */

/** Longest name of a user, and longest password, in bytes. */
#define LYRE_USER_NAME_MAX 500
#define LYRE_PASSWORD_MAX 1024
/** Longest stamp of a user, in bytes. */
#define LYRE_STAMP_MAX 32

/** A user. Texts live until the call ends or, in a visit, until that returns. Grows at its end. */
struct lyre_user {
	uint32_t size;           /**< sizeof(struct lyre_user), set by the caller */
	uint32_t active;         /**< 0: cannot sign in */
	double created, updated; /**< ms since the epoch */
	const char *name;
	const char *role_id;
	const lyre_value *role;  /**< the role's record: id, role, permission and the times; NULL when there is no such role */
	/**
	 * Stands for the present credentials: another after a change of the password, and after the user was inactive; at
	 * most LYRE_STAMP_MAX bytes. Put it into whatever lets the user in later without the password.
	 */
	const char *stamp;
	const char *refresh_token; /**< what lyre_user_change() last kept; "" for nothing */
};

/**
 * The user of a name, NULL for the caller; set \p ret->size before. LYRE_ENOTFOUND, also where nobody is signed in. The
 * server's own caller (a peer on the domain socket) has no name and no stamp: both are "". The caller's stamp is that of the
 * credentials the request came with: LYRE_EUNAUTHENTICATED where these are good no more, so that nobody makes new ones with
 * them. Does not block.
 */
static inline int lyre_user(lyre_call *call, const char *name, struct lyre_user *ret)
{
	return lyre_host->user->user(call, name, ret);
}

/**
 * Calls \p visit for every user by name, until one returns non-zero. The users are those of one moment; each comes with its
 * role as that is when its turn comes. The visit may read users, roles and records, but must not call what blocks, such as
 * a change: the moment is held meanwhile, and that could wait for its end for ever. Does not wait for writers itself.
 * \return what the visit returned, 0 at the end, or a failure
 */
static inline int lyre_users(lyre_call *call, int (*visit)(void *arg, const struct lyre_user *user), void *arg)
{
	return lyre_host->user->users(call, visit, arg);
}

/** What of a user is to change. Grows at its end. */
enum lyre_user_field {
	LYRE_USER_PASSWORD = 1 << 0,
	LYRE_USER_ROLE = 1 << 1,
	LYRE_USER_ACTIVE = 1 << 2,
	LYRE_USER_REFRESH_TOKEN = 1 << 3
};

/** A user to add, or what of one is to change. Nothing of it is kept but copies. Grows at its end. */
struct lyre_user_change {
	uint32_t size;           /**< sizeof(struct lyre_user_change) */
	uint32_t fields;         /**< enum lyre_user_field, or-ed: which of the following are given */
	const char *name;        /**< whose; 1 to LYRE_USER_NAME_MAX bytes */
	const char *password;    /**< 1 to LYRE_PASSWORD_MAX bytes; kept as an argon2id hash only */
	const char *role;        /**< the role's name, not its id */
	uint32_t active;         /**< 0: cannot sign in; anything else: can */
	uint32_t reserved;       /**< 0 */
	const char *refresh_token; /**< a digest of it, never the token; NULL or "": none any more */
};

/**
 * Adds a user; password, role and active must be given, and a refresh token is not looked at. LYRE_ECONFLICT when there is
 * one of the name, LYRE_ENOTFOUND when there is no such role, LYRE_EINVAL when one of them is not given, or the name or
 * the password cannot be. Blocks.
 */
static inline int lyre_user_add(lyre_call *call, const struct lyre_user_change *user)
{
	return lyre_host->user->user_add(call, user);
}

/**
 * Changes a user. A new password, and active 0 for a user who was active, make a new stamp, so that all tokens and sessions
 * end, and remove the refresh token unless LYRE_USER_REFRESH_TOKEN gives one at the same time. LYRE_ENOTFOUND, for the user
 * and for the role; LYRE_ECONFLICT when no active super_user would be left; LYRE_EINVAL when no field is given, or the
 * password cannot be. Where it fails nothing is changed. Blocks.
 */
static inline int lyre_user_change(lyre_call *call, const struct lyre_user_change *change)
{
	return lyre_host->user->user_change(call, change);
}

/** Removes a user. LYRE_ENOTFOUND; LYRE_ECONFLICT when no active super_user would be left. Blocks. */
static inline int lyre_user_drop(lyre_call *call, const char *name) { return lyre_host->user->user_drop(call, name); }

/* ---- roles ---- */

/** A role, which the caller has checked the permission of. Nothing of it is kept but copies. Grows at its end. */
struct lyre_role {
	uint32_t size;                /**< sizeof(struct lyre_role) */
	uint32_t reserved;            /**< 0 */
	const char *id;               /**< 1 to LYRE_USER_NAME_MAX bytes; NULL in lyre_role_add(): the name */
	const char *name;             /**< 1 to LYRE_USER_NAME_MAX bytes; NULL in lyre_role_change(): as it is */
	const lyre_value *permission; /**< an object */
};

/**
 * Calls \p visit with the record of every role by id, until one returns non-zero: id, role, permission and the times, as
 * they are at one moment. A record lives until the visit returns; what a visit may do stands at lyre_users().
 * \return what the visit returned, 0 at the end, or a failure
 */
static inline int lyre_roles(lyre_call *call, int (*visit)(void *arg, const lyre_value *role), void *arg)
{
	return lyre_host->user->roles(call, visit, arg);
}

/**
 * The record of one role. LYRE_ENOTFOUND. Does not block.
 * \param[out] ret  id, role, permission and the times, until the call ends
 */
static inline int lyre_role_find(lyre_call *call, const char *id, const lyre_value **ret)
{
	return lyre_host->user->role_find(call, id, ret);
}

/**
 * Adds a role. LYRE_ECONFLICT when the id or the name is taken, LYRE_EINVAL. Blocks.
 * \param[out] ret  its record, until the call ends; NULL when not wanted
 */
static inline int lyre_role_add(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return lyre_host->user->role_add(call, role, ret);
}

/**
 * Changes a role. LYRE_ENOTFOUND; LYRE_ECONFLICT when the name is taken, or no active super_user would be left;
 * LYRE_EINVAL. Blocks. \p ret as in lyre_role_add()
 */
static inline int lyre_role_change(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return lyre_host->user->role_change(call, role, ret);
}

/** Removes a role; inactive users may be left without. LYRE_ENOTFOUND; LYRE_ECONFLICT while active users have it. Blocks. */
static inline int lyre_role_drop(lyre_call *call, const char *id) { return lyre_host->user->role_drop(call, id); }

/* ---- credentials of a module's own kind ---- */

/** Longest credentials that verify() is asked about, in bytes. */
#define LYRE_CREDENTIAL_MAX 8192

/** Where credentials stand in a request. Grows at the end only. */
enum lyre_credential_source {
	LYRE_CREDENTIAL_SCHEME = 0, /**< after a scheme of the Authorization header: "Bearer" */
	/**
	 * A cookie: looked at where the request has no Authorization header at all. Only requests whose Origin is the server's
	 * own may change anything by it; reads from another are refused.
	 */
	LYRE_CREDENTIAL_COOKIE = 1
};

/** Whom credentials let in: filled in by verify. Its texts must live until the call ends, or for ever. Grows at its end. */
struct lyre_identity {
	uint32_t size;      /**< sizeof(struct lyre_identity), set by the server, as all else is 0 */
	uint32_t reserved;
	const char *user;
	const char *stamp;  /**< struct lyre_user's, when the credentials were given out; others are refused */
	double until;       /**< ms since the epoch, when they end; 0: never */
	const char *only;   /**< the one operation that they are good for; NULL for all */
};

/** A module's way of checking credentials. Grows at its end. */
struct lyre_authenticator {
	uint32_t size;      /**< sizeof(struct lyre_authenticator) */
	uint32_t source;    /**< enum lyre_credential_source */
	const char *name;   /**< of the scheme or of the cookie, upper and lower case as clients must send it; at most 100 bytes */
	/**
	 * Whom \p text lets in: 1 to LYRE_CREDENTIAL_MAX bytes, none of them NUL, and no NUL need follow; longer ones are
	 * refused unasked. Runs on the pool, with the rights of the server, and its answer is remembered for
	 * authentication.cacheTTL unless it has only. The server checks that the user is there, active, and has the stamp.
	 * \return 0; LYRE_EUNAUTHENTICATED with a sentence (lyre_fail()); LYRE_END with one: they were good, and are over.
	 *         Never LYRE_PENDING: what it writes, it writes with lyre_write_wait()
	 */
	int (*verify)(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret);
};

/**
 * Adds one; in start() only. Nothing of \p a is kept but what it points to, which must live as long as the module.
 * \return 0; LYRE_EEXISTS when another module decides of these, LYRE_EINVAL, LYRE_ENOMEM: as lyre_start_fail(), with a
 *         sentence
 */
static inline int lyre_authenticator_add(lyre_instance *self, const struct lyre_authenticator *a)
{
	return lyre_host->user->authenticator_add(self, a);
}

/**
 * These credentials are good no more: what was remembered of them is forgotten. To be called after verify() would refuse
 * them, lest it is remembered again. \p source and \p name are the authenticator's.
 */
static inline void lyre_credentials_forget(lyre_call *call, enum lyre_credential_source source, const char *name,
	const char *text, size_t len)
{
	lyre_host->user->credentials_forget(call, (int)source, name, text, len);
}

/** \return 1 when the caller came with credentials that are good for this operation only, else 0 */
static inline int lyre_call_limited(lyre_call *call) { return lyre_host->user->call_limited(call); }

/**
 * \return 1 when the caller's password came with this request, or the caller is the server's own; 0 for who came by a
 *         token, a session or other credentials of a module, which should not be turned into longer ones
 */
static inline int lyre_call_by_password(lyre_call *call) { return lyre_host->user->call_by_password(call); }

/**
 * \return the value of a cookie of the request as it was sent, NUL-terminated, until the call ends; NULL when there is none
 *         of this name, in a job, and when out of memory
 */
static inline const char *lyre_call_cookie(lyre_call *call, const char *name)
{
	return lyre_host->user->call_cookie(call, name);
}

/**
 * Sets a cookie with the answer: for the whole server, HttpOnly, SameSite=Strict, and Secure where the connection is; for a
 * page of a named origin SameSite=None and Partitioned, if the connection is secure. One answer sets one cookie: the last.
 * \param name     of letters, digits and !#$%&'*+-.^_`|~; 1 to 100 bytes
 * \param value    of letters, digits and -._~; at most 4096 bytes; "" removes the cookie
 * \param max_age  seconds; 0 or less removes the cookie
 * \return 0; LYRE_EINVAL where one of them is NULL; LYRE_EINTERNAL for a name or value that cannot be, and in a job; LYRE_ENOMEM
 */
static inline int lyre_reply_cookie(lyre_call *call, const char *name, const char *value, int64_t max_age)
{
	return lyre_host->user->reply_cookie(call, name, value, max_age);
}

LYRE_END_DECLS

#endif
