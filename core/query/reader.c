/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/reader.c
 * \brief Reads a range of an index record by record, with the values in place.
 */
#include "query/reader.h"
#include "query/columns.h"
#include "query/cover.h"
#include "query/range.h"

#include "base/text.h"

#include <string.h>

struct reader {
	struct snapshot *snapshot;
	const struct table *table;
	struct column *columns;
	uint16_t *places; /**< where each column was last found in a record */
	size_t count, room;
	struct walk walk;
	bool walking;
	bool single;   /**< the range is a single primary key, complete: no walk needed */
	bool covers;   /**< entries of the walk usually have all columns */
	bool covered;  /**< the current entry does: its record is not read */
	lyre_value of; /**< the value of the index's attribute, if covered */
	struct key key;
	struct row row;
	struct buf text; /**< JSON of the current record's arrays and objects */
	char date[32];
};

/* ---- ranges ---- */

static int scalar(const struct lyre_field *f, lyre_value *ret, struct err *e)
{
	switch (f->type) {
	case LYRE_NULL:
		*ret = value_null();
		return 0;
	case LYRE_BOOL:
		*ret = value_bool(f->i != 0);
		return 0;
	case LYRE_INT:
		*ret = value_int(f->i);
		return 0;
	case LYRE_DOUBLE:
		*ret = value_double(f->d);
		return 0;
	case LYRE_STRING:
		*ret = value_text(f->s, f->len);
		return 0;
	default:
		return err_set(e, LYRE_EINTERNAL, "the bound of a range must be null, a boolean, a number or a string");
	}
}

static void prefix_range(struct walk_range *r, const lyre_value *v, bool key)
{
	if (key)
		key_primary_prefix(&r->low, v->s, v->len);
	else
		key_index_prefix(&r->low, v->s, v->len);
	r->high = r->low;
	r->high.cut = true; /* a prefix, not a complete key */
}

int reader_range(const struct table *t, const struct attribute_filter *f, const struct lyre_range *from, struct walk_range *ret,
	struct err *e)
{
	const char *name = from->attribute;
	const struct attribute *at = name ? visible_attribute(t, f, name, strlen(name)) : &t->attributes[t->key];
	if (!at || !(at->flags & (ATTRIBUTE_INDEXED | ATTRIBUTE_KEY)))
		return err_set(e, LYRE_EINVAL, "attribute '%s' of '%s.%s' is not indexed", name, t->database, t->name);
	bool key = is_key(t, at);
	lyre_value low = value_null(), high = value_null();
	int rc = from->flags & (LYRE_RANGE_LOW | LYRE_RANGE_PREFIX) ? scalar(&from->low, &low, e) : 0;
	if (!rc && from->flags & LYRE_RANGE_HIGH)
		rc = scalar(&from->high, &high, e);
	if (!rc && from->flags & LYRE_RANGE_PREFIX && low.type != LYRE_STRING)
		rc = err_set(e, LYRE_EINTERNAL, "the prefix of a range must be a string");
	if (rc)
		return rc;
	*ret = (struct walk_range){ .attribute = key ? NULL : at, .reverse = from->flags & LYRE_RANGE_DESCENDING };
	if (from->flags & LYRE_RANGE_PREFIX) {
		prefix_range(ret, &low, key);
		return 0;
	}
	if (from->flags & LYRE_RANGE_LOW)
		range_low(ret, &low, from->flags & LYRE_RANGE_LOW_OPEN, key);
	if (from->flags & LYRE_RANGE_HIGH)
		range_high(ret, &high, from->flags & LYRE_RANGE_HIGH_OPEN, key);
	return 0;
}

static bool has_booleans(struct snapshot *s, const struct table *t, const struct attribute *at)
{
	const lyre_value no = value_bool(false), yes = value_bool(true);
	struct walk_range r = { .attribute = at };
	range_low(&r, &no, false, false);
	range_high(&r, &yes, false, false);
	return walk_estimate(s, t, &r, 1) != 0;
}

void reader_index(
	struct snapshot *s, const struct table *t, const struct attribute_filter *f, const char *name, struct lyre_index *ret)
{
	const struct attribute *at = visible_attribute(t, f, name, strlen(name));
	const struct table *now = snapshot_table(s, t);
	const struct attribute *there = now && at ? table_attribute(now, at->name, at->name_len) : NULL;
	uint32_t size = ret->size;
	*ret = (struct lyre_index){ .size = size };
	if (!there || there->id != at->id || !(there->flags & (ATTRIBUTE_INDEXED | ATTRIBUTE_KEY)))
		return;
	bool key = there->flags & ATTRIBUTE_KEY;
	const struct walk_range all = { .attribute = key ? NULL : at };
	ret->indexed = 1;
	ret->ordered = !(there->flags & (ATTRIBUTE_MULTI | ATTRIBUTE_CUT));
	ret->whole = ret->ordered ? index_is_complete(s, t, at) : key;
	ret->nested = (there->flags & (ATTRIBUTE_MULTI | ATTRIBUTE_OBJECTS)) != 0;
	ret->booleans = !key && has_booleans(s, t, at);
	ret->entries = walk_estimate(s, t, &all, 0);
}

/* ---- readers ---- */

static int add_column(struct reader *r, const struct attribute_filter *f, const char *name, struct err *e)
{
	const struct table *t = r->table;
	struct column *c = &r->columns[r->count];
	const struct attribute *at = table_attribute(t, name, strlen(name));
	*c = (struct column){ .kind = COLUMN_NONE };
	r->places[r->count] = 0;
	if (at && !attribute_is_shown(f, at))
		return err_set(e, LYRE_EINVAL, "unknown attribute '%s'", name);
	if (at)
		column_set_attribute(c, at);
	r->count++;
	return 0;
}

static struct reader *reader_new(struct reader *again, struct arena *a, size_t count)
{
	struct reader *r = again ? again : ARENA_NEW(a, struct reader);
	if (!r)
		return NULL;
	if (!again)
		buf_init_charged(&r->text, a->charge);
	if (!r->columns || r->room < count) {
		r->columns = ARENA_ARRAY(a, struct column, count + 1);
		r->places = ARENA_ARRAY(a, uint16_t, count + 1);
		r->room = r->columns && r->places ? count : 0;
	}
	r->count = 0;
	r->walking = false;
	r->single = false;
	return r->columns && r->places ? r : NULL;
}

int reader_open(struct reader *again, struct reader **ret, struct arena *a, struct snapshot *s, const struct table *t,
	const struct attribute_filter *f, const char *const *names, size_t count, struct err *e)
{
	struct reader *r = reader_new(again, a, count);
	if (!r)
		return err_nomem(e);
	*ret = r;
	r->snapshot = s;
	r->table = t;
	int rc = 0;
	for (size_t i = 0; !rc && i < count; i++)
		rc = add_column(r, f, names[i], e);
	return rc;
}

static void end_walk(struct reader *r)
{
	if (r->walking)
		walk_close(&r->walk);
	r->walking = false;
	r->single = false;
	r->covered = false;
}

/** Whether the range is a single primary key, complete in its bounds. */
static bool is_one_key(const struct walk_range *range)
{
	if (range->attribute || !range->low.len || range->low_open || range->low.cut || range->high.cut)
		return false;
	struct key high = range->low;
	if (range->high_open) /* of a string: up to the next longer one */
		key_primary_longer(&high);
	return high.len == range->high.len && !memcmp(high.bytes, range->high.bytes, high.len);
}

int reader_seek(struct reader *r, const struct walk_range *range, struct err *e)
{
	end_walk(r);
	if (is_one_key(range)) {
		r->single = true;
		r->key = range->low;
		return 0;
	}
	int rc = walk_open(&r->walk, r->snapshot, r->table, range, NULL, e);
	r->walking = !rc;
	r->covers = !rc && cover_is_possible(&r->walk, r->columns, r->count);
	return rc;
}

static int next_single(struct reader *r, struct err *e)
{
	r->single = false;
	r->row.key = r->key.bytes;
	r->row.key_len = r->key.len;
	int rc = snapshot_get_key(r->snapshot, r->table, r->key.bytes, r->key.len, &r->row.record, e);
	return rc == LYRE_ENOTFOUND ? LYRE_END : rc;
}

int reader_next(struct reader *r, struct err *e)
{
	int rc = LYRE_END;
	if (r->single)
		return next_single(r, e);
	while (r->walking) {
		rc = walk_next(&r->walk, e);
		r->covered = !rc && r->covers && cover_read(&r->walk, &r->of);
		if (!rc && !r->covered)
			rc = walk_record(&r->walk, &r->row.record, e);
		if (rc != LYRE_ENOTFOUND)
			break;
	}
	r->row.key = r->walk.key;
	r->row.key_len = r->walk.key_len;
	return rc;
}

/* ---- values ---- */

static void give_value(const lyre_value *v, struct lyre_field *ret)
{
	ret->type = v->type;
	ret->lasting = 1;
	switch (v->type) {
	case LYRE_BOOL:
		ret->i = v->b;
		break;
	case LYRE_INT:
		ret->i = v->i;
		ret->d = (double)v->i;
		break;
	case LYRE_DOUBLE:
		ret->d = v->d;
		break;
	case LYRE_BIGINT:
		ret->d = value_number(v);
		ret->s = v->s;
		ret->len = v->len;
		break;
	case LYRE_STRING:
		ret->s = v->s;
		ret->len = v->len;
		break;
	default:
		ret->type = LYRE_NULL;
		break;
	}
}

static void give_time(struct reader *r, double ms, bool date, struct lyre_field *ret)
{
	size_t len = date ? iso_time(r->date, ms) : 0;
	lyre_value v = len ? value_text(r->date, len) : value_double(ms);
	give_value(&v, ret);
	ret->lasting = !len;
}

/** For values that have no form of their own in struct lyre_field: their JSON. */
static void give_json(struct reader *r, struct field f, struct lyre_field *ret)
{
	buf_clear(&r->text);
	field_write(f, &r->text);
	ret->type = r->text.failed ? LYRE_NULL : field_type(f) == LYRE_ARRAY ? LYRE_ARRAY : LYRE_OBJECT;
	ret->s = r->text.data;
	ret->len = (uint32_t)r->text.len;
}

static void give_field(struct reader *r, struct field f, struct lyre_field *ret)
{
	lyre_value v = field_scalar(f);
	if (v.type >= LYRE_ARRAY || (v.type == LYRE_STRING && field_kind(f) == FIELD_BYTES))
		give_json(r, f, ret);
	else if (v.type == LYRE_DOUBLE && field_kind(f) == FIELD_DATE)
		give_time(r, v.d, true, ret);
	else
		give_value(&v, ret);
}

/** Finds a column's field. Records are similar: it is mostly where it was in the previous one. */
static bool find(struct reader *r, size_t i, struct field *ret)
{
	const struct record record = r->row.record;
	uint16_t id = r->columns[i].id, *place = &r->places[i];
	uint16_t count = record_count(record);
	if (*place < count && record_at(record, *place, ret) == id)
		return true;
	for (uint16_t n = 0; n < count; n++) {
		if (record_at(record, n, ret) == id) {
			*place = n;
			return true;
		}
	}
	return false;
}

void reader_field(struct reader *r, size_t i, struct lyre_field *ret)
{
	*ret = (struct lyre_field){ .type = LYRE_NULL };
	const struct column *c = i < r->count ? &r->columns[i] : NULL;
	struct field f;
	lyre_value v = value_null();
	if (!c || c->kind == COLUMN_NONE)
		return;
	if (c->kind == COLUMN_TIME) {
		give_time(r, column_time(c, r->row.record), c->date, ret);
	} else if (c->kind == COLUMN_KEY) {
		if (row_key(&r->row, c->id, &v)) {
			give_value(&v, ret);
			ret->lasting = r->row.key != r->key.bytes; /* r->key is overwritten by the next range */
		}
	} else if (r->covered) {
		give_value(&r->of, ret);
	} else if (find(r, i, &f)) {
		give_field(r, f, ret);
	}
}

void reader_close(struct reader *r)
{
	end_walk(r);
	buf_free(&r->text);
}
