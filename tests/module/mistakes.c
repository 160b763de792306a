/* SPDX-License-Identifier: Apache-2.0 */
/** Handlers that give no answer, or an invalid one: the client gets an error, and the server continues. Also built with the fake host. */
#include <lyre/lyre.h>

static int twice(lyre_call *call)
{
	lyre_reply_message(call, "first");
	return lyre_reply_message(call, "second");
}

static int text_and_value(lyre_call *call)
{
	lyre_reply_text(call, "text/plain", "first", 5);
	return lyre_reply_message(call, "second");
}

static int half(lyre_call *call)
{
	lyre_out *o = lyre_reply(call);

	lyre_out_object_begin(o);
	lyre_out_text(o, "a", "b");
	return 0;
}

static int closed(lyre_call *call)
{
	lyre_out_array_end(lyre_reply(call));
	return lyre_reply_message(call, "first");
}

static int nothing(lyre_call *call)
{
	(void)call;
	return 0;
}

static int the_end(lyre_call *call)
{
	lyre_reply_message(call, "done");
	return LYRE_END;
}

static int pending(lyre_call *call)
{
	(void)call;
	return LYRE_PENDING;
}

static int open_table(lyre_call *call, lyre_table **ret)
{
	static const struct lyre_attribute id = { .size = sizeof id, .flags = LYRE_A_PRIMARY_KEY, .name = "id" };
	static const struct lyre_table_spec spec = { .size = sizeof spec,
		.attribute_count = 1,
		.database = "mistakes",
		.name = "t",
		.primary_key = "id",
		.attributes = &id,
		.expiration = -1,
		.audit = -1 };

	return lyre_table_ensure(call, &spec, ret);
}

/** A table of this name that is not ours. */
static int other_key(lyre_call *call)
{
	static const struct lyre_attribute id = { .size = sizeof id, .flags = LYRE_A_PRIMARY_KEY, .name = "number" };
	static const struct lyre_table_spec spec = { .size = sizeof spec,
		.attribute_count = 1,
		.database = "mistakes",
		.name = "t",
		.primary_key = "number",
		.attributes = &id,
		.expiration = -1,
		.audit = -1 };
	lyre_table *table;
	int rc = open_table(call, &table);

	return rc < 0 ? rc : lyre_table_ensure(call, &spec, &table);
}

static int write_one(lyre_call *call, lyre_table *table)
{
	static const char *const name = "id";
	const lyre_value *key = lyre_make_int(call, 1), *record = lyre_make_object(call, &name, &key, 1);

	return lyre_write(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), lyre_reply_written, NULL);
}

static int unawaited(lyre_call *call)
{
	lyre_table *table;
	int rc = open_table(call, &table);

	if (rc < 0)
		return rc;
	write_one(call, table);
	return lyre_reply_message(call, "done");
}

static int two_writes(lyre_call *call)
{
	lyre_table *table;
	int rc = open_table(call, &table);

	if (rc < 0)
		return rc;
	write_one(call, table);
	return write_one(call, table);
}

static int rows_and_value(lyre_call *call)
{
	struct lyre_query query = { .size = sizeof query, .limit = 1 };
	lyre_cursor *rows;
	int rc = open_table(call, &query.table);

	if (rc == 0)
		rc = lyre_query_open(call, &query, &rows);
	if (rc < 0)
		return rc;
	lyre_reply_message(call, "first");
	return lyre_reply_rows(call, rows);
}

static int work(lyre_call *call, void *unused)
{
	lyre_table *table;
	int rc = open_table(call, &table);

	(void)unused;
	return rc < 0 ? rc : write_one(call, table);
}

static int waits_outside(lyre_call *call)
{
	return lyre_run(lyre_call_module(call), work, NULL) == LYRE_EINTERNAL ? lyre_reply_message(call, "refused") : LYRE_EIO;
}

static int write_waits(lyre_call *call)
{
	static const char *const name = "id";
	const lyre_value *key = lyre_make_int(call, 1), *record = lyre_make_object(call, &name, &key, 1);
	const struct lyre_write_result *result;
	lyre_table *table;
	int rc = open_table(call, &table);

	if (rc == 0)
		rc = lyre_write_wait(call, table, LYRE_UPSERT, lyre_make_array(call, &record, 1), &result);
	return rc < 0 ? rc : lyre_reply_message(call, "written");
}

static int longer(lyre_call *call)
{
	return lyre_call_longer(call, write_waits);
}

static int reads(lyre_call *call)
{
	lyre_out_value(lyre_reply(call), lyre_arg(call, "nmae"));
	return 0;
}

static int other_kind(lyre_call *call)
{
	return lyre_reply_message(call, "%s", lyre_setting_string(lyre_call_module(call), "number"));
}

#define OPERATION(id, where)                                                                               \
	{                                                                                                  \
		.name = #id, .handler = id, .run = where, .access = LYRE_ACCESS_USER, .help = "A mistake." \
	}

static const struct lyre_operation operations[] = {
	OPERATION(twice, LYRE_RUN_INLINE),
	OPERATION(text_and_value, LYRE_RUN_INLINE),
	OPERATION(half, LYRE_RUN_INLINE),
	OPERATION(closed, LYRE_RUN_INLINE),
	OPERATION(nothing, LYRE_RUN_INLINE),
	OPERATION(the_end, LYRE_RUN_INLINE),
	OPERATION(pending, LYRE_RUN_INLINE),
	{ .name = "pending_there", .handler = pending, .run = LYRE_RUN_POOL, .access = LYRE_ACCESS_USER, .help = "A mistake." },
	{ .name = "pending_job", .handler = pending, .run = LYRE_RUN_JOB, .access = LYRE_ACCESS_USER, .help = "A mistake." },
	OPERATION(unawaited, LYRE_RUN_POOL),
	OPERATION(two_writes, LYRE_RUN_POOL),
	OPERATION(rows_and_value, LYRE_RUN_POOL),
	OPERATION(other_key, LYRE_RUN_POOL),
	OPERATION(waits_outside, LYRE_RUN_POOL),
	OPERATION(longer, LYRE_RUN_POOL), /* not a mistake: it is there already */
	OPERATION(write_waits, LYRE_RUN_INLINE),
	OPERATION(reads, LYRE_RUN_INLINE),
	OPERATION(other_kind, LYRE_RUN_INLINE),
};

static const struct lyre_setting settings[] = {
	{ .key = "number", .type = LYRE_S_INT, .fallback = "1", .help = "A number." },
};

LYRE_MODULE(mistakes, "1.0.0", "Answers wrongly", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations));
