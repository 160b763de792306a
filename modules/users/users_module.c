/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/users_module.c
 * \brief Users, roles, tokens and sessions: the operations that tell of them and change them.
 */
#include "users_module.h"

/* What is wrong with these is said in the sentences that clients know. */
#define CHECKED (LYRE_P_HANDLER_CHECKS | LYRE_P_NULL_IS_ABSENT)
#define CHECKED_REQUIRED (CHECKED | LYRE_P_REQUIRED)

static const struct lyre_param add_user_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the user." },
	{ .name = "password", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "The password." },
	{ .name = "role", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the role." },
	{ .name = "active", .types = LYRE_T_BOOLEAN, .flags = CHECKED_REQUIRED, .help = "Whether the user can sign in." },
};
static const struct lyre_param alter_user_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the user." },
	{ .name = "password", .types = LYRE_T_STRING, .flags = CHECKED, .help = "The new password." },
	{ .name = "role", .types = LYRE_T_STRING, .flags = CHECKED, .help = "Name of the new role." },
	{ .name = "active", .types = LYRE_T_BOOLEAN, .flags = CHECKED, .help = "Whether the user can sign in." },
};
static const struct lyre_param drop_user_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Name of the user." },
};
static const struct lyre_param add_role_params[] = {
	{ .name = "role", .types = LYRE_T_STRING, .flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
	  .help = "Name of the role: letters, digits, _ and -." },
	{ .name = "id", .types = LYRE_T_STRING, .flags = LYRE_P_HANDLER_CHECKS,
	  .help = "What it is altered and dropped by; its name when not given." },
	{ .name = "permission", .types = LYRE_T_OBJECT, .flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
	  .help = "What it permits: {super_user, cluster_user, structure_user, DATABASE: {tables: {TABLE: {read, insert, update, delete, "
		  "attribute_permissions}}}}." },
};
static const struct lyre_param alter_role_params[] = {
	{ .name = "id", .types = LYRE_T_STRING, .flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED, .help = "Id of the role." },
	{ .name = "role", .types = LYRE_T_STRING, .flags = LYRE_P_HANDLER_CHECKS, .help = "Its new name." },
	{ .name = "permission", .types = LYRE_T_OBJECT, .flags = LYRE_P_HANDLER_CHECKS | LYRE_P_REQUIRED,
	  .help = "What it permits from now on." },
};
static const struct lyre_param drop_role_params[] = {
	{ .name = "id", .types = LYRE_T_STRING, .flags = CHECKED_REQUIRED, .help = "Id of the role." },
};
static const struct lyre_param create_authentication_tokens_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .flags = LYRE_P_NOT_EMPTY,
	  .help = "Whose tokens; the caller's when neither this nor the password is given." },
	{ .name = "password", .types = LYRE_T_STRING, .flags = LYRE_P_NOT_EMPTY, .help = "The user's password." },
	{ .name = "role", .types = LYRE_T_STRING, .help = "A role to name in the tokens: they are for others, and let nobody in here." },
	{ .name = "expires_in", .types = LYRE_T_STRING | LYRE_T_NUMBER,
	  .help = "How long the operation token is valid: seconds, or as 1d, 2h, 30m, up to authentication.operationTokenMaxTimeout; authentication.operationTokenTimeout when not given." },
};
static const struct lyre_param refresh_operation_token_params[] = {
	{ .name = "refresh_token", .types = LYRE_T_STRING, .help = "The refresh token, where it does not come as the bearer token." },
};
static const struct lyre_param login_params[] = {
	{ .name = "username", .types = LYRE_T_STRING, .help = "Who signs in; the caller when not given." },
	{ .name = "password", .types = LYRE_T_STRING, .help = "The user's password." },
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
	  .refused_as = "listUsersExternal",
	  .help = "List all users with their roles." },
	{ .name = "user_info",
	  .handler = users_user_info,
	  .run = LYRE_RUN_INLINE,
	  .access = LYRE_ACCESS_USER,
	  .help = "Tell who is signed in." },
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
	  .help = "List all roles." },
	{ .name = "create_authentication_tokens",
	  .handler = users_create_authentication_tokens,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_USER,
	  .flags = LYRE_O_SIGN_IN | LYRE_O_INVALID_CREDENTIALS,
	  .params = LYRE_LIST(create_authentication_tokens_params),
	  .help = "Make an operation token, which signs in as a bearer token, and a refresh token, which makes new ones." },
	{ .name = "refresh_operation_token",
	  .handler = users_refresh_operation_token,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_USER,
	  .params = LYRE_LIST(refresh_operation_token_params),
	  .help = "Make a new operation token by a refresh token." },
	{ .name = "login",
	  .handler = users_login,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_USER,
	  .flags = LYRE_O_SIGN_IN,
	  .params = LYRE_LIST(login_params),
	  .help = "Begin a session, which a cookie goes on with." },
	{ .name = "logout",
	  .handler = users_logout,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_OPEN,
	  .help = "End the session of the cookie." },
};

static int start(lyre_instance *self)
{
	int rc = users_token_start(self);

	return rc ? rc : users_session_start(self);
}

LYRE_MODULE(users, "1.0.0", "Users, roles, tokens, sessions",
	.operations = LYRE_LIST(operations),
	.start = start,
	.stop = users_token_stop,
	.check = users_token_check);
