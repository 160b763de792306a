/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The changes of indexes in a transaction: collected until there are many or the transaction ends, then made in the order
 * of the keys, which visits the pages in order and each only once. Nothing reads an index in between.
 */
#include "store/codec.h"
#include "store/store_internal.h"

#include <errno.h>
#include <stdlib.h>

/** Limit of collected keys and data, bytes. */
#define BATCH_BYTES ((size_t)512 << 10)
/** Number of changes for which memory is kept after a transaction. */
#define BATCH_SPARE 2048

struct batch_item {
	uint64_t prefix; /**< the key's first bytes, which usually determine the order */
	MDB_dbi tree;
	uint32_t at; /**< position of the key, followed by the data; in order of arrival */
	uint16_t key_len, data_len;
	bool removal;
};

static MDB_val key_of(const struct batch *b, const struct batch_item *i)
{
	return val(b->bytes.data + i->at, i->key_len);
}

static int compare_keys(MDB_val a, MDB_val b)
{
	int order = memcmp(a.mv_data, b.mv_data, a.mv_size < b.mv_size ? a.mv_size : b.mv_size);
	return order ? order : (a.mv_size > b.mv_size) - (a.mv_size < b.mv_size);
}

static int compare(const void *x, const void *y, void *batch)
{
	const struct batch_item *a = x, *b = y;
	if (a->tree != b->tree)
		return a->tree < b->tree ? -1 : 1;
	if (a->prefix != b->prefix)
		return a->prefix < b->prefix ? -1 : 1;
	int order = compare_keys(key_of(batch, a), key_of(batch, b));
	return order ? order : (a->at > b->at) - (a->at < b->at);
}

static int remove_item(MDB_cursor *cursor, MDB_val key)
{
	MDB_val there;
	int rc = mdb_cursor_get(cursor, &key, &there, MDB_SET);
	if (!rc)
		rc = mdb_cursor_del(cursor, 0);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Makes the changes of one tree, in order. Of several changes of one key the last one counts. */
static int change_tree(struct batch *b, MDB_txn *txn, const struct batch_item *items, size_t count)
{
	MDB_cursor *cursor;
	MDB_val last, value;
	unsigned char end[KEY_MAX];
	bool behind = false;
	int rc = mdb_cursor_open(txn, items->tree, &cursor);
	if (rc)
		return rc;
	/* the key may move when something is written */
	rc = mdb_cursor_get(cursor, &last, &value, MDB_LAST);
	if (!rc && last.mv_size <= sizeof end)
		last.mv_data = memcpy(end, last.mv_data, last.mv_size);
	else if (rc == MDB_NOTFOUND)
		behind = true;
	else
		rc = rc ? rc : MDB_CORRUPTED;
	if (rc == MDB_NOTFOUND)
		rc = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		MDB_val key = key_of(b, &items[i]);
		if (i + 1 < count && !compare_keys(key, key_of(b, &items[i + 1])))
			continue;
		behind = behind || compare_keys(key, last) > 0;
		value = val((char *)key.mv_data + key.mv_size, items[i].data_len);
		rc = items[i].removal ? remove_item(cursor, key) : mdb_cursor_put(cursor, &key, &value, behind ? MDB_APPEND : 0);
	}
	mdb_cursor_close(cursor);
	return rc;
}

int batch_flush(struct database *db)
{
	struct batch *b = &db->writer.batch;
	int rc = 0;
	if (b->count > 1)
		qsort_r(b->items, b->count, sizeof *b->items, compare, b);
	for (size_t i = 0, n; !rc && i < b->count; i += n) {
		for (n = 1; i + n < b->count && b->items[i + n].tree == b->items[i].tree; n++)
			;
		rc = change_tree(b, db->writer.txn, &b->items[i], n);
	}
	b->count = 0;
	buf_clear(&b->bytes);
	return writer_failed(db, rc);
}

static int add(struct database *db, MDB_dbi tree, MDB_val key, MDB_val data, bool removal)
{
	struct batch *b = &db->writer.batch;
	writer_touched(db, data.mv_size);
	if (b->bytes.len > BATCH_BYTES) {
		int rc = batch_flush(db);
		if (rc)
			return rc;
	}
	if (b->count == b->cap) {
		size_t cap = b->cap ? 2 * b->cap : 64;
		struct batch_item *items = realloc(b->items, cap * sizeof *items);
		if (!items)
			return writer_failed(db, ENOMEM);
		b->items = items;
		b->cap = cap;
	}
	unsigned char first[sizeof(uint64_t)] = { 0 };
	memcpy(first, key.mv_data, key.mv_size < sizeof first ? key.mv_size : sizeof first);
	struct batch_item item = {
		.prefix = be_get(first, sizeof first),
		.tree = tree,
		.at = (uint32_t)b->bytes.len,
		.key_len = (uint16_t)key.mv_size,
		.data_len = (uint16_t)data.mv_size,
		.removal = removal,
	};
	buf_add(&b->bytes, key.mv_data, key.mv_size);
	buf_add(&b->bytes, data.mv_data, data.mv_size);
	if (b->bytes.failed)
		return writer_failed(db, ENOMEM);
	b->items[b->count++] = item;
	return 0;
}

int batch_put(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value)
{
	return add(db, tree, key, value, false);
}

int batch_del(struct database *db, MDB_dbi tree, MDB_val key)
{
	return add(db, tree, key, val("", 0), true);
}

void batch_init(struct batch *b)
{
	*b = (struct batch){ 0 };
	buf_init(&b->bytes);
}

void batch_free(struct batch *b)
{
	free(b->items);
	buf_free(&b->bytes);
	batch_init(b);
}

void batch_end(struct batch *b)
{
	b->count = 0;
	buf_clear(&b->bytes);
	if (b->cap > BATCH_SPARE)
		batch_free(b);
}
