/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/host.h
 * \brief The table of functions that the core hands to a module.
 *
 * Modules call the inline functions of the other headers, which say what each does; this file only fixes the order. New
 * functions come at the end, whatever they are about, with the minor that brought them. A module built for a lower minor never looks past the functions it knows; one that wants to
 * use a newer function on an older host asks LYRE_HAS() first.
 */
#ifndef LYRE_HOST_H
#define LYRE_HOST_H

#include <stdarg.h>

#include <lyre/types.h>

LYRE_BEGIN_DECLS

struct lyre_attribute;
struct lyre_operation;
struct lyre_query;
struct lyre_table_spec;
struct lyre_table_stats;
struct lyre_storage;
struct lyre_check;
struct lyre_write_result;
struct lyre_change;
struct lyre_change_query;
struct lyre_pages;
struct lyre_log_query;
struct lyre_log_entry;
struct lyre_metric;
struct lyre_route;
struct lyre_user;
struct lyre_user_change;
struct lyre_role;
struct lyre_authenticator;

struct lyre_host {
	uint32_t struct_size; /**< of the host's table */
	uint16_t abi_major;
	uint16_t abi_minor;
	const char *version;  /**< of the server */

	/* values, 1.0 */
	int (*value_type)(const lyre_value *v);
	int (*value_bool)(const lyre_value *v);
	int64_t (*value_int)(const lyre_value *v);
	double (*value_double)(const lyre_value *v);
	const char *(*value_string)(const lyre_value *v, size_t *len);
	size_t (*value_count)(const lyre_value *v);
	const lyre_value *(*value_at)(const lyre_value *v, size_t i);
	const char *(*value_name)(const lyre_value *v, size_t i, size_t *len);
	const lyre_value *(*value_get)(const lyre_value *v, const char *name);

	/* making values, 1.0 */
	const lyre_value *(*make_null)(lyre_call *call);
	const lyre_value *(*make_bool)(lyre_call *call, int b);
	const lyre_value *(*make_int)(lyre_call *call, int64_t i);
	const lyre_value *(*make_double)(lyre_call *call, double d);
	const lyre_value *(*make_string)(lyre_call *call, const char *s, size_t len);
	const lyre_value *(*make_array)(lyre_call *call, const lyre_value *const *items, size_t count);
	const lyre_value *(*make_object)(lyre_call *call, const char *const *names, const lyre_value *const *values, size_t count);

	/* writing the answer, 1.0 */
	void (*out_object_begin)(lyre_out *o);
	void (*out_object_end)(lyre_out *o);
	void (*out_array_begin)(lyre_out *o);
	void (*out_array_end)(lyre_out *o);
	void (*out_key)(lyre_out *o, const char *name);
	void (*out_string)(lyre_out *o, const char *s, size_t len);
	void (*out_int)(lyre_out *o, int64_t i);
	void (*out_double)(lyre_out *o, double d);
	void (*out_bool)(lyre_out *o, int b);
	void (*out_null)(lyre_out *o);
	void (*out_value)(lyre_out *o, const lyre_value *v);

	/* settings, start and log of a module, 1.0 */
	int (*setting_is_null)(lyre_instance *self, const char *key);
	int64_t (*setting_int)(lyre_instance *self, const char *key);
	double (*setting_number)(lyre_instance *self, const char *key);
	int (*setting_bool)(lyre_instance *self, const char *key);
	const char *(*setting_string)(lyre_instance *self, const char *key);
	const char *const *(*setting_list)(lyre_instance *self, const char *key, size_t *count);
	int (*start_vfail)(lyre_instance *self, int code, const char *fmt, va_list ap);
	void (*vlog)(lyre_instance *self, int level, const char *fmt, va_list ap);

	/* calls, 1.0 */
	const lyre_value *(*arg)(lyre_call *call, const char *name);
	int (*arg_given)(lyre_call *call, const char *name);
	const char *(*arg_string)(lyre_call *call, const char *name);
	const lyre_value *(*call_body)(lyre_call *call);
	const char *(*call_operation)(lyre_call *call);
	const char *(*call_user)(lyre_call *call);
	lyre_instance *(*call_module)(lyre_call *call);
	int (*operations)(lyre_call *call, int (*visit)(void *arg, const struct lyre_operation *operation, const char *module),
		void *arg);
	void *(*alloc)(lyre_call *call, size_t size);
	int (*vfail)(lyre_call *call, int code, const char *fmt, va_list ap);
	int (*fail_as)(lyre_call *call, int code);
	int (*failure)(lyre_call *call);
	lyre_out *(*reply)(lyre_call *call);
	int (*reply_vmessage)(lyre_call *call, const char *fmt, va_list ap);
	int (*reply_rows)(lyre_call *call, lyre_cursor *cursor);
	int (*reply_file)(lyre_call *call, int fd, const char *filename);

	/* databases and tables, 1.0 */
	int (*databases)(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg);
	int (*database_create)(lyre_call *call, const char *database);
	int (*database_drop)(lyre_call *call, const char *database);
	int (*tables)(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg);
	int (*table_create)(lyre_call *call, const struct lyre_table_spec *spec);
	int (*table_drop)(lyre_call *call, const char *database, const char *table);
	int (*table_open)(lyre_call *call, const char *database, const char *name, lyre_table **ret);
	const char *(*table_name)(const lyre_table *table);
	const char *(*table_database)(const lyre_table *table);
	int (*table_spec)(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret);
	int (*table_stats)(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret);
	int (*attribute_create)(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37]);
	int (*attribute_drop)(lyre_call *call, lyre_table *table, const char *name);

	/* records, 1.0 */
	int (*write)(lyre_call *call, lyre_table *table, int mode, const lyre_value *records,
		int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg);
	int (*query_open)(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret);
	int (*lookup)(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret);
	int (*cursor_next)(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret);

	/* backups, 1.0 */
	int (*backup)(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd);
	int (*restore)(lyre_call *call, const char *database, const char *path);

	/* databases at work, 1.0 */
	int (*database_compact)(lyre_call *call, const char *database, uint64_t *before, uint64_t *after);
	int (*database_storage)(lyre_call *call, const char *database, struct lyre_storage *ret);
	int (*database_check)(lyre_call *call, const char *database, struct lyre_check *ret);

	/* writing the answer, what is told again and again, 1.0 */
	int (*reply_figures)(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg);

	/* jobs, 1.1 */
	int (*job_progress)(lyre_call *call, uint64_t done, uint64_t total);
	const char *(*job_id)(lyre_call *call);

	/* more of databases and tables, 1.1 */
	int (*write_wait)(lyre_call *call, lyre_table *table, int mode, const lyre_value *records,
		const struct lyre_write_result **ret);
	int (*changes)(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
		int (*visit)(void *arg, const struct lyre_change *change), void *arg);
	int (*changes_remove)(lyre_call *call, lyre_table *table, double before, int (*progress)(void *arg, uint64_t removed),
		void *arg, uint64_t *removed);
	int (*pages)(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret);

	/* the server, 1.1 */
	int (*configuration_reply)(lyre_call *call, int effective);
	int (*configuration_set)(lyre_call *call, const lyre_value *settings, int unknown);
	int (*restart)(lyre_call *call);
	int (*restart_workers)(lyre_call *call);
	int (*log_read)(lyre_call *call, const struct lyre_log_query *query,
		int (*visit)(void *arg, const struct lyre_log_entry *entry), void *arg);
	int (*metrics)(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg);
	int (*route_add)(lyre_instance *self, const struct lyre_route *route);
	int (*reply_text)(lyre_call *call, const char *content_type, const char *text, size_t len);

	/* more of calls and values, 1.1 */
	const lyre_value *(*make_copy)(lyre_call *call, const lyre_value *v);
	int (*scope_begin)(lyre_call *call);
	void (*scope_end)(lyre_call *call);
	int (*time_parse)(const char *s, size_t len, double *ms);
	size_t (*time_text)(char out[32], double ms);

	/* users and roles, 1.2 */
	int (*call_super_user)(lyre_call *call);
	void (*server_rights_begin)(lyre_call *call);
	void (*server_rights_end)(lyre_call *call);
	uint32_t (*call_permissions)(lyre_call *call, const char *database, const char *table);
	int (*user)(lyre_call *call, const char *name, struct lyre_user *ret);
	int (*users)(lyre_call *call, int (*visit)(void *arg, const struct lyre_user *user), void *arg);
	int (*user_add)(lyre_call *call, const struct lyre_user_change *user);
	int (*user_change)(lyre_call *call, const struct lyre_user_change *change);
	int (*user_drop)(lyre_call *call, const char *name);
	int (*roles)(lyre_call *call, int (*visit)(void *arg, const lyre_value *role), void *arg);
	int (*role_add)(lyre_call *call, const struct lyre_role *role, const lyre_value **ret);
	int (*role_change)(lyre_call *call, const struct lyre_role *role, const lyre_value **ret);
	int (*role_drop)(lyre_call *call, const char *id);

	/* credentials, 1.2 */
	int (*authenticator_add)(lyre_instance *self, const struct lyre_authenticator *a);
	void (*credentials_forget)(lyre_call *call, int source, const char *name, const char *text, size_t len);
	int (*call_limited)(lyre_call *call);
	const char *(*call_cookie)(lyre_call *call, const char *name);
	int (*reply_cookie)(lyre_call *call, const char *name, const char *value, int64_t max_age);

	/* more of calls, 1.2 */
	int (*fail_reply)(lyre_call *call);
	int (*call_by_password)(lyre_call *call);

	/* one role, the time of day, 1.2 */
	int (*role_find)(lyre_call *call, const char *id, const lyre_value **ret);
	double (*time_now)(void);
	int (*databases_failed)(lyre_call *call, int (*visit)(void *arg, const char *name, const char *why), void *arg);

	/* files that clients send, 1.2 */
	int (*restore_check)(lyre_call *call, const char *database, const char *path);
};

/** The host's table: one a module, set by the core before start(). */
extern LYRE_HIDDEN const struct lyre_host *lyre_host;

/** \return whether the host has function \p f of struct lyre_host. */
#define LYRE_HAS(f) (lyre_host->struct_size >= offsetof(struct lyre_host, f) + sizeof(lyre_host->f))

LYRE_END_DECLS

#endif
