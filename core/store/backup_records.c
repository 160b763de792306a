/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that the records of a table and the entries of its indexes match: each record's entries are looked up and counted.
 */
#include "store/backup_verify.h"
#include "store/codec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct check {
	const struct verify *verify;
	struct verify_table *table;
	struct arena arena; /* for one record */
	struct lmdb_bytes primary;
	size_t expiry_entries;
};

static int bad_record(const struct check *c, struct err *e)
{
	return err_set(
		e, LYRE_ECORRUPT, "the file is damaged: a record of table '%s' is invalid", c->table->definition->table.name);
}

static int bad_index(const struct check *c, uint16_t position, const char *what, struct err *e)
{
	const struct table *t = &c->table->definition->table;

	return err_set(e, LYRE_ECORRUPT, "the file is damaged: the index of '%s' in table '%s' %s", t->attributes[position].name,
		t->name, what);
}

/** Searches for the entry of one scalar; values that the index cannot contain are skipped. */
static int check_entry(struct check *c, uint16_t position, const lyre_value *v, struct key *entry, bool *cut, struct err *e)
{
	struct key value;
	struct lmdb_bytes data;
	bool whole;

	entry->len = 0;
	if (!key_index_value(&value, v))
		return 0;
	key_index_entry(entry, &value, c->primary.data, c->primary.len, &whole);
	*cut |= value.cut;

	struct lmdb_bytes key = { entry->bytes, entry->len };

	if (!lmdb_file_get(&c->verify->file, &c->table->indexes[position]->tree, key, &data))
		return bad_index(c, position, "lacks a record", e);
	if (whole ? data.len != c->primary.len || memcmp(data.data, c->primary.data, data.len) != 0 : data.len != 0)
		return bad_index(c, position, "has an entry for another record", e);
	return 0;
}

static int compare_entries(const void *x, const void *y)
{
	return lmdb_bytes_compare(*(const struct lmdb_bytes *)x, *(const struct lmdb_bytes *)y);
}

/** Equal items share one entry. */
static int check_items(struct check *c, uint16_t position, const lyre_value *array, bool *cut, struct err *e)
{
	struct lmdb_bytes *entries = arena_alloc(&c->arena, (array->len + (size_t)1) * sizeof(*entries));
	size_t count = 0;

	if (!entries)
		return err_nomem(e);
	for (uint32_t i = 0; i < array->len; i++) {
		struct key entry;
		int rc = check_entry(c, position, &array->items[i], &entry, cut, e);

		if (rc)
			return rc;
		if (entry.len == 0)
			continue;

		char *copy = arena_strndup(&c->arena, (const char *)entry.bytes, entry.len);

		if (!copy)
			return err_nomem(e);
		entries[count++] = (struct lmdb_bytes){ (const unsigned char *)copy, entry.len };
	}
	if (count)
		qsort(entries, count, sizeof(*entries), compare_entries);
	for (size_t i = 0; i < count; i++)
		c->table->entries[position] += i == 0 || compare_entries(&entries[i - 1], &entries[i]);
	return 0;
}

static int check_value(struct check *c, uint16_t position, const lyre_value *v, struct err *e)
{
	uint32_t flags = c->table->definition->table.attributes[position].flags;
	struct key entry;
	bool cut = false;
	int rc;

	if (v->type == LYRE_ARRAY) {
		rc = flags & ATTRIBUTE_MULTI ? check_items(c, position, v, &cut, e) :
					       bad_index(c, position, "is not marked as containing an array", e);
	} else {
		rc = check_entry(c, position, v, &entry, &cut, e);
		c->table->entries[position] += entry.len != 0;
	}
	if (!rc && cut && !(flags & ATTRIBUTE_CUT))
		rc = bad_index(c, position, "is not marked as containing a long string", e);
	return rc;
}

static int check_indexes(struct check *c, struct record r, struct err *e)
{
	const struct table *t = &c->table->definition->table;
	int rc = 0;

	for (uint16_t i = 0; i < t->attribute_count && !rc; i++) {
		const struct attribute *a = &t->attributes[i];
		struct field f;

		if (!c->table->indexes[i])
			continue;
		if (a->flags & (ATTRIBUTE_CREATED | ATTRIBUTE_UPDATED)) {
			lyre_value time = value_double(a->flags & ATTRIBUTE_CREATED ? record_created(r) : record_updated(r));

			rc = check_value(c, i, &time, e);
		} else if (record_find(r, a->id, &f)) {
			lyre_value v = field_value(f, &c->arena);

			rc = check_value(c, i, &v, e);
		}
	}
	return rc;
}

static int check_expiry(struct check *c, struct record r, struct err *e)
{
	unsigned char key[8 + KEY_MAX];
	struct lmdb_bytes data;

	be_put(key, double_sortable(record_updated(r)), 8);
	memcpy(key + 8, c->primary.data, c->primary.len);
	if (!lmdb_file_get(&c->verify->file, &c->table->expiry->tree, (struct lmdb_bytes){ key, 8 + c->primary.len }, &data))
		return err_set(e, LYRE_ECORRUPT, "the file is damaged: table '%s' has a record without an entry by time",
			c->table->definition->table.name);
	c->expiry_entries++;
	return 0;
}

/** Whether the record is stored under its own key. */
static bool key_is_right(struct check *c, struct record r)
{
	const struct table *t = &c->table->definition->table;
	struct field f;
	struct key k;
	lyre_value v;

	if (c->primary.len > KEY_PRIMARY_MAX)
		return false;
	if (!record_find(r, t->attributes[t->key].id, &f))
		return key_primary_value(c->primary.data, c->primary.len, &c->arena, &v);
	v = field_value(f, &c->arena);
	return key_primary(&k, &v) == 0 && k.len == c->primary.len && memcmp(k.bytes, c->primary.data, k.len) == 0;
}

static bool record_is_whole(const struct check *c, struct record r)
{
	if (!record_check(r) || !isfinite(record_created(r)) || !isfinite(record_updated(r)))
		return false;
	for (uint16_t i = 0; i < record_count(r); i++) {
		struct field f;

		if (record_at(r, i, &f) >= c->table->definition->next_attribute || !field_check(f))
			return false;
	}
	return true;
}

static int visit_record(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e)
{
	struct check *c = arg;
	struct record r = { .data = data.data, .len = data.len };

	arena_reset(&c->arena);
	c->primary = key;

	int rc = is_tree || !record_is_whole(c, r) || !key_is_right(c, r) ? bad_record(c, e) : check_indexes(c, r, e);

	if (arena_failed(&c->arena))
		return err_nomem(e);
	if (!rc && c->table->expiry)
		rc = check_expiry(c, r, e);
	if (!rc && c->table->audit)
		audit_record(c->table->audit, c->primary, r);
	return rc;
}

int verify_records(const struct verify *v, struct verify_table *t, struct err *e)
{
	const struct table *table = &t->definition->table;
	struct check c = { .verify = v, .table = t };

	arena_init(&c.arena);

	int rc = lmdb_file_each(&v->file, &t->records->tree, visit_record, &c, e);

	/* Each record has its entries, so any further entry in an index belongs to no record. */
	for (uint16_t i = 0; i < table->attribute_count && !rc; i++) {
		if (t->indexes[i] && t->indexes[i]->tree.entries != t->entries[i])
			rc = bad_index(&c, i, "has entries without a record", e);
	}
	if (!rc && t->expiry && t->expiry->tree.entries != c.expiry_entries)
		rc = err_set(e, LYRE_ECORRUPT, "the file is damaged: table '%s' has entries by time without a record", table->name);
	if (!rc && t->audit)
		rc = audit_compare(t->audit, e);
	arena_free(&c.arena);
	return rc;
}
