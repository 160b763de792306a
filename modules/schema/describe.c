/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file schema/describe.c
 * \brief describe_all, describe_database, describe_table.
 */
#include "schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** The state of a walk over tables. */
struct describe {
	lyre_call *call;
	lyre_out *out;
	int exact;
};

static void describe_begin(struct describe *d, lyre_call *call)
{
	*d = (struct describe){
		.call = call,
		.out = lyre_reply(call),
		.exact = lyre_value_bool(lyre_arg(call, "exact_count")),
	};
}

static void write_bool(lyre_out *o, const char *key, int b)
{
	lyre_out_key(o, key);
	lyre_out_bool(o, b);
}

static void write_count(lyre_out *o, const char *key, uint64_t n)
{
	lyre_out_key(o, key);
	lyre_out_int(o, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

static void write_attribute(lyre_out *o, const struct lyre_attribute *a)
{
	int key = (a->flags & LYRE_A_PRIMARY_KEY) != 0;
	lyre_out_object_begin(o);
	lyre_out_text(o, "attribute", a->name);
	if (a->type)
		lyre_out_text(o, "type", a->type);
	if (key || a->flags & LYRE_A_INDEXED)
		write_bool(o, "indexed", 1);
	if (key)
		write_bool(o, "is_primary_key", 1);
	if (a->flags & LYRE_A_NOT_NULL)
		write_bool(o, "nullable", 0);
	lyre_out_object_end(o);
}

/**
 * 32 hexadecimal digits that depend only on the names of database and table: two FNV-1a sums. Names have no slash, so that
 * a.b/c and a/b.c differ.
 */
static void write_stream_name(lyre_out *o, const struct lyre_table_spec *spec)
{
	static const uint64_t seeds[2] = { UINT64_C(0xcbf29ce484222325), UINT64_C(0x84222325cbf29ce4) };
	const char *const parts[] = { spec->database, "/", spec->name };
	char text[33], *at = text;
	for (size_t half = 0; half < 2; half++) {
		uint64_t sum = seeds[half];
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
			for (const char *p = parts[i]; *p; p++)
				sum = (sum ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
		for (int shift = 60; shift >= 0; shift -= 4)
			*at++ = "0123456789abcdef"[sum >> shift & 15];
	}
	*at = '\0';
	lyre_out_text(o, "clustering_stream_name", text);
}

static void write_expiration(lyre_out *o, double seconds)
{
	char text[40];
	snprintf(text, sizeof text, "%.15gs", seconds);
	if (strtod(text, NULL) != seconds)
		snprintf(text, sizeof text, "%.17gs", seconds);
	lyre_out_text(o, "expiration", text);
}

/** \param stats of the table, read before, since output cannot be undone */
static int write_table(struct describe *d, lyre_table *table, const struct lyre_table_stats *stats)
{
	struct lyre_table_spec spec = { .size = sizeof spec };
	int rc = lyre_table_spec(d->call, table, &spec);
	if (rc < 0)
		return rc;
	lyre_out *o = d->out;
	int shows_updates = 0;

	lyre_out_object_begin(o);
	lyre_out_text(o, "schema", spec.database);
	lyre_out_text(o, "name", spec.name);
	lyre_out_text(o, "hash_attribute", spec.primary_key);
	write_bool(o, "audit", spec.audit != 0);
	write_bool(o, "schema_defined", spec.schema_defined);
	lyre_out_key(o, "attributes");
	lyre_out_array_begin(o);
	for (uint32_t i = 0; i < spec.attribute_count; i++) {
		const struct lyre_attribute *attribute = lyre_attribute_at(&spec, i);
		write_attribute(o, attribute);
		shows_updates |= strcmp(attribute->name, "__updatedtime__") == 0;
	}
	lyre_out_array_end(o);
	write_stream_name(o, &spec);
	write_count(o, "db_size", stats->database_size);
	if (spec.expiration >= 0)
		write_expiration(o, spec.expiration);
	write_count(o, "record_count", stats->record_count);
	write_count(o, "table_size", stats->table_size);
	write_count(o, "db_audit_size", stats->audit_size);
	if (stats->estimated) {
		lyre_out_key(o, "estimated_record_range");
		lyre_out_array_begin(o);
		lyre_out_int(o, (int64_t)stats->count_low);
		lyre_out_int(o, (int64_t)stats->count_high);
		lyre_out_array_end(o);
	}
	/* a dynamic table always has the time, even if the caller may not see the attribute */
	if ((shows_updates || !spec.schema_defined) && stats->last_updated > 0) {
		lyre_out_key(o, "last_updated_record");
		lyre_out_double(o, stats->last_updated);
	}
	lyre_out_object_end(o);
	return 0;
}

static int visit_table(void *arg, lyre_table *table)
{
	struct describe *d = arg;
	struct lyre_table_stats stats = { .size = sizeof stats };
	int rc = lyre_table_stats(d->call, table, d->exact, &stats);
	if (rc == LYRE_ENOTFOUND)
		return 0; /* dropped during the walk */
	if (rc < 0)
		return rc;
	lyre_out_key(d->out, lyre_table_name(table));
	return write_table(d, table, &stats);
}

/** A database being described. */
struct described {
	struct describe *describe;
	const char *database;
	int begun; /**< output has started */
};

static int write_database(void *arg)
{
	struct described *d = arg;
	d->begun = 1;
	lyre_out_object_begin(d->describe->out);
	int rc = lyre_tables(d->describe->call, d->database, visit_table, d->describe);
	lyre_out_object_end(d->describe->out);
	return rc;
}

/** The description of a database depends on its tables only, so that it can be cached. */
static int describe_database(struct described *d)
{
	return lyre_reply_cached(d->describe->call, d->database, "describe", write_database, d);
}

static int visit_database(void *arg, const char *name)
{
	struct describe *d = arg;
	struct described database = { .describe = d, .database = name };
	lyre_out_key(d->out, name);
	int rc = describe_database(&database);
	if (rc != LYRE_ENOTFOUND)
		return rc;
	if (!database.begun) { /* dropped during the walk */
		lyre_out_object_begin(d->out);
		lyre_out_object_end(d->out);
	}
	return 0;
}

int schema_describe_all(lyre_call *call)
{
	struct describe d;
	describe_begin(&d, call);
	lyre_out_object_begin(d.out);
	int rc = lyre_databases(call, visit_database, &d);
	lyre_out_object_end(d.out);
	return rc;
}

int schema_describe_database(lyre_call *call)
{
	struct describe d;
	describe_begin(&d, call);
	struct described database = { .describe = &d, .database = lyre_arg_string(call, "database") };
	return describe_database(&database);
}

int schema_describe_table(lyre_call *call)
{
	struct describe d;
	lyre_table *table;
	struct lyre_table_stats stats = { .size = sizeof stats };
	describe_begin(&d, call);
	int rc = lyre_table_open(call, lyre_arg_string(call, "database"), lyre_arg_string(call, "table"), &table);
	if (rc < 0)
		return rc;
	rc = lyre_table_stats(call, table, d.exact, &stats);
	if (rc < 0)
		return rc;
	return write_table(&d, table, &stats);
}
