/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/sort.c
 * \brief Sorts rows that no index has in order. Keys are kept, not records.
 *
 * Each row is a string of bytes in memcmp() order, and its primary key. Rows are sorted in runs as they arrive, and the runs
 * are merged while rows are taken out, so that no step takes long. If only the first rows are wanted, at most twice as many
 * are collected; then the better half is kept, and its worst row is the bound for new ones.
 */
#include "query/plan.h"

#include <stdlib.h>
#include <string.h>

/** Bytes that the sort of one query may use. */
#define SORT_MEMORY_MAX ((size_t)256 << 20)
#define PRUNE_MIN 256
/** Items sorted at once. */
#define RUN 1024

struct item {
	uint64_t head; /**< the first bytes: they decide most comparisons */
	const unsigned char *bytes;
	uint32_t sort_len, key_len;
};

/** Items of a sorted run that were not taken yet. */
struct run {
	size_t at, end;
};

struct sorter {
	struct sort_order order;
	uint64_t keep;
	struct charge *charge;
	struct item *items; /**< sorted in runs of RUN items, except the last, which may grow */
	size_t count, room;
	struct arena bytes;
	struct buf key; /**< of the row being added */
	bool full;      /**< there are enough rows: only those before last are added */
	struct item last;
	/* while merging: a heap of runs, the one with the first item on top */
	struct run *runs;
	size_t run_count;
	uint64_t taken; /**< items taken out */
	/* the items kept while the others are discarded */
	bool pruning;
	struct item *kept;
	struct arena kept_bytes;
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
	arena_init_charged(&s->kept_bytes, charge);
	buf_init(&s->key);
	return s;
}

void sorter_free(struct sorter *s)
{
	if (!s)
		return;
	arena_free(&s->bytes);
	arena_free(&s->kept_bytes);
	buf_free(&s->key);
	charge_give(s->charge, s->room * sizeof(*s->items));
	if (s->kept)
		charge_give(s->charge, s->room * sizeof(*s->kept));
	free(s->items);
	free(s->kept);
	free(s->runs);
	free(s);
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
	key_sort_value(b, &v);
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

/** Sort keys are self-terminating, so none is a prefix of another. */
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

static void sort_run(struct sorter *s, size_t from)
{
	if (s->count - from > 1)
		qsort(s->items + from, s->count - from, sizeof(*s->items),
			s->order.ties_descending ? compare_descending : compare_ascending);
}

/* ---- merging ---- */

static bool run_before(const struct sorter *s, const struct run *x, const struct run *y)
{
	return compare(&s->items[x->at], &s->items[y->at], s->order.ties_descending) < 0;
}

static void sift_down(struct sorter *s, size_t i)
{
	struct run moved = s->runs[i];
	for (size_t child; (child = 2 * i + 1) < s->run_count; i = child) {
		if (child + 1 < s->run_count && run_before(s, &s->runs[child + 1], &s->runs[child]))
			child++;
		if (!run_before(s, &s->runs[child], &moved))
			break;
		s->runs[i] = s->runs[child];
	}
	s->runs[i] = moved;
}

static int merge_begin(struct sorter *s, struct err *e)
{
	sort_run(s, s->count - s->count % RUN);
	s->run_count = (s->count + RUN - 1) / RUN;
	s->taken = 0;
	struct run *runs = realloc(s->runs, (s->run_count + 1) * sizeof(*runs));
	if (!runs) {
		s->run_count = 0;
		return err_nomem(e);
	}
	s->runs = runs;
	for (size_t i = 0; i < s->run_count; i++)
		runs[i] = (struct run){ .at = i * RUN, .end = (i + 1) * RUN < s->count ? (i + 1) * RUN : s->count };
	for (size_t i = s->run_count / 2; i-- > 0;)
		sift_down(s, i);
	return 0;
}

static const struct item *merge_peek(const struct sorter *s)
{
	return s->run_count && s->taken < s->keep ? &s->items[s->runs[0].at] : NULL;
}

static void merge_pop(struct sorter *s)
{
	s->taken++;
	if (++s->runs[0].at == s->runs[0].end)
		s->runs[0] = s->runs[--s->run_count];
	if (s->run_count)
		sift_down(s, 0);
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

/* ---- keeping the first rows ---- */

static int prune_begin(struct sorter *s, struct err *e)
{
	size_t size = s->room * sizeof(*s->kept);
	if (!charge_take(s->charge, size))
		return err_nomem(e);
	s->kept = malloc(size);
	if (!s->kept) {
		charge_give(s->charge, size);
		return err_nomem(e);
	}
	s->pruning = true;
	return merge_begin(s, e);
}

static void prune_end(struct sorter *s)
{
	charge_give(s->charge, s->room * sizeof(*s->items));
	free(s->items);
	s->items = s->kept;
	s->kept = NULL;
	s->count = (size_t)s->taken;
	arena_free(&s->bytes);
	s->bytes = s->kept_bytes;
	arena_init_charged(&s->kept_bytes, s->charge);
	s->last = s->items[s->count - 1];
	s->full = true;
	s->pruning = false;
}

int sorter_settle(struct sorter *s, struct pace *p, struct err *e)
{
	while (s->pruning) {
		const struct item *first = merge_peek(s);
		if (!first) {
			prune_end(s);
			break;
		}
		s->kept[s->taken] = *first;
		int rc = store_item(&s->kept_bytes, &s->kept[s->taken], e);
		if (rc)
			return rc;
		merge_pop(s);
		if (pace_step(p, 1))
			return QUERY_PAUSED;
	}
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
	if (s->bytes.total + s->room * sizeof(*s->items) + s->key.len > SORT_MEMORY_MAX)
		return err_set(e, LYRE_ETOOBIG,
			"Sorting this result needs more than %zu MiB: set a limit, or sort by an indexed attribute",
			SORT_MEMORY_MAX >> 20);
	int rc = s->count == s->room ? grow(s, e) : 0;
	if (!rc)
		rc = store_item(&s->bytes, &item, e);
	if (rc)
		return rc;
	s->items[s->count++] = item;
	if (s->count % RUN == 0)
		sort_run(s, s->count - RUN);
	return s->count >= PRUNE_MIN && s->count / 2 >= s->keep ? prune_begin(s, e) : 0;
}

int sorter_finish(struct sorter *s, struct err *e)
{
	return merge_begin(s, e);
}

const unsigned char *sorter_peek(const struct sorter *s, size_t *len)
{
	const struct item *first = merge_peek(s);
	if (!first)
		return NULL;
	*len = first->key_len;
	return first->bytes + first->sort_len;
}

void sorter_pop(struct sorter *s)
{
	merge_pop(s);
}
