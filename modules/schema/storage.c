/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file schema/storage.c
 * \brief Maintenance of databases: describe_storage, compact_database, check_database.
 */
#include "schema.h"

#include <inttypes.h>
#include <string.h>

struct storage {
	lyre_call *call;
	lyre_out *out;
};

static void write_size(lyre_out *o, const char *key, uint64_t size)
{
	lyre_out_key(o, key);
	lyre_out_int(o, size > INT64_MAX ? INT64_MAX : (int64_t)size);
}

static int visit(void *arg, const char *database)
{
	const struct storage *s = arg;
	struct lyre_storage storage = { .size = sizeof storage };
	int rc = lyre_database_storage(s->call, database, &storage);
	if (rc < 0)
		return rc;
	lyre_out *o = s->out;
	lyre_out_object_begin(o);
	lyre_out_text(o, "database", database);
	write_size(o, "file_size", storage.file_size);
	write_size(o, "used_size", storage.used_size);
	write_size(o, "reclaimable_size", storage.reclaimable_size);
	lyre_out_object_end(o);
	return 0;
}

static int visit_any(void *arg, const char *database)
{
	int rc = visit(arg, database);
	/* dropped during the walk; or unusable, as found here or listed below */
	return rc == LYRE_ENOTFOUND || rc == LYRE_EIO ? 0 : rc;
}

/** Reports a database that is unusable. */
static int visit_failed(void *arg, const char *database, const char *why)
{
	lyre_out *o = ((const struct storage *)arg)->out;
	lyre_out_object_begin(o);
	lyre_out_text(o, "database", database);
	lyre_out_text(o, "error", why);
	lyre_out_object_end(o);
	return 0;
}

int schema_describe_storage(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	struct storage s = { call, lyre_reply(call) };
	lyre_out_array_begin(s.out);
	int rc = database ? visit(&s, database) : lyre_databases(call, visit_any, &s);
	if (!rc && !database)
		rc = lyre_databases_failed(call, visit_failed, &s);
	lyre_out_array_end(s.out);
	return rc;
}

int schema_compact_database(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	uint64_t before, after;
	int rc = lyre_database_compact(call, database, &before, &after);
	return rc < 0 ? rc : lyre_reply_message(call, "compacted '%s': %" PRIu64 " to %" PRIu64 " bytes", database, before, after);
}

int schema_check_database(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	struct lyre_check check = { .size = sizeof check };
	int rc = lyre_database_check(call, database, &check);
	return rc < 0 ? rc :
			lyre_reply_message(call,
				"database '%s' is sound: %" PRIu64 " table%s, %" PRIu64 " record%s, %" PRIu64 " index entr%s",
				database, check.tables, check.tables == 1 ? "" : "s", check.records, check.records == 1 ? "" : "s",
				check.index_entries, check.index_entries == 1 ? "y" : "ies");
}
