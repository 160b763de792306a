/* SPDX-License-Identifier: Apache-2.0 */
/* Writing records, within a transaction. Everything that can make a request fail is checked before its first change. */
#include "base/text.h"
#include "store/clock.h"
#include "store/codec.h"
#include "store/commit_log.h"
#include "store/store_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/** An entry of the audit log is closed at this size. */
#define LOG_ENTRY_BYTES ((size_t)1 << 20)
/** Generated keys start below these and increase. */
#define INT_KEYS (UINT64_C(1) << 30)
#define LONG_KEYS (UINT64_C(1) << 49)
/** How often the background looks for expired records, ms. */
#define SWEEP_DELAY 1000

struct context {
	struct database *db;
	struct record_write *w;
	struct prepared *p;
	const struct table *t; /**< as of the transaction */
	double time;
	uint64_t next_key; /**< 0: not read yet */
	uint32_t logged;   /**< changes not yet in a log entry */
	uint32_t entries;  /**< in the log */
	size_t done, created;
};

/* ---- checks ---- */

static int compare_names(const void *x, const void *y)
{
	const struct cell *const *a = x, *const *b = y;
	size_t n = (*a)->name_len < (*b)->name_len ? (*a)->name_len : (*b)->name_len;
	int order = memcmp((*a)->name, (*b)->name, n);
	return order ? order : ((*a)->name_len > (*b)->name_len) - ((*a)->name_len < (*b)->name_len);
}

/* Whether all new attributes can be created. */
static int check_room(struct context *c, struct err *e)
{
	const struct table *t = c->t;
	size_t count = 0;
	for (size_t i = 0; i < c->p->count; i++)
		for (uint32_t j = 0; j < c->p->rows[i].cell_count; j++)
			count += c->p->rows[i].cells[j].position == NO_POSITION;
	const struct cell **new = arena_alloc(c->w->arena, (count + 1) * sizeof *new);
	if (!new)
		return err_nomem(e);
	count = 0;
	for (size_t i = 0; i < c->p->count; i++) {
		for (uint32_t j = 0; j < c->p->rows[i].cell_count; j++) {
			const struct cell *cell = &c->p->rows[i].cells[j];
			if (cell->position == NO_POSITION && !table_attribute(t, cell->name, cell->name_len))
				new[count++] = cell;
		}
	}
	if (count > 1)
		qsort(new, count, sizeof *new, compare_names);
	unsigned distinct = 0;
	for (size_t i = 0; i < count; i++)
		distinct += !i || compare_names(&new[i - 1], &new[i]);
	int rc = attributes_left(t, distinct, e);
	if (rc)
		return rc;
	return t->dynamic ? writer_trees_left(c->db, distinct, e) : 0;
}

static int compare_rows(const void *x, const void *y)
{
	const struct write_row *a = *(struct write_row *const *)x, *b = *(struct write_row *const *)y;
	size_t n = a->primary_len < b->primary_len ? a->primary_len : b->primary_len;
	int order = memcmp(a->primary, b->primary, n);
	if (!order)
		order = (a->primary_len > b->primary_len) - (a->primary_len < b->primary_len);
	return order ? order : (a > b) - (a < b);
}

/* A row that follows one with its key that is stored finds that one's record: nothing is missing. */
static int pass_over_repeated(struct context *c, struct err *e)
{
	struct write_row **sorted = arena_alloc(c->w->arena, (c->p->count + 1) * sizeof *sorted);
	size_t n = 0;
	if (!sorted)
		return err_nomem(e);
	for (size_t i = 0; i < c->p->count; i++)
		if (c->p->rows[i].key)
			sorted[n++] = &c->p->rows[i];
	if (n > 1)
		qsort(sorted, n, sizeof *sorted, compare_rows);
	for (size_t i = 1; i < n; i++)
		if (!sorted[i - 1]->missing && sorted[i - 1]->primary_len == sorted[i]->primary_len &&
			!memcmp(sorted[i - 1]->primary, sorted[i]->primary, sorted[i]->primary_len))
			sorted[i]->missing = NULL;
	return 0;
}

/* Whether the record already exists. */
static int is_there(struct context *c, const struct write_row *r, bool *ret)
{
	*ret = false;
	if (!r->key)
		return 0;
	MDB_val v;
	int rc = writer_get(c->db, c->t->records, val(r->primary, r->primary_len), &v);
	if (!rc) {
		struct record old = { .data = v.mv_data, .len = v.mv_size };
		*ret = record_check(old) && !record_expired(c->t, record_updated(old), c->time);
	}
	return rc == LYRE_ENOTFOUND ? 0 : rc;
}

/* An upsert needs all required attributes only if the record does not exist yet. */
static int check_missing(struct context *c, struct err *e)
{
	struct buf faults;
	int rc = pass_over_repeated(c, e);
	buf_init(&faults);
	for (size_t i = 0; !rc && i < c->p->count; i++) {
		const struct write_row *r = &c->p->rows[i];
		bool there;
		if (!r->missing || (rc = is_there(c, r, &there)) || there)
			continue;
		if (!write_refuse(c->w, i))
			rc = err_nomem(e);
		fault_add(&faults, "Property %s is required (and not does not allow null values)", r->missing);
	}
	if (!rc && faults.failed)
		rc = err_nomem(e);
	else if (!rc && faults.len)
		rc = err_set(e, LYRE_EINVAL, "%.*s", (int)faults.len, faults.data);
	buf_free(&faults);
	return rc;
}

/* ---- generated keys ---- */

static int read_counter(struct context *c)
{
	char name[TREE_NAME_MAX];
	MDB_val v;
	key_counter(name, c->t->id);
	int rc = writer_get(c->db, c->db->meta, val(name, strlen(name)), &v);
	if (!rc && v.mv_size == 8) {
		c->next_key = be_get(v.mv_data, 8);
	} else if (rc == LYRE_ENOTFOUND) {
		uint64_t start;
		random_bytes(&start, sizeof start);
		c->next_key = 1 + start % (c->t->attributes[c->t->key].type == ATTRIBUTE_INT ? INT_KEYS : LONG_KEYS);
		rc = 0;
	}
	return rc;
}

static int save_counter(struct context *c)
{
	char name[TREE_NAME_MAX];
	unsigned char bytes[8];
	key_counter(name, c->t->id);
	be_put(bytes, c->next_key, 8);
	return writer_put(c->db, c->db->meta, val(name, strlen(name)), val(bytes, sizeof bytes));
}

static int make_key(struct context *c, struct write_row *r, struct key *k)
{
	int rc = c->next_key ? 0 : read_counter(c);
	MDB_val v;
	lyre_value *made = ARENA_NEW(c->w->arena, lyre_value);
	unsigned char *bytes = arena_alloc(c->w->arena, KEY_MAX);
	if (!made || !bytes)
		return rc ? rc : writer_failed(c->db, ENOMEM);
	do {
		*made = value_int((int64_t)c->next_key++);
		(void)key_primary(k, made);
	} while (!rc && !(rc = writer_get(c->db, c->t->records, val(k->bytes, k->len), &v)));
	if (rc != LYRE_ENOTFOUND)
		return rc;
	memcpy(bytes, k->bytes, k->len);
	r->key = made;
	r->primary = bytes;
	r->primary_len = k->len;
	return 0;
}

/* ---- one record ---- */

/* The attribute of a cell, created if missing. */
static int resolve(struct context *c, struct cell *cell, uint16_t *position)
{
	const struct table *t = c->t, *before = c->w->table;
	if (cell->position != NO_POSITION && cell->position < t->attribute_count && t->numbering == before->numbering &&
		t->attributes[cell->position].id == before->attributes[cell->position].id) {
		*position = cell->position;
		return 0;
	}
	const struct attribute *a = table_attribute(t, cell->name, cell->name_len);
	if (!a) {
		struct attribute *made;
		int rc = attribute_add(c->db, t->id, cell->name, cell->name_len, NULL, ATTRIBUTE_ANY,
			t->dynamic ? ATTRIBUTE_INDEXED : 0, &made, &c->w->err);
		if (rc)
			return rc;
		a = made;
		c->t = writer_table(c->db, t->id);
	}
	*position = (uint16_t)(a - c->t->attributes);
	return 0;
}

static int reserve_cells(struct context *c)
{
	struct writer *w = &c->db->writer;
	size_t want = c->t->attribute_count;
	if (want <= w->cell_of_cap)
		return 0;
	want += want / 2 + 16;
	uint32_t *cells = realloc(w->cell_of, want * sizeof *cells);
	if (!cells)
		return writer_failed(c->db, ENOMEM);
	memset(cells + w->cell_of_cap, 0, (want - w->cell_of_cap) * sizeof *cells);
	w->cell_of = cells;
	w->cell_of_cap = want;
	return 0;
}

/* The fields of a row, by position, after the fields kept from the old record. */
static int collect(struct context *c, struct write_row *r, const struct record *old, struct record_item **ret, size_t *count)
{
	struct writer *w = &c->db->writer;
	uint16_t kept = old ? record_count(*old) : 0;
	struct record_item *items = arena_alloc(&w->scratch, (kept + r->cell_count + 1u) * sizeof *items);
	uint16_t *positions = arena_alloc(&w->scratch, (r->cell_count + 1u) * sizeof *positions);
	if (!items || !positions)
		return writer_failed(c->db, ENOMEM);
	for (uint32_t i = 0; i < r->cell_count; i++) {
		int rc = resolve(c, &r->cells[i], &positions[i]);
		if (rc)
			return rc;
	}
	int rc = reserve_cells(c);
	if (rc)
		return rc;
	for (uint32_t i = 0; i < r->cell_count; i++)
		w->cell_of[positions[i]] = i + 1;
	const struct table *t = c->t;
	size_t n = 0;
	if (r->cut)
		items[n++] = (struct record_item){ .id = t->attributes[t->key].id, .value = r->key };
	for (uint16_t i = 0; i < kept; i++) {
		struct field f;
		const struct attribute *a = attribute_by_id(t, record_at(*old, i, &f));
		if (!a || a->flags & ATTRIBUTE_KEY)
			continue;
		uint32_t *cell = &w->cell_of[a - t->attributes];
		items[n] = (struct record_item){ .id = a->id, .field = f };
		if (*cell) {
			items[n].kind = r->cells[*cell - 1].kind;
			items[n].value = r->cells[*cell - 1].value;
			*cell = 0;
		}
		n++;
	}
	for (uint32_t i = 0; i < r->cell_count; i++) {
		if (!w->cell_of[positions[i]])
			continue;
		w->cell_of[positions[i]] = 0;
		items[n++] = (struct record_item){
			.id = t->attributes[positions[i]].id, .kind = r->cells[i].kind, .value = r->cells[i].value
		};
	}
	*ret = items;
	*count = n;
	return 0;
}

static int change_indexes(struct context *c, MDB_val primary, const struct record *old, struct record new,
	const struct record_item *items, size_t count)
{
	struct database *db = c->db;
	const struct table *t = c->t;
	int rc = 0;
	for (size_t i = 0; !rc && i < count; i++) {
		if (!items[i].value)
			continue;
		struct field from, to;
		const struct attribute *a = attribute_by_id(t, record_at(new, (uint16_t)i, &to));
		if (a->index)
			rc = index_change(db, t, a, primary, old && record_find(*old, a->id, &from) ? &from : NULL, &to);
	}
	/* a flag set by index_change() makes a new definition, with the same trees and positions */
	for (uint16_t i = 0; !rc && i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];
		if (!a->index)
			continue;
		if (a->flags & ATTRIBUTE_UPDATED)
			rc = index_time(db, a, primary, old ? record_updated(*old) : NAN, record_updated(new));
		else if (a->flags & ATTRIBUTE_CREATED && (!old || record_created(*old) > record_created(new)))
			rc = index_time(db, a, primary, old ? record_created(*old) : NAN, record_created(new));
	}
	if (!rc && t->expiry)
		rc = expiry_change(db, t, primary, old ? record_updated(*old) : NAN, record_updated(new));
	return rc;
}

static int log_change(struct context *c, MDB_val primary, const struct record *old, const struct record *new)
{
	if (!c->t->audit)
		return 0;
	struct buf *changes = &c->db->writer.changes;
	int rc = 0;
	if (c->logged && changes->len > LOG_ENTRY_BYTES) {
		rc = commit_log_append(c->db, c->w, c->t, c->time, c->logged, true);
		c->logged = 0;
		c->entries++;
	}
	commit_change_add(changes, primary, old, new);
	c->logged++;
	return rc;
}

/* Detects another key with the same short form: practically impossible, but never confused. */
static bool other_key(struct context *c, const struct write_row *r, struct record old)
{
	struct field f;
	if (!r->cut)
		return false;
	if (!record_find(old, c->t->attributes[c->t->key].id, &f))
		return true;
	lyre_value whole = field_value(f, &c->db->writer.scratch);
	return !value_equal(&whole, r->key);
}

/* An updated time is never before a created time, whatever the clock is now. */
static void set_times(const struct context *c, const struct record *old, double *created, double *updated)
{
	*created = old ? record_created(*old) : c->time;
	*updated = c->time;
	if (*created <= c->time)
		return;
	if (c->t->expiration >= 0)
		*created = c->time; /* the updated time determines when the record expires */
	else
		*updated = *created;
}

static int put_record(struct context *c, struct write_row *r, const struct record *old)
{
	struct writer *w = &c->db->writer;
	MDB_val primary = val(r->primary, r->primary_len);
	struct record_item *items = NULL;
	size_t count = 0;
	int rc = collect(c, r, old, &items, &count);
	if (rc)
		return rc;
	double created, updated;
	set_times(c, old, &created, &updated);
	buf_clear(&w->record);
	record_build(&w->record, created, updated, items, count);
	if (w->record.failed)
		return writer_failed(c->db, ENOMEM);
	struct record new = { .data = (unsigned char *)w->record.data, .len = w->record.len };
	rc = change_indexes(c, primary, old, new, items, count);
	if (!rc)
		rc = (old ? writer_put : writer_add)(c->db, c->t->records, primary, val(new.data, new.len));
	const struct attribute *key = &c->t->attributes[c->t->key];
	if (!rc && r->cut && r->key->type == LYRE_STRING && !(key->flags & ATTRIBUTE_CUT)) /* truncated numbers still
 * sort correctly */
		rc = attribute_flag(c->db, c->t->id, key->id, ATTRIBUTE_CUT);
	return rc ? rc : log_change(c, primary, old, &new);
}

static int apply_row(struct context *c, struct write_row *r, struct lyre_written *out)
{
	struct database *db = c->db;
	struct writer *w = &db->writer;
	struct key made;
	arena_reset(&w->scratch);
	c->t = writer_table(db, c->t->id);
	if (r->generated && !r->key) {
		int rc = make_key(c, r, &made);
		if (rc)
			return rc;
	}
	out->key = r->key;
	out->generated = r->generated;
	MDB_val primary = val(r->primary, r->primary_len), v;
	int rc = writer_get(db, c->t->records, primary, &v);
	if (rc && rc != LYRE_ENOTFOUND)
		return rc;
	struct record copy, *old = NULL;
	if (!rc) {
		/* data read from the map may move when something is written */
		buf_clear(&w->old);
		buf_add(&w->old, v.mv_data, v.mv_size);
		if (w->old.failed)
			return writer_failed(db, ENOMEM);
		copy = (struct record){ .data = (unsigned char *)w->old.data, .len = w->old.len };
		old = &copy;
		if (!record_check(copy))
			return err_set(
				&c->w->err, LYRE_ECORRUPT, "a record of table '%s.%s' is damaged", c->t->database, c->t->name);
		if (other_key(c, r, copy))
			return err_set(&c->w->err, LYRE_ECONFLICT, "two primary keys of table '%s.%s' have the same short form",
				c->t->database, c->t->name);
		if (record_expired(c->t, record_updated(copy), c->time)) {
			if ((rc = record_remove(db, c->t, primary, copy)))
				return rc;
			clock_expired(db, record_updated(copy) + c->t->expiration);
			old = NULL;
		}
	}
	if (old ? c->w->mode == LYRE_INSERT : c->w->mode == LYRE_UPDATE || c->w->mode == LYRE_DELETE)
		return 0;
	out->done = 1;
	c->done++;
	c->created += !old;
	if (c->w->mode != LYRE_DELETE)
		return put_record(c, r, old);
	rc = record_remove(db, c->t, primary, copy);
	return rc ? rc : log_change(c, primary, old, NULL);
}

/* Resets the rows of an earlier attempt: generated keys are generated again. */
static void reset(struct prepared *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct write_row *r = &p->rows[i];
		if (r->generated && r->key && r->key->type == LYRE_INT)
			r->key = NULL;
		p->items[i] = (struct lyre_written){ 0 };
	}
}

int write_apply(struct database *db, struct record_write *w, double time)
{
	struct context c = { .db = db, .w = w, .p = w->prepared, .t = writer_table(db, w->table->id), .time = time };
	if (!c.t)
		return err_set(&w->err, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", w->table->database, w->table->name);
	reset(c.p);
	buf_clear(&db->writer.changes);
	int rc = c.p->unknown ? check_room(&c, &w->err) : 0;
	if (!rc && c.p->missing)
		rc = check_missing(&c, &w->err);
	for (size_t i = 0; !rc && i < c.p->count; i++)
		rc = apply_row(&c, &c.p->rows[i], &c.p->items[i]);
	if (!rc && c.next_key)
		rc = save_counter(&c);
	if (!rc && c.logged)
		rc = commit_log_append(db, w, c.t, time, c.logged, false);
	if (rc)
		return rc;
	if (c.t->expiration >= 0 && c.done) {
		int64_t at = monotonic_ms() + SWEEP_DELAY;
		if (db->writer.sweep_at > at)
			db->writer.sweep_at = at;
	}
	w->result = (struct lyre_write_result){
		.items = c.p->items,
		.count = (uint32_t)c.p->count,
		.done = (uint32_t)c.done,
		.mode = (uint32_t)w->mode,
		.time = time,
	};
	w->created = (uint32_t)c.created;
	c.entries += c.logged > 0;
	w->sequence = c.entries ? db->writer.now.sequence - c.entries : 0;
	return 0;
}
