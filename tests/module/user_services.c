/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Calls the functions of lyre/user.h as any other module would: the operation "users_as_seen" shows their results, and
 * passes a struct without its size if "careless" is given.
 */
#include <lyre/lyre.h>

#include <string.h>

static int count_user(void *arg, const struct lyre_user *user)
{
	(void)user;
	++*(int *)arg;
	return 0;
}

static int count_role(void *arg, const lyre_value *role)
{
	(void)role;
	++*(int *)arg;
	return 0;
}

/** Shows the caller's permissions on a system table, without and with the server's rights, which nest. */
static void tell_rights(lyre_call *call, lyre_out *o)
{
	lyre_out_key(o, "rights");
	lyre_out_array_begin(o);
	lyre_server_rights_end(call); /* an extra end does nothing */
	lyre_out_int(o, lyre_call_permissions(call, "system", "hdb_role"));
	lyre_server_rights_begin(call);
	lyre_server_rights_begin(call);
	lyre_server_rights_end(call);
	lyre_out_int(o, lyre_call_permissions(call, "system", "hdb_role"));
	lyre_server_rights_end(call);
	lyre_out_int(o, lyre_call_permissions(call, "system", "hdb_role"));
	lyre_out_array_end(o);
}

static int as_seen(lyre_call *call)
{
	struct lyre_user user = { .size = lyre_arg_given(call, "careless") ? 0 : sizeof user };
	int users = 0, roles = 0;
	int rc = lyre_user(call, lyre_arg_string(call, "name"), &user);

	if (!rc)
		rc = lyre_users(call, count_user, &users);
	if (!rc)
		rc = lyre_roles(call, count_role, &roles);
	if (rc)
		return rc;
	lyre_out *o = lyre_reply(call);
	lyre_out_object_begin(o);
	lyre_out_text(o, "name", user.name);
	lyre_out_text(o, "role_id", user.role_id);
	lyre_out_key(o, "role");
	lyre_out_value(o, lyre_value_get(user.role, "role"));
	lyre_out_key(o, "active");
	lyre_out_bool(o, user.active != 0);
	lyre_out_key(o, "stamp");
	lyre_out_int(o, (int64_t)strlen(user.stamp));
	lyre_out_text(o, "refresh_token", user.refresh_token);
	lyre_out_key(o, "times");
	lyre_out_bool(o, user.created > 0 && user.updated >= user.created);
	lyre_out_key(o, "users");
	lyre_out_int(o, users);
	lyre_out_key(o, "roles");
	lyre_out_int(o, roles);
	lyre_out_key(o, "super_user");
	lyre_out_bool(o, lyre_call_super_user(call));
	tell_rights(call, o);
	lyre_out_object_end(o);
	return 0;
}

/** Stores a refresh token for a user, which only the server's rights may see. */
static int keep(lyre_call *call)
{
	const struct lyre_user_change change = {
		.size = lyre_arg_given(call, "careless") ? 0 : sizeof change,
		.fields = LYRE_USER_REFRESH_TOKEN,
		.name = lyre_arg_string(call, "name"),
		.refresh_token = "kept",
	};
	int rc = lyre_user_change(call, &change);
	return rc ? rc : lyre_reply_message(call, "kept");
}

/** Finds a role by the id in "name". */
static int role(lyre_call *call)
{
	const lyre_value *record;
	int rc = lyre_role_find(call, lyre_arg_string(call, "name"), &record);

	if (rc)
		return rc;
	lyre_out_value(lyre_reply(call), record);
	return 0;
}

/** Fails with its own answer; with "careless", another failure replaces it. */
static int fails(lyre_call *call)
{
	lyre_out *o = lyre_reply(call);

	lyre_out_object_begin(o);
	lyre_out_text(o, "error", "not now");
	lyre_out_key(o, "free_in");
	lyre_out_int(o, 7);
	lyre_out_object_end(o);
	lyre_fail(call, LYRE_ECONFLICT, "for the log only");
	int rc = lyre_fail_reply(call);
	return lyre_arg_given(call, "careless") ? lyre_fail(call, LYRE_EBUSY, "the later one") : rc;
}

static const struct lyre_param params[] = {
	{ .name = "name", .types = LYRE_T_STRING, .help = "Name of a user; default: the caller." },
	{ .name = "careless", .types = LYRE_T_BOOLEAN, .help = "Leave the size out." },
};

static const struct lyre_operation operations[] = {
	{ .name = "users_as_seen",
		.handler = as_seen,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(params),
		.help = "Show users." },
	{ .name = "users_keep",
		.handler = keep,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(params),
		.help = "Keep something for a user." },
	{ .name = "users_role",
		.handler = role,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(params),
		.help = "Show a role." },
	{ .name = "users_fail", .handler = fails, .access = LYRE_ACCESS_USER, .params = LYRE_LIST(params), .help = "Fail." },
};

LYRE_MODULE(user_services, "1.0.0", "Asks for users and roles", .operations = LYRE_LIST(operations));
