/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file schema/define.c
 * \brief Creating and dropping databases, tables and attributes.
 */
#include "schema.h"

#include <string.h>

int schema_create_database(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	int rc = lyre_database_create(call, database);
	return rc < 0 ? rc : lyre_reply_message(call, "database '%s' successfully created", database);
}

int schema_drop_database(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	int rc = lyre_database_drop(call, database);
	if (rc < 0)
		return rc;
	lyre_log(lyre_call_module(call), LYRE_NOTIFY, "'%s' dropped the database '%s'", lyre_call_user(call), database);
	return lyre_reply_message(call, "successfully deleted '%s'", database);
}

int schema_create_table(lyre_call *call)
{
	struct lyre_table_spec spec = {
		.size = sizeof spec,
		.database = lyre_arg_string(call, "database"),
		.name = lyre_arg_string(call, "table"),
		.primary_key = lyre_arg_string(call, "primary_key"),
		.expiration = -1,
		.audit = -1,
	};
	const lyre_value *attributes = lyre_arg(call, "attributes");
	const lyre_value *expiration = lyre_arg(call, "expiration");
	const lyre_value *audit = lyre_arg(call, "audit");

	if (lyre_arg(call, "residence"))
		return lyre_fail(call, LYRE_EINVAL,
			"Clustering does not appear to be enabled. Cannot insert table with property 'residence'.");
	if (expiration) {
		spec.expiration = lyre_value_double(expiration);
		if (spec.expiration < 0)
			return lyre_fail(call, LYRE_EINVAL, "Expiration can not be negative");
	}
	if (audit)
		spec.audit = lyre_value_bool(audit);
	int rc = attributes ? attributes_read(call, attributes, &spec) : 0;
	if (rc >= 0)
		rc = lyre_table_create(call, &spec);
	return rc < 0 ? rc : lyre_reply_message(call, "table '%s.%s' successfully created.", spec.database, spec.name);
}

int schema_drop_table(lyre_call *call)
{
	const char *database = lyre_arg_string(call, "database");
	const char *table = lyre_arg_string(call, "table");
	int rc = lyre_table_drop(call, database, table);
	return rc < 0 ? rc : lyre_reply_message(call, "successfully deleted table '%s.%s'", database, table);
}

int schema_create_attribute(lyre_call *call)
{
	const lyre_value *name = lyre_arg(call, "attribute");
	size_t len = 0;
	struct lyre_attribute attribute = {
		.size = sizeof attribute,
		.flags = lyre_value_bool(lyre_arg(call, "indexed")) ? LYRE_A_INDEXED : 0,
		.name = lyre_value_string(name, &len),
	};
	if (name && lyre_value_type(name) != LYRE_STRING)
		return lyre_fail(call, LYRE_EINVAL, "'attribute' must be a string");
	if (len == 0)
		return lyre_fail(call, LYRE_EINVAL, "Attribute name is required");
	if (strlen(attribute.name) != len)
		return lyre_fail(call, LYRE_EINVAL, "'attribute' must not contain NUL characters");

	lyre_table *table;
	char id[37];
	int rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &table);
	if (rc >= 0)
		rc = lyre_attribute_create(call, table, &attribute, id);
	if (rc < 0)
		return rc;

	static const char message[] = "inserted 1 of 1 records";
	lyre_out *o = lyre_reply(call);
	lyre_out_object_begin(o);
	lyre_out_key(o, "message");
	lyre_out_string(o, message, sizeof message - 1);
	lyre_out_key(o, "skipped_hashes");
	lyre_out_array_begin(o);
	lyre_out_array_end(o);
	lyre_out_key(o, "inserted_hashes");
	lyre_out_array_begin(o);
	lyre_out_string(o, id, strlen(id));
	lyre_out_array_end(o);
	lyre_out_object_end(o);
	return 0;
}

int schema_drop_attribute(lyre_call *call)
{
	const char *name = lyre_arg_string(call, "attribute");
	lyre_table *table;
	int rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &table);
	if (rc >= 0)
		rc = lyre_attribute_drop(call, table, name);
	return rc < 0 ? rc : lyre_reply_message(call, "successfully deleted attribute '%s'", name);
}
