/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file data/data_write.c
 * \brief insert, update, upsert, delete.
 */
#include "data.h"

/** Opens the table that the call names. */
static int open_table(lyre_call *call, lyre_table **ret)
{
	return lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), ret);
}

static int write_argument(lyre_call *call, enum lyre_write_mode mode, const char *argument)
{
	lyre_table *table;
	int rc = open_table(call, &table);
	if (rc == LYRE_ENOTFOUND && mode != LYRE_DELETE)
		return lyre_fail_as(call, LYRE_EINVAL); /* the status that clients expect here */
	if (rc < 0)
		return rc;
	return lyre_write(call, table, mode, lyre_arg(call, argument), lyre_reply_written, NULL);
}

int data_insert(lyre_call *call)
{
	return write_argument(call, LYRE_INSERT, "records");
}

int data_update(lyre_call *call)
{
	return write_argument(call, LYRE_UPDATE, "records");
}

int data_upsert(lyre_call *call)
{
	return write_argument(call, LYRE_UPSERT, "records");
}

int data_delete(lyre_call *call)
{
	return write_argument(call, LYRE_DELETE, "ids");
}
