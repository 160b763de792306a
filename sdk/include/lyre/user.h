/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/user.h
 * \brief Users, roles, what a caller may do, and credentials of a module's own kind.
 *
 * Functions with a call set its failure with a sentence for the client when they return a negative code. Those marked
 * "blocks" are for handlers that run on the pool. A change acts on the next request, whoever is signed in how ever.
 * What is changed here was permitted by the operation's declaration: these functions do not ask who calls.
 * Since ABI 1.2.
 */
#ifndef LYRE_USER_H
#define LYRE_USER_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

/* ---- who calls ---- */

/** \return 1 when the caller's role is a super_user's, or the caller is the server's own, a peer on the domain socket; else 0 */
static inline int lyre_call_super_user(lyre_call *call) { return lyre_host->call_super_user(call); }

/**
 * From here to lyre_server_rights_end() the call opens tables, searches and writes with the rights of the server, not of
 * its caller: for records that a module keeps for itself. What the caller asked for must have been decided before.
 * Tables that were opened before keep the rights they were opened with. May be nested.
 */
static inline void lyre_server_rights_begin(lyre_call *call) { lyre_host->server_rights_begin(call); }
static inline void lyre_server_rights_end(lyre_call *call) { lyre_host->server_rights_end(call); }

/**
 * What the caller may do to a table, enum lyre_permission or-ed, LYRE_PERMIT_DESCRIBE where it may know of it: for
 * databases and tables that no parameter names. \return 0 for nothing
 */
static inline uint32_t lyre_call_permissions(lyre_call *call, const char *database, const char *table)
{
	return lyre_host->call_permissions(call, database, table);
}

/* ---- users ---- */

/** Longest name of a user, and longest password, in bytes. */
#define LYRE_USER_NAME_MAX 500
#define LYRE_PASSWORD_MAX 1024

/** A user. Texts live until the call ends, or the visit returns. Grows at its end. */
struct lyre_user {
	uint32_t size;           /**< sizeof(struct lyre_user), set by the caller */
	uint32_t active;         /**< 0: cannot sign in */
	double created, updated; /**< ms since the epoch */
	const char *name;
	const char *role_id;
	const lyre_value *role;  /**< the role's record: id, role, permission and the times; NULL when there is no such role */
	/**
	 * Stands for the present credentials: another after a change of the password, and after the user was inactive.
	 * Put it into whatever lets the user in later without the password.
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
	return lyre_host->user(call, name, ret);
}

/** Calls \p visit for every user by name, until one returns non-zero. \return what it returned, or a failure */
static inline int lyre_users(lyre_call *call, int (*visit)(void *arg, const struct lyre_user *user), void *arg)
{
	return lyre_host->users(call, visit, arg);
}

/** What of a user is to change. */
enum lyre_user_field {
	LYRE_USER_PASSWORD = 1 << 0,
	LYRE_USER_ROLE = 1 << 1,
	LYRE_USER_ACTIVE = 1 << 2,
	LYRE_USER_REFRESH_TOKEN = 1 << 3
};

struct lyre_user_change {
	uint32_t size;           /**< sizeof(struct lyre_user_change) */
	uint32_t fields;         /**< enum lyre_user_field, or-ed: which of the following are given */
	const char *name;        /**< whose; 1 to LYRE_USER_NAME_MAX bytes */
	const char *password;    /**< 1 to LYRE_PASSWORD_MAX bytes; kept as an argon2id hash only */
	const char *role;        /**< the role's name, not its id */
	uint32_t active;
	uint32_t reserved;       /**< 0 */
	const char *refresh_token; /**< a digest of it, never the token */
};

/**
 * Adds a user; password, role and active must be given. LYRE_ECONFLICT when there is one of the name, LYRE_ENOTFOUND
 * when there is no such role, LYRE_EINVAL. Blocks.
 */
static inline int lyre_user_add(lyre_call *call, const struct lyre_user_change *user)
{
	return lyre_host->user_add(call, user);
}

/**
 * Changes a user. LYRE_ENOTFOUND, for the user and for the role; LYRE_ECONFLICT when no active super_user would be left;
 * LYRE_EINVAL when no field is given, or the password cannot be. Blocks.
 */
static inline int lyre_user_change(lyre_call *call, const struct lyre_user_change *change)
{
	return lyre_host->user_change(call, change);
}

/** Removes a user. LYRE_ENOTFOUND; LYRE_ECONFLICT when no active super_user would be left. Blocks. */
static inline int lyre_user_drop(lyre_call *call, const char *name) { return lyre_host->user_drop(call, name); }

/* ---- roles ---- */

/** A role, which the caller has checked the permission of. */
struct lyre_role {
	uint32_t size;                /**< sizeof(struct lyre_role) */
	uint32_t reserved;            /**< 0 */
	const char *id;               /**< NULL in lyre_role_add(): the name */
	const char *name;             /**< NULL in lyre_role_change(): as it is */
	const lyre_value *permission; /**< an object */
};

/**
 * Calls \p visit with the record of every role by id, until one returns non-zero. A record lives until the visit returns.
 * \return what it returned, or a failure
 */
static inline int lyre_roles(lyre_call *call, int (*visit)(void *arg, const lyre_value *role), void *arg)
{
	return lyre_host->roles(call, visit, arg);
}

/**
 * Adds a role. LYRE_ECONFLICT when the id or the name is taken, LYRE_EINVAL. Blocks.
 * \param[out] ret  its record, until the call ends; NULL when not wanted
 */
static inline int lyre_role_add(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return lyre_host->role_add(call, role, ret);
}

/**
 * Changes a role. LYRE_ENOTFOUND; LYRE_ECONFLICT when the name is taken, or no active super_user would be left;
 * LYRE_EINVAL. Blocks. \p ret as in lyre_role_add()
 */
static inline int lyre_role_change(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return lyre_host->role_change(call, role, ret);
}

/** Removes a role. LYRE_ENOTFOUND; LYRE_ECONFLICT while active users have it. Blocks. */
static inline int lyre_role_drop(lyre_call *call, const char *id) { return lyre_host->role_drop(call, id); }

/* ---- credentials of a module's own kind ---- */

/** Where credentials stand in a request. Grows at the end only. */
enum lyre_credential_source {
	LYRE_CREDENTIAL_SCHEME = 0, /**< after a scheme of the Authorization header: "Bearer" */
	/** A cookie. Only requests whose Origin is the server's own may change anything by it; reads from another are refused. */
	LYRE_CREDENTIAL_COOKIE = 1
};

/** Whom credentials let in: filled in by verify. Its texts must live until the call ends, or for ever. */
struct lyre_identity {
	uint32_t size;      /**< sizeof(struct lyre_identity), set by the server, as all else is 0 */
	uint32_t reserved;
	const char *user;
	const char *stamp;  /**< struct lyre_user's, when the credentials were given out; others are refused */
	double until;       /**< ms since the epoch, when they end; 0: never */
	const char *only;   /**< the one operation that they are good for; NULL for all */
};

struct lyre_authenticator {
	uint32_t size;      /**< sizeof(struct lyre_authenticator) */
	uint32_t source;    /**< enum lyre_credential_source */
	const char *name;   /**< of the scheme, in the letters that are asked for, or of the cookie */
	/**
	 * Whom \p text lets in; runs on the pool, with the rights of the server, and its answer is remembered for
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
	return lyre_host->authenticator_add(self, a);
}

/**
 * These credentials are good no more: what was remembered of them is forgotten. To be called after verify() would refuse
 * them, lest it is remembered again. \p source and \p name are the authenticator's.
 */
static inline void lyre_credentials_forget(lyre_call *call, enum lyre_credential_source source, const char *name,
	const char *text, size_t len)
{
	lyre_host->credentials_forget(call, (int)source, name, text, len);
}

/** \return 1 when the caller came with credentials that are good for this operation only, else 0 */
static inline int lyre_call_limited(lyre_call *call) { return lyre_host->call_limited(call); }

/**
 * \return 1 when the caller's password came with this request, or the caller is the server's own; 0 for who came by a
 *         token, a session or other credentials of a module, which should not be turned into longer ones
 */
static inline int lyre_call_by_password(lyre_call *call) { return lyre_host->call_by_password(call); }

/** \return the value of a cookie of the request, NUL-terminated; NULL when it has none of this name */
static inline const char *lyre_call_cookie(lyre_call *call, const char *name)
{
	return lyre_host->call_cookie(call, name);
}

/**
 * Sets a cookie with the answer: for the whole server, HttpOnly, SameSite=Strict, and Secure where the connection is.
 * \param value    of letters, digits and -._~; "" removes the cookie
 * \param max_age  seconds; one answer sets one cookie
 * \return 0, LYRE_ENOMEM, LYRE_EINTERNAL for a name or value that cannot be
 */
static inline int lyre_reply_cookie(lyre_call *call, const char *name, const char *value, int64_t max_age)
{
	return lyre_host->reply_cookie(call, name, value, max_age);
}

LYRE_END_DECLS

#endif
