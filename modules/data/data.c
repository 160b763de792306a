/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file data/data.c
 * \brief Records: the operations that insert, update, delete and search them.
 */
#include "data.h"

/** The greatest integer that every client can represent exactly. */
#define INTEGER_MAX 9007199254740992.0

/* clang-format off */
#define DATABASE                                                                                                       \
	{ .name = "database", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_NAME, .fallback = "\"data\"",    \
	  .help = "Name of the database." }
#define TABLE                                                                                                          \
	{ .name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED | LYRE_P_NAME,             \
	  .help = "Name of the table." }
#define RECORDS(text)                                                                                                  \
	{ .name = "records", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_OBJECTS | LYRE_P_WRITES,      \
	  .help = text }
#define LIMIT                                                                                                          \
	{ .name = "limit", .types = LYRE_T_NUMBER, .flags = LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,       \
	  .min = 1, .max = INTEGER_MAX, .help = "Maximum number of records to return; default: all." }
#define OFFSET                                                                                                         \
	{ .name = "offset", .types = LYRE_T_NUMBER, .flags = LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,      \
	  .fallback = "0", .min = 0, .max = INTEGER_MAX, .help = "Number of records to skip before the first one returned." }
#define GET_ATTRIBUTES                                                                                                 \
	{ .name = "get_attributes", .types = LYRE_T_ARRAY, .flags = LYRE_P_NOT_EMPTY | LYRE_P_READS,                   \
	  .help = "Names of the attributes to return; default, or [\"*\"]: all." }
#define SORT                                                                                                           \
	{ .name = "sort", .types = LYRE_T_OBJECT, .flags = LYRE_P_READS,                                               \
	  .help = "Sort order: {attribute, descending, next}; next is another such object, for records that compare equal." }
#define DESC                                                                                                           \
	{ .name = "desc", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "Whether to reverse the order." }
#define REVERSE                                                                                                        \
	{ .name = "reverse", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "Same as desc." }
/* clang-format on */

static const struct lyre_param insert_params[] = { DATABASE, TABLE,
	RECORDS("Records to insert; those whose key exists are skipped, those without a key get one.") };
static const struct lyre_param update_params[] = { DATABASE, TABLE,
	RECORDS("Records to update, each with its key; omitted attributes keep their values.") };
static const struct lyre_param upsert_params[] = { DATABASE, TABLE,
	RECORDS("Records to update, or to insert if their key does not exist.") };
static const struct lyre_param delete_params[] = { DATABASE, TABLE,
	{ .name = "ids",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT,
		.label = "hash_values",
		.wrong_as = "hash_values ids",
		.help = "Keys of the records to delete." } };

static const struct lyre_param search_by_id_params[] = {
	DATABASE,
	TABLE,
	{ .name = "ids",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT | LYRE_P_KEYS,
		.label = "hash_values",
		.wrong_as = "hash_values",
		.help = "Keys of the records to return, in this order." },
	{ .name = "get_attributes",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY | LYRE_P_KEYS | LYRE_P_READS,
		.help = "Names of the attributes to return; [\"*\"]: all." },
};

static const struct lyre_param search_by_value_params[] = {
	DATABASE,
	TABLE,
	{ .name = "attribute",
		.types = LYRE_T_STRING | LYRE_T_NUMBER,
		.flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY | LYRE_P_READS,
		.help = "Name of the attribute to search." },
	{ .name = "value",
		.types = LYRE_T_ANY,
		.flags = LYRE_P_REQUIRED,
		.help = "Value to find; in a string, * at the start or end matches any text, and * alone matches all records." },
	GET_ATTRIBUTES,
	LIMIT,
	OFFSET,
	SORT,
	DESC,
	REVERSE,
};

static const struct lyre_param search_by_conditions_params[] = {
	DATABASE,
	/* no rules for the name: clients expect "Table x not found" for any value */
	{ .name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED, .help = "Name of the table." },
	{ .name = "operator",
		.types = LYRE_T_STRING,
		.fallback = "\"and\"",
		.help = "Whether all conditions must match (and), or at least one (or)." },
	{ .name = "conditions",
		.types = LYRE_T_ARRAY,
		.flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY | LYRE_P_READS | LYRE_P_CONDITIONS,
		.help = "Conditions {attribute, comparator, value}, or groups {operator, conditions}." },
	GET_ATTRIBUTES,
	LIMIT,
	OFFSET,
	SORT,
	DESC,
	REVERSE,
};

static const struct lyre_operation operations[] = {
	{ .name = "insert",
		.handler = data_insert,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_INSERT,
		.params = LYRE_LIST(insert_params),
		.help = "Insert records." },
	{ .name = "update",
		.handler = data_update,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_UPDATE,
		.params = LYRE_LIST(update_params),
		.help = "Update existing records." },
	{ .name = "upsert",
		.handler = data_upsert,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE,
		.params = LYRE_LIST(upsert_params),
		.help = "Update records, or insert those that do not exist." },
	{ .name = "delete",
		.handler = data_delete,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_DELETE,
		.params = LYRE_LIST(delete_params),
		.help = "Delete records by their keys." },
	{ .name = "search_by_id",
		.handler = data_search_by_id,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_READ,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(search_by_id_params),
		.aliases = "search_by_hash",
		.help = "Find records by their keys." },
	{ .name = "search_by_value",
		.handler = data_search_by_value,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_READ,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(search_by_value_params),
		.help = "Find the records with a given value in an attribute." },
	{ .name = "search_by_conditions",
		.handler = data_search_by_conditions,
		.access = LYRE_ACCESS_USER,
		.permissions = LYRE_PERMIT_READ,
		.flags = LYRE_O_READS,
		.params = LYRE_LIST(search_by_conditions_params),
		.help = "Find the records that match conditions." },
};

LYRE_MODULE(data, "1.0.0", "Records: insert, update, upsert, delete, search", .operations = LYRE_LIST(operations));
