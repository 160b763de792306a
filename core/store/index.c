/* SPDX-License-Identifier: Apache-2.0 */
/* The index entries of records. */
#include "store/codec.h"
#include "store/store_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/** One entry of an index. */
struct entry {
	unsigned char *bytes;
	uint16_t len;
	bool whole; /**< its data is the primary key */
};

/** All entries of one value. */
struct entries {
	struct entry *items;
	size_t count;
	bool multi, cut, objects;
};

static int compare_entries(const void *x, const void *y)
{
	const struct entry *a = x, *b = y;
	int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
	return order ? order : (int)a->len - (int)b->len;
}

/* \return false if out of memory */
static bool add_entry(struct entries *to, const lyre_value *v, MDB_val primary, struct arena *a)
{
	struct key value, whole;
	if (!key_index_value(&value, v))
		return true;
	struct entry *entry = &to->items[to->count];
	key_index_entry(&whole, &value, primary.mv_data, primary.mv_size, &entry->whole);
	entry->bytes = arena_alloc(a, whole.len);
	if (!entry->bytes)
		return false;
	memcpy(entry->bytes, whole.bytes, whole.len);
	entry->len = whole.len;
	to->cut = to->cut || value.cut;
	to->count++;
	return true;
}

static bool entries_of(struct entries *ret, const struct field *f, MDB_val primary, struct arena *a)
{
	*ret = (struct entries){ 0 };
	if (!f)
		return true;
	lyre_value v = field_value(*f, a);
	ret->multi = v.type == LYRE_ARRAY;
	ret->objects = v.type == LYRE_OBJECT;
	ret->items = arena_alloc(a, (v.type == LYRE_ARRAY ? v.len + 1u : 1u) * sizeof *ret->items);
	if (!ret->items)
		return false;
	if (v.type != LYRE_ARRAY)
		return add_entry(ret, &v, primary, a);
	for (uint32_t i = 0; i < v.len; i++)
		if (v.items[i].type != LYRE_ARRAY && !add_entry(ret, &v.items[i], primary, a))
			return false;
	if (ret->count > 1)
		qsort(ret->items, ret->count, sizeof *ret->items, compare_entries);
	size_t n = 0;
	for (size_t i = 0; i < ret->count; i++)
		if (!n || compare_entries(&ret->items[n - 1], &ret->items[i]))
			ret->items[n++] = ret->items[i];
	ret->count = n;
	return true;
}

static int put_entry(struct database *db, MDB_dbi index, const struct entry *entry, MDB_val primary)
{
	return batch_put(db, index, val(entry->bytes, entry->len), entry->whole ? primary : val("", 0));
}

int index_change(struct database *db, const struct table *t, const struct attribute *a, MDB_val primary, const struct field *from,
	const struct field *to)
{
	struct arena *arena = &db->writer.scratch;
	if (from && to && from->len == to->len && !memcmp(from->data, to->data, to->len))
		return 0;
	struct entries old, new;
	if (!entries_of(&old, from, primary, arena) || !entries_of(&new, to, primary, arena) || arena_failed(arena))
		return writer_failed(db, ENOMEM);
	int rc = 0;
	MDB_dbi index = a->index;
	uint32_t flags = (new.multi ? ATTRIBUTE_MULTI : 0) | (new.cut ? ATTRIBUTE_CUT : 0) | (new.objects ? ATTRIBUTE_OBJECTS : 0);
	if (flags & ~a->flags)
		rc = attribute_flag(db, t->id, a->id, flags);
	size_t i = 0, j = 0;
	while (!rc && (i < old.count || j < new.count)) {
		int order = i == old.count ? 1 : j == new.count ? -1 : compare_entries(&old.items[i], &new.items[j]);
		if (order < 0)
			rc = batch_del(db, index, val(old.items[i].bytes, old.items[i].len));
		else if (order > 0)
			rc = put_entry(db, index, &new.items[j], primary);
		i += order <= 0;
		j += order >= 0;
	}
	return rc;
}

int index_time(struct database *db, const struct attribute *a, MDB_val primary, double from, double to)
{
	struct key value, entry;
	bool whole;
	int rc = 0;
	if (!isnan(from)) {
		lyre_value v = value_double(from);
		(void)key_index_value(&value, &v);
		key_index_entry(&entry, &value, primary.mv_data, primary.mv_size, &whole);
		rc = batch_del(db, a->index, val(entry.bytes, entry.len));
	}
	if (!rc && !isnan(to)) {
		lyre_value v = value_double(to);
		(void)key_index_value(&value, &v);
		key_index_entry(&entry, &value, primary.mv_data, primary.mv_size, &whole);
		rc = batch_put(db, a->index, val(entry.bytes, entry.len), whole ? primary : val("", 0));
	}
	return rc;
}

int expiry_change(struct database *db, const struct table *t, MDB_val primary, double from, double to)
{
	unsigned char key[8 + KEY_MAX] = { 0 };
	MDB_val k = val(key, 8 + primary.mv_size);
	int rc = 0;
	memcpy(key + 8, primary.mv_data, primary.mv_size);
	if (!isnan(from)) {
		be_put(key, double_sortable(from), 8);
		rc = batch_del(db, t->expiry, k);
	}
	if (!rc && !isnan(to)) {
		be_put(key, double_sortable(to), 8);
		rc = batch_put(db, t->expiry, k, val("", 0));
	}
	return rc;
}

int record_remove(struct database *db, const struct table *t, MDB_val primary, struct record r)
{
	int rc = 0;
	uint16_t count = record_count(r);
	for (uint16_t i = 0; !rc && i < count; i++) {
		struct field f;
		const struct attribute *a = attribute_by_id(t, record_at(r, i, &f));
		if (a && a->index)
			rc = index_change(db, t, a, primary, &f, NULL);
	}
	for (uint16_t i = 0; !rc && i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];
		if (!a->index || !(a->flags & (ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED)))
			continue;
		rc = index_time(db, a, primary, a->flags & ATTRIBUTE_CREATED ? record_created(r) : record_updated(r), NAN);
	}
	if (!rc && t->expiry)
		rc = expiry_change(db, t, primary, record_updated(r), NAN);
	return rc ? rc : writer_del(db, t->records, primary);
}

int index_fill(struct database *db, uint32_t table, uint16_t attribute)
{
	const struct table *t = writer_table(db, table);
	MDB_cursor *cursor;
	int rc = writer_failed(db, mdb_cursor_open(db->writer.txn, t->records, &cursor));
	if (rc)
		return rc;
	MDB_val key, value;
	int code;
	while (!rc && !(code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT))) {
		unsigned char bytes[KEY_MAX];
		struct record r = { .data = value.mv_data, .len = value.mv_size };
		if (key.mv_size > sizeof bytes || !record_check(r)) {
			code = MDB_CORRUPTED;
			break;
		}
		memcpy(bytes, key.mv_data, key.mv_size);
		MDB_val primary = val(bytes, key.mv_size);
		t = writer_table(db, table);
		const struct attribute *a = attribute_by_id(t, attribute);
		struct field f;
		arena_reset(&db->writer.scratch);
		if (a->flags & ATTRIBUTE_CREATED)
			rc = index_time(db, a, primary, NAN, record_created(r));
		else if (a->flags & ATTRIBUTE_UPDATED)
			rc = index_time(db, a, primary, NAN, record_updated(r));
		else if (record_find(r, attribute, &f))
			rc = index_change(db, t, a, primary, NULL, &f);
	}
	mdb_cursor_close(cursor);
	if (!rc && code != MDB_NOTFOUND)
		rc = writer_failed(db, code);
	return rc;
}
