/* SPDX-License-Identifier: Apache-2.0 */
/** Declares that it uses nothing, but calls any service on request: the services must check the rights. */
#include <lyre/lyre.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char *text(lyre_call *call, const char *name)
{
	const char *s = lyre_arg_string(call, name);
	return s ? s : "";
}

static void put(lyre_out *o, const char *s)
{
	lyre_out_string(o, s, strlen(s));
}

static int open_table(lyre_call *call, lyre_table **ret)
{
	return lyre_table_open(call, text(call, "database"), text(call, "table"), ret);
}

static int done(lyre_call *call, int rc)
{
	return rc < 0 ? rc : lyre_reply_message(call, "done");
}

/* ---- descriptions of databases and tables ---- */

static int name_database(void *arg, const char *name)
{
	put(arg, name);
	return 0;
}

static int databases(lyre_call *call)
{
	lyre_out *o = lyre_reply(call);
	lyre_out_array_begin(o);
	int rc = lyre_databases(call, name_database, o);
	lyre_out_array_end(o);
	return rc;
}

static int describe(void *arg, lyre_table *table)
{
	lyre_call *call = arg;
	struct lyre_table_spec spec = { .size = sizeof spec };
	int rc = lyre_table_spec(call, table, &spec);
	if (rc < 0)
		return rc;
	lyre_out *o = lyre_reply(call);
	lyre_out_key(o, spec.name);
	lyre_out_array_begin(o);
	for (uint32_t i = 0; i < spec.attribute_count; i++)
		put(o, lyre_attribute_at(&spec, i)->name);
	lyre_out_array_end(o);
	return 0;
}

static int write_tables(void *arg)
{
	lyre_call *call = arg;
	lyre_out_object_begin(lyre_reply(call));
	int rc = lyre_tables(call, text(call, "database"), describe, call);
	lyre_out_object_end(lyre_reply(call));
	return rc;
}

static int tables(lyre_call *call)
{
	return write_tables(call);
}

static int figures(lyre_call *call)
{
	return lyre_reply_cached(call, text(call, "database"), "sneaky", write_tables, call);
}

static int spec(lyre_call *call)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	lyre_out_object_begin(lyre_reply(call));
	if (rc == 0)
		rc = describe(call, table);
	lyre_out_object_end(lyre_reply(call));
	return rc;
}

static int stats(lyre_call *call)
{
	struct lyre_table_stats s = { .size = sizeof s };
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc == 0)
		rc = lyre_table_stats(call, table, 0, &s);
	if (rc == 0)
		lyre_out_int(lyre_reply(call), (int64_t)s.record_count);
	return rc;
}

/* ---- records ---- */

static int ask(lyre_call *call, lyre_cursor **ret)
{
	struct lyre_query q = { .size = sizeof q,
		.limit = UINT64_MAX,
		.conditions = lyre_arg(call, "conditions"),
		.select = lyre_arg(call, "select"),
		.sort = lyre_arg(call, "sort") };
	int rc = open_table(call, &q.table);
	return rc < 0 ? rc : lyre_query_open(call, &q, ret);
}

static int query(lyre_call *call)
{
	lyre_cursor *rows;
	int rc = ask(call, &rows);
	return rc < 0 ? rc : lyre_reply_rows(call, rows);
}

/** The same rows as values. */
static int cursor(lyre_call *call)
{
	const lyre_value *row;
	lyre_cursor *rows;
	int rc = ask(call, &rows);
	lyre_out_array_begin(lyre_reply(call));
	while (rc == 0 && (rc = lyre_cursor_next(call, rows, &row)) == 0)
		lyre_out_value(lyre_reply(call), row);
	lyre_out_array_end(lyre_reply(call));
	return rc == LYRE_END ? 0 : rc;
}

/** How many rows there are; offset and limit as given. */
static int count(lyre_call *call)
{
	const lyre_value *limit = lyre_value_get(lyre_call_body(call), "limit"),
			 *offset = lyre_value_get(lyre_call_body(call), "offset");
	struct lyre_query q = { .size = sizeof q,
		.offset = offset ? (uint64_t)lyre_value_int(offset) : 0,
		.limit = limit ? (uint64_t)lyre_value_int(limit) : UINT64_MAX,
		.conditions = lyre_arg(call, "conditions"),
		.select = lyre_arg(call, "select"),
		.sort = lyre_arg(call, "sort") };
	uint64_t n;
	int rc = open_table(call, &q.table);
	if (rc == 0)
		rc = lyre_count(call, &q, &n);
	if (rc == 0)
		lyre_out_int(lyre_reply(call), (int64_t)n);
	return rc;
}

static int lookup(lyre_call *call)
{
	lyre_table *table;
	lyre_cursor *rows;
	int rc = open_table(call, &table);
	if (rc == 0)
		rc = lyre_lookup(call, table, lyre_arg(call, "records"), lyre_arg(call, "select"), &rows);
	return rc < 0 ? rc : lyre_reply_rows(call, rows);
}

/** The values of an attribute. */
static int read_attribute(lyre_call *call, lyre_table *table, const struct lyre_range *range)
{
	const char *name = text(call, "attribute");
	lyre_reader *reader;
	struct lyre_field f;
	int rc = lyre_reader_open(call, table, &name, 1, &reader);
	if (rc == 0)
		rc = lyre_reader_seek(reader, range);
	if (rc < 0)
		return rc;
	while ((rc = lyre_reader_next(reader)) == 0) {
		lyre_reader_field(reader, 0, &f);
		if (f.type == LYRE_STRING)
			lyre_out_string(lyre_reply(call), f.s, f.len);
		else
			lyre_out_int(lyre_reply(call), f.i);
	}
	lyre_reader_close(reader);
	return rc == LYRE_END ? 0 : rc;
}

static int read_twice(lyre_call *call, const struct lyre_range *range, int in_a_moment)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc == 0 && in_a_moment)
		rc = lyre_moment_begin(call, &table, 1);
	lyre_out_array_begin(lyre_reply(call));
	for (int i = 0; rc == 0 && i < 2; i++)
		rc = read_attribute(call, table, range);
	lyre_out_array_end(lyre_reply(call));
	return rc;
}

static int reader(lyre_call *call)
{
	const struct lyre_range all = { .size = sizeof all };
	return read_twice(call, &all, 1);
}

static int reader_alone(lyre_call *call)
{
	const struct lyre_range all = { .size = sizeof all };
	return read_twice(call, &all, 0);
}

/** The keys by the order of an attribute. */
static int range(lyre_call *call)
{
	const struct lyre_range down = {
		.size = sizeof down, .flags = LYRE_RANGE_LOW | LYRE_RANGE_DESCENDING, .attribute = text(call, "attribute")
	};
	return read_twice(call, &down, 1);
}

static int index_of(lyre_call *call)
{
	struct lyre_index index = { .size = sizeof index };
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc == 0)
		rc = lyre_moment_begin(call, &table, 1);
	if (rc == 0)
		rc = lyre_index_look(call, table, text(call, "attribute"), &index);
	if (rc == 0)
		lyre_out_int(lyre_reply(call), (int64_t)index.entries);
	return rc;
}

static enum lyre_write_mode mode(lyre_call *call)
{
	return (enum lyre_write_mode)lyre_value_int(lyre_arg(call, "mode"));
}

static int written(lyre_call *call, const struct lyre_write_result *result, void *arg)
{
	(void)arg;
	return lyre_reply_message(call, "%zu", result->done);
}

static int write_later(lyre_call *call)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	return rc < 0 ? rc : lyre_write(call, table, mode(call), lyre_arg(call, "records"), written, NULL);
}

static int write_now(lyre_call *call)
{
	const struct lyre_write_result *result;
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc == 0)
		rc = lyre_write_wait(call, table, mode(call), lyre_arg(call, "records"), &result);
	return rc < 0 ? rc : written(call, result, NULL);
}

/* ---- definitions ---- */

static int create_database(lyre_call *call)
{
	return done(call, lyre_database_create(call, text(call, "database")));
}
static int drop_database(lyre_call *call)
{
	return done(call, lyre_database_drop(call, text(call, "database")));
}

static int create_table(lyre_call *call)
{
	const struct lyre_table_spec s = { .size = sizeof s,
		.database = text(call, "database"),
		.name = text(call, "table"),
		.primary_key = "id",
		.expiration = -1,
		.audit = -1 };
	return done(call, lyre_table_create(call, &s));
}

static int drop_table(lyre_call *call)
{
	return done(call, lyre_table_drop(call, text(call, "database"), text(call, "table")));
}

static int create_attribute(lyre_call *call)
{
	const struct lyre_attribute a = { .size = sizeof a, .name = text(call, "attribute") };
	lyre_table *table;
	char id[37];
	int rc = open_table(call, &table);
	return done(call, rc < 0 ? rc : lyre_attribute_create(call, table, &a, id));
}

static int drop_attribute(lyre_call *call)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	return done(call, rc < 0 ? rc : lyre_attribute_drop(call, table, text(call, "attribute")));
}

/* ---- the server ---- */

static int backup(lyre_call *call)
{
	int fd;
	int rc = lyre_backup(call, text(call, "database"), NULL, 0, &fd);
	if (rc == 0)
		close(fd);
	return done(call, rc);
}

static int restore(lyre_call *call)
{
	return done(call, lyre_restore(call, text(call, "database"), text(call, "attribute")));
}

static int compact(lyre_call *call)
{
	uint64_t before, after;
	return done(call, lyre_database_compact(call, text(call, "database"), &before, &after));
}

static int storage(lyre_call *call)
{
	struct lyre_storage s = { .size = sizeof s };
	return done(call, lyre_database_storage(call, text(call, "database"), &s));
}

static int check(lyre_call *call)
{
	struct lyre_check c = { .size = sizeof c };
	return done(call, lyre_database_check(call, text(call, "database"), &c));
}

static int pages(lyre_call *call)
{
	struct lyre_pages p = { .size = sizeof p };
	return done(call, lyre_pages(call, text(call, "database"), NULL, &p));
}

static int count_change(void *arg, const struct lyre_change *change)
{
	(void)change;
	++*(int *)arg;
	return 0;
}

static int changes(lyre_call *call)
{
	const struct lyre_change_query q = { .size = sizeof q, .from = NAN, .until = NAN, .limit = UINT64_MAX };
	lyre_table *table;
	int count = 0, rc = open_table(call, &table);
	return done(call, rc < 0 ? rc : lyre_changes(call, table, &q, count_change, &count));
}

static int changes_remove(lyre_call *call)
{
	uint64_t removed;
	lyre_table *table;
	int rc = open_table(call, &table);
	return done(call, rc < 0 ? rc : lyre_changes_remove(call, table, 0, NULL, NULL, &removed));
}

static int see_metric(void *arg, const struct lyre_metric *m)
{
	(void)arg;
	(void)m;
	return 0;
}

static int metrics(lyre_call *call)
{
	return done(call, lyre_metrics(call, see_metric, NULL));
}
static int configuration(lyre_call *call)
{
	return lyre_configuration_reply(call, 0);
}

static int see_setting(void *arg, const struct lyre_setting_entry *entry)
{
	(void)arg;
	(void)entry;
	return 0;
}

static int settings(lyre_call *call)
{
	return done(call, lyre_settings(call, see_setting, NULL));
}

static int configuration_set(lyre_call *call)
{
	static const char *const names[] = { "logging_level" };
	const lyre_value *values[] = { lyre_make_string(call, "error", 5) };
	return done(call, lyre_configuration_set(call, lyre_make_object(call, names, values, 1), 0));
}

static int restart(lyre_call *call)
{
	return done(call, lyre_restart(call));
}
static int restart_workers(lyre_call *call)
{
	return done(call, lyre_restart_workers(call));
}

static int see_entry(void *arg, const struct lyre_log_entry *e)
{
	(void)arg;
	(void)e;
	return 0;
}

static int log_read(lyre_call *call)
{
	const struct lyre_log_query q = { .size = sizeof q, .from = NAN, .until = NAN, .limit = 1 };
	return done(call, lyre_log_read(call, &q, see_entry, NULL));
}

/* ---- refusals ---- */

/** A refusal outlives its scope, and the names created there. */
static int scoped(lyre_call *call)
{
	lyre_table *table;
	const struct lyre_write_result *result;
	int rc = lyre_scope_begin(call);
	if (rc < 0)
		return rc;
	rc = open_table(call, &table);
	if (rc == 0)
		rc = lyre_write_wait(call, table, LYRE_INSERT, lyre_make_copy(call, lyre_arg(call, "records")), &result);
	lyre_scope_end(call);
	if (lyre_scope_begin(call) == 0) { /* reuses its memory */
		char *memory = lyre_alloc(call, 4096);
		if (memory)
			memset(memory, 'x', 4096);
		lyre_scope_end(call);
	}
	return done(call, rc);
}

/** A failure of the module replaces the refusal. */
static int own_words(lyre_call *call)
{
	lyre_table *table;
	return open_table(call, &table) < 0 ? lyre_fail(call, LYRE_EDENIED, "my own words") : done(call, 0);
}

static const struct {
	const char *name;
	int (*run)(lyre_call *call);
} services[] = { { "databases", databases }, { "tables", tables }, { "figures", figures }, { "spec", spec }, { "stats", stats },
	{ "query", query }, { "cursor", cursor }, { "count", count }, { "lookup", lookup }, { "reader", reader },
	{ "reader_alone", reader_alone }, { "range", range }, { "index", index_of }, { "write", write_later },
	{ "write_wait", write_now }, { "create_database", create_database }, { "drop_database", drop_database },
	{ "create_table", create_table }, { "drop_table", drop_table }, { "create_attribute", create_attribute },
	{ "drop_attribute", drop_attribute }, { "backup", backup }, { "restore", restore }, { "compact", compact },
	{ "storage", storage }, { "check", check }, { "pages", pages }, { "changes", changes },
	{ "changes_remove", changes_remove }, { "metrics", metrics }, { "settings", settings }, { "configuration", configuration },
	{ "configuration_set", configuration_set }, { "restart", restart }, { "restart_workers", restart_workers },
	{ "log", log_read }, { "scoped", scoped }, { "own_words", own_words } };

static int serve(lyre_call *call)
{
	const char *name = text(call, "service");
	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (strcmp(services[i].name, name) == 0)
			return services[i].run(call);
	return lyre_fail(call, LYRE_EINVAL, "no service '%s'", name);
}

/** Calls the service, on request with the server's rights, nested. */
static int sneak(lyre_call *call)
{
	int rights = lyre_value_bool(lyre_arg(call, "rights"));
	if (!rights)
		return serve(call);
	lyre_server_rights_begin(call);
	lyre_server_rights_begin(call);
	lyre_server_rights_end(call);
	int rc = serve(call);
	lyre_server_rights_end(call);
	return rc;
}

#define TEXT(n)                                                      \
	{                                                            \
		.name = n, .types = LYRE_T_STRING, .help = "A text." \
	}
#define LIST(n)                                                     \
	{                                                           \
		.name = n, .types = LYRE_T_ARRAY, .help = "A list." \
	}

/* None has the flags for the permission check, and the operation declares no permissions. */
static const struct lyre_param params[] = {
	TEXT("service"),
	TEXT("database"),
	TEXT("table"),
	TEXT("attribute"),
	LIST("records"),
	LIST("select"),
	LIST("conditions"),
	{ .name = "sort", .types = LYRE_T_OBJECT, .help = "An order." },
	{ .name = "mode", .types = LYRE_T_NUMBER, .fallback = "0", .help = "A write's mode." },
	{ .name = "rights", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "Whether to use the server's rights." },
};

static const struct lyre_operation operations[] = {
	{ .name = "sneak",
		.handler = sneak,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(params),
		.help = "Ask a service." },
	{ .name = "sneak_open",
		.handler = sneak,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_OPEN,
		.params = LYRE_LIST(params),
		.help = "Ask a service without credentials." },
	{ .name = "sneak_job",
		.handler = sneak,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(params),
		.help = "Ask a service in a job." },
};

LYRE_MODULE(sneaky, "1.0", "Asks for more than it declares", .operations = LYRE_LIST(operations));
