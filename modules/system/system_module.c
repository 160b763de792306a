/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/system_module.c
 * \brief The host and the server itself: statistics, configuration, restart, jobs, logs.
 */
#include "information.h"
#include "system_module.h"

/* ---- jobs ---- */

static const struct lyre_param get_configuration_params[] = {
	{ .name = "effective",
		.types = LYRE_T_BOOLEAN,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.fallback = "false",
		.help = "Whether to show the values now in effect instead." },
};
static const struct lyre_param get_job_params[] = {
	{ .name = "id",
		.types = LYRE_T_STRING | LYRE_T_NUMBER,
		.flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT,
		.help = "Id of the job, from the answer that started it." },
};

static const struct lyre_param search_jobs_by_start_date_params[] = {
	{ .name = "from_date", .types = LYRE_T_ANY, .help = "Earliest start, ISO 8601." },
	{ .name = "to_date", .types = LYRE_T_ANY, .help = "Latest start, ISO 8601." },
};

static const struct lyre_param delete_records_before_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME,
		.fallback = "\"data\"",
		.help = "Name of the database." },
	{ .name = "table",
		.types = LYRE_T_STRING | LYRE_T_NUMBER,
		.flags = LYRE_P_REQUIRED | LYRE_P_NAME,
		.help = "Name of the table." },
	{ .name = "date",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_REQUIRED,
		.help = "Date before which records are deleted, ISO 8601; UTC unless it has a time zone." },
};

/* ---- restart ---- */

/* Checked by the handler: clients expect a certain order of errors. */
static const struct lyre_param restart_service_params[] = {
	{ .name = "service", .types = LYRE_T_ANY, .help = "Service to restart: http_workers." },
	{ .name = "replicated", .types = LYRE_T_ANY, .help = "Not supported: Lyre has no cluster." },
};

/* ---- information ---- */

/* An empty array means all. */
static const struct lyre_param system_information_params[] = {
	{ .name = "attributes",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Parts to show: system, time, cpu, memory, disk, network, harperdb_processes, table_size, metrics, threads, "
			"replication." },
};

/* ---- components ---- */

/* The handler checks the items: each must be a string. */
static const struct lyre_param install_node_modules_params[] = {
	{ .name = "projects",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY,
		.help = "Names of folders under componentsRoot." },
	{ .name = "dry_run",
		.types = LYRE_T_BOOLEAN,
		.fallback = "false",
		.help = "Whether to only show what would be done; no scripts are run." },
};

/* ---- status ---- */

static const struct lyre_param set_status_params[] = {
	{ .name = "id",
		.types = LYRE_T_ANY,
		.fallback = "\"primary\"",
		.help = "Status to set: primary, maintenance or availability." },
	{ .name = "status",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED,
		.help = "New value: any text; for availability, Available or Unavailable." },
};

static const struct lyre_param get_status_params[] = {
	{ .name = "id",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Status to show; default: all, and the state of the server's components." },
};

static const struct lyre_param clear_status_params[] = {
	{ .name = "id", .types = LYRE_T_STRING, .flags = LYRE_P_NULL_IS_ABSENT, .help = "Status to remove." },
};

/* ---- logs ---- */

/* Of any type: the handler checks them, to report all errors at once. */
static const struct lyre_param read_log_params[] = {
	{ .name = "start",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT,
		.fallback = "0",
		.help = "Number of lines to skip." },
	{ .name = "limit",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT,
		.fallback = "1000",
		.help = "Maximum number of lines." },
	{ .name = "level",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Level of the lines: notify, fatal, error, warn, info, debug or trace; default: all." },
	{ .name = "from", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "Earliest time, ISO 8601." },
	{ .name = "until", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "Latest time, ISO 8601." },
	{ .name = "to", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "Same as until." },
	{ .name = "order",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Sort order: asc (default, oldest first) or desc." },
	{ .name = "filter", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT, .help = "Text that the message must contain." },
	{ .name = "log_name",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Name of the log: lyre.log, the only one." },
};

#define SEARCH_OF_CHANGES                                                                                   \
	{ .name = "search_type",                                                                            \
		.types = LYRE_T_ANY,                                                                        \
		.flags = LYRE_P_NULL_IS_ABSENT,                                                             \
		.help = "Type of search_values: timestamp, username or hash_value." },                      \
	{                                                                                                   \
		.name = "search_values", .types = LYRE_T_ARRAY, .flags = LYRE_P_NULL_IS_ABSENT,             \
		.help = "Earliest and latest time, ms since the epoch; or names of users; or primary keys." \
	}

static const struct lyre_param read_transaction_log_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME,
		.fallback = "\"data\"",
		.help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME, .help = "Name of the table." },
	{ .name = "from",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT,
		.help = "Earliest time: ms since the epoch, or ISO 8601." },
	{ .name = "to", .types = LYRE_T_ANY, .flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT, .help = "Latest time." },
	SEARCH_OF_CHANGES,
	{ .name = "limit",
		.types = LYRE_T_NUMBER,
		.min = 1,
		.max = 9007199254740991,
		.flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,
		.help = "Maximum number of writes." },
};

static const struct lyre_param read_audit_log_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME,
		.fallback = "\"data\"",
		.help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME, .help = "Name of the table." },
	SEARCH_OF_CHANGES,
	{ .name = "limit",
		.types = LYRE_T_NUMBER,
		.min = 1,
		.max = 9007199254740991,
		.flags = LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,
		.help = "Maximum number of writes; per user, for search_type username." },
};

static const struct lyre_param delete_logs_before_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME,
		.fallback = "\"data\"",
		.help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME, .help = "Name of the table." },
	{ .name = "timestamp",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT | LYRE_P_NUMERIC_TEXT,
		.help = "Time before which entries are deleted: ms since the epoch." },
};

static const struct lyre_operation operations[] = {
	{ .name = "system_information",
		.handler = system_system_information,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(system_information_params),
		.help = "Show information about the host and this server." },
	{ .name = "get_configuration",
		.handler = system_get_configuration,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
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
		.help = "Restart the server without refusing connections." },
	{ .name = "restart_service",
		.handler = system_restart_service,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_LAST_ANSWER,
		.check = system_restart_service_check,
		.params = LYRE_LIST(restart_service_params),
		.help = "Restart a part of the server, such as the connection threads." },
	{ .name = "get_job",
		.handler = system_get_job,
		.run = LYRE_RUN_INLINE,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(get_job_params),
		.help = "Show the status and the result of a job." },
	{ .name = "search_jobs_by_start_date",
		.handler = system_search_jobs_by_start_date,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(search_jobs_by_start_date_params),
		.refused_as = "handleGetJobsByStartDate",
		.help = "List the jobs started between two dates." },
	{ .name = "delete_records_before",
		.handler = system_delete_records_before,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_SUPER_USER,
		.permissions = LYRE_PERMIT_DELETE,
		.params = LYRE_LIST(delete_records_before_params),
		.aliases = "delete_files_before",
		.check = system_delete_records_before_check,
		.refused_as = "deleteFilesBefore",
		.help = "Delete the records of a table created before a date." },
	{ .name = "read_log",
		.handler = system_read_log,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(read_log_params),
		.help = "Read the server's log." },
	{ .name = "read_transaction_log",
		.handler = system_read_transaction_log,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(read_transaction_log_params),
		.help = "Read the writes in a table's audit log." },
	{ .name = "read_audit_log",
		.handler = system_read_audit_log,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(read_audit_log_params),
		.help = "Read the writes in a table's audit log by time, user or key." },
	{ .name = "delete_transaction_logs_before",
		.handler = system_delete_transaction_logs_before,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(delete_logs_before_params),
		.check = system_delete_logs_check,
		.help = "Delete entries of a table's audit log that are older than a given time." },
	{ .name = "delete_audit_logs_before",
		.handler = system_delete_audit_logs_before,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(delete_logs_before_params),
		.check = system_delete_logs_check,
		.help = "Delete entries of a table's audit log that are older than a given time." },
	{ .name = "install_node_modules",
		.handler = system_install_node_modules,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(install_node_modules_params),
		.refused_as = "installModules",
		.help = "Run npm install in component folders. Deprecated." },
	{ .name = "registration_info",
		.handler = system_registration_info,
		.run = LYRE_RUN_INLINE,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.help = "Show the version. No registration is needed." },
	{ .name = "get_fingerprint",
		.handler = system_get_fingerprint,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.help = "Show the unique identifier of this installation." },
	{ .name = "set_status",
		.handler = system_set_status,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(set_status_params),
		.help = "Set a status for others to query." },
	{ .name = "get_status",
		.handler = system_get_status,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(get_status_params),
		.help = "Show the statuses that were set, and the state of the server's components." },
	{ .name = "clear_status",
		.handler = system_clear_status,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(clear_status_params),
		.help = "Remove a status that was set." },
};

static const struct lyre_setting settings[] = {
	{ "npm.timeout", LYRE_S_DURATION, 0, "10m", .min = 100, .max = 86400e3,
		.help = "Time limit for npm per project of install_node_modules." },
	{ "npm.maxOutput", LYRE_S_SIZE, 0, "1M", .min = 1024, .max = 268435456.0,
		.help = "Maximum size of npm's output to return; applies to stdout and stderr each." },
};

LYRE_MODULE(system, "1.0.0", "Host statistics, configuration, restart, jobs, logs", .settings = LYRE_LIST(settings),
	.operations = LYRE_LIST(operations), .start = information_start, .stop = information_stop);
