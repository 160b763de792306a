/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/role_operations.c
 * \brief add_role, alter_role, drop_role, list_roles.
 */
#include "users_module.h"

#include <string.h>

static int reply_record(lyre_call *call, const lyre_value *record)
{
	lyre_out_value(lyre_reply(call), record);
	return 0;
}

/** The role in a request that has passed users_role_check(). */
static struct lyre_role requested_role(lyre_call *call)
{
	return (struct lyre_role){
		.size = sizeof(struct lyre_role),
		.id = lyre_arg_string(call, "id"),
		.name = lyre_arg_string(call, "role"),
		.permission = lyre_arg(call, "permission"),
	};
}

int users_role_add(lyre_call *call)
{
	int rc = users_role_check(call, 0);

	if (rc < 0)
		return rc;
	const struct lyre_role role = requested_role(call);
	const lyre_value *record;
	rc = lyre_role_add(call, &role, &record);
	if (rc == 0)
		users_log_change(call, "added the role", role.name);
	return rc < 0 ? rc : reply_record(call, record);
}

int users_role_alter(lyre_call *call)
{
	int rc = users_role_check(call, 1);

	if (rc < 0)
		return rc;
	const struct lyre_role role = requested_role(call);
	const lyre_value *record;
	rc = lyre_role_change(call, &role, &record);
	if (rc == LYRE_ENOTFOUND)
		return lyre_fail(call, LYRE_EINVAL, "Invalid role id");
	if (rc == 0)
		users_log_change(call, "changed the role", role.id);
	return rc < 0 ? rc : reply_record(call, record);
}

/** The only error of these operations that clients expect in the long form. */
static int refuse_blank_id(lyre_call *call)
{
	static const char sentence[] = "Id can't be blank";
	lyre_out *o = lyre_reply(call);

	lyre_out_object_begin(o);
	lyre_out_key(o, "statusCode");
	lyre_out_int(o, 400);
	lyre_out_text(o, "error", "Bad Request");
	lyre_out_text(o, "message", sentence);
	lyre_out_object_end(o);
	lyre_fail(call, LYRE_EINVAL, "%s", sentence);
	return lyre_fail_reply(call);
}

int users_role_drop(lyre_call *call)
{
	const char *id;
	enum text has = users_argument_text(call, "id", &id);

	if (has == TEXT_BLANK)
		return refuse_blank_id(call);
	if (has == TEXT_INVALID)
		return lyre_fail(call, LYRE_EINVAL, "Id is invalid");
	if (has == TEXT_NO_MEMORY)
		return lyre_fail_no_memory(call);
	const lyre_value *role;
	int rc = lyre_role_find(call, id, &role);
	if (rc == 0)
		rc = lyre_role_drop(call, id);
	if (rc < 0)
		return rc;
	users_log_change(call, "dropped the role", id);
	const char *name = lyre_value_string(lyre_value_get(role, "role"), NULL);
	return lyre_reply_message(call, "%s successfully deleted", name ? name : id);
}

static int write_record(void *arg, const lyre_value *role)
{
	lyre_out_value(arg, role);
	return 0;
}

int users_role_list(lyre_call *call)
{
	lyre_out *o = lyre_reply(call);

	lyre_out_array_begin(o);
	int rc = lyre_roles(call, write_record, o);
	lyre_out_array_end(o);
	return rc;
}
