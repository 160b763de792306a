/* SPDX-License-Identifier: Apache-2.0 */
/* One transaction of the writer: its changes, the definitions it makes, and their publication. */
#include "base/text.h"
#include "store/clock.h"
#include "store/codec.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* LMDB reports a partial write as EIO, which is how a disk becomes full: writing another page gives the reason. */
static int reason_of(const struct database *db, int rc)
{
	struct stat st;
	mdb_filehandle_t fd;
	if (rc != EIO || mdb_env_get_fd(db->env, &fd) || fstat(fd, &st))
		return rc;
	int why = posix_fallocate(fd, st.st_size, (off_t)db->page_size);
	return why == ENOSPC || why == EDQUOT || why == EFBIG ? why : rc;
}

int writer_failed(struct database *db, int rc)
{
	if (!rc)
		return 0;
	db->writer.rc = reason_of(db, rc);
	return LYRE_EIO;
}

void writer_touched(struct database *db, size_t bytes)
{
	db->writer.dirty = true;
	db->writer.touched += 1 + bytes / db->page_size;
}

int writer_put(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value)
{
	writer_touched(db, value.mv_size);
	return writer_failed(db, mdb_put(db->writer.txn, tree, &key, &value, 0));
}

int writer_add(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value)
{
	struct writer *w = &db->writer;
	if (w->unordered != tree) {
		writer_touched(db, value.mv_size);
		int rc = mdb_put(w->txn, tree, &key, &value, MDB_APPEND);
		if (rc != MDB_KEYEXIST)
			return writer_failed(db, rc);
		w->unordered = tree;
	}
	return writer_put(db, tree, key, value);
}

int writer_del(struct database *db, MDB_dbi tree, MDB_val key)
{
	writer_touched(db, 0);
	int rc = mdb_del(db->writer.txn, tree, &key, NULL);
	return writer_failed(db, rc == MDB_NOTFOUND ? 0 : rc);
}

int writer_get(struct database *db, MDB_dbi tree, MDB_val key, MDB_val *ret)
{
	int rc = mdb_get(db->writer.txn, tree, &key, ret);
	return rc == MDB_NOTFOUND ? LYRE_ENOTFOUND : writer_failed(db, rc);
}

/* ---- trees ---- */

int writer_trees_left(struct database *db, unsigned more, struct err *e)
{
	if (db->writer.now.trees + more <= db->options.max_trees)
		return 0;
	return err_set(e, LYRE_ENOSPACE, "database '%s' would have more tables and indexes than storage.maxTrees allows (%u)",
		db->name, db->options.max_trees);
}

int writer_tree(struct database *db, const char *name, MDB_dbi *ret)
{
	db->writer.dirty = true;
	int rc = tree_open(db->writer.txn, name, MDB_CREATE, ret);
	if (!rc)
		db->writer.now.trees++;
	return writer_failed(db, rc);
}

int writer_retire_tree(struct database *db, const char *name)
{
	db->writer.drop_at = 0;
	return writer_put(db, db->dropped, val(name, strlen(name)), val("", 0));
}

int writer_next_table(struct database *db, uint32_t *ret)
{
	unsigned char bytes[4];
	uint32_t id = db->writer.now.next_table, next = id + 1;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(next >> (8 * i));
	int rc = writer_put(db, db->meta, val("next", 4), val(bytes, sizeof bytes));
	if (rc)
		return rc;
	db->writer.now.next_table = next;
	*ret = id;
	return 0;
}

/* ---- definitions ---- */

static struct edit *find_edit(struct database *db, uint32_t id)
{
	struct writer *w = &db->writer;
	for (size_t i = 0; i < w->edit_count; i++)
		if (w->edits[i].id == id)
			return &w->edits[i];
	return NULL;
}

/* Only the writer changes the catalogue, so that it needs no lock to read it. */
const struct table *writer_table(struct database *db, uint32_t id)
{
	const struct edit *edit = find_edit(db, id);
	if (edit)
		return edit->definition ? &edit->definition->table : NULL;
	return catalogue_by_id(db->catalogue, id);
}

const struct table *writer_table_named(struct database *db, const char *name)
{
	struct writer *w = &db->writer;
	for (size_t i = 0; i < w->edit_count; i++)
		if (w->edits[i].definition && !strcmp(w->edits[i].definition->table.name, name))
			return &w->edits[i].definition->table;
	const struct table *t = catalogue_by_name(db->catalogue, name);
	return t && !find_edit(db, t->id) ? t : NULL;
}

static struct edit *add_edit(struct database *db, uint32_t id)
{
	struct writer *w = &db->writer;
	if (w->edit_count == w->edit_cap) {
		size_t cap = w->edit_cap ? 2 * w->edit_cap : 8;
		struct edit *edits = realloc(w->edits, cap * sizeof *edits);
		if (!edits)
			return NULL;
		w->edits = edits;
		w->edit_cap = cap;
	}
	watches_touched(db, id);
	struct edit *edit = &w->edits[w->edit_count++];
	*edit = (struct edit){ .id = id };
	return edit;
}

struct definition *writer_edit(struct database *db, uint32_t id)
{
	struct edit *edit = find_edit(db, id);
	if (edit)
		return edit->definition;
	const struct table *t = catalogue_by_id(db->catalogue, id);
	struct definition *d = t ? definition_copy(t) : NULL;
	if (!d)
		return NULL;
	if (!(edit = add_edit(db, id))) {
		definition_free(d);
		return NULL;
	}
	d->table.db = database_ref(db);
	edit->definition = d;
	db->writer.dirty = true;
	return d;
}

int writer_add_table(struct database *db, struct definition *d)
{
	struct edit *edit = add_edit(db, d->table.id);
	if (!edit) {
		definition_free(d);
		return writer_failed(db, ENOMEM);
	}
	d->table.db = database_ref(db);
	edit->definition = d;
	db->writer.dirty = true;
	return 0;
}

int writer_remove_table(struct database *db, uint32_t id)
{
	struct edit *edit = find_edit(db, id);
	if (edit) {
		table_unref(&edit->definition->table);
		edit->definition = NULL;
		return 0;
	}
	db->writer.dirty = true;
	return add_edit(db, id) ? 0 : writer_failed(db, ENOMEM);
}

static int save_edits(struct database *db)
{
	struct writer *w = &db->writer;
	struct buf b;
	int rc = 0;
	buf_init(&b);
	for (size_t i = 0; !rc && i < w->edit_count; i++) {
		if (!w->edits[i].definition)
			continue;
		unsigned char key[ATTRIBUTE_KEY_LEN];
		table_key(key, w->edits[i].id, 0);
		buf_clear(&b);
		definition_encode(&w->edits[i].definition->table, &b);
		rc = b.failed ? writer_failed(db, ENOMEM) : writer_put(db, db->tables, val(key, TABLE_KEY_LEN), val(b.data, b.len));
	}
	buf_free(&b);
	return rc;
}

static void drop_edits(struct database *db)
{
	struct writer *w = &db->writer;
	for (size_t i = 0; i < w->edit_count; i++)
		if (w->edits[i].definition)
			table_unref(&w->edits[i].definition->table);
	w->edit_count = 0;
}

/* The catalogue including the edits. New tables have greater ids than all others. */
static struct catalogue *next_catalogue(struct database *db)
{
	struct writer *w = &db->writer;
	const struct catalogue *now = db->catalogue;
	const struct table **tables = malloc((now->count + w->edit_count + 1) * sizeof *tables);
	if (!tables)
		return NULL;
	size_t n = 0;
	for (size_t i = 0; i < now->count; i++) {
		const struct table *t = writer_table(db, now->by_id[i]->id);
		if (t)
			tables[n++] = t;
	}
	for (size_t i = 0; i < w->edit_count; i++)
		if (w->edits[i].definition && !catalogue_by_id(now, w->edits[i].id))
			tables[n++] = &w->edits[i].definition->table;
	struct catalogue *next = catalogue_new(tables, n);
	free(tables);
	return next;
}

/* ---- begin and end ---- */

int transaction_begin(struct database *db, struct err *e)
{
	struct writer *w = &db->writer;
	int rc = database_usable(db, e);
	if (!rc)
		rc = database_present(db, e);
	if (rc)
		return rc;
	w->now = w->committed;
	w->rc = 0;
	w->touched = 0;
	w->unordered = 0;
	rc = guard_head(db, mdb_txn_begin(db->env, NULL, 0, &w->txn));
	if (rc)
		w->txn = NULL;
	return store_error(e, rc, "write", db);
}

void transaction_abort(struct database *db)
{
	if (db->writer.txn)
		mdb_txn_abort(db->writer.txn);
	db->writer.txn = NULL;
	batch_end(&db->writer.batch);
	drop_edits(db);
}

void transaction_leave(struct database *db)
{
	db->writer.txn = NULL;
	batch_end(&db->writer.batch);
	drop_edits(db);
	pthread_mutex_lock(&db->lock);
	bool shut = db->shutting;
	db->pending = 0;
	pthread_cond_broadcast(&db->published);
	pthread_mutex_unlock(&db->lock);
	if (shut)
		gate_open(db);
}

int transaction_commit(struct database *db, struct err *e)
{
	struct writer *w = &db->writer;
	struct catalogue *next = NULL;
	if (batch_flush(db) || save_edits(db) || clock_save(db) || (w->edit_count && !(next = next_catalogue(db)))) {
		int code = w->rc ? w->rc : ENOMEM;
		transaction_abort(db);
		w->rc = code;
		return store_error(e, code, "write", db);
	}
	if (next) {
		pthread_mutex_lock(&db->lock);
		db->pending = mdb_txn_id(w->txn);
		pthread_mutex_unlock(&db->lock);
	}
	int64_t began = monotonic_ns();
	size_t id = mdb_txn_id(w->txn);
	int rc = reason_of(db, mdb_txn_commit(w->txn));
	w->commit_ns = monotonic_ns() - began;
	w->txn = NULL;
	w->rc = rc;
	batch_end(&w->batch);
	if (next) {
		struct catalogue *old = next;
		pthread_mutex_lock(&db->lock);
		if (!rc) {
			old = db->catalogue;
			db->catalogue = next;
		}
		db->pending = 0;
		pthread_cond_broadcast(&db->published);
		pthread_mutex_unlock(&db->lock);
		catalogue_unref(old);
	}
	drop_edits(db);
	if (!rc) {
		metrics_commit(&w->metrics, w->commit_ns);
		w->committed = w->now;
		w->clock_changed = false;
		db->log = w->now.log;
		db->committed = id;
	}
	watches_count(db);
	return store_error(e, rc, "write", db);
}
