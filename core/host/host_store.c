/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_store.c
 * \brief The table of lyre/store.h.
 */
#include "host/host_store.h"

const struct lyre_store_api host_store_api = {
	.size = (uint32_t)sizeof(struct lyre_store_api),

	.databases = host_databases,
	.databases_failed = host_databases_failed,
	.database_create = host_database_create,
	.database_drop = host_database_drop,

	.tables = host_tables,
	.table_create = host_table_create,
	.table_drop = host_table_drop,
	.table_open = host_table_open,
	.table_name = host_table_name,
	.table_database = host_table_database,
	.table_spec = host_table_spec,
	.table_stats = host_table_stats,
	.reply_cached = host_reply_cached,
	.attribute_create = host_attribute_create,
	.attribute_drop = host_attribute_drop,

	.write = host_write,
	.write_wait = host_write_wait,
	.reply_written = host_reply_written,

	.query_open = host_query_open,
	.lookup = host_lookup,
	.cursor_next = host_cursor_next,

	.backup = host_backup,
	.restore = host_restore,
	.restore_check = host_restore_check,

	.database_compact = host_database_compact,
	.database_storage = host_database_storage,
	.database_check = host_database_check,

	.changes = host_changes,
	.changes_remove = host_changes_remove,

	.pages = host_pages,

	.moment_begin = host_moment_begin,
	.moment_end = host_moment_end,
	.index_look = host_index_look,
	.range_estimate = host_range_estimate,
	.reader_open = host_reader_open,
	.reader_seek = host_reader_seek,
	.reader_next = host_reader_next,
	.reader_field = host_reader_field,
	.reader_close = host_reader_close,
	.table_refuse = host_table_refuse,
	.attribute_permissions = host_attribute_permissions,

	.write_refused = host_write_refused,

	.comparator = host_comparator,
	.count = host_count,
};
