/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file data/data_write.c
 * \brief insert, update, upsert, delete.
 */
#include "data.h"

#include <stdio.h>
#include <string.h>

/** How a write is answered. */
struct answer {
	const char *verb;    /**< of the message */
	const char *done;    /**< name of the list of keys that were written */
	const char *skipped; /**< name of the list of skipped keys; NULL: left out */
};

static void write_message(lyre_out *o, const char *text)
{
	lyre_out_key(o, "message");
	lyre_out_string(o, text, strlen(text));
}

enum which { SKIPPED = 0, DONE = 1, EVERY = 2 };

static void write_keys(lyre_out *o, const char *name, const struct lyre_write_result *result, enum which which)
{
	lyre_out_key(o, name);
	lyre_out_array_begin(o);
	for (size_t i = 0; i < result->count; i++)
		if (which == EVERY || (result->items[i].done != 0) == (which == DONE))
			lyre_out_value(o, result->items[i].key);
	lyre_out_array_end(o);
}

static int answer_written(lyre_call *call, const struct lyre_write_result *result, void *arg)
{
	const struct answer *answer = arg;
	lyre_out *o = lyre_reply(call);
	char message[80];
	snprintf(message, sizeof message, "%s %zu of %zu records", answer->verb, result->done, result->count);
	lyre_out_object_begin(o);
	write_message(o, message);
	write_keys(o, answer->done, result, DONE);
	if (answer->skipped)
		write_keys(o, answer->skipped, result, SKIPPED);
	lyre_out_object_end(o);
	return 0;
}

/** Clients expect nonexistent keys to count as deleted, so all keys are reported as deleted. */
static int answer_deleted(lyre_call *call, const struct lyre_write_result *result, void *arg)
{
	(void)arg;
	lyre_out *o = lyre_reply(call);
	char message[80];
	snprintf(message, sizeof message, "%zu of %zu record%s successfully deleted", result->count, result->count,
		result->count == 1 ? "" : "s");
	lyre_out_object_begin(o);
	write_message(o, message);
	write_keys(o, "deleted_hashes", result, EVERY);
	lyre_out_key(o, "skipped_hashes");
	lyre_out_array_begin(o);
	lyre_out_array_end(o);
	lyre_out_object_end(o);
	return 0;
}

/** Opens the table that the call names. */
static int open_table(lyre_call *call, lyre_table **ret)
{
	return lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), ret);
}

static int write_records(lyre_call *call, enum lyre_write_mode mode, const struct answer *answer)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc == LYRE_ENOTFOUND)
		return lyre_fail_as(call, LYRE_EINVAL); /* the status that clients expect here */
	if (rc < 0)
		return rc;
	return lyre_write(call, table, mode, lyre_arg(call, "records"), answer_written, (void *)answer);
}

int data_insert(lyre_call *call)
{
	static const struct answer answer = { "inserted", "inserted_hashes", "skipped_hashes" };
	return write_records(call, LYRE_INSERT, &answer);
}

int data_update(lyre_call *call)
{
	static const struct answer answer = { "updated", "update_hashes", "skipped_hashes" };
	return write_records(call, LYRE_UPDATE, &answer);
}

int data_upsert(lyre_call *call)
{
	static const struct answer answer = { "upserted", "upserted_hashes", NULL };
	return write_records(call, LYRE_UPSERT, &answer);
}

int data_delete(lyre_call *call)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc < 0)
		return rc;
	return lyre_write(call, table, LYRE_DELETE, lyre_arg(call, "ids"), answer_deleted, NULL);
}
