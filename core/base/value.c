/* SPDX-License-Identifier: Apache-2.0 */
#include "base/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWO_63 9223372036854775808.0
/* Digits of the largest double, its sign and a NUL. */
#define DOUBLE_DIGITS_MAX 311

lyre_value value_double(double d)
{
	if (d >= -TWO_63 && d < TWO_63 && d == (double)(int64_t)d)
		return value_int((int64_t)d);
	return (lyre_value){ .type = LYRE_DOUBLE, .d = d };
}

double value_number(const lyre_value *v)
{
	if (!v)
		return 0;
	switch (v->type) {
	case LYRE_INT:
		return (double)v->i;
	case LYRE_DOUBLE:
		return v->d;
	case LYRE_BIGINT:
		return strtod(v->s, NULL);
	default:
		return 0;
	}
}

const lyre_value *value_getn(const lyre_value *v, const char *name, size_t len)
{
	if (!value_is(v, LYRE_OBJECT))
		return NULL;
	for (uint32_t i = 0; i < v->len; i++)
		if (v->members[i].name_len == len && !memcmp(v->members[i].name, name, len))
			return &v->members[i].value;
	return NULL;
}

const lyre_value *value_get(const lyre_value *v, const char *name)
{
	return value_getn(v, name, strlen(name));
}

bool value_equals_str(const lyre_value *v, const char *s)
{
	size_t len = strlen(s);
	return value_is(v, LYRE_STRING) && v->len == len && !memcmp(v->s, s, len);
}

/* Digits of a BIGINT, without the sign and leading zeros. */
static const char *digits(const lyre_value *v, size_t *len, bool *negative)
{
	const char *s = v->s;
	size_t n = v->len;
	*negative = n && *s == '-';
	if (*negative)
		s++, n--;
	while (n > 1 && *s == '0')
		s++, n--;
	*len = n;
	return s;
}

bool value_magnitude(const lyre_value *v, uint64_t *ret)
{
	bool negative;
	size_t len;
	uint64_t u = 0;
	if (!value_is(v, LYRE_BIGINT))
		return false;
	const char *s = digits(v, &len, &negative);
	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(u, 10u, &u) || __builtin_add_overflow(u, (unsigned)(s[i] - '0'), &u))
			return false;
	*ret = u;
	return true;
}

static int compare_bigint(const lyre_value *a, const lyre_value *b)
{
	bool na, nb;
	size_t la, lb;
	const char *sa = digits(a, &la, &na), *sb = digits(b, &lb, &nb);
	if (na != nb)
		return na ? -1 : 1;
	int c = la != lb ? (la < lb ? -1 : 1) : memcmp(sa, sb, la);
	return na ? -c : c;
}

/* Compares an integer and a double exactly: the double's integer part is an int64_t, or outside their range. */
static int compare_int_double(int64_t i, double d)
{
	if (d >= TWO_63)
		return -1;
	if (d < -TWO_63)
		return 1;
	int64_t whole = (int64_t)d;
	if (i != whole)
		return i < whole ? -1 : 1;
	double rest = d - (double)whole;
	return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

/* If the nearest double is the same, both are integers, and their digits decide. */
static int compare_bigint_double(const lyre_value *a, double d)
{
	double nearest = value_number(a);
	if (nearest != d)
		return nearest < d ? -1 : 1;
	char text[DOUBLE_DIGITS_MAX];
	int len = snprintf(text, sizeof text, "%.0f", d);
	const lyre_value exact = { .type = LYRE_BIGINT, .len = (uint32_t)len, .s = text };
	return compare_bigint(a, &exact);
}

static int compare_numbers(const lyre_value *a, const lyre_value *b)
{
	if (a->type == LYRE_INT && b->type == LYRE_INT)
		return a->i < b->i ? -1 : a->i > b->i;
	if (a->type == LYRE_BIGINT && b->type == LYRE_BIGINT)
		return compare_bigint(a, b);
	if (a->type == LYRE_INT && b->type == LYRE_DOUBLE)
		return compare_int_double(a->i, b->d);
	if (a->type == LYRE_DOUBLE && b->type == LYRE_INT)
		return -compare_int_double(b->i, a->d);
	/* A BIGINT is outside the range of int64: its sign decides. */
	if (a->type == LYRE_BIGINT && b->type == LYRE_INT)
		return *a->s == '-' ? -1 : 1;
	if (a->type == LYRE_INT && b->type == LYRE_BIGINT)
		return *b->s == '-' ? 1 : -1;
	if (a->type == LYRE_BIGINT)
		return compare_bigint_double(a, b->d);
	if (b->type == LYRE_BIGINT)
		return -compare_bigint_double(b, a->d);
	return a->d < b->d ? -1 : a->d > b->d;
}

static int compare_text(const lyre_value *a, const lyre_value *b)
{
	uint32_t n = a->len < b->len ? a->len : b->len;
	int c = n ? memcmp(a->s, b->s, n) : 0;
	return c ? c : a->len < b->len ? -1 : a->len > b->len;
}

/* The rank of a kind in the order. */
static int rank(const lyre_value *v)
{
	static const int ranks[] = {
		[LYRE_NULL] = 0,
		[LYRE_OBJECT] = 1,
		[LYRE_ARRAY] = 1,
		[LYRE_BOOL] = 2,
		[LYRE_INT] = 3,
		[LYRE_DOUBLE] = 3,
		[LYRE_BIGINT] = 3,
		[LYRE_STRING] = 4,
	};
	return v ? ranks[v->type] : 0;
}

int value_compare(const lyre_value *a, const lyre_value *b)
{
	while (value_is(a, LYRE_ARRAY) && a->len)
		a = a->items;
	while (value_is(b, LYRE_ARRAY) && b->len)
		b = b->items;
	int ra = rank(a), rb = rank(b);
	if (ra != rb)
		return ra < rb ? -1 : 1;
	switch (ra) {
	case 2:
		return (int)a->b - (int)b->b;
	case 3:
		return compare_numbers(a, b);
	case 4:
		return compare_text(a, b);
	default:
		return 0;
	}
}

static bool equal_objects(const lyre_value *a, const lyre_value *b)
{
	for (uint32_t i = 0; i < a->len; i++) {
		const struct value_member *m = &a->members[i];
		const lyre_value *other = value_getn(b, m->name, m->name_len);
		if (!other || !value_equal(&m->value, other))
			return false;
	}
	return true;
}

bool value_equal(const lyre_value *a, const lyre_value *b)
{
	if (value_is_number(a) && value_is_number(b))
		return compare_numbers(a, b) == 0;
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case LYRE_NULL:
		return true;
	case LYRE_BOOL:
		return a->b == b->b;
	case LYRE_STRING:
		return compare_text(a, b) == 0;
	case LYRE_ARRAY:
		if (a->len != b->len)
			return false;
		for (uint32_t i = 0; i < a->len; i++)
			if (!value_equal(&a->items[i], &b->items[i]))
				return false;
		return true;
	default:
		return a->len == b->len && equal_objects(a, b);
	}
}

/* ---- copies ---- */

struct copier {
	struct arena *arena;
	const char *kept;
	size_t kept_len;
};

static bool copy_text(const struct copier *c, const char *s, uint32_t len, const char **ret)
{
	bool keeps = c->kept && (uintptr_t)s >= (uintptr_t)c->kept && (uintptr_t)s < (uintptr_t)c->kept + c->kept_len;
	*ret = keeps ? s : arena_strndup(c->arena, s, len);
	return *ret != NULL;
}

static bool copy(const struct copier *c, const lyre_value *v, lyre_value *ret)
{
	*ret = *v;
	switch (v->type) {
	case LYRE_STRING:
	case LYRE_BIGINT:
		return copy_text(c, v->s, v->len, &ret->s);
	case LYRE_ARRAY:
		ret->items = arena_alloc(c->arena, sizeof *ret->items * ((size_t)v->len + 1));
		for (uint32_t i = 0; ret->items && i < v->len; i++)
			if (!copy(c, &v->items[i], &ret->items[i]))
				return false;
		return ret->items != NULL;
	case LYRE_OBJECT:
		ret->members = arena_alloc(c->arena, sizeof *ret->members * ((size_t)v->len + 1));
		for (uint32_t i = 0; ret->members && i < v->len; i++) {
			ret->members[i].name_len = v->members[i].name_len;
			if (!copy_text(c, v->members[i].name, v->members[i].name_len, &ret->members[i].name) ||
				!copy(c, &v->members[i].value, &ret->members[i].value))
				return false;
		}
		return ret->members != NULL;
	default:
		return true;
	}
}

bool value_copy(struct arena *a, const lyre_value *v, const char *kept, size_t kept_len, lyre_value *ret)
{
	const struct copier c = { a, kept, kept_len };
	return copy(&c, v, ret);
}
