/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_table.c
 * \brief The definitions of tables, in the module's memory.
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>

static struct lyre_table *all_tables;

void fake_tables_forget(void)
{
	for (; all_tables; all_tables = all_tables->next)
		free(all_tables->rows); /* all else is the module's memory */
}

struct lyre_table *fake_find_table(const char *database, const char *name)
{
	struct lyre_table *t = all_tables;
	while (t && (t->dropped || strcmp(t->database, database) != 0 || (name && strcmp(t->name, name) != 0)))
		t = t->next;
	return t;
}

int fake_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret)
{
	if (!database || !name)
		fake_die("%s opens a table without a name: an argument that was not given is NULL", call->operation);
	*ret = fake_find_table(database, name);
	if (*ret)
		return 0;
	if (!fake_find_table(database, NULL))
		return fake_fail(call, LYRE_ENOTFOUND, "database '%s' does not exist", database);
	return fake_fail(call, LYRE_ENOTFOUND, "table '%s.%s' does not exist", database, name);
}

const char *fake_kept(const char *s)
{
	return s ? fake_copy(&fake.memory, s, strlen(s)) : NULL;
}

static void add_attribute(struct lyre_table *t, const struct lyre_attribute *a)
{
	struct lyre_attribute *all = fake_take(&fake.memory, (t->attribute_count + 1) * sizeof *all);

	if (t->attribute_count)
		memcpy(all, t->attributes, t->attribute_count * sizeof *all);
	all[t->attribute_count].size = sizeof *all;
	all[t->attribute_count].flags = a->flags;
	all[t->attribute_count].name = fake_kept(a->name);
	all[t->attribute_count].type = fake_kept(a->type);
	t->attributes = all;
	t->attribute_count++;
}

int fake_table_create(lyre_call *call, const struct lyre_table_spec *spec)
{
	struct lyre_table *t, **last = &all_tables;

	if (spec->size < sizeof *spec)
		fake_die("lyre_table_create(): size of struct lyre_table_spec is not set");
	if (!spec->database || !spec->name || !spec->primary_key)
		fake_die("lyre_table_create(): struct lyre_table_spec has no database, no name or no primary_key");
	if (!(spec->expiration < 0 || spec->expiration > 0))
		fake_die("lyre_table_create(): records of '%s.%s' would expire at once: .expiration = -1 is never", spec->database,
			spec->name);
	fake_blocks(call, "lyre_table_create()");
	if (fake_find_table(spec->database, spec->name))
		return fake_fail(call, LYRE_EEXISTS, "table '%s.%s' already exists", spec->database, spec->name);
	t = fake_take(&fake.memory, sizeof *t);
	t->database = fake_kept(spec->database);
	t->name = fake_kept(spec->name);
	t->primary_key = fake_kept(spec->primary_key);
	t->expiration = spec->expiration;
	t->audit = spec->audit;
	t->schema_defined = spec->attributes != NULL;
	for (uint32_t i = 0; spec->attributes && i < spec->attribute_count; i++)
		add_attribute(t, lyre_attribute_at(spec, i));
	while (*last)
		last = &(*last)->next;
	*last = t;
	return 0;
}

int fake_table_drop(lyre_call *call, const char *database, const char *name)
{
	lyre_table *t;
	int rc = fake_table_open(call, database, name, &t);

	fake_blocks(call, "lyre_table_drop()");
	if (rc == 0) {
		const struct lyre_event reset = { .size = sizeof reset,
			.kind = LYRE_EVENT_RESET,
			.database = t->database,
			.table = t->name,
			.time = fake_value_api.time_now(),
			.user = "" };
		t->dropped = 1;
		lyre_fake_event(&reset);
	}
	return rc;
}

int fake_visit_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg)
{
	int rc = 0;

	if (!fake_find_table(database, NULL))
		return fake_fail(call, LYRE_ENOTFOUND, "database '%s' does not exist", database);
	for (struct lyre_table *t = all_tables; rc == 0 && t; t = t->next)
		if (!t->dropped && strcmp(t->database, database) == 0)
			rc = visit(arg, t);
	return rc;
}

const char *fake_table_name(const lyre_table *table)
{
	return table->name;
}

const char *fake_table_database(const lyre_table *table)
{
	return table->database;
}

int fake_table_spec(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret)
{
	(void)call;
	if (ret->size < sizeof *ret)
		fake_die("lyre_table_spec(): size of struct lyre_table_spec is not set");
	ret->attribute_count = table->attribute_count;
	ret->database = table->database;
	ret->name = table->name;
	ret->primary_key = table->primary_key;
	ret->attributes = table->attributes;
	ret->expiration = table->expiration;
	ret->audit = table->audit;
	ret->schema_defined = table->schema_defined;
	return 0;
}

int fake_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret)
{
	(void)call;
	(void)exact;
	if (ret->size < sizeof *ret)
		fake_die("lyre_table_stats(): size of struct lyre_table_stats is not set");
	memset(ret, 0, sizeof *ret);
	ret->size = sizeof *ret;
	ret->record_count = ret->count_low = ret->count_high = table->count;
	return 0;
}

int fake_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37])
{
	fake_blocks(call, "lyre_attribute_create()");
	for (uint32_t i = 0; i < table->attribute_count; i++)
		if (strcmp(table->attributes[i].name, attribute->name) == 0)
			return fake_fail(call, LYRE_EEXISTS, "attribute '%s' already exists", attribute->name);
	add_attribute(table, attribute);
	snprintf(id, 37, "00000000-0000-4000-8000-%012u", (unsigned)table->attribute_count);
	return 0;
}
