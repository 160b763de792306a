/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/host.h
 * \brief The functions behind the host's table, by what they are about. Each is described in the SDK's header of the same name.
 */
#ifndef MODULE_HOST_H
#define MODULE_HOST_H

#include "dispatch/call.h"

#include <lyre/host.h>

/* host_struct.c */

/**
 * A struct of a module, of the size it says in its first member, in ours: what it does not have is zero.
 * \param least  its size in ABI 1.0: a smaller one is a module's fault, LYRE_EINTERNAL
 */
int host_take(lyre_call *call, void *ours, size_t ours_size, const void *theirs, size_t least, const char *what);
/** The other way round: no more than the module has room for; its size stays. */
int host_give(lyre_call *call, void *theirs, size_t least, const char *what, const void *ours, size_t ours_size);

/**
 * host_take() in a module's start(), of what it adds there.
 * \param thing  "a page"
 * \return 0; LYRE_EINVAL, when it is not in its start(), which the log says then, or the size cannot be
 */
int host_take_at_start(lyre_instance *self, const char *thing, void *ours, size_t ours_size, const void *theirs, size_t least,
	const char *what);

/** The size of a struct in an ABI whose last member it was. */
#define SIZE_UP_TO(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* host_rights.c: what the caller may do. host_may…() return 0, or LYRE_EDENIED with the call's failure and denial set. */

/** To a table that is open. \p permissions  enum lyre_permission, or-ed: all of them */
int host_may(lyre_call *call, const lyre_table *table, uint32_t permissions);
/** To write records to it. \p mode  enum lyre_write_mode */
int host_may_write(lyre_call *call, const lyre_table *table, int mode, const lyre_value *records);
/** To make and drop tables and attributes of a database; NULL: databases. */
int host_may_structure(lyre_call *call, const char *database);
/** To ask and tell the server as a whole. */
int host_may_manage(lyre_call *call);
/** Whether it is a super_user's, or has the rights of the server. */
bool host_is_whole(const lyre_call *call);
/** LYRE_EDENIED: the caller may not do this to a table, nor that to its attributes. */
int host_refuse(lyre_call *call, const char *database, const char *table, uint32_t permissions,
	struct permission_attribute *attributes);

/* host_value.c */
int host_value_type(const lyre_value *v);
int host_value_bool(const lyre_value *v);
int64_t host_value_int(const lyre_value *v);
const char *host_value_string(const lyre_value *v, size_t *len);
size_t host_value_count(const lyre_value *v);
const lyre_value *host_value_at(const lyre_value *v, size_t i);
const char *host_value_name(const lyre_value *v, size_t i, size_t *len);
void host_out_bool(lyre_out *o, int b);
const lyre_value *host_make_null(lyre_call *call);
const lyre_value *host_make_bool(lyre_call *call, int b);
const lyre_value *host_make_int(lyre_call *call, int64_t i);
const lyre_value *host_make_double(lyre_call *call, double d);
const lyre_value *host_make_string(lyre_call *call, const char *s, size_t len);
const lyre_value *host_make_array(lyre_call *call, const lyre_value *const *items, size_t count);
const lyre_value *host_make_object(
	lyre_call *call, const char *const *names, const lyre_value *const *values, size_t count);
const lyre_value *host_make_copy(lyre_call *call, const lyre_value *v);
int host_time_parse(const char *s, size_t len, double *ms);

/* host_module.c */
int host_setting_is_null(lyre_instance *self, const char *key);
int64_t host_setting_int(lyre_instance *self, const char *key);
double host_setting_number(lyre_instance *self, const char *key);
int host_setting_bool(lyre_instance *self, const char *key);
const char *host_setting_string(lyre_instance *self, const char *key);
const char *const *host_setting_list(lyre_instance *self, const char *key, size_t *count);
int host_start_vfail(lyre_instance *self, int code, const char *fmt, va_list ap);
void host_vlog(lyre_instance *self, int level, const char *fmt, va_list ap);

/* host_call.c */
const lyre_value *host_arg(lyre_call *call, const char *name);
int host_arg_given(lyre_call *call, const char *name);
const char *host_arg_string(lyre_call *call, const char *name);
const lyre_value *host_call_body(lyre_call *call);
const char *host_call_operation(lyre_call *call);
const char *host_call_user(lyre_call *call);
lyre_instance *host_call_module(lyre_call *call);
void *host_alloc(lyre_call *call, size_t size);
int host_scope_begin(lyre_call *call);
void host_scope_end(lyre_call *call);
int host_vfail(lyre_call *call, int code, const char *fmt, va_list ap);
int host_fail_as(lyre_call *call, int code);
int host_fail_reply(lyre_call *call);
int host_failure(lyre_call *call);
lyre_out *host_reply(lyre_call *call);
int host_reply_vmessage(lyre_call *call, const char *fmt, va_list ap);
int host_reply_rows(lyre_call *call, lyre_cursor *cursor);
int host_reply_file(lyre_call *call, int fd, const char *filename);
int host_operations(lyre_call *call, int (*visit)(void *arg, const struct lyre_operation *operation, const char *module),
	void *arg);

/* host_table.c */
int host_databases(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg);
int host_databases_failed(lyre_call *call, int (*visit)(void *arg, const char *name, const char *why), void *arg);
int host_database_create(lyre_call *call, const char *database);
int host_database_drop(lyre_call *call, const char *database);
int host_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg);
int host_table_create(lyre_call *call, const struct lyre_table_spec *spec);
int host_table_drop(lyre_call *call, const char *database, const char *table);
int host_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret);
const char *host_table_name(const lyre_table *table);
const char *host_table_database(const lyre_table *table);
int host_table_spec(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret);
int host_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret);
int host_reply_figures(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg);
int host_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37]);
int host_attribute_drop(lyre_call *call, lyre_table *table, const char *name);

/* host_record.c */
int host_write(lyre_call *call, lyre_table *table, int mode, const lyre_value *records,
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg);
int host_query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret);
int host_lookup(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret);
int host_cursor_next(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret);
int host_backup(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd);
int host_restore(lyre_call *call, const char *database, const char *path);
int host_restore_check(lyre_call *call, const char *database, const char *path);
int host_database_compact(lyre_call *call, const char *database, uint64_t *before, uint64_t *after);
int host_database_storage(lyre_call *call, const char *database, struct lyre_storage *ret);
int host_database_check(lyre_call *call, const char *database, struct lyre_check *ret);
int host_write_wait(lyre_call *call, lyre_table *table, int mode, const lyre_value *records, const struct lyre_write_result **ret);

/* host_job.c */
int host_job_progress(lyre_call *call, uint64_t done, uint64_t total);
const char *host_job_id(lyre_call *call);

/* host_changes.c */
int host_changes(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
	int (*visit)(void *arg, const struct lyre_change *change), void *arg);
int host_changes_remove(lyre_call *call, lyre_table *table, double before, int (*progress)(void *arg, uint64_t removed),
	void *arg, uint64_t *removed);

/* host_config.c */
int host_configuration_reply(lyre_call *call, int effective);
int host_configuration_set(lyre_call *call, const lyre_value *settings, int unknown);

/* host_restart.c */
int host_restart(lyre_call *call);
int host_restart_workers(lyre_call *call);

/* host_log.c */
int host_log_read(lyre_call *call, const struct lyre_log_query *query,
	int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg);

/* host_metrics.c */
int host_metrics(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg);
int host_pages(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret);

/* host_route.c */
int host_route_add(lyre_instance *self, const struct lyre_route *route);
int host_reply_text(lyre_call *call, const char *content_type, const char *text, size_t len);

/* host_user.c */
int host_call_super_user(lyre_call *call);
void host_server_rights_begin(lyre_call *call);
void host_server_rights_end(lyre_call *call);
uint32_t host_call_permissions(lyre_call *call, const char *database, const char *table);
int host_user(lyre_call *call, const char *name, struct lyre_user *ret);
int host_users(lyre_call *call, int (*visit)(void *arg, const struct lyre_user *user), void *arg);
int host_user_add(lyre_call *call, const struct lyre_user_change *user);
int host_user_change(lyre_call *call, const struct lyre_user_change *change);
int host_user_drop(lyre_call *call, const char *name);
int host_roles(lyre_call *call, int (*visit)(void *arg, const lyre_value *role), void *arg);
int host_role_find(lyre_call *call, const char *id, const lyre_value **ret);
int host_role_add(lyre_call *call, const struct lyre_role *role, const lyre_value **ret);
int host_role_change(lyre_call *call, const struct lyre_role *role, const lyre_value **ret);
int host_role_drop(lyre_call *call, const char *id);

/* host_credential.c */
int host_authenticator_add(lyre_instance *self, const struct lyre_authenticator *a);
void host_credentials_forget(lyre_call *call, int source, const char *name, const char *text, size_t len);
int host_call_by_password(lyre_call *call);
int host_call_limited(lyre_call *call);
const char *host_call_cookie(lyre_call *call, const char *name);
int host_reply_cookie(lyre_call *call, const char *name, const char *value, int64_t max_age);

#endif
