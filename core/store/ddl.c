/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and dropping tables and attributes: checked before queueing, done on the writer's thread. */
#include "base/text.h"
#include "store/store_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CREATED_NAME "__createdtime__"
#define UPDATED_NAME "__updatedtime__"

static uint32_t time_flag(const char *name)
{
	if (!strcmp(name, CREATED_NAME))
		return ATTRIBUTE_CREATED;
	return strcmp(name, UPDATED_NAME) ? 0 : ATTRIBUTE_UPDATED;
}

static bool has_tree(const struct attribute *a)
{
	return a->flags & ATTRIBUTE_INDEXED && !(a->flags & ATTRIBUTE_KEY);
}

/* ---- within a transaction ---- */

static int attribute_save(struct database *db, uint32_t table, const struct attribute *a)
{
	unsigned char key[ATTRIBUTE_KEY_LEN];
	struct buf b;
	buf_init(&b);
	table_key(key, table, a->id);
	attribute_encode(a, &b);
	int rc = b.failed ? writer_failed(db, ENOMEM) : writer_put(db, db->tables, val(key, sizeof key), val(b.data, b.len));
	buf_free(&b);
	return rc;
}

/* Creates the tree of an attribute, if it has one, and stores the attribute. */
static int attribute_make(struct database *db, uint32_t table, struct attribute *a)
{
	char name[TREE_NAME_MAX];
	if (has_tree(a) && !a->index) {
		index_tree(name, table, a->id);
		int rc = writer_tree(db, name, &a->index);
		if (rc)
			return rc;
	}
	return attribute_save(db, table, a);
}

int attribute_add(struct database *db, uint32_t table, const char *name, size_t len, const char *type_name, uint16_t type,
	uint32_t flags, struct attribute **ret, struct err *e)
{
	struct definition *d = writer_edit(db, table);
	if (!d)
		return writer_failed(db, ENOMEM);
	int rc = attributes_left(&d->table, 1, e);
	if (rc)
		return rc;
	struct attribute *a = definition_add(d, name, len, type_name);
	if (!a)
		return writer_failed(db, ENOMEM);
	a->type = type;
	a->flags = flags;
	uuid_text(a->uuid);
	*ret = a;
	return attribute_make(db, table, a);
}

int attribute_flag(struct database *db, uint32_t table, uint16_t attribute, uint32_t flags)
{
	struct definition *d = writer_edit(db, table);
	const struct attribute *found = d ? attribute_by_id(&d->table, attribute) : NULL;
	if (!found)
		return writer_failed(db, ENOMEM);
	struct attribute *a = &d->table.attributes[found - d->table.attributes];
	a->flags |= flags;
	return attribute_save(db, table, a);
}

/* ---- tables ---- */

/* The key is first, then the times unless they are declared; a dynamic table indexes them. */
static struct definition *define(const struct database *db, const struct lyre_table_spec *spec, struct err *e)
{
	struct definition *d = definition_new(db->name, spec->name);
	if (!d)
		goto nomem;
	struct table *t = &d->table;
	t->dynamic = !spec->attributes;
	t->audit = spec->audit < 0 ? db->options.audit : spec->audit > 0;
	t->expiration = spec->expiration >= 0 ? spec->expiration * 1000 : -1;
	const struct lyre_attribute *listed = NULL;
	for (uint32_t i = 0; i < spec->attribute_count && spec->attributes; i++)
		if (!strcmp(spec->attributes[i].name, spec->primary_key))
			listed = &spec->attributes[i];
	struct attribute *a = definition_add(d, spec->primary_key, strlen(spec->primary_key), listed ? listed->type : NULL);
	if (!a)
		goto nomem;
	a->flags = ATTRIBUTE_KEY | ATTRIBUTE_DECLARED;
	if (listed)
		a->flags |= listed->flags & (LYRE_A_INDEXED | LYRE_A_NOT_NULL);
	a->type = listed && listed->type ? (uint16_t)type_named(listed->type) : ATTRIBUTE_ANY;
	uuid_text(a->uuid);
	static const char *const times[] = { CREATED_NAME, UPDATED_NAME };
	for (size_t i = 0; t->dynamic && i < sizeof times / sizeof *times; i++) {
		if (!strcmp(times[i], spec->primary_key))
			continue;
		if (!(a = definition_add(d, times[i], strlen(times[i]), NULL)))
			goto nomem;
		a->flags = time_flag(times[i]) | ATTRIBUTE_INDEXED | ATTRIBUTE_DECLARED;
		uuid_text(a->uuid);
	}
	bool newest = false; /* the tree is needed to find the newest update */
	for (uint32_t i = 0; i < spec->attribute_count && spec->attributes; i++) {
		const struct lyre_attribute *given = &spec->attributes[i];
		if (given == listed)
			continue;
		if (!(a = definition_add(d, given->name, strlen(given->name), given->type)))
			goto nomem;
		a->type = given->type ? (uint16_t)type_named(given->type) : ATTRIBUTE_ANY;
		a->flags = (given->flags & (LYRE_A_INDEXED | LYRE_A_NOT_NULL)) | time_flag(given->name) | ATTRIBUTE_DECLARED;
		uuid_text(a->uuid);
		newest = newest || (a->flags & (ATTRIBUTE_UPDATED | ATTRIBUTE_INDEXED)) == ATTRIBUTE_UPDATED;
	}
	t->expiry = t->expiration >= 0 || newest; /* to be created */
	return d;
nomem:
	definition_free(d);
	err_nomem(e);
	return NULL;
}

static int apply_create_table(struct database *db, struct definition_change *c, struct err *e)
{
	const struct lyre_table_spec *spec = c->in;
	if (writer_table_named(db, spec->name))
		return err_set(e, LYRE_EEXISTS, "Table '%s' already exists in '%s'", spec->name, db->name);
	struct definition *d = define(db, spec, e);
	if (!d)
		return e->code;
	struct table *t = &d->table;
	unsigned trees = 1 + (t->expiry != 0);
	for (uint16_t i = 0; i < t->attribute_count; i++)
		trees += has_tree(&t->attributes[i]);
	int rc = writer_trees_left(db, trees, e);
	if (rc)
		goto failed;
	char name[TREE_NAME_MAX];
	if ((rc = writer_next_table(db, &t->id)))
		goto failed;
	records_tree(name, t->id);
	if ((rc = writer_tree(db, name, &t->records)))
		goto failed;
	if (t->expiry) {
		expiry_tree(name, t->id);
		if ((rc = writer_tree(db, name, &t->expiry)))
			goto failed;
	}
	for (uint16_t i = 0; i < t->attribute_count; i++)
		if ((rc = attribute_make(db, t->id, &t->attributes[i])))
			goto failed;
	return writer_add_table(db, d);
failed:
	definition_free(d);
	return rc;
}

static int compare_attributes(const void *x, const void *y)
{
	const struct lyre_attribute *const *a = x, *const *b = y;
	return strcmp((*a)->name, (*b)->name);
}

static void check_twice(const struct lyre_table_spec *spec, struct buf *faults)
{
	if (!spec->attributes || spec->attribute_count < 2)
		return;
	const struct lyre_attribute **sorted = malloc(spec->attribute_count * sizeof *sorted);
	if (!sorted) {
		faults->failed = true;
		return;
	}
	for (uint32_t i = 0; i < spec->attribute_count; i++)
		sorted[i] = &spec->attributes[i];
	qsort(sorted, spec->attribute_count, sizeof *sorted, compare_attributes);
	for (uint32_t i = 1; i < spec->attribute_count; i++)
		if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
			fault_add(faults, "Attribute '%s' is listed twice", sorted[i]->name);
	free(sorted);
}

/* Reports faults of a specification before a database is created for it. */
static int check_spec(const struct lyre_table_spec *spec, struct err *e)
{
	if (spec->attribute_count > ATTRIBUTES_MAX - 8)
		return err_set(e, LYRE_EINVAL, "Table '%s.%s' cannot have more than %d attributes", spec->database, spec->name,
			ATTRIBUTES_MAX);
	struct buf faults;
	buf_init(&faults);
	(void)name_fault(spec->primary_key, strlen(spec->primary_key), &faults);
	if (!spec->name[0])
		fault_add(&faults, "'table' is not allowed to be empty");
	for (uint32_t i = 0; i < spec->attribute_count && spec->attributes; i++) {
		const struct lyre_attribute *a = &spec->attributes[i];
		(void)name_fault(a->name, strlen(a->name), &faults);
		if (a->type && type_named(a->type) < 0)
			fault_add(&faults, "Attribute '%s' has the unknown type '%s'", a->name, a->type);
	}
	check_twice(spec, &faults);
	if (isnan(spec->expiration))
		fault_add(&faults, "'expiration' must be a number");
	int rc = 0;
	if (faults.failed)
		rc = err_nomem(e);
	else if (faults.len)
		rc = err_set(e, LYRE_EINVAL, "%.*s", (int)faults.len, faults.data);
	buf_free(&faults);
	return rc;
}

int store_create_table(struct store *s, const struct lyre_table_spec *spec, struct err *e)
{
	int rc = check_spec(spec, e);
	if (rc)
		return rc;
	struct database *db;
	rc = store_database(s, spec->database, &db, e);
	if (rc == LYRE_ENOTFOUND) {
		rc = store_create_database(s, spec->database, e);
		if (!rc || rc == LYRE_EEXISTS)
			rc = store_database(s, spec->database, &db, e);
	}
	if (rc)
		return rc;
	struct definition_change c = { .apply = apply_create_table, .in = spec };
	rc = writer_change(db, &c, e);
	database_unref(db);
	return rc;
}

static int retire_trees(struct database *db, const struct table *t)
{
	char name[TREE_NAME_MAX];
	records_tree(name, t->id);
	int rc = writer_retire_tree(db, name);
	if (!rc && t->expiry) {
		expiry_tree(name, t->id);
		rc = writer_retire_tree(db, name);
	}
	for (uint16_t i = 0; !rc && i < t->attribute_count; i++) {
		if (!t->attributes[i].index)
			continue;
		index_tree(name, t->id, t->attributes[i].id);
		rc = writer_retire_tree(db, name);
	}
	return rc;
}

static int apply_drop_table(struct database *db, struct definition_change *c, struct err *e)
{
	const char *name = c->in;
	const struct table *t = writer_table_named(db, name);
	if (!t)
		return err_set(e, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", db->name, name);
	uint32_t id = t->id;
	int rc = retire_trees(db, t);
	unsigned char key[ATTRIBUTE_KEY_LEN];
	for (uint16_t i = 0; !rc && i < t->attribute_count; i++) {
		table_key(key, id, t->attributes[i].id);
		rc = writer_del(db, db->tables, val(key, ATTRIBUTE_KEY_LEN));
	}
	table_key(key, id, 0);
	if (!rc)
		rc = writer_del(db, db->tables, val(key, TABLE_KEY_LEN));
	char counter[TREE_NAME_MAX];
	key_counter(counter, id);
	if (!rc)
		rc = writer_del(db, db->meta, val(counter, strlen(counter)));
	return rc ? rc : writer_remove_table(db, id);
}

int store_drop_table(struct store *s, const char *database, const char *name, struct err *e)
{
	if (!strcmp(database, SYSTEM_DATABASE))
		return err_set(e, LYRE_EDENIED, SYSTEM_CLOSED);
	struct database *db;
	int rc = store_database(s, database, &db, e);
	if (rc)
		return rc;
	struct definition_change c = { .apply = apply_drop_table, .in = name, .frees = true, .resets = name };
	rc = writer_change(db, &c, e);
	database_unref(db);
	return rc;
}

/* ---- attributes ---- */

struct attribute_change {
	const struct table *table;
	const struct lyre_attribute *given;
	const char *name;
};

/* Turns an attribute that came with records into a declared one, whose values already exist. */
static int declare_again(struct database *db, const struct table *t, const struct attribute *there, uint16_t type, uint32_t flags,
	const struct lyre_attribute *given, struct attribute **ret, struct err *e)
{
	uint16_t id = there->id;
	struct definition *d = writer_edit(db, t->id);
	if (!d)
		return err_nomem(e);
	struct attribute *a = &d->table.attributes[attribute_by_id(&d->table, id) - d->table.attributes];
	a->type = type;
	a->flags |= flags;
	if (given->type && !(a->type_name = arena_strndup(&d->texts, given->type, strlen(given->type))))
		return writer_failed(db, ENOMEM);
	*ret = a;
	return attribute_make(db, t->id, a);
}

static int apply_create_attribute(struct database *db, struct definition_change *c, struct err *e)
{
	const struct attribute_change *in = c->in;
	const struct lyre_attribute *given = in->given;
	const struct table *t = writer_table(db, in->table->id);
	if (!t)
		return no_table(in->table, e);
	const struct attribute *there = table_attribute(t, given->name, strlen(given->name));
	if (there && (there->flags & ATTRIBUTE_DECLARED || t->dynamic))
		return err_set(e, LYRE_EEXISTS, "attribute '%s' already exists in %s.%s", given->name, t->database, t->name);
	uint16_t type = given->type ? (uint16_t)type_named(given->type) : ATTRIBUTE_ANY;
	uint32_t flags = (given->flags & (LYRE_A_INDEXED | LYRE_A_NOT_NULL)) | time_flag(given->name) | ATTRIBUTE_DECLARED;
	if (flags & ATTRIBUTE_UPDATED)
		flags |= ATTRIBUTE_INDEXED;
	int rc = flags & ATTRIBUTE_INDEXED ? writer_trees_left(db, 1, e) : 0;
	if (rc)
		return rc;
	struct attribute *a;
	uint32_t table = t->id;
	if (there)
		rc = declare_again(db, t, there, type, flags, given, &a, e);
	else
		rc = attribute_add(db, table, given->name, strlen(given->name), given->type, type, flags, &a, e);
	if (rc)
		return rc;
	memcpy(c->out, a->uuid, sizeof a->uuid);
	if (a->index && (there || flags & (ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED)))
		rc = index_fill(db, table, a->id);
	return rc;
}

int table_create_attribute(const struct table *t, const struct lyre_attribute *a, char id[37], struct err *e)
{
	struct buf faults;
	buf_init(&faults);
	(void)name_fault(a->name, strlen(a->name), &faults);
	if (a->type && type_named(a->type) < 0)
		fault_add(&faults, "Attribute '%s' has the unknown type '%s'", a->name, a->type);
	int rc = 0;
	if (faults.failed)
		rc = err_nomem(e);
	else if (faults.len)
		rc = err_set(e, LYRE_EINVAL, "%.*s", (int)faults.len, faults.data);
	buf_free(&faults);
	if (rc)
		return rc;
	struct attribute_change in = { .table = t, .given = a };
	struct definition_change c = { .apply = apply_create_attribute, .in = &in, .out = id };
	return writer_change(t->db, &c, e);
}

static int apply_drop_attribute(struct database *db, struct definition_change *c, struct err *e)
{
	const struct attribute_change *in = c->in;
	const struct table *t = writer_table(db, in->table->id);
	if (!t)
		return no_table(in->table, e);
	const struct attribute *a = table_attribute(t, in->name, strlen(in->name));
	if (!a)
		return 0;
	if (a->flags & ATTRIBUTE_KEY)
		return err_set(e, LYRE_EINVAL, "You cannot drop a hash attribute");
	if (a->flags & (ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED))
		return err_set(e, LYRE_EINVAL, "cannot drop internal timestamp attribute: %s", in->name);
	uint16_t position = (uint16_t)(a - t->attributes);
	struct definition *d = writer_edit(db, t->id);
	if (!d)
		return err_nomem(e);
	a = &d->table.attributes[position];
	int rc = 0;
	if (a->index) {
		char name[TREE_NAME_MAX];
		index_tree(name, d->table.id, a->id);
		rc = writer_retire_tree(db, name);
	}
	unsigned char key[ATTRIBUTE_KEY_LEN];
	table_key(key, d->table.id, a->id);
	if (!rc)
		rc = writer_del(db, db->tables, val(key, sizeof key));
	if (!rc)
		definition_remove(d, position);
	return rc;
}

int table_drop_attribute(const struct table *t, const char *name, struct err *e)
{
	if (!strcmp(t->database, SYSTEM_DATABASE))
		return err_set(e, LYRE_EDENIED, SYSTEM_CLOSED);
	struct attribute_change in = { .table = t, .name = name };
	struct definition_change c = { .apply = apply_drop_attribute, .in = &in, .frees = true, .resets = t->name };
	return writer_change(t->db, &c, e);
}
