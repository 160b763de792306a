/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file data/data.c
 * \brief Records: the operations that insert, update, delete and search them.
 */
#include "data.h"

/** The greatest integer that every client can write exactly. */
#define INTEGER_MAX 9007199254740992.0

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
	  .min = 1, .max = INTEGER_MAX, .help = "The most records to answer; all when not given." }
#define OFFSET                                                                                                         \
	{ .name = "offset", .types = LYRE_T_NUMBER, .flags = LYRE_P_NUMERIC_TEXT | LYRE_P_INTEGER | LYRE_P_RANGE,      \
	  .fallback = "0", .min = 0, .max = INTEGER_MAX, .help = "Records to pass over before the first one answered." }
#define GET_ATTRIBUTES                                                                                                 \
	{ .name = "get_attributes", .types = LYRE_T_ARRAY, .flags = LYRE_P_NOT_EMPTY | LYRE_P_READS,                   \
	  .help = "Names of the attributes to answer; [\"*\"], or none given: all." }
#define SORT                                                                                                           \
	{ .name = "sort", .types = LYRE_T_OBJECT, .flags = LYRE_P_READS,                                               \
	  .help = "Order of the answer: {attribute, descending, next}; next is such an object again, for equal records." }
#define DESC                                                                                                           \
	{ .name = "desc", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "Answer in the reverse order." }
#define REVERSE                                                                                                        \
	{ .name = "reverse", .types = LYRE_T_BOOLEAN, .fallback = "false", .help = "The same as desc." }

static const struct lyre_param insert_params[] = { DATABASE, TABLE,
	RECORDS("Records to insert; one whose key exists is skipped, one without a key is given one.") };
static const struct lyre_param update_params[] = { DATABASE, TABLE,
	RECORDS("Records to change, each with its key; attributes that are not given keep their value.") };
static const struct lyre_param upsert_params[] = { DATABASE, TABLE,
	RECORDS("Records to change, or to insert where the key does not exist.") };
static const struct lyre_param delete_params[] = { DATABASE, TABLE,
	{ .name = "ids", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT,
	  .label = "hash_values", .wrong_as = "hash_values ids", .help = "Keys of the records to delete." } };

static const struct lyre_param search_by_id_params[] = {
	DATABASE,
	TABLE,
	{ .name = "ids", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_NULL_IS_ABSENT | LYRE_P_KEYS,
	  .label = "hash_values", .wrong_as = "hash_values", .help = "Keys of the records, in the order of the answer." },
	{ .name = "get_attributes", .types = LYRE_T_ARRAY, .flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY | LYRE_P_KEYS | LYRE_P_READS,
	  .help = "Names of the attributes to answer, [\"*\"] for all." },
};

static const struct lyre_param search_by_value_params[] = {
	DATABASE,
	TABLE,
	{ .name = "attribute", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED | LYRE_P_NOT_EMPTY | LYRE_P_READS,
	  .help = "Name of the attribute to look at." },
	{ .name = "value", .types = LYRE_T_ANY, .flags = LYRE_P_REQUIRED,
	  .help = "Value to find; in a text, * at the start, the end or both stands for anything, and * alone finds all." },
	GET_ATTRIBUTES,
	LIMIT,
	OFFSET,
	SORT,
	DESC,
	REVERSE,
};

static const struct lyre_param search_by_conditions_params[] = {
	DATABASE,
	/* no rule for the name: whatever it is, clients know "Table x not found" */
	{ .name = "table", .types = LYRE_T_STRING | LYRE_T_NUMBER, .flags = LYRE_P_REQUIRED,
	  .help = "Name of the table." },
	{ .name = "operator", .types = LYRE_T_STRING, .fallback = "\"and\"",
	  .help = "Whether all conditions must hold (and), or one of them (or)." },
	{ .name = "conditions", .types = LYRE_T_ARRAY,
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
	  .help = "Change records that exist." },
	{ .name = "upsert",
	  .handler = data_upsert,
	  .access = LYRE_ACCESS_USER,
	  .permissions = LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE,
	  .params = LYRE_LIST(upsert_params),
	  .help = "Change records, or insert them where they do not exist." },
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
	  .params = LYRE_LIST(search_by_id_params),
	  .aliases = "search_by_hash",
	  .help = "Read records by their keys." },
	{ .name = "search_by_value",
	  .handler = data_search_by_value,
	  .access = LYRE_ACCESS_USER,
	  .permissions = LYRE_PERMIT_READ,
	  .params = LYRE_LIST(search_by_value_params),
	  .help = "Read the records that have a value in an attribute." },
	{ .name = "search_by_conditions",
	  .handler = data_search_by_conditions,
	  .access = LYRE_ACCESS_USER,
	  .permissions = LYRE_PERMIT_READ,
	  .params = LYRE_LIST(search_by_conditions_params),
	  .help = "Read the records that meet conditions." },
};

LYRE_MODULE(data, "1.0.0", "Records: insert, update, upsert, delete, search",
	.operations = LYRE_LIST(operations));
