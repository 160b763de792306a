/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_internal.h
 * \brief Shared by the files of the fake host.
 */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include <lyre/testing.h>

/** Memory that is freed together. */
struct fake_block;
struct fake_memory {
	struct fake_block *last;
};
/** Zeroed; ends the process if there is no more. */
void *fake_take(struct fake_memory *m, size_t size);
/** Frees what was taken since \p until was the last block; all of it if NULL. */
void fake_release(struct fake_memory *m, struct fake_block *until);
char *fake_copy(struct fake_memory *m, const char *s, size_t len);
char *fake_print(struct fake_memory *m, const char *fmt, va_list ap);
/** Ends the process with a message. */
void fake_die(const char *fmt, ...) LYRE_PRINTF(1, 2);
#define FAKE_VOID_ENDS(name, arguments)                                                         \
	static void name arguments                                                              \
	{                                                                                       \
		fake_die("it does not have lyre_" #name "(): test this against a real server"); \
	}

/** A text that grows. */
struct fake_text {
	char *s;
	size_t len, cap;
};
void fake_add(struct fake_text *t, const char *s, size_t len);

struct lyre_value {
	enum lyre_type type;
	int64_t i;
	double d;
	const char *s;
	size_t len;
	size_t count;
	const lyre_value **items;
	const char **names; /* of an object */
};
/** The value of JSON, whose strings may be in single quotes; NULL if it is not JSON. */
const lyre_value *fake_parse(struct fake_memory *m, const char *s, size_t len);
/** The same for what a test passes in: an object, or the process ends. NULL is an empty one. */
const lyre_value *fake_object(struct fake_memory *m, const char *s);
const lyre_value *fake_copy_value(struct fake_memory *m, const lyre_value *v);
const lyre_value *fake_text_value(struct fake_memory *m, const char *s);
int fake_equal(const lyre_value *a, const lyre_value *b);
const lyre_value *fake_get(const lyre_value *v, const char *name);

struct lyre_out {
	struct fake_text text;
};
void fake_write(lyre_out *o, const lyre_value *v);

/** Headers and parameters of a route. */
#define FAKE_TEXTS 32
struct fake_texts {
	const char *names[FAKE_TEXTS], *values[FAKE_TEXTS];
	size_t count;
};

#define FAKE_SCOPES 16

struct lyre_call {
	struct fake_memory memory;
	struct fake_block *scopes[FAKE_SCOPES];
	size_t scope_count;
	lyre_instance *module;
	const char *operation;
	const struct lyre_operation *declared; /* NULL: not an operation */
	int on_connection;                     /* runs where it must not block */
	const lyre_value *body, *arguments;
	int code;
	char *failure;
	int failure_replied;
	lyre_out out;
	const char *text; /* of lyre_reply_text() */
	const char *job_message;
	int is_job, is_task;
	/* of a route */
	uint32_t method;
	int status;
	const char *rest, *page_body;
	struct fake_texts params, headers, answer_headers;
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg);
	const struct lyre_write_result *written;
	void *then_arg;
	int (*longer)(lyre_call *call);
};

#define FAKE_METRICS 64
#define FAKE_ROUTES 64
#define FAKE_TASKS 16
#define FAKE_LISTENERS 16

struct fake_task {
	struct lyre_task task;
	int woken;
};

struct lyre_instance {
	const struct lyre_module *descriptor;
	struct fake_memory memory; /* of tables, settings and declarations */
	const lyre_value *settings;
	struct fake_text log;
	char *failure;
	int starting;
	struct lyre_metric_source metrics[FAKE_METRICS];
	size_t metric_count;
	struct lyre_route routes[FAKE_ROUTES];
	size_t route_count;
	struct fake_task tasks[FAKE_TASKS];
	size_t task_count;
	struct lyre_listener listeners[FAKE_LISTENERS];
	size_t listener_count;
	const char *user;
	int super_user;
	int stopped_clock; /* at time, ms since the epoch */
	double time;
};
extern struct lyre_instance fake;

void fake_call_begin(lyre_call *call, const char *operation);
void fake_call_end(lyre_call *call);
int fake_fail(lyre_call *call, int code, const char *fmt, ...) LYRE_PRINTF(3, 4);
/** Fails the call: the fake host does not have this function, or this use of it. */
int fake_missing(lyre_call *call, const char *what);
/** \p what blocks: it must not be called on the connection's thread. */
void fake_blocks(const lyre_call *call, const char *what);
/** Defines a function of a table that this host does not have: one that fails the call, and one that cannot fail. */
#define FAKE_LACKS(name, arguments)                            \
	static int name arguments                              \
	{                                                      \
		return fake_missing(call, "lyre_" #name "()"); \
	}
#define FAKE_ENDS(type, name, arguments)                                                        \
	static type name arguments                                                              \
	{                                                                                       \
		fake_die("it does not have lyre_" #name "(): test this against a real server"); \
		return (type)0;                                                                 \
	}
/** Runs a handler, and its continuations. \param run  enum lyre_run */
int fake_run(lyre_call *call, int (*handler)(lyre_call *call), uint32_t run);
/** Checks the arguments against the declaration and adds defaults. */
int fake_arguments(lyre_call *call, const struct lyre_operation *operation, const lyre_value *given);
/** Runs work that no request has asked for; a failure is the message of start(), or a line of the log. */
int fake_work(lyre_call *call, int (*work)(lyre_call *call, void *arg), void *arg);
/** Whether the module, or maybe the server, has the setting. */
int fake_is_setting(const char *key);
/** What start() returns: LYRE_EINVAL. */
int fake_start_fail(const char *fmt, ...) LYRE_PRINTF(1, 2);
/** Finds the route and runs its handler. */
int fake_page_begin(lyre_call *call, uint32_t method, const char *target, const char *body);
const char *fake_answer_header(const lyre_call *call, const char *name);
struct lyre_table {
	struct lyre_table *next;
	const char *database, *name, *primary_key;
	struct lyre_attribute *attributes;
	uint32_t attribute_count;
	double expiration;
	int audit, schema_defined, dropped;
	const lyre_value **rows; /* in the order of their keys' first write */
	size_t count, cap, generated;
};

/* Functions of the table of lyre/store.h that are in fake_table.c. */
int fake_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret);
int fake_table_create(lyre_call *call, const struct lyre_table_spec *spec);
int fake_table_drop(lyre_call *call, const char *database, const char *name);
int fake_visit_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg);
const char *fake_table_name(const lyre_table *table);
const char *fake_table_database(const lyre_table *table);
int fake_table_spec(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret);
int fake_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret);
int fake_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37]);
/** NULL if it does not exist; any table of the database if \p name is NULL. */
struct lyre_table *fake_find_table(const char *database, const char *name);
/** A copy in the module's memory; NULL for NULL. */
const char *fake_kept(const char *s);
void fake_tables_forget(void);
double fake_time_now(void);
int fake_time_parse(const char *s, size_t len, double *ms);
size_t fake_time_text(char out[32], double ms);

/* The tables of functions. */
extern const struct lyre_value_api fake_value_api;
extern const struct lyre_call_api fake_call_api;
extern const struct lyre_store_api fake_store_api;
extern const struct lyre_job_api fake_job_api;
extern const struct lyre_module_api fake_module_api;
extern const struct lyre_user_api fake_user_api;
extern const struct lyre_server_api fake_server_api;
extern const struct lyre_tls_api fake_tls_api;
extern const struct lyre_task_api fake_task_api;
extern const struct lyre_page_api fake_page_api;
extern const struct lyre_event_api fake_event_api;

#endif
