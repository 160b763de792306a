/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/key_number.c
 * \brief Numbers in keys.
 */
#include "store/key.h"
#include "store/key_format.h"

#include "base/json.h"
#include "store/codec.h"

#include <stdlib.h>
#include <string.h>

#define REST_BIAS 0x8000

/* Bits of a double. No key is made by arithmetic on doubles, as that may keep more bits than a double has (x87). */
#define SIGN (UINT64_C(1) << 63)
#define FRACTION_BITS 52
#define EXPONENT_BIAS 1023
#define POWER_OF_TWO(n) ((uint64_t)((n) + EXPONENT_BIAS) << FRACTION_BITS)
#define INFINITE POWER_OF_TWO(1024)

static uint64_t bits_of(double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof bits);
	return bits;
}

static double double_of(uint64_t bits)
{
	double d;

	memcpy(&d, &bits, sizeof d);
	return d;
}

/** The bits of the double nearest to an integer (ties to even); \p rest is the integer minus that double. */
static uint64_t nearest_double(uint64_t i, int *rest)
{
	*rest = 0;
	if (i == 0)
		return 0;

	int top = 63 - __builtin_clzll(i), shift = top - FRACTION_BITS;

	if (shift <= 0)
		return POWER_OF_TWO(top - 1) + (i << -shift);

	uint64_t unit = UINT64_C(1) << shift, low = i & (unit - 1), fraction = i >> shift;
	bool up = low > unit / 2 || (low == unit / 2 && (fraction & 1));

	*rest = (int)low - (up ? (int)unit : 0);
	return POWER_OF_TWO(top - 1) + fraction + up; /* the leading bit, or the carry, adds one to the exponent */
}

static void put_number(struct key *k, bool negative, uint64_t magnitude, int rest)
{
	bool int64 = negative ? magnitude < POWER_OF_TWO(63) || (magnitude == POWER_OF_TWO(63) && rest <= 0) :
				magnitude < POWER_OF_TWO(63) + (rest < 0);

	k->bytes[0] = KEY_TAG_NUMBER;
	be_put(k->bytes + 1, negative && magnitude ? ~(SIGN | magnitude) : SIGN | magnitude, 8); /* -0 is 0 */
	k->len = NUMBER_SHORT;
	if (magnitude >= POWER_OF_TWO(53)) {
		be_put(k->bytes + NUMBER_SHORT, (unsigned)((negative ? -rest : rest) + REST_BIAS), 2);
		k->len = NUMBER_LONG;
		k->cut = !int64;
	}
}

static void put_integer(struct key *k, bool negative, uint64_t magnitude)
{
	int rest;
	uint64_t bits = nearest_double(magnitude, &rest);

	put_number(k, negative, bits, rest);
}

static bool put_double_number(struct key *k, double d)
{
	uint64_t bits = bits_of(d);

	if ((bits & ~SIGN) > INFINITE)
		return false;
	put_number(k, bits >> 63, bits & ~SIGN, 0);
	return true;
}

bool key_get_number(const unsigned char *key, size_t len, lyre_value *ret)
{
	size_t n = key_number_len(key, len);

	if (n == 0)
		return false;

	uint64_t sortable = be_get(key + 1, 8), bits = sortable & SIGN ? sortable & ~SIGN : ~sortable;
	bool negative = bits & SIGN;
	struct key again;

	if (n == NUMBER_SHORT) {
		*ret = value_double(double_of(bits));
		return true;
	}
	bits &= ~SIGN;
	if (bits > POWER_OF_TWO(63))
		return false;

	/* The double has 53 of 64 bits, so that rest and sign fit. */
	int rest = (int)be_get(key + NUMBER_SHORT, 2) - REST_BIAS;
	uint64_t one = UINT64_C(1) << FRACTION_BITS, fraction = (bits & (one - 1)) | one;
	uint64_t i = fraction << ((bits >> FRACTION_BITS) - EXPONENT_BIAS - FRACTION_BITS);

	i += (uint64_t)(int64_t)(negative ? -rest : rest);
	if (i > (uint64_t)INT64_MAX + negative)
		return false;
	again.cut = false;
	put_integer(&again, negative, i);
	if (again.len != n || memcmp(again.bytes, key, n) != 0)
		return false;
	*ret = value_int((int64_t)(negative ? 0 - i : i));
	return true;
}

bool key_put_number(struct key *k, const lyre_value *v)
{
	uint64_t magnitude;

	switch (v->type) {
	case LYRE_INT:
		put_integer(k, v->i < 0, v->i < 0 ? 0 - (uint64_t)v->i : (uint64_t)v->i);
		return true;
	case LYRE_BIGINT:
		if (value_magnitude(v, &magnitude)) {
			put_integer(k, *v->s == '-', magnitude);
			return true;
		}
		return put_double_number(k, value_number(v));
	case LYRE_DOUBLE:
		return put_double_number(k, v->d);
	default:
		return false;
	}
}

/** Whether a double is displayed as the integer with these digits: such as 1e+30 for a one and thirty zeros. */
static bool shows(double d, const lyre_value *digits)
{
	char shown[NUMBER_TEXT_MAX];
	const char *p = shown, *s = digits->s, *end = s + digits->len;

	double_text(shown, d);
	for (; *p && *p != 'e'; p++) {
		if (*p != '.' && (s == end || *s++ != *p))
			return false;
	}
	for (const char *zero = s; zero < end; zero++) {
		if (*zero != '0')
			return false;
	}
	return *p ? digits->len - (d < 0) == (size_t)atoi(p + 1) + 1 : s == end;
}

bool key_long_integer(lyre_value *v)
{
	uint64_t magnitude;

	if (value_magnitude(v, &magnitude))
		return true;

	lyre_value nearest = value_double(value_number(v));

	if (!shows(nearest.d, v))
		return false;
	*v = nearest;
	return true;
}
