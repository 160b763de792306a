/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file unit/sdk_layout.c
 * \brief The layout of everything exchanged between the server and modules. If this does not compile, the ABI has
 * changed: restore it, or add at the end, raise the minor, add a line to lyre/types.h, and then a line here.
 *
 * Structs are listed member by member: a hole between two members, or after the last, is a fault too, as a later member
 * could be placed there without changing the size. On 32-bit processors that align 64-bit words to 8 bytes, as ARM does, some
 * are inevitable: what is added after one must begin with a reserved 32-bit word if pointers are short.
 */
#include "unit.h"

#include <lyre/lyre.h>

_Static_assert(LYRE_ABI_MAJOR == 1 && LYRE_ABI_MINOR == 0, "the numbers here are those of ABI 1.0");

#define END(type, member) (offsetof(struct type, member) + sizeof(((struct type *)0)->member))
/** The member's offset, after this many pointers, 32-bit words and 64-bit words. */
#define AT(type, member, pointers, words, longs)                                                             \
	_Static_assert(offsetof(struct type, member) == (pointers) * sizeof(void *) + (words)*4 + (longs)*8, \
		#type "." #member " has moved");
/** The size of the inevitable holes. */
#define HOLE (sizeof(void *) == 4 && _Alignof(struct { double d; }) == 8 ? 4 : 0)
/** AT() after so many of them. */
#define AT_HOLES(type, member, holes, pointers, words, longs)                                                               \
	_Static_assert(offsetof(struct type, member) == (pointers) * sizeof(void *) + (words)*4 + (longs)*8 + (holes)*HOLE, \
		#type "." #member " has moved");
#define LAST(type, member) _Static_assert(END(type, member) == sizeof(struct type), #type " continues after " #member);
/** LAST() before a hole. */
#define LAST_HOLE(type, member) _Static_assert(END(type, member) + HOLE == sizeof(struct type), #type " continues after " #member);

AT(lyre_list, items, 0, 0, 0)
AT(lyre_list, count, 1, 0, 0)
AT(lyre_list, item_size, 1, 1, 0)
LAST(lyre_list, item_size)

AT(lyre_param, name, 0, 0, 0)
AT(lyre_param, types, 1, 0, 0)
AT(lyre_param, flags, 1, 1, 0)
AT(lyre_param, fallback, 1, 2, 0)
AT(lyre_param, label, 2, 2, 0)
AT(lyre_param, help, 3, 2, 0)
AT(lyre_param, min, 4, 2, 0)
AT(lyre_param, max, 4, 2, 1)
AT(lyre_param, wrong_as, 4, 2, 2)
LAST_HOLE(lyre_param, wrong_as)

AT(lyre_operation, name, 0, 0, 0)
AT(lyre_operation, handler, 1, 0, 0)
AT(lyre_operation, run, 2, 0, 0)
AT(lyre_operation, access, 2, 1, 0)
AT(lyre_operation, permissions, 2, 2, 0)
AT(lyre_operation, flags, 2, 3, 0)
AT(lyre_operation, params, 2, 4, 0)
AT(lyre_operation, aliases, 3, 6, 0)
AT(lyre_operation, help, 4, 6, 0)
AT(lyre_operation, check, 5, 6, 0)
AT(lyre_operation, refused_as, 6, 6, 0)
LAST(lyre_operation, refused_as)

AT(lyre_setting, key, 0, 0, 0)
AT(lyre_setting, type, 1, 0, 0)
AT(lyre_setting, flags, 1, 1, 0)
AT(lyre_setting, fallback, 1, 2, 0)
AT(lyre_setting, values, 2, 2, 0)
AT(lyre_setting, help, 3, 2, 0)
AT(lyre_setting, min, 4, 2, 0)
AT(lyre_setting, max, 4, 2, 1)
LAST(lyre_setting, max)

/* Up to extra, the descriptor is the same on every machine. */
AT(lyre_module, magic, 0, 0, 0)
_Static_assert(offsetof(struct lyre_module, abi_major) == 8, "lyre_module.abi_major has moved");
_Static_assert(offsetof(struct lyre_module, abi_minor) == 10, "lyre_module.abi_minor has moved");
_Static_assert(offsetof(struct lyre_module, struct_size) == 12, "lyre_module.struct_size has moved");
_Static_assert(offsetof(struct lyre_module, name) == 16, "lyre_module.name has moved");
_Static_assert(offsetof(struct lyre_module, version) == 48, "lyre_module.version has moved");
_Static_assert(offsetof(struct lyre_module, summary) == 80, "lyre_module.summary has moved");
_Static_assert(offsetof(struct lyre_module, needs) == 208, "lyre_module.needs has moved");
_Static_assert(offsetof(struct lyre_module, extra) == 336, "lyre_module.extra has moved");
AT(lyre_module, host, 0, 0, 46)
AT(lyre_module, settings, 1, 0, 46)
AT(lyre_module, operations, 2, 2, 46)
AT(lyre_module, start, 3, 4, 46)
AT(lyre_module, stop, 4, 4, 46)
AT(lyre_module, check, 5, 4, 46)
LAST(lyre_module, check)

AT(lyre_attribute, size, 0, 0, 0)
AT(lyre_attribute, flags, 0, 1, 0)
AT(lyre_attribute, name, 0, 2, 0)
AT(lyre_attribute, type, 1, 2, 0)
LAST(lyre_attribute, type)

AT(lyre_table_spec, size, 0, 0, 0)
AT(lyre_table_spec, attribute_count, 0, 1, 0)
AT(lyre_table_spec, database, 0, 2, 0)
AT(lyre_table_spec, name, 1, 2, 0)
AT(lyre_table_spec, primary_key, 2, 2, 0)
AT(lyre_table_spec, attributes, 3, 2, 0)
AT(lyre_table_spec, expiration, 4, 2, 0)
AT(lyre_table_spec, audit, 4, 2, 1)
AT(lyre_table_spec, schema_defined, 4, 3, 1)
LAST(lyre_table_spec, schema_defined)

AT(lyre_table_stats, size, 0, 0, 0)
AT(lyre_table_stats, estimated, 0, 1, 0)
AT(lyre_table_stats, record_count, 0, 2, 0)
AT(lyre_table_stats, count_low, 0, 2, 1)
AT(lyre_table_stats, count_high, 0, 2, 2)
AT(lyre_table_stats, table_size, 0, 2, 3)
AT(lyre_table_stats, database_size, 0, 2, 4)
AT(lyre_table_stats, audit_size, 0, 2, 5)
AT(lyre_table_stats, last_updated, 0, 2, 6)
LAST(lyre_table_stats, last_updated)

AT(lyre_written, key, 0, 0, 0)
AT(lyre_written, done, 1, 0, 0)
AT(lyre_written, generated, 1, 1, 0)
LAST(lyre_written, generated)

AT(lyre_request, size, 0, 0, 0)
AT(lyre_request, flags, 0, 1, 0)
AT(lyre_request, body, 0, 2, 0)
AT(lyre_request, type, 1, 2, 0)
AT(lyre_request, take, 2, 2, 0)
AT(lyre_request, arg, 3, 2, 0)
LAST(lyre_request, arg)

AT(lyre_write_result, items, 0, 0, 0)
AT(lyre_write_result, count, 1, 0, 0)
AT(lyre_write_result, done, 2, 0, 0)
AT(lyre_write_result, mode, 3, 0, 0)
AT(lyre_write_result, reserved, 3, 1, 0)
AT_HOLES(lyre_write_result, time, 1, 3, 2, 0)
LAST(lyre_write_result, time)

AT(lyre_query, size, 0, 0, 0)
AT(lyre_query, match_any, 0, 1, 0)
AT(lyre_query, table, 0, 2, 0)
AT(lyre_query, conditions, 1, 2, 0)
AT(lyre_query, select, 2, 2, 0)
AT(lyre_query, sort, 3, 2, 0)
AT(lyre_query, offset, 4, 2, 0)
AT(lyre_query, limit, 4, 2, 1)
AT(lyre_query, reverse, 4, 2, 2)
AT(lyre_query, reserved, 4, 3, 2)
LAST(lyre_query, reserved)

AT(lyre_storage, size, 0, 0, 0)
AT(lyre_storage, reserved, 0, 1, 0)
AT(lyre_storage, file_size, 0, 2, 0)
AT(lyre_storage, used_size, 0, 2, 1)
AT(lyre_storage, reclaimable_size, 0, 2, 2)
LAST(lyre_storage, reclaimable_size)

AT(lyre_check, size, 0, 0, 0)
AT(lyre_check, reserved, 0, 1, 0)
AT(lyre_check, tables, 0, 2, 0)
AT(lyre_check, records, 0, 2, 1)
AT(lyre_check, index_entries, 0, 2, 2)
LAST(lyre_check, index_entries)

AT(lyre_change, size, 0, 0, 0)
AT(lyre_change, mode, 0, 1, 0)
AT(lyre_change, sequence, 0, 2, 0)
AT(lyre_change, time, 0, 2, 1)
AT(lyre_change, user, 0, 2, 2)
AT(lyre_change, operation, 1, 2, 2)
AT(lyre_change, key, 2, 2, 2)
AT(lyre_change, before, 3, 2, 2)
AT(lyre_change, after, 4, 2, 2)
LAST_HOLE(lyre_change, after)

AT(lyre_change_query, size, 0, 0, 0)
AT(lyre_change_query, newest_first, 0, 1, 0)
AT(lyre_change_query, from, 0, 2, 0)
AT(lyre_change_query, until, 0, 2, 1)
AT(lyre_change_query, keys, 0, 2, 2)
AT(lyre_change_query, users, 1, 2, 2)
AT(lyre_change_query, limit, 2, 2, 2)
LAST(lyre_change_query, limit)

AT(lyre_pages, size, 0, 0, 0)
AT(lyre_pages, page_size, 0, 1, 0)
AT(lyre_pages, depth, 0, 2, 0)
AT(lyre_pages, tree, 0, 3, 0)
AT(lyre_pages, branch_pages, 0, 4, 0)
AT(lyre_pages, leaf_pages, 0, 4, 1)
AT(lyre_pages, overflow_pages, 0, 4, 2)
AT(lyre_pages, entries, 0, 4, 3)
AT(lyre_pages, map_size, 0, 4, 4)
AT(lyre_pages, last_page, 0, 4, 5)
AT(lyre_pages, last_transaction, 0, 4, 6)
AT(lyre_pages, readers, 0, 4, 7)
AT(lyre_pages, max_readers, 0, 5, 7)
LAST(lyre_pages, max_readers)

AT(lyre_field, type, 0, 0, 0)
AT(lyre_field, len, 0, 1, 0)
AT(lyre_field, lasting, 0, 2, 0)
AT(lyre_field, reserved, 0, 3, 0)
AT(lyre_field, i, 0, 4, 0)
AT(lyre_field, d, 0, 4, 1)
AT(lyre_field, s, 0, 4, 2)
LAST_HOLE(lyre_field, s)

AT(lyre_range, size, 0, 0, 0)
AT(lyre_range, flags, 0, 1, 0)
AT(lyre_range, attribute, 0, 2, 0)
AT_HOLES(lyre_range, low, 1, 1, 2, 0)
AT_HOLES(lyre_range, high, 2, 2, 6, 2)
LAST(lyre_range, high)

AT(lyre_index, size, 0, 0, 0)
AT(lyre_index, indexed, 0, 1, 0)
AT(lyre_index, whole, 0, 2, 0)
AT(lyre_index, ordered, 0, 3, 0)
AT(lyre_index, booleans, 0, 4, 0)
AT(lyre_index, nested, 0, 5, 0)
AT(lyre_index, entries, 0, 6, 0)
LAST(lyre_index, entries)

AT(lyre_log_query, size, 0, 0, 0)
AT(lyre_log_query, levels, 0, 1, 0)
AT(lyre_log_query, from, 0, 2, 0)
AT(lyre_log_query, until, 0, 2, 1)
AT(lyre_log_query, offset, 0, 2, 2)
AT(lyre_log_query, limit, 0, 2, 3)
AT(lyre_log_query, filter, 0, 2, 4)
AT(lyre_log_query, oldest_first, 1, 2, 4)
AT(lyre_log_query, reserved, 1, 3, 4)
LAST_HOLE(lyre_log_query, reserved)

AT(lyre_log_entry, size, 0, 0, 0)
AT(lyre_log_entry, level, 0, 1, 0)
AT(lyre_log_entry, time, 0, 2, 0)
AT(lyre_log_entry, thread, 0, 2, 1)
AT(lyre_log_entry, tag, 1, 2, 1)
AT(lyre_log_entry, message, 2, 2, 1)
LAST_HOLE(lyre_log_entry, message)

AT(lyre_metric, size, 0, 0, 0)
AT(lyre_metric, type, 0, 1, 0)
AT(lyre_metric, name, 0, 2, 0)
AT(lyre_metric, help, 1, 2, 0)
AT(lyre_metric, label, 2, 2, 0)
AT(lyre_metric, label_value, 3, 2, 0)
AT(lyre_metric, value, 4, 2, 0)
AT(lyre_metric, count, 4, 2, 1)
AT(lyre_metric, bounds, 4, 2, 2)
AT(lyre_metric, buckets, 5, 2, 2)
AT(lyre_metric, bucket_count, 6, 2, 2)
AT(lyre_metric, reserved, 6, 3, 2)
LAST(lyre_metric, reserved)

AT(lyre_route, size, 0, 0, 0)
AT(lyre_route, access, 0, 1, 0)
AT(lyre_route, path, 0, 2, 0)
AT(lyre_route, handler, 1, 2, 0)
AT(lyre_route, run, 2, 2, 0)
AT(lyre_route, methods, 2, 3, 0)
AT(lyre_route, flags, 2, 4, 0)
AT(lyre_route, reserved, 2, 5, 0)
AT(lyre_route, body_max, 2, 6, 0)
LAST(lyre_route, body_max)

AT(lyre_user, size, 0, 0, 0)
AT(lyre_user, active, 0, 1, 0)
AT(lyre_user, created, 0, 2, 0)
AT(lyre_user, updated, 0, 2, 1)
AT(lyre_user, name, 0, 2, 2)
AT(lyre_user, role_id, 1, 2, 2)
AT(lyre_user, role, 2, 2, 2)
AT(lyre_user, stamp, 3, 2, 2)
AT(lyre_user, refresh_token, 4, 2, 2)
LAST_HOLE(lyre_user, refresh_token)

AT(lyre_user_change, size, 0, 0, 0)
AT(lyre_user_change, fields, 0, 1, 0)
AT(lyre_user_change, name, 0, 2, 0)
AT(lyre_user_change, password, 1, 2, 0)
AT(lyre_user_change, role, 2, 2, 0)
AT(lyre_user_change, active, 3, 2, 0)
AT(lyre_user_change, reserved, 3, 3, 0)
AT(lyre_user_change, refresh_token, 3, 4, 0)
LAST(lyre_user_change, refresh_token)

AT(lyre_role, size, 0, 0, 0)
AT(lyre_role, reserved, 0, 1, 0)
AT(lyre_role, id, 0, 2, 0)
AT(lyre_role, name, 1, 2, 0)
AT(lyre_role, permission, 2, 2, 0)
LAST(lyre_role, permission)

AT(lyre_identity, size, 0, 0, 0)
AT(lyre_identity, reserved, 0, 1, 0)
AT(lyre_identity, user, 0, 2, 0)
AT(lyre_identity, stamp, 1, 2, 0)
AT(lyre_identity, until, 2, 2, 0)
AT(lyre_identity, only, 2, 2, 1)
LAST_HOLE(lyre_identity, only)

AT(lyre_setting_entry, size, 0, 0, 0)
AT(lyre_setting_entry, effect, 0, 1, 0)
AT(lyre_setting_entry, key, 0, 2, 0)
AT(lyre_setting_entry, wanted, 1, 2, 0)
AT(lyre_setting_entry, fallback, 2, 2, 0)
AT(lyre_setting_entry, help, 3, 2, 0)
LAST(lyre_setting_entry, help)

AT(lyre_authenticator, size, 0, 0, 0)
AT(lyre_authenticator, source, 0, 1, 0)
AT(lyre_authenticator, name, 0, 2, 0)
AT(lyre_authenticator, verify, 1, 2, 0)
LAST(lyre_authenticator, verify)

AT(lyre_tls_certificate, size, 0, 0, 0)
AT(lyre_tls_certificate, host_count, 0, 1, 0)
AT(lyre_tls_certificate, name, 0, 2, 0)
AT(lyre_tls_certificate, chain, 1, 2, 0)
AT(lyre_tls_certificate, key, 2, 2, 0)
AT(lyre_tls_certificate, hosts, 3, 2, 0)
LAST(lyre_tls_certificate, hosts)

AT(lyre_tls, size, 0, 0, 0)
AT(lyre_tls, client, 0, 1, 0)
AT(lyre_tls, certificates, 0, 2, 0)
AT(lyre_tls, authorities, 1, 4, 0)
AT(lyre_tls, revoked, 2, 4, 0)
AT(lyre_tls, ciphers, 3, 4, 0)
AT(lyre_tls, user, 4, 4, 0)
LAST(lyre_tls, user)

AT(lyre_task, size, 0, 0, 0)
AT(lyre_task, flags, 0, 1, 0)
AT(lyre_task, delay, 0, 2, 0)
AT(lyre_task, every, 0, 2, 1)
AT(lyre_task, name, 0, 2, 2)
AT(lyre_task, work, 1, 2, 2)
AT(lyre_task, arg, 2, 2, 2)
AT(lyre_task, reserved, 3, 2, 2)
LAST(lyre_task, reserved)

AT(lyre_event, size, 0, 0, 0)
AT(lyre_event, kind, 0, 1, 0)
AT(lyre_event, inserted, 0, 2, 0)
AT(lyre_event, updated, 0, 2, 1)
AT(lyre_event, deleted, 0, 2, 2)
AT(lyre_event, sequence, 0, 2, 3)
AT(lyre_event, time, 0, 2, 4)
AT(lyre_event, database, 0, 2, 5)
AT(lyre_event, table, 1, 2, 5)
AT(lyre_event, user, 2, 2, 5)
AT(lyre_event, key, 3, 2, 5)
LAST(lyre_event, key)

AT(lyre_listener, size, 0, 0, 0)
AT(lyre_listener, events, 0, 1, 0)
AT(lyre_listener, notice, 0, 2, 0)
AT(lyre_listener, arg, 1, 2, 0)
AT(lyre_listener, database, 2, 2, 0)
AT(lyre_listener, table, 3, 2, 0)
LAST(lyre_listener, table)

/* The tables of functions: their order is fixed forever. */
AT(lyre_host, size, 0, 0, 0)
_Static_assert(offsetof(struct lyre_host, abi_major) == 4, "lyre_host.abi_major has moved");
_Static_assert(offsetof(struct lyre_host, abi_minor) == 6, "lyre_host.abi_minor has moved");
AT(lyre_host, version, 0, 2, 0)
AT(lyre_host, module, 1, 2, 0)
AT(lyre_host, value, 2, 2, 0)
AT(lyre_host, call, 3, 2, 0)
AT(lyre_host, store, 4, 2, 0)
AT(lyre_host, job, 5, 2, 0)
AT(lyre_host, user, 6, 2, 0)
AT(lyre_host, server, 7, 2, 0)
AT(lyre_host, tls, 8, 2, 0)
AT(lyre_host, task, 9, 2, 0)
AT(lyre_host, page, 10, 2, 0)
AT(lyre_host, event, 11, 2, 0)
LAST(lyre_host, event)

AT(lyre_module_api, size, 0, 0, 0)
AT(lyre_module_api, reserved, 0, 1, 0)
AT(lyre_module_api, setting_is_null, 0, 2, 0)
AT(lyre_module_api, setting_int, 1, 2, 0)
AT(lyre_module_api, setting_number, 2, 2, 0)
AT(lyre_module_api, setting_bool, 3, 2, 0)
AT(lyre_module_api, setting_string, 4, 2, 0)
AT(lyre_module_api, setting_list, 5, 2, 0)
AT(lyre_module_api, start_vfail, 6, 2, 0)
AT(lyre_module_api, run, 7, 2, 0)
AT(lyre_module_api, vlog, 8, 2, 0)
AT(lyre_module_api, setting_count, 9, 2, 0)
LAST(lyre_module_api, setting_count)

AT(lyre_value_api, size, 0, 0, 0)
AT(lyre_value_api, reserved, 0, 1, 0)
AT(lyre_value_api, value_type, 0, 2, 0)
AT(lyre_value_api, value_bool, 1, 2, 0)
AT(lyre_value_api, value_int, 2, 2, 0)
AT(lyre_value_api, value_double, 3, 2, 0)
AT(lyre_value_api, value_string, 4, 2, 0)
AT(lyre_value_api, value_count, 5, 2, 0)
AT(lyre_value_api, value_at, 6, 2, 0)
AT(lyre_value_api, value_name, 7, 2, 0)
AT(lyre_value_api, value_get, 8, 2, 0)
AT(lyre_value_api, make_null, 9, 2, 0)
AT(lyre_value_api, make_bool, 10, 2, 0)
AT(lyre_value_api, make_int, 11, 2, 0)
AT(lyre_value_api, make_double, 12, 2, 0)
AT(lyre_value_api, make_string, 13, 2, 0)
AT(lyre_value_api, make_array, 14, 2, 0)
AT(lyre_value_api, make_object, 15, 2, 0)
AT(lyre_value_api, make_copy, 16, 2, 0)
AT(lyre_value_api, out_object_begin, 17, 2, 0)
AT(lyre_value_api, out_object_end, 18, 2, 0)
AT(lyre_value_api, out_array_begin, 19, 2, 0)
AT(lyre_value_api, out_array_end, 20, 2, 0)
AT(lyre_value_api, out_key, 21, 2, 0)
AT(lyre_value_api, out_string, 22, 2, 0)
AT(lyre_value_api, out_int, 23, 2, 0)
AT(lyre_value_api, out_double, 24, 2, 0)
AT(lyre_value_api, out_bool, 25, 2, 0)
AT(lyre_value_api, out_null, 26, 2, 0)
AT(lyre_value_api, out_value, 27, 2, 0)
AT(lyre_value_api, time_now, 28, 2, 0)
AT(lyre_value_api, time_parse, 29, 2, 0)
AT(lyre_value_api, time_text, 30, 2, 0)
AT(lyre_value_api, make_uint, 31, 2, 0)
AT(lyre_value_api, text_is_utf8, 32, 2, 0)
AT(lyre_value_api, out_column, 33, 2, 0)
LAST(lyre_value_api, out_column)

AT(lyre_call_api, size, 0, 0, 0)
AT(lyre_call_api, reserved, 0, 1, 0)
AT(lyre_call_api, arg, 0, 2, 0)
AT(lyre_call_api, arg_given, 1, 2, 0)
AT(lyre_call_api, arg_string, 2, 2, 0)
AT(lyre_call_api, call_body, 3, 2, 0)
AT(lyre_call_api, call_operation, 4, 2, 0)
AT(lyre_call_api, call_user, 5, 2, 0)
AT(lyre_call_api, call_module, 6, 2, 0)
AT(lyre_call_api, operations, 7, 2, 0)
AT(lyre_call_api, alloc, 8, 2, 0)
AT(lyre_call_api, scope_begin, 9, 2, 0)
AT(lyre_call_api, scope_end, 10, 2, 0)
AT(lyre_call_api, vfail, 11, 2, 0)
AT(lyre_call_api, fail_as, 12, 2, 0)
AT(lyre_call_api, fail_reply, 13, 2, 0)
AT(lyre_call_api, failure, 14, 2, 0)
AT(lyre_call_api, reply, 15, 2, 0)
AT(lyre_call_api, reply_vmessage, 16, 2, 0)
AT(lyre_call_api, reply_text, 17, 2, 0)
AT(lyre_call_api, reply_rows, 18, 2, 0)
AT(lyre_call_api, reply_file, 19, 2, 0)
AT(lyre_call_api, call_longer, 20, 2, 0)
AT(lyre_call_api, call_wanted, 21, 2, 0)
AT(lyre_call_api, reply_row, 22, 2, 0)
AT(lyre_call_api, make_json, 23, 2, 0)
AT(lyre_call_api, reply_json, 24, 2, 0)
AT(lyre_call_api, failure_text, 25, 2, 0)
LAST(lyre_call_api, failure_text)

AT(lyre_store_api, size, 0, 0, 0)
AT(lyre_store_api, reserved, 0, 1, 0)
AT(lyre_store_api, databases, 0, 2, 0)
AT(lyre_store_api, databases_failed, 1, 2, 0)
AT(lyre_store_api, database_create, 2, 2, 0)
AT(lyre_store_api, database_drop, 3, 2, 0)
AT(lyre_store_api, tables, 4, 2, 0)
AT(lyre_store_api, table_create, 5, 2, 0)
AT(lyre_store_api, table_drop, 6, 2, 0)
AT(lyre_store_api, table_open, 7, 2, 0)
AT(lyre_store_api, table_name, 8, 2, 0)
AT(lyre_store_api, table_database, 9, 2, 0)
AT(lyre_store_api, table_spec, 10, 2, 0)
AT(lyre_store_api, table_stats, 11, 2, 0)
AT(lyre_store_api, reply_cached, 12, 2, 0)
AT(lyre_store_api, attribute_create, 13, 2, 0)
AT(lyre_store_api, attribute_drop, 14, 2, 0)
AT(lyre_store_api, write, 15, 2, 0)
AT(lyre_store_api, write_wait, 16, 2, 0)
AT(lyre_store_api, reply_written, 17, 2, 0)
AT(lyre_store_api, query_open, 18, 2, 0)
AT(lyre_store_api, lookup, 19, 2, 0)
AT(lyre_store_api, cursor_next, 20, 2, 0)
AT(lyre_store_api, backup, 21, 2, 0)
AT(lyre_store_api, restore, 22, 2, 0)
AT(lyre_store_api, restore_check, 23, 2, 0)
AT(lyre_store_api, database_compact, 24, 2, 0)
AT(lyre_store_api, database_storage, 25, 2, 0)
AT(lyre_store_api, database_check, 26, 2, 0)
AT(lyre_store_api, changes, 27, 2, 0)
AT(lyre_store_api, changes_remove, 28, 2, 0)
AT(lyre_store_api, pages, 29, 2, 0)
AT(lyre_store_api, moment_begin, 30, 2, 0)
AT(lyre_store_api, moment_end, 31, 2, 0)
AT(lyre_store_api, index_look, 32, 2, 0)
AT(lyre_store_api, range_estimate, 33, 2, 0)
AT(lyre_store_api, reader_open, 34, 2, 0)
AT(lyre_store_api, reader_seek, 35, 2, 0)
AT(lyre_store_api, reader_next, 36, 2, 0)
AT(lyre_store_api, reader_field, 37, 2, 0)
AT(lyre_store_api, reader_close, 38, 2, 0)
AT(lyre_store_api, table_refuse, 39, 2, 0)
AT(lyre_store_api, attribute_permissions, 40, 2, 0)
AT(lyre_store_api, write_refused, 41, 2, 0)
AT(lyre_store_api, comparator, 42, 2, 0)
AT(lyre_store_api, count, 43, 2, 0)
LAST(lyre_store_api, count)

AT(lyre_job_api, size, 0, 0, 0)
AT(lyre_job_api, reserved, 0, 1, 0)
AT(lyre_job_api, job_progress, 0, 2, 0)
AT(lyre_job_api, job_id, 1, 2, 0)
AT(lyre_job_api, job_vmessage, 2, 2, 0)
AT(lyre_job_api, request_run, 3, 2, 0)
AT(lyre_job_api, request_value, 4, 2, 0)
LAST(lyre_job_api, request_value)

AT(lyre_user_api, size, 0, 0, 0)
AT(lyre_user_api, reserved, 0, 1, 0)
AT(lyre_user_api, call_super_user, 0, 2, 0)
AT(lyre_user_api, call_permissions, 1, 2, 0)
AT(lyre_user_api, call_limited, 2, 2, 0)
AT(lyre_user_api, call_by_password, 3, 2, 0)
AT(lyre_user_api, server_rights_begin, 4, 2, 0)
AT(lyre_user_api, server_rights_end, 5, 2, 0)
AT(lyre_user_api, user, 6, 2, 0)
AT(lyre_user_api, users, 7, 2, 0)
AT(lyre_user_api, user_add, 8, 2, 0)
AT(lyre_user_api, user_change, 9, 2, 0)
AT(lyre_user_api, user_drop, 10, 2, 0)
AT(lyre_user_api, roles, 11, 2, 0)
AT(lyre_user_api, role_find, 12, 2, 0)
AT(lyre_user_api, role_add, 13, 2, 0)
AT(lyre_user_api, role_change, 14, 2, 0)
AT(lyre_user_api, role_drop, 15, 2, 0)
AT(lyre_user_api, authenticator_add, 16, 2, 0)
AT(lyre_user_api, credentials_forget, 17, 2, 0)
AT(lyre_user_api, call_cookie, 18, 2, 0)
AT(lyre_user_api, reply_cookie, 19, 2, 0)
LAST(lyre_user_api, reply_cookie)

AT(lyre_page_api, size, 0, 0, 0)
AT(lyre_page_api, reserved, 0, 1, 0)
AT(lyre_page_api, page_method, 0, 2, 0)
AT(lyre_page_api, page_rest, 1, 2, 0)
AT(lyre_page_api, page_param, 2, 2, 0)
AT(lyre_page_api, page_params, 3, 2, 0)
AT(lyre_page_api, page_header, 4, 2, 0)
AT(lyre_page_api, page_headers, 5, 2, 0)
AT(lyre_page_api, page_body, 6, 2, 0)
AT(lyre_page_api, page_status, 7, 2, 0)
AT(lyre_page_api, page_add_header, 8, 2, 0)
LAST(lyre_page_api, page_add_header)

AT(lyre_server_api, size, 0, 0, 0)
AT(lyre_server_api, reserved, 0, 1, 0)
AT(lyre_server_api, configuration_reply, 0, 2, 0)
AT(lyre_server_api, configuration_set, 1, 2, 0)
AT(lyre_server_api, restart, 2, 2, 0)
AT(lyre_server_api, restart_workers, 3, 2, 0)
AT(lyre_server_api, log_read, 4, 2, 0)
AT(lyre_server_api, metrics, 5, 2, 0)
AT(lyre_server_api, route_add, 6, 2, 0)
AT(lyre_server_api, settings, 7, 2, 0)
AT(lyre_server_api, metric_add, 8, 2, 0)
LAST(lyre_server_api, metric_add)

AT(lyre_tls_api, size, 0, 0, 0)
AT(lyre_tls_api, reserved, 0, 1, 0)
AT(lyre_tls_api, tls_available, 0, 2, 0)
AT(lyre_tls_api, tls_wanted, 1, 2, 0)
AT(lyre_tls_api, tls_set, 2, 2, 0)
AT(lyre_tls_api, tls_try, 3, 2, 0)
LAST(lyre_tls_api, tls_try)

AT(lyre_task_api, size, 0, 0, 0)
AT(lyre_task_api, reserved, 0, 1, 0)
AT(lyre_task_api, task_add, 0, 2, 0)
AT(lyre_task_api, task_wake, 1, 2, 0)
AT(lyre_task_api, task_sleep, 2, 2, 0)
AT(lyre_task_api, task_next, 3, 2, 0)
LAST(lyre_task_api, task_next)

AT(lyre_event_api, size, 0, 0, 0)
AT(lyre_event_api, reserved, 0, 1, 0)
AT(lyre_event_api, listen, 0, 2, 0)
LAST(lyre_event_api, listen)

/* Numbers compiled into modules: the last one of each enum shows that none was lost or moved. */
_Static_assert(LYRE_PENDING == 1 && LYRE_END == 2 && LYRE_EINVAL == -1 && LYRE_ENOTFOUND == -2 && LYRE_EEXISTS == -3 &&
		LYRE_EUNAUTHENTICATED == -4 && LYRE_EDENIED == -5 && LYRE_ETOOBIG == -6 && LYRE_EMEDIA == -7 &&
		LYRE_ENOTACCEPTABLE == -8 && LYRE_ECONFLICT == -9 && LYRE_ENOTSUP == -10 && LYRE_EBUSY == -11 &&
		LYRE_ENOMEM == -12 && LYRE_ENOSPACE == -13 && LYRE_EIO == -14 && LYRE_ECORRUPT == -15 && LYRE_EINTERNAL == -16,
	"a result code has moved");
_Static_assert(LYRE_EVENT_COMMITTED == 1 && LYRE_EVENT_CONFIGURATION == 2 && LYRE_EVENT_STOPPING == 4, "a kind of event has moved");
_Static_assert(LYRE_BOOL == 1 && LYRE_INT == 2 && LYRE_DOUBLE == 3 && LYRE_BIGINT == 4 && LYRE_STRING == 5 && LYRE_ARRAY == 6 &&
		LYRE_OBJECT == 7,
	"a type has moved");
_Static_assert(LYRE_FATAL == 1 && LYRE_ERROR == 2 && LYRE_WARN == 3 && LYRE_INFO == 4 && LYRE_DEBUG == 5 && LYRE_TRACE == 6,
	"a level of the log has moved");
_Static_assert(LYRE_T_NULL == 32 && LYRE_T_ANY == 63 && LYRE_P_RANGE == 256 && LYRE_RUN_JOB == 2 && LYRE_RUN_LONG == 3 &&
		LYRE_PERMIT_DELETE == 8 && LYRE_S_PATH == 8 && LYRE_SF_LIVE == 4 && LYRE_A_PRIMARY_KEY == 4 && LYRE_DELETE == 3,
	"a flag has moved");

_Static_assert(LYRE_P_READS == 512 && LYRE_P_WRITES == 1024 && LYRE_P_REQUEST == 2048 && LYRE_P_FILE == 16384 &&
		LYRE_O_SIGN_IN == 1 && LYRE_PERMIT_NONE == 0 && LYRE_PERMIT_READ == 1 && LYRE_PERMIT_INSERT == 2 &&
		LYRE_PERMIT_UPDATE == 4 && LYRE_PERMIT_DESCRIBE == 16,
	"a flag or a permission has moved");
_Static_assert(LYRE_ACCESS_SUPER_USER == 1 && LYRE_ACCESS_OPEN == 2 && LYRE_ACCESS_USER == 3 && LYRE_ACCESS_STRUCTURE == 4 &&
		LYRE_ACCESS_STRUCTURE_ALL == 5,
	"who may call an operation has moved");
_Static_assert(LYRE_USER_PASSWORD == 1 && LYRE_USER_ROLE == 2 && LYRE_USER_ACTIVE == 4 && LYRE_USER_REFRESH_TOKEN == 8,
	"a field of a user has moved");
_Static_assert(LYRE_EFFECT_RESTART == 0 && LYRE_EFFECT_LISTENERS == 1 && LYRE_EFFECT_AT_ONCE == 2 && LYRE_EFFECT_NONE == 3,
	"an effect of a setting has moved");
_Static_assert(LYRE_METHOD_GET == 1 && LYRE_METHOD_POST == 2 && LYRE_METHOD_PUT == 4 && LYRE_METHOD_PATCH == 8 &&
		LYRE_METHOD_DELETE == 16 && LYRE_ROUTE_PREFIX == 1,
	"a method or a flag of a route has moved");
_Static_assert(LYRE_CREDENTIAL_SCHEME == 0 && LYRE_CREDENTIAL_COOKIE == 1, "a source of credentials has moved");

const struct lyre_host *lyre_host;

START_TEST(has)
{
	const struct lyre_store_api store = { .size = offsetof(struct lyre_store_api, restore) };
	struct lyre_host older = { .size = offsetof(struct lyre_host, job), .store = &store };
	lyre_host = &older;
	ck_assert(LYRE_HAS(store, backup));
	ck_assert(!LYRE_HAS(store, restore));
	ck_assert(!LYRE_HAS(job, job_id)); /* it does not have the table */
}
END_TEST

/* Items of a list or a table keep the size that their creator used, even if it is larger than ours. */
START_TEST(longer_items)
{
	struct {
		struct lyre_attribute known;
		double later;
	} items[] = {
		{ .known = { .size = sizeof items[0], .name = "a" } },
		{ .known = { .size = sizeof items[0], .name = "b" } },
	};
	struct lyre_table_spec spec = { .size = sizeof spec, .attribute_count = 2, .attributes = &items[0].known };
	ck_assert_str_eq(lyre_attribute_at(&spec, 1)->name, "b");
	ck_assert_ptr_null(lyre_attribute_at(&spec, 2));

	struct lyre_list list = LYRE_LIST(items);
	ck_assert_ptr_eq(lyre_list_at(&list, 1), &items[1]);
	ck_assert_ptr_null(lyre_list_at(&list, 2));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("sdk_layout");
	TCase *t = tcase_create("layout");
	tcase_add_test(t, has);
	tcase_add_test(t, longer_items);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
