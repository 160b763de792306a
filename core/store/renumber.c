/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ids of attributes are never reused while a database is open: dropped attributes are still in records and in the commit
 * log. A table that has used most of its ids gets new ones, without gaps, in the copy made by a compaction, from which
 * dropped attributes are removed, so that their ids are free.
 *
 * Attributes keep their order, and thus their positions. To holders of an older definition the table no longer exists
 * (table.numbering), as its ids now have another meaning.
 */
#include "store/codec.h"
#include "store/commit_log.h"
#include "store/record.h"
#include "store/renumber.h"

#include <errno.h>
#include <stdlib.h>

/** A table gets new ids after it has used this many. */
#define SPENT (UINT16_MAX / 2)
#define GONE UINT16_MAX
/** Handles in addition to those of trees; bytes in addition to the copy's size. */
#define OWN_TREES 8
#define ROOM ((size_t)64 << 20)

struct renumbering {
	MDB_txn *txn;
	const struct table *table;
	uint16_t *to; /**< by old id; GONE: dropped */
	uint32_t ids;
	struct record_item *items;
	struct buf before, after, entry;
};

bool renumber_wanted(const struct table *t)
{
	uint32_t spent = definition_of(t)->next_attribute;
	return spent > SPENT && spent > t->attribute_count;
}

/* Replaces the entry at the cursor; the key is in the page that changes. */
static int replace(MDB_cursor *cursor, MDB_val key, const struct buf *value)
{
	unsigned char bytes[KEY_MAX];
	if (key.mv_size > sizeof bytes)
		return MDB_CORRUPTED;
	memcpy(bytes, key.mv_data, key.mv_size);
	key = val(bytes, key.mv_size);
	MDB_val v = val(value->data, value->len);
	return mdb_cursor_put(cursor, &key, &v, MDB_CURRENT);
}

/* ---- records ---- */

/* Appends the record with new ids, without dropped attributes. */
static int rebuild(struct renumbering *r, struct record old, struct buf *out)
{
	size_t n = 0;
	if (!record_check(old))
		return MDB_CORRUPTED;
	for (uint16_t i = 0; i < record_count(old); i++) {
		struct field f;
		uint16_t id = record_at(old, i, &f);
		if (id < r->ids && r->to[id] != GONE)
			r->items[n++] = (struct record_item){ .id = r->to[id], .field = f };
	}
	record_build(out, record_created(old), record_updated(old), r->items, n);
	return out->failed ? ENOMEM : 0;
}

static int renumber_records(struct renumbering *r)
{
	char name[TREE_NAME_MAX];
	MDB_dbi tree;
	MDB_cursor *cursor;
	MDB_val key, value;
	records_tree(name, r->table->id);
	int rc = tree_open(r->txn, name, 0, &tree);
	if (!rc)
		rc = mdb_cursor_open(r->txn, tree, &cursor);
	if (rc)
		return rc;
	while (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		buf_clear(&r->after);
		rc = rebuild(r, (struct record){ .data = value.mv_data, .len = value.mv_size }, &r->after);
		if (rc || (rc = replace(cursor, key, &r->after)))
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- the audit log ---- */

static int rebuild_change(struct renumbering *r, const struct commit_change *c)
{
	struct record before, after;
	int rc = 0;
	buf_clear(&r->before);
	buf_clear(&r->after);
	if (c->before.data)
		rc = rebuild(r, c->before, &r->before);
	if (!rc && c->after.data)
		rc = rebuild(r, c->after, &r->after);
	before = (struct record){ .data = (unsigned char *)r->before.data, .len = r->before.len };
	after = (struct record){ .data = (unsigned char *)r->after.data, .len = r->after.len };
	commit_change_add(&r->entry, val(c->key.data, c->key.len), c->before.data ? &before : NULL, c->after.data ? &after : NULL);
	return rc ? rc : r->entry.failed ? ENOMEM : 0;
}

/* Puts the new entry into r->entry; empty if it is unchanged. */
static int rebuild_entry(struct renumbering *r, MDB_val key, MDB_val value)
{
	struct commit_entry entry;
	struct commit_change change;
	buf_clear(&r->entry);
	if (!commit_entry_decode(key, value, &entry))
		return MDB_CORRUPTED;
	if (entry.table_id != r->table->id)
		return 0;
	struct field rest = entry.changes;
	buf_add(&r->entry, value.mv_data, (size_t)(entry.changes.data - (unsigned char *)value.mv_data));
	int rc, code = 0;
	while (!code && !(rc = commit_change_next(&rest, &change)))
		code = rebuild_change(r, &change);
	return code ? code : rc == LYRE_END ? 0 : MDB_CORRUPTED;
}

static int renumber_log(struct renumbering *r)
{
	MDB_dbi tree;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_dbi_open(r->txn, "log", 0, &tree);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (!rc)
		rc = mdb_cursor_open(r->txn, tree, &cursor);
	if (rc)
		return rc;
	while (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		rc = rebuild_entry(r, key, value);
		if (rc || (r->entry.len && (rc = replace(cursor, key, &r->entry))))
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* ---- trees ---- */

/* Copies a tree, as it cannot be renamed. */
static int move_tree(MDB_txn *txn, const char *from_name, const char *to_name)
{
	MDB_dbi from, to;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = tree_open(txn, from_name, 0, &from);
	if (!rc)
		rc = tree_open(txn, to_name, MDB_CREATE, &to);
	if (!rc)
		rc = mdb_cursor_open(txn, from, &cursor);
	if (rc)
		return rc;
	while (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)))
		if ((rc = mdb_put(txn, to, &key, &value, MDB_APPEND)))
			break;
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? mdb_drop(txn, from, 1) : rc;
}

/* In the order of the ids, which only decrease: no name is taken by a tree that is still to be moved. */
static int move_indexes(struct renumbering *r)
{
	int rc = 0;
	for (uint16_t i = 0; !rc && i < r->table->attribute_count; i++) {
		const struct attribute *a = &r->table->attributes[i];
		char from[TREE_NAME_MAX], to[TREE_NAME_MAX];
		if (!a->index || a->id == i)
			continue;
		index_tree(from, r->table->id, a->id);
		index_tree(to, r->table->id, i);
		rc = move_tree(r->txn, from, to);
	}
	return rc;
}

/* Trees waiting to be freed have names that may be reused by now. */
static int free_dropped(MDB_txn *txn)
{
	MDB_dbi dropped, tree;
	MDB_cursor *cursor;
	MDB_val key, value;
	int rc = mdb_dbi_open(txn, "dropped", 0, &dropped);
	if (!rc)
		rc = mdb_cursor_open(txn, dropped, &cursor);
	if (rc)
		return rc;
	while (!(rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		char name[TREE_NAME_MAX] = "";
		if (key.mv_size >= sizeof name) {
			rc = MDB_CORRUPTED;
			break;
		}
		memcpy(name, key.mv_data, key.mv_size);
		rc = mdb_dbi_open(txn, name, 0, &tree);
		if (!rc)
			rc = mdb_drop(txn, tree, 1);
		if (rc && rc != MDB_NOTFOUND)
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? mdb_drop(txn, dropped, 0) : rc;
}

/* ---- the definition ---- */

static int put(MDB_txn *txn, MDB_dbi tree, MDB_val key, const struct buf *value)
{
	MDB_val v = val(value->data, value->len);
	return value->failed ? ENOMEM : mdb_put(txn, tree, &key, &v, 0);
}

static int save_attributes(struct renumbering *r, MDB_dbi tables, struct definition *d)
{
	unsigned char key[ATTRIBUTE_KEY_LEN];
	int rc = 0;
	for (uint16_t i = 0; !rc && i < d->table.attribute_count; i++) {
		struct attribute *a = &d->table.attributes[i];
		MDB_val old = val(key, sizeof key);
		table_key(key, d->table.id, a->id);
		rc = mdb_del(r->txn, tables, &old, NULL);
		a->id = i;
		table_key(key, d->table.id, i);
		buf_clear(&r->entry);
		attribute_encode(a, &r->entry);
		if (!rc)
			rc = put(r->txn, tables, val(key, sizeof key), &r->entry);
	}
	return rc;
}

static int save_definition(struct renumbering *r)
{
	unsigned char key[ATTRIBUTE_KEY_LEN];
	MDB_dbi tables;
	struct definition *d = definition_copy(r->table);
	if (!d)
		return ENOMEM;
	int rc = mdb_dbi_open(r->txn, "tables", 0, &tables);
	if (!rc)
		rc = save_attributes(r, tables, d);
	d->next_attribute = d->table.attribute_count;
	table_key(key, d->table.id, 0);
	buf_clear(&r->entry);
	definition_encode(&d->table, &r->entry);
	if (!rc)
		rc = put(r->txn, tables, val(key, TABLE_KEY_LEN), &r->entry);
	definition_free(d);
	return rc;
}

/* ---- the whole copy ---- */

static int renumber_table(struct renumbering *r, const struct table *t)
{
	r->table = t;
	r->ids = definition_of(t)->next_attribute;
	memset(r->to, 0xff, (UINT16_MAX + 1) * sizeof *r->to);
	for (uint16_t i = 0; i < t->attribute_count; i++)
		r->to[t->attributes[i].id] = i;
	int rc = renumber_records(r);
	if (!rc)
		rc = renumber_log(r);
	if (!rc)
		rc = move_indexes(r);
	return rc ? rc : save_definition(r);
}

static int renumber_all(MDB_env *env, const struct catalogue *c)
{
	struct renumbering r = { .to = malloc((UINT16_MAX + 1) * sizeof *r.to),
		.items = malloc((UINT16_MAX + 1) * sizeof *r.items) };
	buf_init(&r.before);
	buf_init(&r.after);
	buf_init(&r.entry);
	int rc = r.to && r.items ? mdb_txn_begin(env, NULL, 0, &r.txn) : ENOMEM;
	if (rc)
		goto out;
	rc = free_dropped(r.txn);
	for (size_t i = 0; !rc && i < c->count; i++)
		if (renumber_wanted(c->by_id[i]))
			rc = renumber_table(&r, c->by_id[i]);
	if (rc)
		mdb_txn_abort(r.txn);
	else
		rc = mdb_txn_commit(r.txn);
out:
	buf_free(&r.before);
	buf_free(&r.after);
	buf_free(&r.entry);
	free(r.items);
	free(r.to);
	return rc;
}

int renumber_copy(const struct database *db, const char *path, size_t size, int to, struct err *e)
{
	MDB_env *env = NULL;
	int rc = mdb_env_create(&env);
	if (!rc)
		rc = mdb_env_set_maxdbs(env, 2 * db->writer.committed.trees + OWN_TREES);
	if (!rc)
		rc = mdb_env_set_mapsize(env, 3 * size + ROOM);
	if (!rc)
		rc = mdb_env_open(env, path, MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | MDB_NOSYNC, 0600);
	if (!rc)
		rc = renumber_all(env, db->catalogue);
	if (!rc)
		rc = mdb_env_copyfd2(env, to, MDB_CP_COMPACT);
	if (env)
		mdb_env_close(env);
	return store_error(e, rc, "compact", db);
}
