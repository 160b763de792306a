/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file key.c
 * \brief Keys: two values sort like their keys, keys that are not cut can be decoded, and decoding is safe on any bytes.
 */
#include "fuzz.h"

#include "store/key.h"

#include <math.h>

struct feed {
	const uint8_t *p;
	size_t left;
};

static uint64_t take(struct feed *f, size_t bytes)
{
	uint64_t u = 0;
	for (; bytes && f->left; bytes--, f->left--)
		u = u << 8 | *f->p++;
	return u;
}

static lyre_value take_text(struct feed *f)
{
	size_t len = (size_t)take(f, 2);
	if (len > f->left)
		len = f->left;
	lyre_value v = value_text((const char *)f->p, len);
	f->p += len;
	f->left -= len;
	return v;
}

/** An integer beyond int64, as made by the JSON decoder. */
static lyre_value take_digits(struct feed *f, struct arena *a)
{
	bool negative = take(f, 1) & 1;
	size_t len = 20 + (size_t)take(f, 1);
	char *s = arena_alloc(a, len + 2);
	must(s);
	s[0] = '-';
	for (size_t i = 1; i <= len; i++)
		s[i] = (char)('0' + take(f, 1) % 10);
	if (s[1] == '0')
		s[1] = '1';
	s[len + 1] = '\0';
	return (lyre_value){ .type = LYRE_BIGINT, .len = (uint32_t)(len + negative), .s = negative ? s : s + 1 };
}

static lyre_value take_value(struct feed *f, struct arena *a)
{
	double d;
	uint64_t u;
	switch (take(f, 1) % 6) {
	case 0:
		return value_null();
	case 1:
		return value_bool(take(f, 1) & 1);
	case 2:
		return value_int((int64_t)take(f, 8));
	case 3:
		u = take(f, 8);
		memcpy(&d, &u, sizeof d);
		return value_double(isfinite(d) ? d : 0.5);
	case 4:
		return take_digits(f, a);
	default:
		return take_text(f);
	}
}

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static int compare(const struct key *x, const struct key *y)
{
	int c = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);
	return c ? sign(c) : sign((int)x->len - (int)y->len);
}

static void check_pair(const struct key *x, const struct key *y, const lyre_value *v, const lyre_value *w)
{
	int keys = compare(x, y), values = sign(value_compare(v, w));
	if (values == 0)
		must(keys == 0);
	else if (keys == 0)
		must(x->cut && y->cut);
	else
		must(keys == values);
}

static void check_primary(const struct key *k, const lyre_value *v, struct arena *a)
{
	lyre_value back;
	must(k->len <= KEY_PRIMARY_MAX);
	bool whole = key_primary_value(k->bytes, k->len, a, &back);
	must(whole == !k->cut);
	must(!whole || value_equal(&back, v));
}

static void check_entry(const struct key *value, const struct key *primary, const lyre_value *v, struct arena *a)
{
	struct key entry;
	lyre_value back;
	bool whole;
	key_index_entry(&entry, value, primary->bytes, primary->len, &whole);
	must(entry.len <= KEY_MAX && key_index_value_len(entry.bytes, entry.len) == value->len);
	must(!memcmp(entry.bytes, value->bytes, value->len));
	must(whole || !memcmp(entry.bytes + value->len, primary->bytes, primary->len));
	if (key_index_read(entry.bytes, entry.len, a, &back))
		must(!value->cut && value_equal(&back, v));
	else
		must(value->cut);
}

static void check_hostile(const uint8_t *data, size_t size, struct arena *a)
{
	lyre_value v;
	must(key_index_value_len(data, size) <= size);
	key_index_read(data, size, a, &v);
	key_primary_value(data, size, a, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed f = { data, size };
	struct arena a;
	struct key px, py, ix, iy, prefix;
	arena_init(&a);
	check_hostile(data, size, &a);
	lyre_value x = take_value(&f, &a), y = take_value(&f, &a);
	bool has_x = key_primary(&px, &x) == 0, has_y = key_primary(&py, &y) == 0;
	if (has_x)
		check_primary(&px, &x, &a);
	/* The fingerprint at the end of a cut string's key has no order. */
	if (has_x && has_y && !(px.cut && px.len == KEY_PRIMARY_MAX) && !(py.cut && py.len == KEY_PRIMARY_MAX))
		check_pair(&px, &py, &x, &y);
	must(key_index_value(&ix, &x) && key_index_value(&iy, &y));
	check_pair(&ix, &iy, &x, &y);
	if (has_y)
		check_entry(&ix, &py, &x, &a);
	if (x.type == LYRE_STRING) {
		key_index_prefix(&prefix, x.s, x.len);
		must(prefix.len < ix.len || prefix.cut);
		must(prefix.cut || !memcmp(prefix.bytes, ix.bytes, prefix.len));
	}
	arena_free(&a);
	return 0;
}
