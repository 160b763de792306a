/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_user.c
 * \brief The caller, users and roles as modules see them: lyre/user.h.
 */
#include "auth/users.h"
#include "base/text.h"
#include "host/host_user.h"

#include <string.h>

#define USER_SIZE SIZE_UP_TO(struct lyre_user, refresh_token)
#define CHANGE_SIZE SIZE_UP_TO(struct lyre_user_change, refresh_token)
#define ROLE_SIZE SIZE_UP_TO(struct lyre_role, permission)

static struct users *users_of(const lyre_call *call)
{
	return auth_users(dispatch_auth(call->dispatch));
}

/* ---- the caller ---- */

static int host_call_super_user(lyre_call *call)
{
	return call->who && call->who->role && call->who->role->super_user;
}

static void host_server_rights_begin(lyre_call *call)
{
	call->server_rights++;
}

static void host_server_rights_end(lyre_call *call)
{
	if (call->server_rights)
		call->server_rights--;
}

static uint32_t host_call_permissions(lyre_call *call, const char *database, const char *table)
{
	return call_view(call, database, table).permissions;
}

/* ---- users ---- */

/** The stored user, without the role's record; the strings are those of \p name and \p user. */
static struct lyre_user user_given(const char *name, const struct user *user)
{
	return (struct lyre_user){
		.active = user->active,
		.created = user->created,
		.updated = user->updated,
		.name = name,
		.role_id = user->role_id,
		.stamp = user->stamp,
		.refresh_token = user->refresh_token ? user->refresh_token : "",
	};
}

/** Releases a role other than the caller's; its record is copied until the call ends. */
static int keep_record(lyre_call *call, const struct role *role, const lyre_value **ret)
{
	lyre_value *copy = ARENA_NEW(call->arena, lyre_value);
	bool kept = copy && value_copy(call->arena, &role->record, NULL, 0, copy);

	role_unref(role);
	*ret = copy;
	return kept ? 0 : err_nomem(&call->err);
}

/** The server itself is not in the table of users. */
static int server_user(lyre_call *call, struct lyre_user *ret)
{
	const struct lyre_user server = { .active = 1,
		.name = PRINCIPAL_SERVER,
		.role_id = role_of_server.id,
		.role = &role_of_server.record,
		.stamp = "",
		.refresh_token = "" };

	return host_give(call, ret, USER_SIZE, "lyre_user", &server, sizeof server);
}

static int host_user(lyre_call *call, const char *name, struct lyre_user *ret)
{
	const struct principal *caller = name ? NULL : call->who;

	if (caller == principal_server() && !name)
		return server_user(call, ret);
	if (!name)
		name = call_user(call);
	struct user *user = ARENA_NEW(call->arena, struct user);
	const char *kept_name = arena_strndup(call->arena, name, strlen(name));
	if (!user || !kept_name)
		return err_nomem(&call->err);
	int rc = users_find(users_of(call), name, strlen(name), call->arena, user, &call->err);
	secure_clear(user->hash, sizeof user->hash); /* not for modules, so not kept for the call */
	if (rc == LYRE_ENOTFOUND)
		return err_set(&call->err, rc, "User %s does not exist", name);
	if (rc < 0)
		return rc;
	/* Credentials that a module issues with the stamp must not outlive the caller's. */
	if (caller && (!user->active || strcmp(user->stamp, caller->stamp) != 0))
		return err_set(&call->err, LYRE_EUNAUTHENTICATED, "User %s is inactive or has new credentials", name);
	struct lyre_user full = user_given(kept_name, user);
	if (caller && caller->role && strcmp(caller->role->id, user->role_id) == 0) {
		full.role = &caller->role->record; /* the call keeps a reference to its caller */
	} else {
		const struct role *role;
		rc = users_role(users_of(call), user->role_id, &role, &call->err);
		if (rc == 0)
			rc = keep_record(call, role, &full.role);
		if (rc < 0 && rc != LYRE_ENOTFOUND)
			return rc;
	}
	return host_give(call, ret, USER_SIZE, "lyre_user", &full, sizeof full);
}

struct visiting {
	lyre_call *call;
	int (*visit)(void *arg, const struct lyre_user *user);
	void *arg;
};

static int visit_user(void *arg, const char *name, const struct user *user)
{
	const struct visiting *v = arg;
	struct lyre_user full = user_given(name, user);
	const struct role *role = NULL;

	full.size = (uint32_t)sizeof full;
	int rc = users_role(users_of(v->call), user->role_id, &role, &v->call->err);
	if (rc < 0 && rc != LYRE_ENOTFOUND)
		return rc;
	if (rc == 0)
		full.role = &role->record;
	rc = v->visit(v->arg, &full);
	role_unref(role);
	return rc;
}

static int host_users(lyre_call *call, int (*visit)(void *arg, const struct lyre_user *user), void *arg)
{
	struct visiting v = { call, visit, arg };

	return users_each(users_of(call), visit_user, &v, &call->err);
}

static int take_change(lyre_call *call, struct lyre_user_change *ours, const struct lyre_user_change *theirs)
{
	int rc = host_take(call, ours, sizeof *ours, theirs, CHANGE_SIZE, "lyre_user_change");

	ours->size = (uint32_t)sizeof *ours;
	return rc;
}

static int host_user_add(lyre_call *call, const struct lyre_user_change *user)
{
	struct lyre_user_change full;
	int rc = take_change(call, &full, user);

	return rc < 0 ? rc : users_add(users_of(call), &full, &call->err);
}

static int host_user_change(lyre_call *call, const struct lyre_user_change *change)
{
	struct lyre_user_change full;
	int rc = take_change(call, &full, change);

	return rc < 0 ? rc : users_change(users_of(call), &full, &call->err);
}

static int host_user_drop(lyre_call *call, const char *name)
{
	return users_drop(users_of(call), name, &call->err);
}

/* ---- roles ---- */

static int host_roles(lyre_call *call, int (*visit)(void *arg, const lyre_value *role), void *arg)
{
	return users_each_role(users_of(call), visit, arg, &call->err);
}

static int host_role_find(lyre_call *call, const char *id, const lyre_value **ret)
{
	lyre_value *record = ARENA_NEW(call->arena, lyre_value);

	if (!record)
		return err_nomem(&call->err);
	int rc = id ? users_role_record(users_of(call), id, call->arena, record, &call->err) : LYRE_ENOTFOUND;
	if (rc == LYRE_ENOTFOUND)
		return err_set(&call->err, rc, "Role not found");
	*ret = record;
	return rc;
}

typedef int role_writer(struct users *u, const struct lyre_role *role, struct arena *a, lyre_value *ret, struct err *e);

static int write_role(lyre_call *call, role_writer *write, const struct lyre_role *role, const lyre_value **ret)
{
	struct lyre_role full;
	int rc = host_take(call, &full, sizeof full, role, ROLE_SIZE, "lyre_role");

	if (rc < 0)
		return rc;
	full.size = (uint32_t)sizeof full;
	lyre_value *record = ret ? ARENA_NEW(call->arena, lyre_value) : NULL;
	if (ret && !record)
		return err_nomem(&call->err);
	rc = write(users_of(call), &full, call->arena, record, &call->err);
	if (rc == 0 && ret)
		*ret = record;
	return rc;
}

static int host_role_add(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return write_role(call, users_add_role, role, ret);
}

static int host_role_change(lyre_call *call, const struct lyre_role *role, const lyre_value **ret)
{
	return write_role(call, users_change_role, role, ret);
}

static int host_role_drop(lyre_call *call, const char *id)
{
	return users_drop_role(users_of(call), id, &call->err);
}

const struct lyre_user_api host_user_api = {
	.size = (uint32_t)sizeof(struct lyre_user_api),

	.call_super_user = host_call_super_user,
	.call_permissions = host_call_permissions,
	.call_limited = host_call_limited,
	.call_by_password = host_call_by_password,
	.server_rights_begin = host_server_rights_begin,
	.server_rights_end = host_server_rights_end,

	.user = host_user,
	.users = host_users,
	.user_add = host_user_add,
	.user_change = host_user_change,
	.user_drop = host_user_drop,

	.roles = host_roles,
	.role_find = host_role_find,
	.role_add = host_role_add,
	.role_change = host_role_change,
	.role_drop = host_role_drop,

	.authenticator_add = host_authenticator_add,
	.credentials_forget = host_credentials_forget,
	.call_cookie = host_call_cookie,
	.reply_cookie = host_reply_cookie,
};
