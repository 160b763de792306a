/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a database, as immutable definitions. */
#include "store/codec.h"
#include "store/store_internal.h"

#include <errno.h>
#include <stdlib.h>

/* ---- references ---- */

const struct table *table_ref(const struct table *t)
{
	atomic_fetch_add_explicit(&definition_of(t)->table.refs, 1, memory_order_relaxed);
	return t;
}

void table_unref(const struct table *t)
{
	if (!t || atomic_fetch_sub_explicit(&definition_of(t)->table.refs, 1, memory_order_acq_rel) != 1)
		return;
	struct database *db = t->db;
	definition_free(definition_of(t));
	database_unref(db);
}

struct catalogue *catalogue_ref(struct catalogue *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void catalogue_unref(struct catalogue *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < c->count; i++)
		table_unref(c->by_id[i]);
	while (c->texts) {
		struct kept_text *k = c->texts;
		c->texts = k->next;
		kept_text_release(k);
	}
	free(c);
}

/* ---- lookup ---- */

static int compare_names(const void *x, const void *y)
{
	const struct table *const *a = x, *const *b = y;
	return strcmp((*a)->name, (*b)->name);
}

struct catalogue *catalogue_new(const struct table **tables, size_t count)
{
	struct catalogue *c = malloc(sizeof *c + 2 * count * sizeof *tables);
	if (!c)
		return NULL;
	c->refs = 1;
	c->count = count;
	c->by_id = (const struct table **)(c + 1);
	c->by_name = c->by_id + count;
	c->expires = false;
	c->texts = NULL;
	for (size_t i = 0; i < count; i++) {
		c->by_name[i] = c->by_id[i] = table_ref(tables[i]);
		c->expires |= tables[i]->expiration >= 0;
	}
	if (count)
		qsort(c->by_name, count, sizeof *c->by_name, compare_names);
	return c;
}

const struct table *catalogue_by_id(const struct catalogue *c, uint32_t id)
{
	size_t low = 0, high = c->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c->by_id[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->count && c->by_id[low]->id == id ? c->by_id[low] : NULL;
}

const struct table *catalogue_by_name(const struct catalogue *c, const char *name)
{
	size_t low = 0, high = c->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(c->by_name[middle]->name, name);
		if (!order)
			return c->by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct catalogue *database_catalogue(struct database *db)
{
	pthread_mutex_lock(&db->lock);
	struct catalogue *c = db->catalogue ? catalogue_ref(db->catalogue) : NULL;
	pthread_mutex_unlock(&db->lock);
	return c;
}

int store_table(struct store *s, const char *database, const char *name, const struct table **ret, struct err *e)
{
	struct database *db;
	int rc = store_database(s, database, &db, e);
	if (rc)
		return rc;
	pthread_mutex_lock(&db->lock);
	const struct table *t = db->catalogue ? catalogue_by_name(db->catalogue, name) : NULL;
	if (t)
		*ret = table_ref(t);
	pthread_mutex_unlock(&db->lock);
	database_unref(db);
	return t ? 0 : err_set(e, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", database, name);
}

int table_refresh(const struct table *t, const struct table **ret, struct err *e)
{
	struct database *db = t->db;
	pthread_mutex_lock(&db->lock);
	const struct table *now = db->catalogue ? catalogue_by_id(db->catalogue, t->id) : NULL;
	if (now)
		*ret = table_ref(now);
	pthread_mutex_unlock(&db->lock);
	return now ? 0 : no_table(t, e);
}

int database_tables(struct database *db, struct arena *a, const struct table ***ret, size_t *count, struct err *e)
{
	struct catalogue *c = database_catalogue(db);
	if (!c)
		return err_set(e, LYRE_ENOTFOUND, "database '%s' does not exist", db->name);
	int rc = 0;
	const struct table **tables = ARENA_ARRAY(a, const struct table *, c->count + 1);
	if (!tables) {
		rc = err_nomem(e);
		goto out;
	}
	for (size_t i = 0; i < c->count; i++)
		tables[i] = table_ref(c->by_id[i]);
	*ret = tables;
	*count = c->count;
out:
	catalogue_unref(c);
	return rc;
}

/* ---- from the file ---- */

/* LMDB's own order, but faster: most keys of numbers differ in their first eight bytes. */
static int compare_keys(const MDB_val *x, const MDB_val *y)
{
	if (x->mv_size >= 8 && y->mv_size >= 8) {
		uint64_t a = be_get(x->mv_data, 8), b = be_get(y->mv_data, 8);
		if (a != b)
			return a < b ? -1 : 1;
	}
	size_t least = x->mv_size < y->mv_size ? x->mv_size : y->mv_size;
	int order = memcmp(x->mv_data, y->mv_data, least);
	return order ? order : (x->mv_size > y->mv_size) - (x->mv_size < y->mv_size);
}

int tree_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *ret)
{
	int rc = mdb_dbi_open(txn, name, flags, ret);
	return rc ? rc : mdb_set_compare(txn, *ret, compare_keys);
}

static int open_trees(MDB_txn *txn, struct table *t)
{
	char name[TREE_NAME_MAX];
	records_tree(name, t->id);
	int rc = tree_open(txn, name, 0, &t->records);
	if (!rc && t->expiry) {
		expiry_tree(name, t->id);
		rc = tree_open(txn, name, 0, &t->expiry);
	}
	for (uint16_t i = 0; !rc && i < t->attribute_count; i++) {
		struct attribute *a = &t->attributes[i];
		if (!(a->flags & ATTRIBUTE_INDEXED) || a->flags & ATTRIBUTE_KEY)
			continue;
		index_tree(name, t->id, a->id);
		rc = tree_open(txn, name, 0, &a->index);
	}
	return rc;
}

/* After all attributes are read: finds the key among them. */
static bool finish(struct definition *d)
{
	const struct attribute *key = attribute_by_id(&d->table, d->table.key);
	if (!key || !(key->flags & ATTRIBUTE_KEY))
		return false;
	d->table.key = (uint16_t)(key - d->table.attributes);
	return true;
}

struct loading {
	const struct table **tables;
	size_t count, cap;
};

static int load_table(struct definition **ret, struct database *db, struct loading *l, uint32_t id, MDB_val value)
{
	if (l->count == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		const struct table **tables = realloc(l->tables, cap * sizeof *tables);
		if (!tables)
			return LYRE_ENOMEM;
		l->tables = tables;
		l->cap = cap;
	}
	struct definition *d;
	int rc = definition_decode(&d, value, db->name);
	if (rc)
		return rc;
	d->table.id = id;
	d->table.db = database_ref(db);
	l->tables[l->count++] = &d->table;
	*ret = d;
	return 0;
}

/* Reads an entry of the tree of definitions; \p d is the table read last, NULL before the first. */
static int load_entry(struct definition **d, struct database *db, struct loading *l, MDB_val key, MDB_val value)
{
	const unsigned char *k = key.mv_data;
	if (key.mv_size == TABLE_KEY_LEN)
		return *d && !finish(*d) ? LYRE_ECORRUPT : load_table(d, db, l, (uint32_t)be_get(k, 4), value);
	if (!*d || key.mv_size != ATTRIBUTE_KEY_LEN || be_get(k, 4) != (*d)->table.id)
		return LYRE_ECORRUPT;
	return attribute_decode(*d, (uint16_t)be_get(k + 4, 2), value);
}

int catalogue_load(struct database *db, MDB_txn *txn, struct catalogue **ret, struct err *e)
{
	struct loading l = { 0 };
	struct definition *d = NULL;
	MDB_cursor *cursor;
	int rc = mdb_cursor_open(txn, db->tables, &cursor);
	if (rc)
		return store_error(e, rc, "read", db);
	MDB_val key, value;
	int code = 0;
	while (!code && !(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)))
		code = load_entry(&d, db, &l, key, value);
	mdb_cursor_close(cursor);
	if (code == LYRE_ENOMEM) {
		rc = err_nomem(e);
		goto out;
	}
	if (code || (d && !finish(d))) {
		rc = err_set(e, LYRE_ECORRUPT, "%s: the definition of a table is damaged", db->file);
		goto out;
	}
	if (rc != MDB_NOTFOUND) {
		rc = store_error(e, rc, "read", db);
		goto out;
	}
	for (size_t i = 0; i < l.count; i++) {
		rc = open_trees(txn, &definition_of(l.tables[i])->table);
		if (rc == MDB_DBS_FULL) {
			rc = err_set(e, LYRE_ENOSPACE, "%s has more tables and indexes than storage.maxTrees allows (%u)", db->file,
				db->options.max_trees);
			goto out;
		}
		if (rc == ENOMEM) {
			rc = err_nomem(e);
			goto out;
		}
		if (rc) {
			rc = err_set(e, LYRE_ECORRUPT, "%s: a tree of table '%s' cannot be opened: %s", db->file, l.tables[i]->name,
				mdb_strerror(rc));
			goto out;
		}
	}
	*ret = catalogue_new(l.tables, l.count);
	rc = *ret ? 0 : err_nomem(e);
out:
	for (size_t i = 0; i < l.count; i++)
		table_unref(l.tables[i]);
	free(l.tables);
	return rc;
}
