/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_table.c
 * \brief Databases and tables as modules see them: lyre/store.h.
 */
#include "host/host_store.h"

#include <string.h>

/** The implementation of lyre_table; its description is written only on request. */
struct opened {
	lyre_table table;
	struct lyre_attribute *attributes;
	uint32_t attribute_count;
};

#define SPEC_SIZE SIZE_UP_TO(struct lyre_table_spec, schema_defined)
#define ATTRIBUTE_SIZE SIZE_UP_TO(struct lyre_attribute, type)
#define STATS_SIZE SIZE_UP_TO(struct lyre_table_stats, last_updated)

/** Attaches a definition to the call, which takes over the reference; on failure it is released here. */
static int adopt(lyre_call *call, const struct table *def, const struct permission_view *view, lyre_table **ret)
{
	struct opened *o = ARENA_NEW(call->arena, struct opened);
	if (!o) {
		table_unref(def);
		return err_nomem(&call->err);
	}
	*o = (struct opened){ .table = { .next = call->tables, .def = def, .view = *view } };
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
		const char *name = database_name(all[i]);
		if (rc == 0 && strcmp(name, SYSTEM_DATABASE) != 0 &&
			permission_sees_database(call->who, call->server_rights > 0, name))
			rc = visit(arg, name);
		database_unref(all[i]);
	}
	return rc;
}

int host_databases_failed(lyre_call *call, int (*visit)(void *arg, const char *name, const char *why), void *arg)
{
	struct failed_database *all;
	size_t count = 0;
	int rc = host_may_manage(call);
	if (rc == 0)
		rc = store_failed_databases(call->store, call->arena, &all, &count, &call->err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = visit(arg, all[i].name, all[i].why);
	return rc;
}

int host_database_create(lyre_call *call, const char *database)
{
	int rc = host_may_structure(call, NULL);
	return rc < 0 ? rc : store_create_database(call->store, database, &call->err);
}

int host_database_drop(lyre_call *call, const char *database)
{
	int rc = host_may_structure(call, NULL);
	return rc < 0 ? rc : store_drop_database(call->store, database, &call->err);
}

/** A reference to a database; one that the caller may not see does not exist. */
static int visible_database(lyre_call *call, const char *database, struct database **ret)
{
	if (!permission_sees_database(call->who, call->server_rights > 0, database))
		return err_set(&call->err, LYRE_ENOTFOUND, "database '%s' does not exist", database);
	return store_database(call->store, database, ret, &call->err);
}

int host_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg)
{
	struct database *db;
	int rc = visible_database(call, database, &db);
	if (rc < 0)
		return rc;
	const struct table **all;
	size_t count;
	rc = database_tables(db, call->arena, &all, &count, &call->err);
	database_unref(db);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < count; i++) {
		const struct permission_view view = call_view(call, database, all[i]->name);
		lyre_table *table = NULL;
		if (rc != 0 || !(view.permissions & LYRE_PERMIT_DESCRIBE))
			table_unref(all[i]);
		else if ((rc = adopt(call, all[i], &view, &table)) == 0)
			rc = visit(arg, table);
	}
	return rc;
}

/* ---- tables ---- */

int host_table_create(lyre_call *call, const struct lyre_table_spec *spec)
{
	struct lyre_table_spec full;
	int rc = host_take(call, &full, sizeof full, spec, SPEC_SIZE, "lyre_table_spec");
	if (rc < 0)
		return rc;
	full.size = (uint32_t)sizeof full;
	if (!full.database || !full.name || !full.primary_key)
		return err_set(&call->err, LYRE_EINTERNAL,
			"module '%s' passes a struct lyre_table_spec without a database, a name or a primary_key",
			call->operation->owner);
	rc = host_may_structure(call, full.database);
	if (rc < 0)
		return rc;
	/* A table with another definition would block a module that creates it when needed. */
	if (!call->server_rights && full.database && full.name && !strcmp(full.database, SYSTEM_DATABASE) &&
		!strncmp(full.name, SYSTEM_PREFIX, strlen(SYSTEM_PREFIX)))
		return err_set(&call->err, LYRE_EDENIED, SYSTEM_CLOSED);
	if (!full.attributes || full.attribute_count == 0)
		return store_create_table(call->store, &full, &call->err);

	/* The items are spaced as in the module's layout: each gives its size. */
	struct lyre_attribute *attributes = ARENA_ARRAY(call->arena, struct lyre_attribute, full.attribute_count);
	if (!attributes)
		return err_nomem(&call->err);
	const char *from = (const void *)full.attributes;
	for (uint32_t i = 0; i < full.attribute_count; i++) {
		rc = host_take(call, attributes + i, sizeof *attributes, from, ATTRIBUTE_SIZE, "lyre_attribute");
		if (rc < 0)
			return rc;
		from += attributes[i].size;
		attributes[i].size = (uint32_t)sizeof *attributes;
	}
	full.attributes = attributes;
	return store_create_table(call->store, &full, &call->err);
}

int host_table_drop(lyre_call *call, const char *database, const char *table)
{
	int rc = host_may_structure(call, database);
	return rc < 0 ? rc : store_drop_table(call->store, database, table, &call->err);
}

int host_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret)
{
	const struct table *def;
	if (!database || !name)
		return err_set(&call->err, LYRE_EINTERNAL,
			"module '%s' opens a table without a name: an argument that was not given is NULL", call->operation->owner);
	const struct permission_view view = call_view(call, database, name);
	if (!view.permissions)
		return host_refuse(call, database, name, LYRE_PERMIT_READ, NULL);
	int rc = store_table(call->store, database, name, &def, &call->err);
	return rc < 0 ? rc : adopt(call, def, &view, ret);
}

const char *host_table_name(const lyre_table *table)
{
	return table->def->name;
}

const char *host_table_database(const lyre_table *table)
{
	return table->def->database;
}

/** The public flags of an attribute; the others belong to the store. */
#define PUBLIC_FLAGS (LYRE_A_INDEXED | LYRE_A_NOT_NULL | LYRE_A_PRIMARY_KEY)

/** On a table with a schema, attributes only seen in records are not part of its definition. */
static bool is_listed(const struct table *t, const struct attribute *a)
{
	return t->dynamic || a->flags & (ATTRIBUTE_DECLARED | ATTRIBUTE_KEY | ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED);
}

/** Whether the caller has any permission on an attribute. */
static bool is_known(const lyre_table *table, const struct attribute *a)
{
	return a->flags & ATTRIBUTE_KEY || permission_sees_all(&table->view) ||
		permission_attribute(&table->view, a->name, a->name_len, false) != 0;
}

static int list_attributes(lyre_call *call, struct opened *o)
{
	const struct table *t = o->table.def;
	o->attributes = ARENA_ARRAY(call->arena, struct lyre_attribute, t->attribute_count);
	if (!o->attributes)
		return err_nomem(&call->err);
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];
		if (is_listed(t, a) && is_known(&o->table, a))
			o->attributes[o->attribute_count++] = (struct lyre_attribute){ .size = (uint32_t)sizeof *o->attributes,
				.flags = a->flags & PUBLIC_FLAGS,
				.name = a->name,
				.type = a->type_name };
	}
	return 0;
}

int host_table_spec(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret)
{
	const struct table *t = table->def;
	struct opened *o = (struct opened *)table; /* made by adopt(), like every table of a call */
	int rc = host_may(call, table, LYRE_PERMIT_DESCRIBE);
	if (rc == 0 && !o->attributes)
		rc = list_attributes(call, o);
	if (rc < 0)
		return rc;
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
	return host_give(call, ret, SPEC_SIZE, "lyre_table_spec", &spec, sizeof spec);
}

int host_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret)
{
	struct lyre_table_stats stats = { .size = (uint32_t)sizeof stats };
	int rc = host_may(call, table, LYRE_PERMIT_DESCRIBE);
	if (rc == 0)
		rc = table_stats(table->def, exact != 0, &stats, &call->err);
	return rc < 0 ? rc : host_give(call, ret, STATS_SIZE, "lyre_table_stats", &stats, sizeof stats);
}

/** Writes the text, and caches a copy of it without the preceding comma. */
static int write_kept(
	lyre_call *call, struct database *db, const char *name, struct text_moment *m, int (*write)(void *arg), void *arg)
{
	const struct buf *out = call->out.buf;
	size_t start = out->len + call->out.comma;
	int rc = write(arg);
	bool whole = rc == 0 && !out->failed && out->len > start;
	database_keep_text(db, name, m, whole ? out->data + start : NULL, whole ? out->len - start : 0);
	return rc;
}

/** Whether the caller sees the same of a database as every super_user, in JSON: then one cached text serves them all. */
static bool is_told_all(const lyre_call *call, const char *database)
{
	if (call->out.encoder != &encode_json)
		return false;
	/* secrets in the system database are visible only with the server's rights */
	return host_is_whole(call) && !(call->server_rights && strcmp(database, SYSTEM_DATABASE) == 0);
}

int host_reply_cached(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg)
{
	struct database *db;
	int rc = visible_database(call, database, &db);
	if (rc < 0)
		return rc;
	struct text_moment m;
	struct kept_text *kept;
	if (!is_told_all(call, database)) {
		rc = write(arg);
	} else if (database_text(db, name, &m, &kept)) {
		size_t len;
		const char *text = kept_text_read(kept, &len);
		out_raw(&call->out, text, len);
		kept_text_release(kept);
	} else {
		rc = write_kept(call, db, name, &m, write, arg);
	}
	database_unref(db);
	return rc;
}

int host_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37])
{
	struct lyre_attribute full;
	int rc = host_take(call, &full, sizeof full, attribute, ATTRIBUTE_SIZE, "lyre_attribute");
	if (rc < 0)
		return rc;
	full.size = (uint32_t)sizeof full;
	if (!(table->view.permissions & LYRE_PERMIT_INSERT)) {
		rc = host_may_structure(call, table->def->database);
		if (rc < 0)
			return rc;
	}
	return table_create_attribute(table->def, &full, id, &call->err);
}

int host_attribute_drop(lyre_call *call, lyre_table *table, const char *name)
{
	int rc = host_may_structure(call, table->def->database);
	return rc < 0 ? rc : table_drop_attribute(table->def, name, &call->err);
}
