/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file data/data_write.c
 * \brief insert, update, upsert, delete.
 */
#include "data.h"

static int answer(lyre_call *call, const struct lyre_write_result *result, void *arg)
{
	return lyre_reply_written(call, *(const enum lyre_write_mode *)arg, result);
}

/** Opens the table that the call names. */
static int open_table(lyre_call *call, lyre_table **ret)
{
	return lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), ret);
}

static int write_argument(lyre_call *call, const enum lyre_write_mode *mode, const char *argument)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc == LYRE_ENOTFOUND && *mode != LYRE_DELETE)
		return lyre_fail_as(call, LYRE_EINVAL); /* the status that clients expect here */
	if (rc < 0)
		return rc;
	return lyre_write(call, table, *mode, lyre_arg(call, argument), answer, (void *)mode);
}

int data_insert(lyre_call *call)
{
	static const enum lyre_write_mode mode = LYRE_INSERT;
	return write_argument(call, &mode, "records");
}

int data_update(lyre_call *call)
{
	static const enum lyre_write_mode mode = LYRE_UPDATE;
	return write_argument(call, &mode, "records");
}

int data_upsert(lyre_call *call)
{
	static const enum lyre_write_mode mode = LYRE_UPSERT;
	return write_argument(call, &mode, "records");
}

int data_delete(lyre_call *call)
{
	static const enum lyre_write_mode mode = LYRE_DELETE;
	return write_argument(call, &mode, "ids");
}
