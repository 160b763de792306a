/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_module.c
 * \brief The operation sql: from the statement to its answer.
 */
#include "sql_connection.h"

#include "functions.h"
#include "sql_memory.h"

#include <string.h>

struct sql_settings sql_settings;

/* ---- the operation ---- */

static int prepare_new(struct sql_run *run)
{
	unsigned flags = run->at_once ? SQLITE_PREPARE_PERSISTENT : 0;
	int rc = sqlite3_prepare_v3(run->connection->db, run->sql, -1, flags, &run->stmt, NULL);
	if (rc != SQLITE_OK)
		return sql_fail(run, rc, true);
	return run->stmt ? 0 : sql_statement_wrong(&run->statement, 0);
}

static int bind(struct sql_run *run)
{
	if (sqlite3_bind_parameter_count(run->stmt) > (int)run->statement.literal_count)
		return lyre_fail(run->call, LYRE_EINVAL, "Parameters (?) are not supported in SQL");
	int rc = sql_prepared_bind(run->stmt, &run->statement);
	return rc == SQLITE_OK ? 0 : sql_fail(run, rc, true);
}

static int prepare(struct sql_run *run)
{
	int rc = sql_connection_declare(run);
	if (rc < 0)
		return rc;
	run->sql = sql_statement_text(&run->statement);
	if (!run->sql)
		return LYRE_ENOMEM;
	run->stmt = run->at_once ? sql_prepared_take(run->connection, run->sql) : NULL;
	if (run->stmt)
		run->one_row = true; /* only such statements are kept */
	else
		rc = prepare_new(run);
	return rc == 0 ? bind(run) : rc;
}

/** Begins the moment in which all tables are read. */
static int begin_moment(struct sql_run *run)
{
	struct sql_statement *s = &run->statement;
	lyre_table *tables[SQL_TABLES_MAX];
	for (size_t i = 0; i < s->table_count; i++)
		tables[i] = run->tables[i].table;
	int rc = lyre_moment_begin(run->call, tables, s->table_count);
	for (size_t i = 0; rc == 0 && i < s->table_count; i++) {
		struct lyre_table_stats stats = { .size = sizeof stats };
		if (lyre_table_stats(run->call, tables[i], 0, &stats) == 0)
			run->tables[i].records = stats.record_count;
	}
	return rc;
}

/** The number of a table's records, without a scan. */
static int answer_count(struct sql_run *run)
{
	struct lyre_table_stats stats = { .size = sizeof stats };
	lyre_out *o = lyre_reply(run->call);
	int rc = lyre_table_stats(run->call, run->tables[0].table, 1, &stats);
	if (rc < 0)
		return rc;
	lyre_out_array_begin(o);
	lyre_out_object_begin(o);
	lyre_out_key(o, run->statement.count_name);
	lyre_out_int(o, (int64_t)stats.record_count);
	lyre_out_object_end(o);
	lyre_out_array_end(o);
	return 0;
}

static int run_statement(struct sql_run *run)
{
	int rc = sql_tables_open(run);
	if (rc == 0)
		rc = sql_tables_permit(run);
	if (rc == 0 && run->statement.count_name)
		return answer_count(run);
	if (rc == 0)
		rc = begin_moment(run);
	if (rc < 0)
		return rc;
	if (!sql_connection_take(run))
		return LYRE_ENOMEM;
	rc = prepare(run);
	if (rc == 0 && run->at_once && !run->one_row)
		rc = LYRE_PENDING; /* not a lookup by key after all: start over on another thread */
	if (rc == 0)
		rc = run->statement.writes ? sql_write(run) : sql_select(run);
	run->keeps = rc == 0 && run->at_once;
	sql_connection_release(run);
	if (rc != LYRE_PENDING || run->at_once)
		lyre_moment_end(run->call);
	return rc;
}

static int check_argument(lyre_call *call)
{
	const lyre_value *arg = lyre_arg(call, "sql");
	size_t len = 0;
	const char *text = lyre_value_string(arg, &len);
	if (lyre_value_type(arg) == LYRE_NULL || (lyre_value_type(arg) == LYRE_STRING && !len))
		return lyre_fail(call, LYRE_EINVAL, "The 'sql' parameter is missing from the request body");
	if (lyre_value_type(arg) != LYRE_STRING)
		return lyre_fail(call, LYRE_EINVAL,
			"We had trouble parsing your request. Please ensure your SQL is valid. Try adding backticks to reserved words and "
			"schema table references.");
	if (strlen(text) != len)
		return lyre_fail(call, LYRE_EINVAL, "'sql' must not contain NUL characters");
	if (len > (size_t)sql_settings.length)
		return lyre_fail(
			call, LYRE_ETOOBIG, "The statement is longer than %d bytes (modules.sql.maxLength)", sql_settings.length);
	return 0;
}

static int begin(struct sql_run *run, lyre_call *call)
{
	*run = (struct sql_run){ .call = call, .asked = sql_now() };
	run->until = sql_settings.timeout_ms ? run->asked + sql_settings.timeout_ms : 0;
	return sql_statement_read(&run->statement, call, lyre_arg_string(call, "sql"));
}

static int run_long(lyre_call *call)
{
	struct sql_run run;
	int rc = lyre_call_wanted(call); /* it may have waited for a thread longer than its client did */
	if (rc == 0)
		rc = begin(&run, call);
	return rc < 0 ? rc : run_statement(&run);
}

/** Statements up to this many bytes are parsed on the connection's thread. */
#define SHORT_MAX 2048

/** A lookup of one record by key, or a count, runs on the connection's thread; everything else on a thread that may take long. */
static int sql(lyre_call *call)
{
	struct sql_run run;
	int rc = check_argument(call);
	if (rc < 0)
		return rc;
	if (strlen(lyre_arg_string(call, "sql")) > SHORT_MAX)
		return lyre_call_longer(call, run_long);
	rc = begin(&run, call);
	if (rc < 0)
		return rc;
	if (!run.statement.count_name && !run.statement.light)
		return lyre_call_longer(call, run_long);
	run.at_once = true;
	sql_statement_take_literals(&run.statement);
	rc = run_statement(&run);
	return rc == LYRE_PENDING ? lyre_call_longer(call, run_long) : rc;
}

/* ---- the module ---- */

static const struct lyre_setting settings[] = {
	{ .key = "timeout",
		.type = LYRE_S_DURATION,
		.flags = LYRE_SF_NULL,
		.fallback = "30s",
		.min = 1,
		.max = 86400000,
		.help = "Time that a statement may run; null: no limit." },
	{ .key = "memory",
		.type = LYRE_S_SIZE,
		.fallback = "64M",
		.min = 1 << 20,
		.max = 1ll << 40,
		.help = "Memory that a statement may use to sort, group and join; its answer is counted separately." },
	{ .key = "maxLength",
		.type = LYRE_S_SIZE,
		.fallback = "16M",
		.min = 1 << 10,
		.max = 1 << 30,
		.help = "Maximum size of a statement, and of a string in it." },
};

static int start(lyre_instance *self)
{
	sql_settings.timeout_ms = lyre_setting_int(self, "timeout");
	sql_settings.memory = lyre_setting_int(self, "memory");
	sql_settings.length = (int)lyre_setting_int(self, "maxLength");
	sql_nesting_start(lyre_setting_int(self, "/threads.stackSize"));
	if (!sql_limits_start())
		return lyre_start_fail(self, LYRE_ENOMEM, "out of memory");
	if (sql_memory_start() != SQLITE_OK)
		return lyre_start_fail(self, LYRE_EINTERNAL, "SQLite %s cannot be set up", sqlite3_libversion());
	return 0;
}

static void stop(lyre_instance *self)
{
	(void)self;
	sql_connections_close();
	sql_functions_stop();
	sqlite3_shutdown(); /* its allocator asks for the limits */
	sql_limits_stop();
}

static const struct lyre_param params[] = {
	{ .name = "sql",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_HANDLER_CHECKS,
		.help = "The statement: SELECT, INSERT, UPDATE or DELETE, with tables as database.table." },
};

static const struct lyre_operation operations[] = {
	{ .name = "sql",
		.handler = sql,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(params),
		.help = "Run an SQL statement." },
};

LYRE_MODULE(sql, "1.0.0", "SQL: select, insert, update, delete", .settings = LYRE_LIST(settings),
	.operations = LYRE_LIST(operations), .start = start, .stop = stop);
