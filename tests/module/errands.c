/* SPDX-License-Identifier: Apache-2.0 */
/** Jobs that make requests, receive files, and refuse records. */
#include <lyre/lyre.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct taken {
	lyre_call *call;
	size_t pieces, bytes;
	uint64_t rows, most; /**< rows after which it has had enough; 0: never */
	char text[4096];     /**< the beginning of the answer */
};

static int take(void *arg, const char *bytes, size_t len, uint64_t rows)
{
	struct taken *t = (struct taken *)arg;
	size_t room = sizeof t->text - 1 - strlen(t->text);
	strncat(t->text, bytes, len < room ? len : room);
	t->pieces++;
	t->bytes += len;
	t->rows = rows;
	if (t->most && rows > t->most)
		return lyre_fail(t->call, LYRE_EINVAL, "that is enough");
	return lyre_job_progress(t->call, rows, 0);
}

/** Answers with what it got: how much, and how it begins. */
static int ask(lyre_call *call)
{
	struct taken t = { .call = call, .most = (uint64_t)lyre_value_int(lyre_arg(call, "most")) };
	const struct lyre_request request = {
		.size = sizeof request,
		.body = lyre_arg(call, "request"),
		.type = lyre_arg_string(call, "type"),
		.take = take,
		.arg = &t,
	};
	lyre_out *o = lyre_reply(call);
	int rc = lyre_request_run(call, &request);
	if (rc == 0)
		rc = lyre_job_message(call, "%lu rows", (unsigned long)t.rows);
	if (rc < 0)
		return rc;
	lyre_out_object_begin(o);
	lyre_out_key(o, "pieces");
	lyre_out_int(o, (int64_t)t.pieces);
	lyre_out_key(o, "bytes");
	lyre_out_int(o, (int64_t)t.bytes);
	lyre_out_text(o, "text", t.text);
	lyre_out_object_end(o);
	return 0;
}

/** Answers with the size of the file that was sent. */
static int weigh(lyre_call *call)
{
	FILE *f = fopen(lyre_arg_string(call, "file"), "rb");
	if (!f)
		return lyre_fail(call, LYRE_EIO, "the file is gone");
	fseek(f, 0, SEEK_END);
	long size = ftell(f);
	fclose(f);
	return lyre_reply_message(call, "%ld bytes", size);
}

static int weigh_check(lyre_call *call)
{
	return lyre_arg_given(call, "refuse") ? lyre_fail(call, LYRE_ECONFLICT, "not this file") : 0;
}

/** Tells which records were refused. */
static int put(lyre_call *call)
{
	const struct lyre_write_result *result;
	lyre_table *table;
	int rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &table);
	if (rc == 0)
		rc = lyre_write_wait(call, table, LYRE_UPSERT, lyre_arg(call, "records"), &result);
	char list[200] = "";
	for (size_t i = lyre_write_refused(call, 0); i != SIZE_MAX && strlen(list) < sizeof list - 8;
		i = lyre_write_refused(call, i + 1))
		sprintf(list + strlen(list), " %u", (unsigned)i % 1000);
	if (rc == LYRE_EINVAL && *list)
		return lyre_reply_message(call, "refused:%s", list);
	return rc < 0 ? rc : lyre_reply_message(call, "none was refused");
}

/** Runs a request, and answers with its answer; a nested one by itself if the operation is this one. */
static int relay(lyre_call *call)
{
	const lyre_value *answer;
	uint32_t flags = lyre_value_bool(lyre_arg(call, "writes")) ? LYRE_REQUEST_WRITES : 0;
	int rights = lyre_value_bool(lyre_arg(call, "rights"));
	if (rights)
		lyre_server_rights_begin(call);
	int rc =
		lyre_request_value(call, lyre_arg(call, "request"), flags, (size_t)lyre_value_int(lyre_arg(call, "most")), &answer);
	if (rights)
		lyre_server_rights_end(call);
	if (rc == 0)
		lyre_out_value(lyre_reply(call), answer);
	return rc;
}

static int relay_self(lyre_call *call)
{
	const lyre_value *answer;
	int rc = lyre_request_value(call, lyre_call_body(call), 0, 1000, &answer);
	return rc < 0 ? rc : lyre_reply_message(call, "it ended");
}

static int relay_longer(lyre_call *call)
{
	return lyre_call_longer(call, relay);
}

static int relay_at_a_moment(lyre_call *call)
{
	lyre_table *table;
	int rc = lyre_table_open(call, "dev", "dog", &table);
	if (rc == 0)
		rc = lyre_moment_begin(call, &table, 1);
	return rc < 0 ? rc : relay(call);
}

/** With the server's rights, outside a request. */
static int work(lyre_call *call, void *arg)
{
	static const char *const names[] = { "operation", "database", "table", "records" };
	const lyre_value *record = lyre_make_json(call, "{\"id\": \"work\"}", 14), *answer;
	const lyre_value *values[] = { lyre_make_text(call, "insert"), lyre_make_text(call, "dev"),
		lyre_make_text(call, (const char *)arg), lyre_make_array(call, &record, 1) };
	return lyre_request_value(call, lyre_make_object(call, names, values, 4), LYRE_REQUEST_WRITES, 1000, &answer);
}

static int relay_work(lyre_call *call)
{
	int rc = lyre_run(lyre_call_module(call), work, (void *)(uintptr_t)lyre_arg_string(call, "table"));
	return rc < 0 ? lyre_fail(call, rc, "the work failed") : lyre_reply_message(call, "worked");
}

static const struct lyre_param relay_params[] = {
	{ .name = "request", .types = LYRE_T_OBJECT, .flags = LYRE_P_REQUIRED, .help = "The request." },
	{ .name = "writes", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "Whether it may write." },
	{ .name = "rights", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "Whether it has the server's rights." },
	{ .name = "most", .types = LYRE_T_NUMBER, .fallback = "1000000", .help = "Bytes of its answer." },
};
static const struct lyre_param work_params[] = {
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED, .help = "Table of the database dev." },
};
static const struct lyre_param ask_params[] = {
	{ .name = "request", .types = LYRE_T_OBJECT, .flags = LYRE_P_REQUIRED, .help = "The request." },
	{ .name = "type", .types = LYRE_T_STRING, .fallback = "\"application/json\"", .help = "Media type of its answer." },
	{ .name = "most", .types = LYRE_T_NUMBER, .fallback = "0", .help = "Rows to take at most." },
};
static const struct lyre_param weigh_params[] = {
	{ .name = "file", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_FILE, .help = "The file." },
	{ .name = "refuse", .types = LYRE_T_STRING, .help = "Whether to refuse it." },
};
static const struct lyre_param put_params[] = {
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED, .help = "Name of the database." },
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED, .help = "Name of the table." },
	{ .name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED, .help = "Records." },
};

static const struct lyre_operation operations[] = {
	{ .name = "ask",
		.handler = ask,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(ask_params),
		.help = "Make a request." },
	{ .name = "weigh",
		.handler = weigh,
		.check = weigh_check,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(weigh_params),
		.help = "Weigh a file." },
	{ .name = "put",
		.handler = put,
		.run = LYRE_RUN_JOB,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(put_params),
		.help = "Put records." },
	{ .name = "relay",
		.handler = relay,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(relay_params),
		.help = "Run a request." },
	{ .name = "relay_self",
		.handler = relay_self,
		.run = LYRE_RUN_LONG,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.help = "Run this request." },
	{ .name = "relay_inline",
		.handler = relay,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(relay_params),
		.help = "Run a request where that is not allowed." },
	{ .name = "relay_longer",
		.handler = relay_longer,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(relay_params),
		.help = "Run a request on another thread." },
	{ .name = "relay_at_a_moment",
		.handler = relay_at_a_moment,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(relay_params),
		.help = "Run a request while writers wait." },
	{ .name = "relay_work",
		.handler = relay_work,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(work_params),
		.help = "Run a request of the server's own." },
};

LYRE_MODULE(errands, "1.0.0", "Jobs that make requests", .operations = LYRE_LIST(operations));
