/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/host.c
 * \brief The table of functions handed to modules.
 */
#include <config.h>

#include "base/json.h"
#include "base/text.h"
#include "base/value.h"
#include "module/host.h"
#include "module/module.h"

const struct lyre_host module_host = {
	.struct_size = (uint32_t)sizeof(struct lyre_host),
	.abi_major = LYRE_ABI_MAJOR,
	.abi_minor = LYRE_ABI_MINOR,
	.version = PACKAGE_VERSION,

	.value_type = host_value_type,
	.value_bool = host_value_bool,
	.value_int = host_value_int,
	.value_double = value_number,
	.value_string = host_value_string,
	.value_count = host_value_count,
	.value_at = host_value_at,
	.value_name = host_value_name,
	.value_get = value_get,

	.make_null = host_make_null,
	.make_bool = host_make_bool,
	.make_int = host_make_int,
	.make_double = host_make_double,
	.make_string = host_make_string,
	.make_array = host_make_array,
	.make_object = host_make_object,

	.out_object_begin = out_object_begin,
	.out_object_end = out_object_end,
	.out_array_begin = out_array_begin,
	.out_array_end = out_array_end,
	.out_key = out_key,
	.out_string = out_string,
	.out_int = out_int,
	.out_double = out_double,
	.out_bool = host_out_bool,
	.out_null = out_null,
	.out_value = out_value,

	.setting_is_null = host_setting_is_null,
	.setting_int = host_setting_int,
	.setting_number = host_setting_number,
	.setting_bool = host_setting_bool,
	.setting_string = host_setting_string,
	.setting_list = host_setting_list,
	.start_vfail = host_start_vfail,
	.vlog = host_vlog,

	.arg = host_arg,
	.arg_given = host_arg_given,
	.arg_string = host_arg_string,
	.call_body = host_call_body,
	.call_operation = host_call_operation,
	.call_user = host_call_user,
	.call_module = host_call_module,
	.operations = host_operations,
	.alloc = host_alloc,
	.vfail = host_vfail,
	.fail_as = host_fail_as,
	.failure = host_failure,
	.reply = host_reply,
	.reply_vmessage = host_reply_vmessage,
	.reply_rows = host_reply_rows,
	.reply_file = host_reply_file,

	.databases = host_databases,
	.database_create = host_database_create,
	.database_drop = host_database_drop,
	.tables = host_tables,
	.table_create = host_table_create,
	.table_drop = host_table_drop,
	.table_open = host_table_open,
	.table_name = host_table_name,
	.table_database = host_table_database,
	.table_spec = host_table_spec,
	.table_stats = host_table_stats,
	.attribute_create = host_attribute_create,
	.attribute_drop = host_attribute_drop,

	.write = host_write,
	.query_open = host_query_open,
	.lookup = host_lookup,
	.cursor_next = host_cursor_next,

	.backup = host_backup,
	.restore = host_restore,

	.database_compact = host_database_compact,
	.database_storage = host_database_storage,
	.database_check = host_database_check,

	.reply_figures = host_reply_figures,

	.job_progress = host_job_progress,
	.job_id = host_job_id,

	.write_wait = host_write_wait,
	.changes = host_changes,
	.changes_remove = host_changes_remove,
	.pages = host_pages,

	.configuration_reply = host_configuration_reply,
	.configuration_set = host_configuration_set,
	.restart = host_restart,
	.restart_workers = host_restart_workers,
	.log_read = host_log_read,
	.metrics = host_metrics,
	.route_add = host_route_add,
	.reply_text = host_reply_text,

	.make_copy = host_make_copy,
	.scope_begin = host_scope_begin,
	.scope_end = host_scope_end,
	.time_parse = host_time_parse,
	.time_text = iso_time,

	.call_super_user = host_call_super_user,
	.server_rights_begin = host_server_rights_begin,
	.server_rights_end = host_server_rights_end,
	.call_permissions = host_call_permissions,
	.user = host_user,
	.users = host_users,
	.user_add = host_user_add,
	.user_change = host_user_change,
	.user_drop = host_user_drop,
	.roles = host_roles,
	.role_add = host_role_add,
	.role_change = host_role_change,
	.role_drop = host_role_drop,

	.authenticator_add = host_authenticator_add,
	.credentials_forget = host_credentials_forget,
	.call_limited = host_call_limited,
	.call_cookie = host_call_cookie,
	.reply_cookie = host_reply_cookie,

	.fail_reply = host_fail_reply,
	.call_by_password = host_call_by_password,
	.role_find = host_role_find,
	.time_now = now_ms,
	.databases_failed = host_databases_failed,
	.restore_check = host_restore_check,
};
