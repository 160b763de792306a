/* SPDX-License-Identifier: Apache-2.0 */
/* Walking the records or an index between two bounds. */
#include "store/store_internal.h"

enum walk_state { WALK_START, WALK_UNDER_WAY, WALK_TO_SKIP, WALK_ENDED };

/* The smallest key after all that start with \p k; false if there is none. */
static bool key_behind(struct key *k)
{
	while (k->len && k->bytes[k->len - 1] == 0xff)
		k->len--;
	if (!k->len)
		return false;
	k->bytes[k->len - 1]++;
	return true;
}

static int compare(MDB_val v, const struct key *k)
{
	size_t n = v.mv_size < k->len ? v.mv_size : k->len;
	int order = memcmp(v.mv_data, k->bytes, n);
	return order || v.mv_size >= k->len ? order : -1;
}

static bool starts_with(MDB_val v, const struct key *k)
{
	return v.mv_size >= k->len && !memcmp(v.mv_data, k->bytes, k->len);
}

static bool below(const struct walk_range *r, MDB_val v)
{
	return r->low.len && (compare(v, &r->low) < 0 || (r->low_open && starts_with(v, &r->low)));
}

static bool above(const struct walk_range *r, MDB_val v)
{
	return r->high.len && (starts_with(v, &r->high) ? r->high_open : compare(v, &r->high) > 0);
}

/* The first entry at or after a key; the last of all if \p k is NULL or there is none. */
static int seek(struct walk *w, const struct key *k, MDB_cursor_op otherwise)
{
	int rc = MDB_NOTFOUND;
	if (k) {
		w->entry = val(k->bytes, k->len);
		rc = guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, MDB_SET_RANGE);
	}
	return rc == MDB_NOTFOUND && otherwise != MDB_SET_RANGE ?
		guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, otherwise) :
		rc;
}

static int first_forward(struct walk *w)
{
	struct key k = w->range.low;
	if (!k.len)
		return guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, MDB_FIRST);
	if (w->range.low_open && !key_behind(&k))
		return MDB_NOTFOUND;
	return seek(w, &k, MDB_SET_RANGE);
}

/* The last entry before \p k. */
static int before(struct walk *w, const struct key *k)
{
	w->entry = val(k->bytes, k->len);
	int rc = guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, MDB_LAST);
	return rc ? rc : guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, MDB_PREV);
}

static int first_reverse(struct walk *w)
{
	struct key k = w->range.high;
	if (!k.len || (!w->range.high_open && !key_behind(&k)))
		return guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, MDB_LAST);
	return before(w, &k);
}

static int at_position(struct walk *w, const struct key *position)
{
	int rc = seek(w, position, MDB_SET_RANGE);
	bool there = !rc && w->entry.mv_size == position->len && !compare(w->entry, position);
	if (there && !w->range.again)
		return guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, w->range.reverse ? MDB_PREV : MDB_NEXT);
	return there || !w->range.reverse ? rc : before(w, position);
}

/* The tree in this snapshot: the caller's definition may be older. */
static int find_tree(
	struct snapshot *s, const struct table *t, const struct attribute *a, const struct table **now, MDB_dbi *ret, struct err *e)
{
	*now = snapshot_table(s, t);
	if (!*now)
		return no_table(t, e);
	if (!a || a->flags & ATTRIBUTE_KEY) {
		*ret = (*now)->records;
		return 0;
	}
	const struct attribute *there = attribute_by_id(*now, a->id);
	if (!there || !there->index)
		return err_set(e, LYRE_ENOTFOUND, "attribute '%s' of '%s.%s' is not indexed", a->name, t->database, t->name);
	*ret = there->index;
	return 0;
}

/* Reads the entry at the cursor. */
static int take(struct walk *w, int rc, struct err *e)
{
	bool over = rc == MDB_NOTFOUND || (!rc && (w->range.reverse ? below(&w->range, w->entry) : above(&w->range, w->entry)));
	if (over) {
		w->state = WALK_ENDED;
		return LYRE_END;
	}
	if (rc)
		return store_error(e, rc, "read", w->snapshot->db);
	const struct attribute *a = w->range.attribute;
	if (!a || a->flags & ATTRIBUTE_KEY) {
		w->key = w->entry.mv_data;
		w->key_len = w->entry.mv_size;
	} else if (w->data.mv_size) {
		w->key = w->data.mv_data;
		w->key_len = w->data.mv_size;
	} else {
		size_t n = key_index_value_len(w->entry.mv_data, w->entry.mv_size);
		if (!n || n >= w->entry.mv_size)
			return err_set(e, LYRE_ECORRUPT, "the index of '%s' in table '%s.%s' is damaged", a->name,
				w->table->database, w->table->name);
		w->key = (const unsigned char *)w->entry.mv_data + n;
		w->key_len = w->entry.mv_size - n;
	}
	return 0;
}

int walk_open(struct walk *w, struct snapshot *s, const struct table *t, const struct walk_range *r, const struct key *position,
	struct err *e)
{
	*w = (struct walk){ .snapshot = s, .range = *r, .state = WALK_START };
	MDB_dbi tree;
	int rc = find_tree(s, t, r->attribute, &w->table, &tree, e);
	if (rc)
		return rc;
	rc = guard_cursor_open(s, tree, &w->cursor);
	if (rc)
		return store_error(e, rc, "read", s->db);
	if (position && position->len) {
		rc = at_position(w, position);
		/* the cursor is one ahead: walk_next() does not move it */
		if (rc == MDB_NOTFOUND)
			w->state = WALK_ENDED;
		else if (rc) {
			walk_close(w);
			return store_error(e, rc, "read", s->db);
		}
	} else {
		rc = r->reverse ? first_reverse(w) : first_forward(w);
		if (rc == MDB_NOTFOUND)
			w->state = WALK_ENDED;
		else if (rc) {
			walk_close(w);
			return store_error(e, rc, "read", s->db);
		}
	}
	return 0;
}

int walk_next(struct walk *w, struct err *e)
{
	if (w->state == WALK_ENDED)
		return LYRE_END;
	int rc = 0;
	if (w->state == WALK_UNDER_WAY)
		rc = guard_cursor_get(w->snapshot, w->cursor, &w->entry, &w->data, w->range.reverse ? MDB_PREV : MDB_NEXT);
	else if (w->state == WALK_TO_SKIP)
		rc = w->range.reverse ? first_reverse(w) : first_forward(w);
	w->state = WALK_UNDER_WAY;
	return take(w, rc, e);
}

void walk_skip(struct walk *w, const struct walk_range *r)
{
	w->range = *r;
	w->state = WALK_TO_SKIP;
}

/* Fetches the record of an index entry. The cursor is kept, as it moves quickly between neighbouring records. */
static int fetch(struct walk *w, MDB_val *ret)
{
	MDB_val key = val(w->key, w->key_len);
	int rc = w->records ? 0 : guard_cursor_open(w->snapshot, w->table->records, &w->records);
	return rc ? rc : guard_cursor_get(w->snapshot, w->records, &key, ret, MDB_SET);
}

int walk_record(struct walk *w, struct record *ret, struct err *e)
{
	const struct attribute *a = w->range.attribute;
	MDB_val data = w->data;
	int rc = a && !(a->flags & ATTRIBUTE_KEY) ? fetch(w, &data) : 0;
	if (rc == MDB_NOTFOUND)
		return LYRE_ENOTFOUND;
	if (rc)
		return store_error(e, rc, "read", w->snapshot->db);
	struct record r = { .data = data.mv_data, .len = data.mv_size };
	if (!record_check(r))
		return err_set(e, LYRE_ECORRUPT, "a record of table '%s.%s' is damaged", w->table->database, w->table->name);
	if (record_expired(w->table, record_updated(r), w->snapshot->now))
		return LYRE_ENOTFOUND;
	*ret = r;
	return 0;
}

const struct attribute *walk_attribute(const struct walk *w)
{
	const struct attribute *a = w->range.attribute;
	return a && !(a->flags & ATTRIBUTE_KEY) ? attribute_by_id(w->table, a->id) : NULL;
}

void walk_position(const struct walk *w, struct key *ret)
{
	*ret = (struct key){ 0 };
	if (w->entry.mv_size > KEY_MAX)
		return;
	ret->len = (uint16_t)w->entry.mv_size;
	memcpy(ret->bytes, w->entry.mv_data, w->entry.mv_size);
}

void walk_close(struct walk *w)
{
	if (w->cursor)
		mdb_cursor_close(w->cursor);
	if (w->records)
		mdb_cursor_close(w->records);
	w->cursor = w->records = NULL;
}

uint64_t walk_estimate(struct snapshot *s, const struct table *t, const struct walk_range *r, uint64_t limit)
{
	const struct table *now;
	MDB_dbi tree;
	MDB_stat st;
	struct err ignored;
	if (find_tree(s, t, r->attribute, &now, &tree, &ignored) || guard_stat(s, tree, &st))
		return 0;
	if (!r->low.len && !r->high.len)
		return st.ms_entries;
	struct walk w;
	if (walk_open(&w, s, t, r, NULL, &ignored))
		return 0;
	uint64_t n = 0;
	while (n < limit && !walk_next(&w, &ignored))
		n++;
	bool more = n == limit && w.state != WALK_ENDED;
	walk_close(&w);
	/* half of the unknown part */
	return more && st.ms_entries > n ? n + (st.ms_entries - n) / 2 : n;
}

bool index_is_complete(struct snapshot *s, const struct table *t, const struct attribute *a)
{
	const struct table *now = snapshot_table(s, t);
	const struct attribute *there = now ? attribute_by_id(now, a->id) : NULL;
	if (!there || there->flags & (ATTRIBUTE_MULTI | ATTRIBUTE_CUT))
		return false;
	if (there->flags & ATTRIBUTE_KEY)
		return true;
	MDB_stat index, records;
	return there->index && !guard_stat(s, there->index, &index) && !guard_stat(s, now->records, &records) &&
		index.ms_entries == records.ms_entries;
}
