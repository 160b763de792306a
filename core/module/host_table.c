/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/host_table.c
 * \brief Databases and tables as modules see them: lyre/store.h.
 */
#include "module/host.h"
#include "module/module.h"

#include <string.h>

/** What stands behind a lyre_table: its description is only written down when somebody asks. */
struct opened {
	lyre_table table;
	lyre_call *call;
	struct lyre_attribute *attributes;
	uint32_t attribute_count;
};

/** The struct of a module, of the size it said, in ours: what it does not have is zero. */
static void take(void *ours, size_t ours_size, const void *theirs, uint32_t theirs_size)
{
	memset(ours, 0, ours_size);
	memcpy(ours, theirs, theirs_size < ours_size ? theirs_size : ours_size);
}

/** The other way round: no more than the module has room for; its size stays. */
static void give(void *theirs, uint32_t theirs_size, const void *ours, size_t ours_size)
{
	memcpy(theirs, ours, theirs_size < ours_size ? theirs_size : ours_size);
	memcpy(theirs, &theirs_size, sizeof theirs_size);
}

/** Ties a definition to the call; the reference is the call's then, and given back here when that fails. */
static int adopt(lyre_call *call, const struct table *def, lyre_table **ret)
{
	struct opened *o = ARENA_NEW(call->arena, struct opened);
	if (!o) {
		table_unref(def);
		return err_nomem(&call->err);
	}
	*o = (struct opened){ .table = { .next = call->tables, .def = def }, .call = call };
	call->tables = &o->table;
	*ret = &o->table;
	return 0;
}

/* ---- databases ---- */

int host_databases(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg)
{
	struct database **all;
	size_t count;
	int rc = store_databases(call->store, call->arena, &all, &count, &call->err);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		if (rc == 0 && strcmp(database_name(all[i]), "system") != 0)
			rc = visit(arg, database_name(all[i]));
		database_unref(all[i]);
	}
	return rc;
}

int host_database_create(lyre_call *call, const char *database)
{
	return store_create_database(call->store, database, &call->err);
}

int host_database_drop(lyre_call *call, const char *database)
{
	return store_drop_database(call->store, database, &call->err);
}

int host_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg)
{
	struct database *db;
	int rc = store_database(call->store, database, &db, &call->err);
	if (rc < 0)
		return rc;
	const struct table **all;
	size_t count;
	rc = database_tables(db, call->arena, &all, &count, &call->err);
	database_unref(db);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		lyre_table *table = NULL;
		if (rc != 0)
			table_unref(all[i]);
		else if ((rc = adopt(call, all[i], &table)) == 0)
			rc = visit(arg, table);
	}
	return rc;
}

/* ---- tables ---- */

int host_table_create(lyre_call *call, const struct lyre_table_spec *spec)
{
	struct lyre_table_spec full;
	take(&full, sizeof full, spec, spec->size);
	full.size = (uint32_t)sizeof full;
	if (!full.attributes || full.attribute_count == 0)
		return store_create_table(call->store, &full, &call->err);

	/* The items lie as far apart as the module's compiler put them: each says its size. */
	struct lyre_attribute *attributes = ARENA_ARRAY(call->arena, struct lyre_attribute, full.attribute_count);
	if (!attributes)
		return err_nomem(&call->err);
	const char *from = (const void *)full.attributes;
	for (uint32_t i = 0; i < full.attribute_count; i++) {
		uint32_t size = ((const struct lyre_attribute *)(const void *)from)->size;
		if (size == 0)
			return err_set(&call->err, LYRE_EINTERNAL, "module '%s' gave an attribute without a size",
				call->operation->owner);
		take(attributes + i, sizeof *attributes, from, size);
		attributes[i].size = (uint32_t)sizeof *attributes;
		from += size;
	}
	full.attributes = attributes;
	return store_create_table(call->store, &full, &call->err);
}

int host_table_drop(lyre_call *call, const char *database, const char *table)
{
	return store_drop_table(call->store, database, table, &call->err);
}

int host_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret)
{
	const struct table *def;
	int rc = store_table(call->store, database, name, &def, &call->err);
	return rc < 0 ? rc : adopt(call, def, ret);
}

const char *host_table_name(const lyre_table *table)
{
	return table->def->name;
}

const char *host_table_database(const lyre_table *table)
{
	return table->def->database;
}

/** The public flags of an attribute; the rest is the store's. */
#define PUBLIC_FLAGS (LYRE_A_INDEXED | LYRE_A_NOT_NULL | LYRE_A_PRIMARY_KEY)

/** On a table with a schema, what was only seen in records is not part of its definition. */
static bool is_listed(const struct table *t, const struct attribute *a)
{
	return t->dynamic || a->flags & (ATTRIBUTE_DECLARED | ATTRIBUTE_KEY | ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED);
}

static int list_attributes(struct opened *o)
{
	const struct table *t = o->table.def;
	o->attributes = ARENA_ARRAY(o->call->arena, struct lyre_attribute, t->attribute_count);
	if (!o->attributes)
		return err_nomem(&o->call->err);
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];
		if (is_listed(t, a))
			o->attributes[o->attribute_count++] = (struct lyre_attribute){ .size = (uint32_t)sizeof *o->attributes,
				.flags = a->flags & PUBLIC_FLAGS, .name = a->name, .type = a->type_name };
	}
	return 0;
}

void host_table_spec(const lyre_table *table, struct lyre_table_spec *ret)
{
	const struct table *t = table->def;
	/* Every lyre_table of a call was made by adopt(); the list of attributes is a memory of it, not a change. */
	struct opened *o = (struct opened *)(uintptr_t)table;
	if (!o->attributes)
		list_attributes(o);
	struct lyre_table_spec spec = {
		.attribute_count = o->attribute_count,
		.database = t->database,
		.name = t->name,
		.primary_key = t->attributes[t->key].name,
		.attributes = o->attributes,
		.expiration = t->expiration < 0 ? -1 : t->expiration / 1000,
		.audit = t->audit,
		.schema_defined = !t->dynamic,
	};
	give(ret, ret->size, &spec, sizeof spec);
}

int host_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret)
{
	struct lyre_table_stats stats = { .size = (uint32_t)sizeof stats };
	struct snapshot s;
	int rc = snapshot_begin(&s, table->def->db, &call->err);
	if (rc < 0)
		return rc;
	rc = snapshot_stats(&s, table->def, exact != 0, &stats, &call->err);
	snapshot_end(&s);
	if (rc == 0)
		give(ret, ret->size, &stats, sizeof stats);
	return rc;
}

int host_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37])
{
	struct lyre_attribute full;
	take(&full, sizeof full, attribute, attribute->size);
	full.size = (uint32_t)sizeof full;
	return table_create_attribute(table->def, &full, id, &call->err);
}

int host_attribute_drop(lyre_call *call, lyre_table *table, const char *name)
{
	return table_drop_attribute(table->def, name, &call->err);
}
