/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/users_module.c
 * \brief Users, roles, tokens and sessions: the operations that list and change them.
 */
#include "users_module.h"

/* The handler checks these, with the errors that clients expect. */
#define CHECKED (LYRE_P_HANDLER_CHECKS | LYRE_P_NULL_IS_ABSENT)
#define CHECKED_REQUIRED (CHECKED | LYRE_P_REQUIRED)

static const struct lyre_param add_user_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the user." },
	{ .name = "password", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Password of the user." },
	{ .name = "role", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the user's role." },
	{ .name = "active", .types = LYRE_T_BOOLEAN, .flags = CHECKED_REQUIRED, .help = "Whether the user can sign in." },
};
static const struct lyre_param alter_user_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the user." },
	{ .name = "password", .types = LYRE_T_STRING, .flags = CHECKED, .help = "New password." },
	{ .name = "role", .types = LYRE_T_STRING, .flags = CHECKED, .help = "Name of the new role." },
	{ .name = "active", .types = LYRE_T_BOOLEAN, .flags = CHECKED, .help = "Whether the user can sign in." },
};
static const struct lyre_param drop_user_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the user." },
};
static const struct lyre_param add_role_params[] = {
	{ .name = "role",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
		.help = "Name of the role: letters, digits, _ and -." },
	{ .name = "id",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_HANDLER_CHECKS,
		.help = "Id for altering and dropping the role; default: its name." },
	{ .name = "permission",
		.types = LYRE_T_OBJECT,
		.flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
		.help = "Permissions: {super_user, cluster_user, structure_user, DATABASE: {tables: {TABLE: {read, insert, update, "
			"delete, attribute_permissions}}}}." },
};
static const struct lyre_param alter_role_params[] = {
	{ .name = "id", .types = LYRE_T_STRING, .flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED, .help = "Id of the role." },
	{ .name = "role", .types = LYRE_T_STRING, .flags = LYRE_P_HANDLER_CHECKS, .help = "New name of the role." },
	{ .name = "permission",
		.types = LYRE_T_OBJECT,
		.flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
		.help = "New permissions, which replace the current ones." },
};
static const struct lyre_param drop_role_params[] = {
	{ .name = "id", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Id of the role." },
};
static const struct lyre_param create_authentication_tokens_params[] = {
	{ .name = "username",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NOT_EMPTY,
		.help = "Name of the user; default, if no password is given: the caller." },
	{ .name = "password", .types = LYRE_T_STRING, .flags = LYRE_P_NOT_EMPTY, .help = "Password of the user." },
	{ .name = "role",
		.types = LYRE_T_STRING,
		.help = "Role to name in the tokens; such tokens are for other services and are not valid here." },
	{ .name = "expires_in",
		.types = LYRE_T_STRING | LYRE_T_NUMBER,
		.help = "Lifetime of the operation token: seconds, or as in 1d, 2h, 30m, up to authentication.operationTokenMaxTimeout; "
			"default: authentication.operationTokenTimeout." },
};
static const struct lyre_param refresh_operation_token_params[] = {
	{ .name = "refresh_token", .types = LYRE_T_STRING, .help = "Refresh token, unless it is sent as the bearer token." },
};
static const struct lyre_param login_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .help = "Name of the user; default: the caller." },
	{ .name = "password", .types = LYRE_T_STRING, .help = "Password of the user." },
};

static const struct lyre_operation operations[] = {
	{ .name = "add_user",
		.handler = users_add_user,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(add_user_params),
		.help = "Add a user." },
	{ .name = "alter_user",
		.handler = users_alter_user,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(alter_user_params),
		.help = "Change the password or the role of a user, or whether the user can sign in." },
	{ .name = "drop_user",
		.handler = users_drop_user,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(drop_user_params),
		.help = "Remove a user." },
	{ .name = "list_users",
		.handler = users_list_users,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.refused_as = "listUsersExternal",
		.help = "List all users with their roles." },
	{ .name = "user_info",
		.handler = users_user_info,
		.run = LYRE_RUN_INLINE,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.help = "Show the signed-in user." },
	{ .name = "add_role",
		.handler = users_role_add,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(add_role_params),
		.help = "Add a role." },
	{ .name = "alter_role",
		.handler = users_role_alter,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(alter_role_params),
		.help = "Change what a role permits, or its name." },
	{ .name = "drop_role",
		.handler = users_role_drop,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(drop_role_params),
		.help = "Remove a role that no active user has." },
	{ .name = "list_roles",
		.handler = users_role_list,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.help = "List all roles." },
	{ .name = "create_authentication_tokens",
		.handler = users_create_authentication_tokens,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_SIGN_IN | LYRE_O_INVALID_CREDENTIALS,
		.params = LYRE_LIST(create_authentication_tokens_params),
		.help = "Create an operation token, which signs in as a bearer token, and a refresh token for new operation tokens." },
	{ .name = "refresh_operation_token",
		.handler = users_refresh_operation_token,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(refresh_operation_token_params),
		.help = "Create a new operation token with a refresh token." },
	{ .name = "login",
		.handler = users_login,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_SIGN_IN,
		.params = LYRE_LIST(login_params),
		.help = "Start a session that continues with a cookie." },
	{ .name = "logout",
		.handler = users_logout,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_OPEN,
		.help = "End the cookie's session." },
};

static int start(lyre_instance *self)
{
	int rc = users_token_start(self);

	return rc ? rc : users_session_start(self);
}

LYRE_MODULE(users, "1.0.0", "Users, roles, tokens, sessions", .operations = LYRE_LIST(operations), .start = start,
	.stop = users_token_stop, .check = users_token_check);
