/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/system_module.c
 * \brief The host and the server itself: statistics, configuration, restart, jobs, logs.
 */
#include "information.h"
#include "system_module.h"

/* ---- jobs ---- */

static const struct lyre_param get_configuration_params[] = {
	{ .name = "effective", .types = LYRE_T_BOOLEAN, .flags = LYRE_P_NULL_IS_ABSENT, .fallback = "false",
	  .help = "Show the values that are in effect now instead." },
};
static const struct lyre_param get_job_params[] = {
	{ .name = "id", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT,
	  .help = "Id of the job, as the operation that began it answered." },
};

static const struct lyre_param search_jobs_by_start_date_params[] = {
	{ .name = "from_date", .types = LYRE_T_ANY, .help = "The earliest start, ISO 8601." },
	{ .name = "to_date", .types = LYRE_T_ANY, .help = "The latest start, ISO 8601." },
};

static const struct lyre_param delete_records_before_params[] = {
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"data\"",
	  .help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED | LYRE_P_NAME,
	  .help = "Name of the table." },
	{ .name = "date", .types = LYRE_T_ANY, .flags = LYRE_P_REQUIRED,
	  .help = "Records made before this go, ISO 8601; without a zone it is UTC." },
};

/* ---- restart ---- */

/* Checked by hand: clients know which of two mistakes is told of first. */
static const struct lyre_param restart_service_params[] = {
	{ .name = "service", .types = LYRE_T_ANY, .help = "What to renew: http_workers." },
	{ .name = "replicated", .types = LYRE_T_ANY, .help = "On all nodes of a cluster; there is none." },
};

/* ---- information ---- */

/* What is no array means all, as an empty one does. */
static const struct lyre_param system_information_params[] = {
	{ .name = "attributes", .types = LYRE_T_ARRAY, .flags = LYRE_P_NULL_IS_ABSENT,
	  .help = "Parts to tell: system, time, cpu, memory, disk, network, harperdb_processes, table_size, metrics, threads, replication." },
};

/* ---- components ---- */

/* The items are checked by hand: each must be a string. */
static const struct lyre_param install_node_modules_params[] = {
	{ .name = "projects", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY,
	  .help = "Names of folders under componentsRoot." },
	{ .name = "dry_run", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "Only tell what would be done; no scripts are run." },
};

/* ---- status ---- */

static const struct lyre_param set_status_params[] = {
	{ .name = "id", .types = LYRE_T_ANY, .fallback = "\"primary\"", .help = "primary, maintenance or availability." },
	{ .name = "status", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED,
	  .help = "Any text; Available or Unavailable for availability." },
};

static const struct lyre_param get_status_params[] = {
	{ .name = "id", .types = LYRE_T_STRING, .flags = LYRE_P_NULL_IS_ABSENT,
	  .help = "Which one; without it all, and how the parts of the server are." },
};

static const struct lyre_param clear_status_params[] = {
	{ .name = "id", .types = LYRE_T_STRING, .flags = LYRE_P_NULL_IS_ABSENT, .help = "Which one." },
};

/* ---- logs ---- */

/* Of any kind: what is wrong with them is said all at once, by the handler. */
static const struct lyre_param read_log_params[] = {
	{ .name = "start", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT, .fallback = "0",
	  .help = "Lines to pass over first." },
	{ .name = "limit", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT, .fallback = "1000",
	  .help = "Lines at the most." },
	{ .name = "level", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT,
	  .help = "Only lines of this level: notify, fatal, error, warn, info, debug or trace." },
	{ .name = "from", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "The earliest time, ISO 8601." },
	{ .name = "until", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "The latest time, ISO 8601." },
	{ .name = "to", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "Another word for until." },
	{ .name = "order", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT,
	  .help = "asc, the oldest first, as if not given; or desc." },
	{ .name = "filter", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "A text that the message holds." },
	{ .name = "log_name", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "lyre.log, the only one." },
};

#define SEARCH_OF_CHANGES \
	{ .name = "search_type", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, \
	  .help = "timestamp, username or hash_value: what search_values are." }, \
	{ .name = "search_values", .types = LYRE_T_ARRAY, .flags = LYRE_P_NULL_IS_ABSENT, \
	  .help = "The earliest time and the latest, ms since the epoch; or names of users; or primary keys." }

static const struct lyre_param read_transaction_log_params[] = {
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"data\"",
	  .help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME, .help = "Name of the table." },
	{ .name = "from", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT,
	  .help = "The earliest time: ms since the epoch, or ISO 8601." },
	{ .name = "to", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT, .help = "The latest time." },
	SEARCH_OF_CHANGES,
	{ .name = "limit", .types = LYRE_T_NUMBER, .min = 1, .max = 9007199254740991,
	  .flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE, .help = "Writes at the most." },
};

static const struct lyre_param read_audit_log_params[] = {
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"data\"",
	  .help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME, .help = "Name of the table." },
	SEARCH_OF_CHANGES,
	{ .name = "limit", .types = LYRE_T_NUMBER, .min = 1, .max = 9007199254740991,
	  .flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,
	  .help = "Writes at the most; of each user, when users are asked for." },
};

static const struct lyre_param delete_logs_before_params[] = {
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"data\"",
	  .help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME, .help = "Name of the table." },
	{ .name = "timestamp", .types = LYRE_T_ANY, .flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT,
	  .help = "What was written before this goes: ms since the epoch." },
};

static const struct lyre_operation operations[] = {
	{ .name = "system_information",
	  .handler = system_system_information,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(system_information_params),
	  .help = "Tell about the host and this server." },
	{ .name = "get_configuration",
	  .handler = system_get_configuration,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(get_configuration_params),
	  .help = "Show the configuration as it will be after a restart." },
	{ .name = "set_configuration",
	  .handler = system_set_configuration,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .help = "Change settings in the configuration file." },
	{ .name = "restart",
	  .handler = system_restart,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .flags = LYRE_O_LAST_ANSWER,
	  .help = "Restart the server; nobody is refused meanwhile." },
	{ .name = "restart_service",
	  .handler = system_restart_service,
	  .run = LYRE_RUN_JOB,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .flags = LYRE_O_LAST_ANSWER,
	  .check = system_restart_service_check,
	  .params = LYRE_LIST(restart_service_params),
	  .help = "Renew a part of the server, such as what serves connections." },
	{ .name = "get_job",
	  .handler = system_get_job,
	  .run = LYRE_RUN_INLINE,
	  .access = LYRE_ACCESS_USER,
	  .params = LYRE_LIST(get_job_params),
	  .help = "Tell how a job is getting on, and what came of it." },
	{ .name = "search_jobs_by_start_date",
	  .handler = system_search_jobs_by_start_date,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(search_jobs_by_start_date_params),
	  .refused_as = "handleGetJobsByStartDate",
	  .help = "List the jobs that began between two dates." },
	{ .name = "delete_records_before",
	  .handler = system_delete_records_before,
	  .run = LYRE_RUN_JOB,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .permissions = LYRE_PERMIT_DELETE,
	  .params = LYRE_LIST(delete_records_before_params),
	  .aliases = "delete_files_before",
	  .check = system_delete_records_before_check,
	  .refused_as = "deleteFilesBefore",
	  .help = "Delete the records of a table that were made before a date." },
	{ .name = "read_log",
	  .handler = system_read_log,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(read_log_params),
	  .help = "Read the log of the server." },
	{ .name = "read_transaction_log",
	  .handler = system_read_transaction_log,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(read_transaction_log_params),
	  .help = "Read what was written to a table." },
	{ .name = "read_audit_log",
	  .handler = system_read_audit_log,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(read_audit_log_params),
	  .help = "Read what was written to a table, by time, user or key." },
	{ .name = "delete_transaction_logs_before",
	  .handler = system_delete_transaction_logs_before,
	  .run = LYRE_RUN_JOB,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(delete_logs_before_params),
	  .check = system_delete_logs_check,
	  .help = "Remove what was written to a table before a time from its log." },
	{ .name = "delete_audit_logs_before",
	  .handler = system_delete_audit_logs_before,
	  .run = LYRE_RUN_JOB,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(delete_logs_before_params),
	  .check = system_delete_logs_check,
	  .help = "Remove what was written to a table before a time from its log." },
	{ .name = "install_node_modules",
	  .handler = system_install_node_modules,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(install_node_modules_params),
	  .refused_as = "installModules",
	  .help = "Run npm install in folders of components. Deprecated." },
	{ .name = "registration_info",
	  .handler = system_registration_info,
	  .run = LYRE_RUN_INLINE,
	  .access = LYRE_ACCESS_USER,
	  .help = "Tell the version, and that no registration is needed." },
	{ .name = "get_fingerprint",
	  .handler = system_get_fingerprint,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .help = "Tell what identifies this installation." },
	{ .name = "set_status",
	  .handler = system_set_status,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(set_status_params),
	  .help = "Set a status that others can ask for." },
	{ .name = "get_status",
	  .handler = system_get_status,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(get_status_params),
	  .help = "Tell the status that was set, and that of the parts of the server." },
	{ .name = "clear_status",
	  .handler = system_clear_status,
	  .run = LYRE_RUN_POOL,
	  .access = LYRE_ACCESS_SUPER_USER,
	  .params = LYRE_LIST(clear_status_params),
	  .help = "Remove a status that was set." },
};

static const struct lyre_setting settings[] = {
	{ "npm.timeout", LYRE_S_DURATION, 0, "10m", .min = 100, .max = 86400e3,
	  .help = "How long npm may run for one project of install_node_modules." },
	{ "npm.maxOutput", LYRE_S_SIZE, 0, "1M", .min = 1024, .max = 268435456.0,
	  .help = "Of what npm writes to either of its outputs, so much is answered." },
};

LYRE_MODULE(system, "1.0.0", "Host statistics, configuration, restart, jobs, logs",
	.settings = LYRE_LIST(settings),
	.operations = LYRE_LIST(operations),
	.start = information_start,
	.stop = information_stop);
