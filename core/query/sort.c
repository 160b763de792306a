/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/sort.c
 * \brief Sorting rows that no index has in order: the keys are kept, not the records.
 *
 * Each row is a run of bytes that memcmp sorts, and its primary key. Where only the first rows are wanted, twice as
 * many are collected at most; then the better half stays and the worst of it is the mark to beat.
 */
#include "query/plan.h"

#include <stdlib.h>
#include <string.h>

/** Bytes that the sort of one query may hold. */
#define SORT_MEMORY_MAX ((size_t)256 << 20)
#define PRUNE_MIN 256

/* First bytes of a sort key; between the kinds of store/key.h stand objects and empty arrays. */
#define SORT_NULL 0x08
#define SORT_OBJECT 0x0c
#define SORT_TEXT 0x30

struct item {
	uint64_t head; /**< the first bytes: most comparisons end here */
	const unsigned char *bytes;
	uint32_t sort_len, key_len;
};

/** What is left of an item when all are in order. */
struct place {
	const unsigned char *key;
	uint32_t len;
};

_Static_assert(sizeof(struct place) <= sizeof(struct item), "places take the memory of items");

struct sorter {
	struct sort_order order;
	uint64_t keep;
	struct charge *charge;
	struct item *items;
	struct place *places; /**< in the memory of items, once they are sorted */
	size_t count, room;
	struct arena bytes;
	struct buf key;      /**< of the row being added */
	bool full;           /**< there are enough: only what is before last comes in */
	struct item last;
};

struct sorter *sorter_new(const struct sort_order *order, uint64_t keep, struct charge *charge)
{
	struct sorter *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->order = *order;
	s->keep = keep;
	s->charge = charge;
	arena_init_charged(&s->bytes, charge);
	buf_init(&s->key);
	return s;
}

void sorter_free(struct sorter *s)
{
	if (!s)
		return;
	arena_free(&s->bytes);
	buf_free(&s->key);
	charge_give(s->charge, s->room * sizeof(*s->items));
	free(s->items);
	free(s);
}

/** Escaped and ended as in an index, but whole. */
static void add_text(struct buf *b, const char *s, size_t len)
{
	buf_add_char(b, SORT_TEXT);
	size_t plain = 0;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s[i] > 1)
			continue;
		buf_add(b, s + plain, i - plain);
		buf_add(b, (char[]){ 1, (char)(s[i] + 1) }, 2);
		plain = i + 1;
	}
	buf_add(b, s + plain, len - plain);
	buf_add_char(b, 0);
}

/** Behind the key of a number outside int64, which others may share: its digits, more of them being further from 0. */
static void add_digits(struct buf *b, const lyre_value *v)
{
	size_t start = b->len;
	buf_add(b, (char[]){ 0, 0 }, 2);
	if (v->type == LYRE_BIGINT)
		buf_add(b, v->s, v->len);
	else
		buf_addf(b, "%.0f", v->d);
	if (b->failed)
		return;
	unsigned char *p = (unsigned char *)b->data + start;
	size_t len = b->len - start - 2;
	p[0] = (unsigned char)(len >> 8);
	p[1] = (unsigned char)len;
	if (p[2] != '-')
		return;
	for (size_t i = 0; i < len + 2; i++)
		p[i] = (unsigned char)~p[i];
}

static void add_value(struct buf *b, const lyre_value *v)
{
	while (v->type == LYRE_ARRAY && v->len)
		v = v->items;
	struct key k;
	if (v->type == LYRE_STRING) {
		add_text(b, v->s, v->len);
	} else if (v->type >= LYRE_ARRAY) {
		buf_add_char(b, SORT_OBJECT);
	} else if (!key_index_value(&k, v)) {
		buf_add_char(b, SORT_NULL);
	} else {
		buf_add(b, k.bytes, k.len);
		if (k.cut)
			add_digits(b, v);
	}
}

static void add_level(struct buf *b, const struct sort_level *level, const struct row *r, struct arena *scratch)
{
	size_t start = b->len;
	struct field f;
	lyre_value v;
	switch (attribute_read(level->attribute, r, &f, &v)) {
	case 0:
		v = value_null();
		break;
	case 1:
		v = field_type(f) == LYRE_OBJECT ? (lyre_value){ .type = LYRE_OBJECT } : field_value(f, scratch);
		break;
	}
	add_value(b, &v);
	if (!level->descending || b->failed)
		return;
	for (size_t i = start; i < b->len; i++)
		b->data[i] = (char)~b->data[i];
}

static uint64_t head_of(const unsigned char *p, size_t len)
{
	uint64_t u = 0;
	for (size_t i = 0; i < 8; i++)
		u = u << 8 | (i < len ? p[i] : 0);
	return u;
}

/** Sort keys end themselves, so none is the start of another. */
static int compare(const struct item *x, const struct item *y, bool ties_descending)
{
	if (x->head != y->head)
		return x->head < y->head ? -1 : 1;
	uint32_t n = x->sort_len < y->sort_len ? x->sort_len : y->sort_len;
	int c = memcmp(x->bytes, y->bytes, n);
	if (c)
		return c;
	n = x->key_len < y->key_len ? x->key_len : y->key_len;
	c = memcmp(x->bytes + x->sort_len, y->bytes + y->sort_len, n);
	if (!c)
		c = x->key_len < y->key_len ? -1 : x->key_len > y->key_len;
	return ties_descending ? -c : c;
}

static int compare_ascending(const void *x, const void *y)
{
	return compare(x, y, false);
}

static int compare_descending(const void *x, const void *y)
{
	return compare(x, y, true);
}

static void sort_items(struct sorter *s)
{
	if (s->count > 1)
		qsort(s->items, s->count, sizeof(*s->items), s->order.ties_descending ? compare_descending : compare_ascending);
}

/** Copies an item's bytes. */
static int store_item(struct arena *a, struct item *item, struct err *e)
{
	size_t len = (size_t)item->sort_len + item->key_len;
	unsigned char *copy = arena_alloc(a, len);
	if (!copy)
		return err_nomem(e);
	memcpy(copy, item->bytes, len);
	item->bytes = copy;
	return 0;
}

/** Keeps the first that are wanted. */
static int prune(struct sorter *s, struct err *e)
{
	sort_items(s);
	if (s->count > s->keep)
		s->count = (size_t)s->keep;
	struct arena kept;
	arena_init_charged(&kept, s->charge);
	for (size_t i = 0; i < s->count; i++) {
		int rc = store_item(&kept, &s->items[i], e);
		if (rc) {
			s->count = 0;
			arena_free(&kept);
			return rc;
		}
	}
	arena_free(&s->bytes);
	s->bytes = kept;
	s->last = s->items[s->count - 1];
	s->full = true;
	return 0;
}

static int grow(struct sorter *s, struct err *e)
{
	size_t room = s->room ? s->room * 2 : PRUNE_MIN;
	size_t more = (room - s->room) * sizeof(*s->items);
	if (!charge_take(s->charge, more))
		return err_nomem(e);
	struct item *items = realloc(s->items, room * sizeof(*items));
	if (!items) {
		charge_give(s->charge, more);
		return err_nomem(e);
	}
	s->items = items;
	s->room = room;
	return 0;
}

int sorter_add(struct sorter *s, const struct row *r, struct arena *scratch, struct err *e)
{
	buf_clear(&s->key);
	for (unsigned i = 0; i < s->order.count; i++)
		add_level(&s->key, &s->order.levels[i], r, scratch);
	size_t sort_len = s->key.len;
	buf_add(&s->key, r->key, r->key_len);
	if (s->key.failed)
		return err_nomem(e);
	struct item item = {
		.head = head_of((unsigned char *)s->key.data, sort_len),
		.bytes = (unsigned char *)s->key.data,
		.sort_len = (uint32_t)sort_len,
		.key_len = (uint32_t)r->key_len,
	};
	if (s->full && compare(&item, &s->last, s->order.ties_descending) > 0)
		return 0;
	if (s->count >= PRUNE_MIN && s->count / 2 >= s->keep) {
		int rc = prune(s, e);
		if (rc)
			return rc;
	}
	if (s->bytes.total + s->room * sizeof(*s->items) + s->key.len > SORT_MEMORY_MAX)
		return err_set(e, LYRE_ETOOBIG,
			"Sorting this result takes more than %zu MiB: set a limit, or sort by an indexed attribute",
			SORT_MEMORY_MAX >> 20);
	int rc = s->count == s->room ? grow(s, e) : 0;
	if (!rc)
		rc = store_item(&s->bytes, &item, e);
	if (!rc)
		s->items[s->count++] = item;
	return rc;
}

/** Copies the keys together and gives the sort keys back; where there is no memory for that, all stays as it is. */
static void drop_sort_keys(struct sorter *s)
{
	struct arena kept;
	size_t len = 0;
	for (size_t i = 0; i < s->count; i++)
		len += s->places[i].len;
	arena_init_charged(&kept, s->charge);
	unsigned char *to = arena_alloc(&kept, len);
	if (!to)
		return;
	for (size_t i = 0; i < s->count; to += s->places[i++].len)
		s->places[i].key = memcpy(to, s->places[i].key, s->places[i].len);
	arena_free(&s->bytes);
	s->bytes = kept;
}

/** A client may take its time to read the rows: until then only their keys are held. */
void sorter_finish(struct sorter *s)
{
	sort_items(s);
	if (s->count > s->keep)
		s->count = (size_t)s->keep;
	s->places = (struct place *)s->items;
	for (size_t i = 0; i < s->count; i++) {
		struct item item = s->items[i];
		s->places[i] = (struct place){ item.bytes + item.sort_len, item.key_len };
	}
	if (s->count <= PRUNE_MIN)
		return;
	drop_sort_keys(s);
	/* In units of an item, as it is accounted. */
	size_t room = (s->count * sizeof(*s->places) + sizeof(*s->items) - 1) / sizeof(*s->items);
	struct item *items = realloc(s->items, room * sizeof(*items));
	if (!items)
		return;
	charge_give(s->charge, (s->room - room) * sizeof(*items));
	s->items = items;
	s->places = (struct place *)items;
	s->room = room;
}

size_t sorter_count(const struct sorter *s)
{
	return s->count;
}

const unsigned char *sorter_key(const struct sorter *s, size_t i, size_t *len)
{
	*len = s->places[i].len;
	return s->places[i].key;
}
