/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file tally.c
 * \brief A module that counts: the beginning of your own. ../GUIDE.md walks through it.
 */
#include <lyre/lyre.h>

#include <stdatomic.h>
#include <string.h>

#define DATABASE "tally"
#define TABLE "counts"

/* The sum of all counts, for the metric. */
static atomic_llong sum;

/**
 * Opens the module's own table, and creates it when it is first needed. Its users need no rights to it: the operations
 * decide what they see.
 */
static int open_table(lyre_call *call, lyre_table **ret)
{
	static const struct lyre_attribute attributes[] = {
		{ .size = sizeof(struct lyre_attribute), .name = "name", .type = "String", .flags = LYRE_A_PRIMARY_KEY },
		{ .size = sizeof(struct lyre_attribute), .name = "count", .type = "Int" },
	};
	static const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.database = DATABASE,
		.name = TABLE,
		.primary_key = "name",
		.attributes = attributes,
		.attribute_count = sizeof attributes / sizeof *attributes,
		.expiration = -1,
		.audit = -1,
	};
	int rc;

	lyre_server_rights_begin(call);
	rc = lyre_table_ensure(call, &spec, ret);
	lyre_server_rights_end(call);
	return rc;
}

/** The count of this name; 0 if there is none yet. */
static int count_so_far(lyre_call *call, lyre_table *table, const lyre_value *name, int64_t *ret)
{
	const lyre_value *row;
	lyre_cursor *rows;
	int rc = lyre_lookup(call, table, lyre_make_array(call, &name, 1), NULL, &rows);

	if (rc < 0)
		return rc;
	rc = lyre_cursor_next(call, rows, &row);
	*ret = rc == 0 ? lyre_value_int(lyre_value_get(row, "count")) : 0;
	return rc < 0 ? rc : 0;
}

/** Answers once the record is on disk. */
static int counted(lyre_call *call, const struct lyre_write_result *result, void *arg)
{
	const int64_t *count = arg;
	lyre_out *o = lyre_reply(call);

	(void)result;
	lyre_out_object_begin(o);
	lyre_out_text(o, "name", lyre_arg_string(call, "name"));
	lyre_out_key(o, "count");
	lyre_out_int(o, *count);
	lyre_out_object_end(o);
	return 0;
}

/** Two calls for one name at the same time may read the same count, and one is lost: the guide says what to do if that matters. */
static int tally(lyre_call *call)
{
	static const char *const names[] = { "name", "count" };
	const lyre_value *values[2], *record;
	int64_t by = lyre_arg_given(call, "by") ? lyre_value_int(lyre_arg(call, "by")) :
						  lyre_setting_int(lyre_call_module(call), "step");
	int64_t *count = lyre_alloc(call, sizeof *count);
	lyre_table *table;
	int rc;

	if (!count)
		return lyre_fail_no_memory(call);
	rc = open_table(call, &table);
	if (rc == 0)
		rc = count_so_far(call, table, lyre_arg(call, "name"), count);
	if (rc < 0)
		return rc;
	if (*count > INT32_MAX)
		return lyre_fail(call, LYRE_EINVAL, "'%s' has been counted often enough", lyre_arg_string(call, "name"));
	*count += by;
	values[0] = lyre_arg(call, "name");
	values[1] = lyre_make_int(call, *count);
	record = lyre_make_object(call, names, values, 2);
	return lyre_write(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), counted, count);
}

/** Streams all counts. */
static int tallies(lyre_call *call)
{
	struct lyre_query query = { .size = sizeof query, .limit = UINT64_MAX };
	lyre_cursor *rows;
	int rc = open_table(call, &query.table);

	if (rc == 0)
		rc = lyre_query_open(call, &query, &rows);
	return rc < 0 ? rc : lyre_reply_rows(call, rows);
}

static const struct lyre_param tally_params[] = {
	{ .name = "name", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY, .help = "What to count." },
	{ .name = "by",
		.types = LYRE_T_NUMBER,
		.flags = LYRE_P_INTEGER | LYRE_P_RANGE,
		.min = 1,
		.max = 1000000,
		.help = "How much to add; by default the setting step." },
};

static const struct lyre_operation operations[] = {
	{ .name = "tally",
		.handler = tally,
		.run = LYRE_RUN_POOL, /* creating the table blocks */
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(tally_params),
		.help = "Add to a count." },
	{ .name = "tallies", .handler = tallies, .run = LYRE_RUN_POOL, .access = LYRE_ACCESS_USER, .help = "List all counts." },
};

static const struct lyre_setting settings[] = {
	{ .key = "step", .type = LYRE_S_INT, .fallback = "1", .min = 1, .max = 1000, .help = "How much a tally adds by default." },
};

/** The task: adds up all counts. It has the rights of the server, and time. */
static int add_up(lyre_call *call, void *unused)
{
	struct lyre_query query = { .size = sizeof query, .limit = UINT64_MAX };
	const lyre_value *row;
	lyre_cursor *rows;
	long long total = 0;
	int rc = lyre_table_open(call, DATABASE, TABLE, &query.table);

	(void)unused;
	if (rc == LYRE_ENOTFOUND) { /* nothing has been counted, or somebody has dropped the table */
		atomic_store(&sum, 0);
		return 0;
	}
	if (rc == 0)
		rc = lyre_query_open(call, &query, &rows);
	while (rc == 0 && (rc = lyre_call_wanted(call)) == 0 && (rc = lyre_cursor_next(call, rows, &row)) == 0)
		total += lyre_value_int(lyre_value_get(row, "count"));
	if (rc < 0)
		return rc;
	atomic_store(&sum, total);
	return 0;
}

/**
 * The event: someone has changed the counts, maybe with other operations than ours, or dropped the table. It must be short, so the
 * task does the rest.
 */
static void changed(lyre_instance *self, const struct lyre_event *event, void *unused)
{
	(void)event;
	(void)unused;
	lyre_task_wake(self, "add_up");
}

static void report_sum(lyre_instance *self, void (*take)(void *arg, const char *label_value, double value), void *arg)
{
	(void)self;
	take(arg, NULL, (double)atomic_load(&sum));
}

static int start(lyre_instance *self)
{
	static const struct lyre_metric_source metric = {
		.size = sizeof metric,
		.type = LYRE_GAUGE,
		.name = "tally_sum",
		.help = "Sum of all counts.",
		.report = report_sum,
	};
	static const struct lyre_task task = { .size = sizeof task, .name = "add_up", .work = add_up };
	static const struct lyre_listener listener = {
		.size = sizeof listener,
		.events = LYRE_EVENT_COMMITTED | LYRE_EVENT_RESET,
		.notice = changed,
		.database = DATABASE,
		.table = TABLE,
	};
	int rc = lyre_metric_add(self, &metric);

	if (rc == 0)
		rc = lyre_task_add(self, &task);
	if (rc == 0)
		rc = lyre_task_wake(self, "add_up"); /* its first run is when the server has started */
	if (rc == 0)
		rc = lyre_listen(self, &listener);
	lyre_log(self, LYRE_INFO, "counting in steps of %lld", (long long)lyre_setting_int(self, "step"));
	return rc;
}

LYRE_MODULE(tally, "1.0.0", "Counts things", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations), .start = start);
