/* SPDX-License-Identifier: Apache-2.0 */
#include "store/changes.h"

#include "base/text.h"
#include "store/codec.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** Bytes that a slice copies before its changes are passed on. */
#define SLICE_BYTES ((size_t)256 << 10)

struct wanted_key {
	const unsigned char *bytes;
	size_t len;
};

/** An entry in the slice, followed by its bytes. */
struct copied {
	uint64_t write; /**< sequence number of the write's first entry */
	uint64_t sequence;
	size_t len;
};

struct changes {
	const struct table *table; /**< the caller's */
	const struct table *now;   /**< definition in the last slice; a reference */
	const struct lyre_change_query *query;
	int (*visit)(void *arg, const struct table_change *c);
	void *arg;
	struct arena arena;
	struct wanted_key *keys; /**< sorted */
	size_t key_count;
	struct buf slice;
	bool begun;
	uint64_t next, last;       /**< range still to be read */
	uint64_t group, group_end; /**< newest first: the write being read, forwards */
	uint64_t write;            /**< the current one */
	bool continued;
	uint64_t counted, given;
	bool done;
};

/* Determines the range to read. */
static int find_range(struct changes *c, struct commit_log *l, struct err *e)
{
	uint64_t end;
	int rc = commit_log_span(l, c->query->from, c->query->until, &c->next, &end, e);
	if (rc)
		return rc;
	c->last = end - 1;
	c->begun = true;
	return 0;
}

/* ---- a slice ---- */

static bool is_user(const struct changes *c, struct field user)
{
	const lyre_value *users = c->query->users;
	if (!users)
		return true;
	for (uint32_t i = 0; value_is(users, LYRE_ARRAY) && i < users->len; i++)
		if (value_is(&users->items[i], LYRE_STRING) && users->items[i].len == user.len &&
			!memcmp(users->items[i].s, user.data, user.len))
			return true;
	return false;
}

static void take(struct changes *c, const struct commit_entry *entry, MDB_val value)
{
	if (entry->table_id != c->table->id || !entry->count || !is_user(c, entry->user))
		return;
	if (entry->time < c->query->from || entry->time > c->query->until) /* false for NaN, which means no bound */
		return;
	struct copied head = { .write = c->write, .sequence = entry->sequence, .len = value.mv_size };
	buf_add(&c->slice, &head, sizeof head);
	buf_add(&c->slice, value.mv_data, value.mv_size);
}

/** The next entry, oldest first. */
static int step_on(struct changes *c, struct commit_log *l, struct err *e)
{
	struct commit_entry entry;
	MDB_val value;
	if (c->next > c->last)
		return LYRE_END;
	int rc = commit_entry_from(l, c->next, &entry, &value, e);
	if (rc)
		return rc;
	if (entry.sequence > c->last)
		return LYRE_END;
	if (!c->continued)
		c->write = entry.sequence;
	c->continued = entry.continued;
	c->next = entry.sequence + 1;
	take(c, &entry, value);
	return 0;
}

/** The first entry of the write that ends with \p last. */
static int find_group(struct changes *c, struct commit_log *l, uint64_t last, uint64_t *ret, struct err *e)
{
	struct commit_entry entry;
	MDB_val value;
	*ret = last;
	while (*ret > c->next) {
		int rc = commit_entry_from(l, *ret - 1, &entry, &value, e);
		if (rc < 0)
			return rc;
		if (rc || entry.sequence != *ret - 1 || !entry.continued)
			break;
		--*ret;
	}
	return 0;
}

/** The next entry, newest first: writes backwards, the entries of each forwards. */
static int step_back(struct changes *c, struct commit_log *l, struct err *e)
{
	struct commit_entry entry;
	MDB_val value;
	int rc;
	if (c->group > c->group_end) {
		if (c->last < c->next || !c->last)
			return LYRE_END;
		if ((rc = find_group(c, l, c->last, &c->group, e)))
			return rc;
		c->group_end = c->last;
		c->last = c->group - 1;
		c->write = c->group;
	}
	rc = commit_entry_from(l, c->group, &entry, &value, e);
	if (rc)
		return rc;
	if (entry.sequence == c->group) /* else it was removed */
		take(c, &entry, value);
	c->group++;
	return 0;
}

/** Copies the next slice. \return 0, LYRE_END if there is no more */
static int read_slice(struct changes *c, struct err *e)
{
	struct snapshot s;
	struct commit_log l;
	int rc = snapshot_begin(&s, c->table->db, e);
	if (rc)
		return rc;
	const struct table *now = snapshot_table(&s, c->table);
	if (!now)
		rc = no_table(c->table, e);
	else
		rc = commit_log_open(&l, &s, 0, e);
	if (rc) {
		snapshot_end(&s);
		return rc;
	}
	if (now != c->now) {
		if (c->now)
			table_unref(c->now);
		c->now = table_ref(now);
	}
	buf_clear(&c->slice);
	if (!l.cursor)
		rc = LYRE_END;
	else if (!c->begun)
		rc = find_range(c, &l, e);
	for (int64_t end = monotonic_ns() + CHANGES_SLICE_NS; !rc && c->slice.len < SLICE_BYTES && monotonic_ns() < end;)
		rc = c->query->newest_first ? step_back(c, &l, e) : step_on(c, &l, e);
	commit_log_close(&l);
	snapshot_end(&s);
	return rc >= 0 && c->slice.failed ? err_nomem(e) : rc;
}

/* ---- its changes ---- */

static int compare_keys(const void *x, const void *y)
{
	const struct wanted_key *a = x, *b = y;
	size_t n = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->bytes, b->bytes, n);
	return order ? order : (a->len > b->len) - (a->len < b->len);
}

static int take_keys(struct changes *c, struct err *e)
{
	const lyre_value *keys = c->query->keys;
	if (!keys)
		return 0;
	uint32_t count = value_is(keys, LYRE_ARRAY) ? keys->len : 0;
	c->keys = ARENA_ARRAY(&c->arena, struct wanted_key, count + 1u);
	if (!c->keys)
		return err_nomem(e);
	for (uint32_t i = 0; i < count; i++) {
		struct key k;
		lyre_value kept;
		if (!key_number(&keys->items[i], &kept) || key_primary(&k, &kept))
			continue; /* no record can have it */
		unsigned char *bytes = arena_alloc(&c->arena, k.len + 1u);
		if (!bytes)
			return err_nomem(e);
		memcpy(bytes, k.bytes, k.len);
		c->keys[c->key_count++] = (struct wanted_key){ .bytes = bytes, .len = k.len };
	}
	if (c->key_count > 1)
		qsort(c->keys, c->key_count, sizeof *c->keys, compare_keys);
	return 0;
}

static bool is_key(const struct changes *c, struct field key)
{
	const struct wanted_key one = { .bytes = key.data, .len = key.len };
	return !c->query->keys || (c->key_count && bsearch(&one, c->keys, c->key_count, sizeof one, compare_keys));
}

static int damaged(const struct changes *c, uint64_t sequence, struct err *e)
{
	return err_set(e, LYRE_ECORRUPT, "entry %llu of the audit log of database '%s' is damaged", (unsigned long long)sequence,
		c->table->database);
}

static bool record_fits(struct record r)
{
	return !r.data || record_check(r);
}

static int show_entry(struct changes *c, uint64_t write, const struct commit_entry *entry, struct err *e)
{
	struct table_change change = { .table = c->now,
		.sequence = write,
		.time = entry->time,
		.mode = entry->mode,
		.user = entry->user,
		.operation = entry->operation };
	struct field rest = entry->changes;
	int rc;
	while ((rc = commit_change_next(&rest, &change.change)) == 0) {
		if (!record_fits(change.change.before) || !record_fits(change.change.after))
			return damaged(c, entry->sequence, e);
		if (!is_key(c, change.change.key))
			continue;
		if (c->counted != write) {
			c->done = c->given == c->query->limit;
			if (c->done)
				return 0;
			c->counted = write;
			c->given++;
		}
		rc = c->visit(c->arg, &change);
		if (rc)
			return rc;
	}
	return rc == LYRE_END ? 0 : damaged(c, entry->sequence, e);
}

static int show_slice(struct changes *c, struct err *e)
{
	int rc = 0;
	for (size_t at = 0; !rc && !c->done && at < c->slice.len;) {
		struct copied head;
		struct commit_entry entry;
		unsigned char key[8];
		memcpy(&head, c->slice.data + at, sizeof head);
		at += sizeof head;
		be_put(key, head.sequence, 8);
		rc = commit_entry_decode(val(key, sizeof key), val(c->slice.data + at, head.len), &entry) ?
			show_entry(c, head.write, &entry, e) :
			damaged(c, head.sequence, e);
		at += head.len;
	}
	return rc;
}

int table_check_audit(const struct table *t, struct err *e)
{
	return t->audit ? 0 :
			  err_set(e, LYRE_EINVAL, "Table '%s.%s' was created without audit: writes to it are not logged",
				  t->database, t->name);
}

int table_changes(const struct table *t, const struct lyre_change_query *q, int (*visit)(void *arg, const struct table_change *c),
	void *arg, struct err *e)
{
	struct changes c = { .table = t, .query = q, .visit = visit, .arg = arg, .group = 1 };
	arena_init(&c.arena);
	buf_init(&c.slice);
	int rc = table_check_audit(t, e);
	if (!rc)
		rc = take_keys(&c, e);
	for (bool more = true; !rc && more && !c.done;) {
		rc = read_slice(&c, e);
		more = rc != LYRE_END;
		if (rc >= 0)
			rc = show_slice(&c, e);
	}
	if (c.now)
		table_unref(c.now);
	buf_free(&c.slice);
	arena_free(&c.arena);
	return rc;
}
