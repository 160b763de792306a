/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file schema/schema.c
 * \brief Databases, tables and attributes: the operations that describe, create, drop, back up and restore them.
 */
#include "schema.h"

/* clang-format off */
#define DEFAULT_DATABASE                                                                                               \
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_NAME, .fallback = "\"data\"",                    \
	  .help = "Name of the database." }
#define REQUIRED_DATABASE                                                                                              \
	{ .name = "database", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME,                          \
	  .help = "Name of the database." }
#define REQUIRED_TABLE                                                                                                 \
	{ .name = "table", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED | LYRE_P_NAME,                             \
	  .help = "Name of the table." }
#define EXACT_COUNT                                                                                                    \
	{ .name = "exact_count", .types = LYRE_T_BOOLEAN, .fallback = "false",                                         \
	  .help = "Whether to count records exactly, even if that requires reading the whole table." }
#define REPLICATED                                                                                                     \
	{ .name = "replicated", .types = LYRE_T_BOOLEAN, .fallback = "false",                                          \
	  .help = "Whether to apply it to all nodes of the cluster, if there is one." }
/* clang-format on */

static const struct lyre_param describe_all_params[] = { EXACT_COUNT };
static const struct lyre_param describe_database_params[] = { DEFAULT_DATABASE, EXACT_COUNT };
static const struct lyre_param describe_table_params[] = { DEFAULT_DATABASE, REQUIRED_TABLE, EXACT_COUNT };

static const struct lyre_param create_database_params[] = { DEFAULT_DATABASE };
static const struct lyre_param drop_database_params[] = { REQUIRED_DATABASE, REPLICATED };

static const struct lyre_param create_table_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME,
		.fallback = "\"data\"",
		.wrong_as = "database schema",
		.help = "Name of the database." },
	REQUIRED_TABLE,
	{ .name = "primary_key",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_NAME | LYRE_P_NULL_IS_ABSENT,
		.wrong_as = "hash_attribute",
		.help = "Name of the attribute that identifies a record." },
	{ .name = "attributes",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_OBJECTS | LYRE_P_NULL_IS_ABSENT,
		.help = "The table's attributes, each {name, type, indexed, nullable}; if omitted, the table learns them from its "
			"records. Types: Any, String, Int, Long, BigInt, Float, Boolean, Date, ID, Bytes, Blob." },
	{ .name = "expiration",
		.types = LYRE_T_NUMBER,
		.flags = LYRE_P_NUMERIC_TEXT | LYRE_P_NULL_IS_ABSENT,
		.help = "Seconds that a record is kept after its last write; if omitted, records never expire." },
	{ .name = "audit",
		.types = LYRE_T_BOOLEAN,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Whether changes are recorded in the audit log; default: logging.auditLog." },
	{ .name = "residence",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.help = "Cluster nodes that hold the table; needs a cluster." },
};
static const struct lyre_param drop_table_params[] = { DEFAULT_DATABASE, REQUIRED_TABLE, REPLICATED };

static const struct lyre_param create_attribute_params[] = {
	DEFAULT_DATABASE,
	REQUIRED_TABLE,
	/* clients expect a different error than the usual one if it is missing */
	{ .name = "attribute",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_HANDLER_CHECKS | LYRE_P_READS,
		.help = "Name of the attribute." },
	{ .name = "indexed",
		.types = LYRE_T_BOOLEAN,
		.flags = LYRE_P_NULL_IS_ABSENT,
		.fallback = "true",
		.help = "Whether to index it, so that searches need not read all records." },
};
static const struct lyre_param drop_attribute_params[] = {
	DEFAULT_DATABASE,
	REQUIRED_TABLE,
	{ .name = "attribute",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY,
		.help = "Name of the attribute; its values are removed, too." },
};

static const struct lyre_param get_backup_params[] = {
	DEFAULT_DATABASE,
	{ .name = "table",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME | LYRE_P_NULL_IS_ABSENT,
		.help = "Name of a table to back up instead of the whole database." },
	{ .name = "tables",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_NOT_EMPTY | LYRE_P_NULL_IS_ABSENT,
		.help = "Names of tables to back up instead of the whole database." },
};
static const struct lyre_param restore_backup_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_NAME,
		.help = "Name of the database to create from the backup; must not exist yet." },
	{ .name = "path",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY | LYRE_P_FILE,
		.help = "Absolute path of the backup file on the server, unless the file itself is uploaded." },
};

static const struct lyre_param describe_storage_params[] = {
	{ .name = "database",
		.types = LYRE_T_STRING,
		.flags = LYRE_P_NAME | LYRE_P_NULL_IS_ABSENT,
		.help = "Name of a single database; default: all." },
};
static const struct lyre_param compact_database_params[] = { REQUIRED_DATABASE };
static const struct lyre_param check_database_params[] = { REQUIRED_DATABASE };

static const struct lyre_operation operations[] = {
	{ .name = "describe_all",
		.handler = schema_describe_all,
		.access = LYRE_ACCESS_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(describe_all_params),
		.help = "Describe all databases and their tables." },
	{ .name = "describe_database",
		.handler = schema_describe_database,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_DESCRIBE,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(describe_database_params),
		.aliases = "describe_schema",
		.help = "Describe all tables of a database." },
	{ .name = "describe_table",
		.handler = schema_describe_table,
		.access = LYRE_ACCESS_USER,
		.params = LYRE_LIST(describe_table_params),
		.permissions = LYRE_PERMIT_DESCRIBE,
		.flags = LYRE_O_READS,
		.help = "Describe a table: its attributes, number of records and sizes." },
	{ .name = "create_database",
		.handler = schema_create_database,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_STRUCTURE_ALL,
		.params = LYRE_LIST(create_database_params),
		.aliases = "create_schema",
		.refused_as = "createSchema",
		.help = "Create an empty database." },
	{ .name = "drop_database",
		.handler = schema_drop_database,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_STRUCTURE_ALL,
		.params = LYRE_LIST(drop_database_params),
		.aliases = "drop_schema",
		.refused_as = "dropSchema",
		.help = "Drop a database with all its tables and records." },
	{ .name = "create_table",
		.handler = schema_create_table,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_STRUCTURE,
		.params = LYRE_LIST(create_table_params),
		.help = "Create a table, and its database if it does not exist." },
	{ .name = "drop_table",
		.handler = schema_drop_table,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_STRUCTURE,
		.params = LYRE_LIST(drop_table_params),
		.help = "Drop a table with all its records." },
	{ .name = "create_attribute",
		.handler = schema_create_attribute,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_STRUCTURE,
		.permissions = LYRE_PERMIT_INSERT,
		.params = LYRE_LIST(create_attribute_params),
		.help = "Add an attribute to a table." },
	{ .name = "drop_attribute",
		.handler = schema_drop_attribute,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_STRUCTURE,
		.params = LYRE_LIST(drop_attribute_params),
		.help = "Drop an attribute and its values from a table." },
	{ .name = "get_backup",
		.handler = schema_get_backup,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(get_backup_params),
		.help = "Download a snapshot of a database, or of some of its tables, as a file." },
	{ .name = "restore_backup",
		.handler = schema_restore_backup,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(restore_backup_params),
		.check = schema_check_restore,
		.help = "Restore a backup file as a new database." },
	{ .name = "describe_storage",
		.handler = schema_describe_storage,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(describe_storage_params),
		.help = "Show the sizes of database files, and how much compact_database would reclaim." },
	{ .name = "compact_database",
		.handler = schema_compact_database,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(compact_database_params),
		.help = "Return the unused space of a database to the disk. Reads continue, writes wait." },
	{ .name = "check_database",
		.handler = schema_check_database,
		.run = LYRE_RUN_POOL,
		.access = LYRE_ACCESS_SUPER_USER,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(check_database_params),
		.help = "Check that the records, indexes, counts and audit log of a database agree. Reads and writes continue." },
};

LYRE_MODULE(schema, "1.0.0", "Databases, tables and attributes: describe, create, drop, back up, restore, compact, check",
	.operations = LYRE_LIST(operations));
