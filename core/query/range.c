/* SPDX-License-Identifier: Apache-2.0 */
#include "query/range.h"

#include <string.h>

static bool is_key(const struct table *t, const struct attribute *at)
{
	return !at || at == &t->attributes[t->key];
}

/** The scalar by whose entries an array is found: every item of a scalar kind has one. */
static const lyre_value *indexed_item(const lyre_value *v)
{
	if (v->type < LYRE_ARRAY)
		return v;
	for (uint32_t i = 0; v->type == LYRE_ARRAY && i < v->len; i++) {
		if (v->items[i].type < LYRE_ARRAY && v->items[i].type != LYRE_NULL)
			return &v->items[i];
	}
	return NULL;
}

bool leaf_has_range(const struct condition *c, const struct table *t)
{
	bool text = c->comparator == CMP_CONTAINS || c->comparator == CMP_STARTS_WITH || c->comparator == CMP_ENDS_WITH;
	bool date = c->attribute->type == ATTRIBUTE_DATE; /* kept as a number, searched as the text it is shown as */
	if (is_key(t, c->attribute))
		return c->value.type < LYRE_ARRAY && (!text || (c->comparator == CMP_STARTS_WITH && !date));
	if (!(c->attribute->flags & ATTRIBUTE_INDEXED) || (text && date))
		return false;
	if (c->comparator == CMP_NOT_EQUAL && c->value.type == LYRE_ARRAY)
		return false; /* an empty array differs, and has no entry */
	return c->comparator != CMP_EQUALS || indexed_item(&c->value);
}

/** A value as a bound. \return whether its bytes tell the value exactly */
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

static void low_bound(struct walk_range *r, const lyre_value *v, bool open, bool key)
{
	bool exact = bound(&r->low, v, key);
	r->low_open = open && exact;
	if (!r->low_open || !key || v->type != LYRE_STRING)
		return;
	key_primary_longer(&r->low);
	r->low_open = false;
}

static void high_bound(struct walk_range *r, const lyre_value *v, bool open, bool key)
{
	bool exact = bound(&r->high, v, key);
	r->high_open = open && exact;
	if (r->high_open || !exact || !key || v->type != LYRE_STRING)
		return;
	key_primary_longer(&r->high);
	r->high_open = true;
}

static void above_null(struct walk_range *r)
{
	const lyre_value null = { .type = LYRE_NULL };
	key_index_value(&r->low, &null);
	r->low_open = true;
}

static void leaf_range(const struct condition *c, bool key, struct walk_range *r)
{
	const lyre_value *v = &c->value;
	switch (c->comparator) {
	case CMP_EQUALS:
		v = indexed_item(v);
		low_bound(r, v, false, key);
		high_bound(r, v, false, key);
		break;
	case CMP_NOT_EQUAL:
		above_null(r);
		break;
	case CMP_GREATER:
	case CMP_GREATER_EQUAL:
		if (v->type == LYRE_NULL)
			above_null(r);
		else
			low_bound(r, v, c->comparator == CMP_GREATER, key);
		break;
	case CMP_LESS:
	case CMP_LESS_EQUAL:
		above_null(r);
		high_bound(r, v, c->comparator == CMP_LESS, key);
		break;
	case CMP_BETWEEN:
		if (c->has_low)
			low_bound(r, v, false, key);
		if (c->has_high)
			high_bound(r, &c->high, false, key);
		break;
	case CMP_STARTS_WITH:
		if (key)
			bound(&r->low, v, true);
		else
			key_index_prefix(&r->low, v->s, v->len);
		r->high = r->low;
		break;
	case CMP_CONTAINS:
	case CMP_ENDS_WITH:
		key_index_numbers(&r->low);
		break;
	}
}

/** 0 too when one begins with the other. */
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
	/* One begins with the other: open, the shorter passes over all that the longer can mean. */
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
	for (size_t i = 0; i < d->leaf_count; i++) {
		struct walk_range one = { .attribute = r->attribute };
		leaf_range(d->leaves[i], key, &one);
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
