/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/scan.c
 * \brief Runs a plan: its walks one after the other, yielding each row once.
 *
 * Rows are not remembered to detect duplicates: a row of an or belongs to the first walk whose node it matches, and a record
 * with several entries in a walk to the lowest of them. Both can be seen from the record itself.
 */
#include "query/range.h"

static const struct driver *driver_at(const struct query *q)
{
	return &q->plan.drivers[q->plan.reverse ? q->plan.count - 1 - q->at : q->at];
}

static bool has_one_value(const struct attribute *at, struct record r)
{
	struct field f;
	return !record_find(r, at->id, &f) || field_type(f) != LYRE_ARRAY;
}

/** Whether an earlier driver finds the row too. All drivers of a set are checked at once. */
static bool is_of_earlier(struct query *q, const struct driver *d, const struct row *r)
{
	bool one_value = d->set && has_one_value(d->node->attribute, r->record);
	for (const struct driver *before = q->plan.drivers; before < d;) {
		bool other_set = before->set && before->set != d->set;
		if (one_value && before->set == d->set)
			return false;
		if (condition_match(other_set ? before->set : before->node, r, q))
			return true;
		before += other_set ? before->set_left : 1;
	}
	return false;
}

/** Whether the row of this driver is in the result and was not found by an earlier driver. */
static bool belongs(struct query *q, const struct driver *d, const struct row *r)
{
	if (q->tree && !q->plan.tree_implied && !condition_match(q->tree, r, q))
		return false;
	if (q->plan.count == 1)
		return true;
	return condition_match(d->node, r, q) && !is_of_earlier(q, d, r);
}

static bool leaves_match(const struct driver *d, const lyre_value *v)
{
	for (size_t i = 0; i < d->leaf_count; i++) {
		if (d->leaves[i]->value.type != LYRE_ARRAY && !match_value(d->leaves[i], v, false))
			return false;
	}
	return true;
}

/*
 * A large array has as many entries as items: what is computed at its first entry is cached for the others, or a walk
 * over them would take quadratic time. Rows that share a slot only displace each other.
 */
#define LOWEST_PLACES 256
#define LOWEST_BYTES 256 /* re-reading a smaller field is cheaper than a lookup */

/** Identifies a record as it was then: it may have changed in a later slice. */
struct lowest {
	struct key key; /**< its primary-tree key; len 0: free */
	double updated;
	size_t len;
	struct key entry;
};

static bool lowest_is_of(const struct lowest *l, const struct row *r)
{
	return l->key.len == r->key_len && !memcmp(l->key.bytes, r->key, r->key_len) && l->len == r->record.len &&
		l->updated == record_updated(r->record);
}

static struct lowest *lowest_place(struct query *q, const struct row *r, struct field f)
{
	if (f.len < LOWEST_BYTES || r->key_len > KEY_MAX)
		return NULL;
	if (!q->lowest)
		q->lowest = ARENA_ARRAY(q->arena, struct lowest, LOWEST_PLACES);
	uint64_t hash = r->key_len;
	for (size_t i = 0; i < r->key_len; i++)
		hash = (hash ^ r->key[i]) * UINT64_C(0x100000001b3);
	return q->lowest ? &q->lowest[hash * UINT64_C(0x9e3779b97f4a7c15) >> 56] : NULL;
}

static void lowest_forget(struct query *q)
{
	for (size_t i = 0; q->lowest && i < LOWEST_PLACES; i++)
		q->lowest[i].key.len = 0;
}

/** The lowest entry of an array that the walk visits; of length 0 if it visits none. */
static struct key lowest_entry(struct query *q, const struct driver *d, struct field f)
{
	struct walk_range range;
	driver_range(d, q->table, &range);
	struct field_items items;
	struct field item;
	struct key lowest = { 0 };
	field_items_begin(&items, f);
	while (field_items_next(&items, &item)) {
		struct key k;
		if (field_type(item) >= LYRE_ARRAY)
			continue;
		lyre_value v = field_value(item, NULL);
		if (!leaves_match(d, &v))
			continue;
		if (!key_index_value(&k, &v) || !range_has(&range, k.bytes, k.len))
			continue;
		if (!lowest.len || memcmp(k.bytes, lowest.bytes, k.len < lowest.len ? k.len : lowest.len) < 0)
			lowest = k;
	}
	return lowest;
}

/** For a record with an array: whether this entry is the lowest that the walk visits. */
static bool is_lowest_entry(struct query *q, const struct driver *d, const struct row *r)
{
	struct field f;
	if (!record_find(r->record, d->attribute->id, &f) || field_type(f) != LYRE_ARRAY)
		return true;
	struct lowest *place = lowest_place(q, r, f);
	struct key lowest;
	if (place && lowest_is_of(place, r)) {
		lowest = place->entry;
	} else {
		lowest = lowest_entry(q, d, f);
		pace_step(&q->pace, pace_bytes(f.len));
		if (place) {
			*place = (struct lowest){ .updated = record_updated(r->record), .len = r->record.len, .entry = lowest };
			place->key.len = (uint16_t)r->key_len;
			memcpy(place->key.bytes, r->key, r->key_len);
		}
	}
	const unsigned char *entry = q->walk.entry.mv_data;
	size_t len = key_index_value_len(entry, q->walk.entry.mv_size);
	return lowest.len && len == lowest.len && !memcmp(entry, lowest.bytes, len);
}

/** After an entry that does not match: skips further ones, if the comparator knows how far. */
static void skip(struct query *q, const struct driver *d, const lyre_value *v)
{
	const MDB_val *entry = &q->walk.entry;
	for (size_t i = 0; i < d->leaf_count; i++) {
		const struct condition *c = d->leaves[i];
		if (!c->comparator->skip || match_value(c, v, false))
			continue;
		struct walk_range beyond = q->walk.range;
		if (!c->comparator->skip(c, v, !beyond.attribute, &beyond) || range_has(&beyond, entry->mv_data, entry->mv_size))
			continue; /* a truncated bound may lie before the entry */
		walk_skip(&q->walk, &beyond);
		return;
	}
}

/** Checks an entry before its record is fetched, if its range alone says little. */
static bool entry_may_match(struct query *q, const struct driver *d)
{
	const MDB_val *entry = &q->walk.entry;
	lyre_value v;
	if (!d->look)
		return true;
	bool known = q->walk.range.attribute ? key_index_read(entry->mv_data, entry->mv_size, &q->scratch, &v) :
					       key_primary_value(entry->mv_data, entry->mv_size, NULL, &v);
	if (!known || leaves_match(d, &v))
		return true;
	skip(q, d, &v);
	return false;
}

static int open_walk(struct query *q, const struct walk_range *range, const struct key *position, struct err *e)
{
	int rc = walk_open(&q->walk, &q->snapshot, q->table, range, position, e);
	q->walking = !rc;
	q->moved = false;
	const struct attribute *there = rc || !range->attribute ? NULL : walk_attribute(&q->walk);
	q->may_repeat = there && there->flags & ATTRIBUTE_MULTI;
	return rc;
}

static void close_walk(struct query *q)
{
	if (q->walking)
		walk_close(&q->walk);
	q->walking = false;
}

/** The next value of a walk by groups: 0, LYRE_END, or a failure. */
static int next_group(struct query *q, struct walk_range *range, struct err *e)
{
	struct walk w;
	if (q->in_group && range->reverse) {
		range->high = q->group;
		range->high_open = true;
	} else if (q->in_group) {
		range->low = q->group;
		range->low_open = true;
	}
	int rc = walk_open(&w, &q->snapshot, q->table, range, NULL, e);
	if (rc)
		return rc;
	rc = walk_next(&w, e);
	if (!rc) {
		size_t len = key_index_value_len(w.entry.mv_data, w.entry.mv_size);
		q->in_group = len > 0;
		q->group.len = (uint16_t)len;
		memcpy(q->group.bytes, w.entry.mv_data, len);
		if (!len)
			rc = err_set(e, LYRE_ECORRUPT, "an index of table '%s.%s' is damaged", q->table->database, q->table->name);
	}
	walk_close(&w);
	return rc;
}

/** Opens the next walk; LYRE_END if the driver has no more. */
static int open_next(struct query *q, const struct driver *d, struct err *e)
{
	struct walk_range range;
	if (!driver_range(d, q->table, &range))
		return LYRE_END;
	range.reverse = q->plan.reverse;
	if (q->plan.order == PLAN_GROUPS) {
		if (!q->in_walk) {
			int rc = next_group(q, &range, e);
			if (rc)
				return rc;
		}
		range.low = range.high = q->group;
		range.low_open = range.high_open = false;
		range.reverse = !q->plan.reverse;
	}
	range.again = q->again;
	q->again = false;
	return open_walk(q, &range, q->in_walk ? &q->position : NULL, e);
}

static void next_driver(struct query *q)
{
	q->at++;
	q->in_walk = false;
	q->in_group = false;
	lowest_forget(q);
}

/** Whether a row that takes long is left to a slice that may take long. */
static bool defer(struct query *q, const struct row *r)
{
	return pace_defers(&q->pace, r->record.len * q->weight);
}

/** Whether the walk's entry is a row, whatever is in its record. */
static bool entry_tells(const struct query *q)
{
	return q->plan.count == 1 && q->plan.tree_implied && !q->may_repeat && q->table->expiration < 0;
}

int scan_row(struct query *q, struct row *ret, struct err *e)
{
	while (q->at < q->plan.count) {
		const struct driver *d = driver_at(q);
		int rc;
		if (q->pace.over)
			return QUERY_PAUSED;
		arena_reset(&q->scratch);
		pace_step(&q->pace, q->weight);
		if (d->get) {
			rc = lookup_key(q, &d->leaves[0]->value, ret, e);
			if (!rc && defer(q, ret))
				return QUERY_PAUSED;
			next_driver(q);
			if (!rc && belongs(q, d, ret))
				return 0;
			if (rc && rc != LYRE_ENOTFOUND)
				return rc;
			continue;
		}
		if (!q->walking) {
			rc = open_next(q, d, e);
			if (rc < 0)
				return rc;
			if (rc == LYRE_END) {
				next_driver(q);
				continue;
			}
		}
		rc = walk_next(&q->walk, e);
		if (rc < 0)
			return rc;
		if (rc == LYRE_END) {
			close_walk(q);
			q->in_walk = false;
			if (q->plan.order != PLAN_GROUPS)
				next_driver(q);
			continue;
		}
		q->moved = true;
		if (!entry_may_match(q, d))
			continue;
		if (q->counts && entry_tells(q))
			return 0;
		rc = walk_record(&q->walk, &ret->record, e);
		if (rc == LYRE_ENOTFOUND)
			continue;
		if (rc)
			return rc;
		ret->key = q->walk.key;
		ret->key_len = q->walk.key_len;
		if (defer(q, ret)) {
			q->again = true;
			return QUERY_PAUSED;
		}
		pace_step(&q->pace, pace_bytes(ret->record.len));
		if ((!q->may_repeat || is_lowest_entry(q, d, ret)) && belongs(q, d, ret))
			return 0;
	}
	return LYRE_END;
}

void scan_pause(struct query *q)
{
	if (q->walking && q->moved) {
		walk_position(&q->walk, &q->position);
		q->in_walk = true;
	}
	close_walk(q);
}
