/* SPDX-License-Identifier: Apache-2.0 */
#include "query/range.h"

#include <string.h>

const lyre_value *indexed_item(const lyre_value *v)
{
	if (v->type < LYRE_ARRAY)
		return v;
	for (uint32_t i = 0; v->type == LYRE_ARRAY && i < v->len; i++) {
		if (v->items[i].type < LYRE_ARRAY && v->items[i].type != LYRE_NULL)
			return &v->items[i];
	}
	return NULL;
}

bool condition_has_range(const struct condition *c, const struct table *t)
{
	const struct comparator *how = c->comparator;
	bool text = how->operand == OPERAND_TEXT;
	bool date = c->attribute->type == ATTRIBUTE_DATE; /* stored as a number, searched as the text that is shown */
	if (text && date)
		return false;
	if (is_key(t, c->attribute))
		return c->value.type < LYRE_ARRAY && (!text || how->fit != RANGE_WIDE);
	if (!(c->attribute->flags & ATTRIBUTE_INDEXED))
		return false;
	/* an empty array differs from others, and has no index entry */
	return c->value.type != LYRE_ARRAY || (!how->negated && indexed_item(&c->value));
}

/** A value as a bound. \return whether its bytes represent the value exactly */
static bool bound(struct key *k, const lyre_value *v, bool key)
{
	if (!key || v->type != LYRE_STRING) {
		if (!key_index_value(k, v))
			k->len = 0;
		return !k->cut;
	}
	key_primary_prefix(k, v->s, v->len);
	return !k->cut;
}

void range_low(struct walk_range *r, const lyre_value *v, bool open, bool key)
{
	bool exact = bound(&r->low, v, key);
	r->low_open = open && exact;
	if (!r->low_open || !key || v->type != LYRE_STRING)
		return;
	key_primary_longer(&r->low);
	r->low_open = false;
}

void range_high(struct walk_range *r, const lyre_value *v, bool open, bool key)
{
	bool exact = bound(&r->high, v, key);
	r->high_open = open && exact;
	if (r->high_open || !exact || !key || v->type != LYRE_STRING)
		return;
	key_primary_longer(&r->high);
	r->high_open = true;
}

/** Also 0 if one is a prefix of the other. */
static int compare_bytes(const struct key *x, const struct key *y)
{
	size_t n = x->len < y->len ? x->len : y->len;
	int c = memcmp(x->bytes, y->bytes, n);
	return c ? (c < 0 ? -1 : 1) : 0;
}

static bool low_is_tighter(const struct walk_range *x, const struct walk_range *than)
{
	if (!x->low.len || !than->low.len)
		return x->low.len != 0;
	int c = compare_bytes(&x->low, &than->low);
	if (c)
		return c > 0;
	/* One is a prefix of the other: an open bound at the shorter excludes everything that the longer can stand for. */
	if (x->low.len == than->low.len)
		return x->low_open && !than->low_open;
	return x->low.len < than->low.len ? x->low_open : !than->low_open;
}

static bool high_is_tighter(const struct walk_range *x, const struct walk_range *than)
{
	if (!x->high.len || !than->high.len)
		return x->high.len != 0;
	int c = compare_bytes(&x->high, &than->high);
	if (c)
		return c < 0;
	if (x->high.len == than->high.len)
		return x->high_open && !than->high_open;
	return x->high.len < than->high.len ? x->high_open : !than->high_open;
}

bool driver_range(const struct driver *d, const struct table *t, struct walk_range *r)
{
	bool key = is_key(t, d->attribute);
	*r = (struct walk_range){ .attribute = key ? NULL : d->attribute };
	if (d->leaf_count && !d->leaves[0]->comparator->range(d->leaves[0], key, r))
		return false;
	for (size_t i = 1; i < d->leaf_count; i++) {
		struct walk_range one = { .attribute = r->attribute };
		if (!d->leaves[i]->comparator->range(d->leaves[i], key, &one))
			return false;
		if (low_is_tighter(&one, r)) {
			r->low = one.low;
			r->low_open = one.low_open;
		}
		if (high_is_tighter(&one, r)) {
			r->high = one.high;
			r->high_open = one.high_open;
		}
	}
	if (!r->low.len || !r->high.len)
		return true;
	int c = compare_bytes(&r->low, &r->high);
	if (c)
		return c < 0;
	return !(r->low_open && r->low.len <= r->high.len) && !(r->high_open && r->high.len <= r->low.len);
}

bool range_has(const struct walk_range *r, const unsigned char *bytes, size_t len)
{
	if (r->low.len) {
		size_t n = len < r->low.len ? len : r->low.len;
		int c = memcmp(bytes, r->low.bytes, n);
		if (c < 0 || (c == 0 && (len < r->low.len || r->low_open)))
			return false;
	}
	if (r->high.len) {
		size_t n = len < r->high.len ? len : r->high.len;
		int c = memcmp(bytes, r->high.bytes, n);
		if (c > 0 || (c == 0 && len >= r->high.len && r->high_open))
			return false;
	}
	return true;
}
