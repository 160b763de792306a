/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers to text, as ECMAScript's Number::toString writes them: the shortest digits that read back as the same double. */
#include "base/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t tens[] = { 1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000,
	100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
	1000000000000000000, UINT64_C(10000000000000000000) };

static unsigned digit_count(uint64_t u)
{
	/* 1233/4096 is a little over log10(2) */
	unsigned n = (64 - (unsigned)__builtin_clzll(u | 1)) * 1233 >> 12;
	return n + (u >= tens[n] || !n);
}

/* Two digits per step, from the end. */
static size_t uint_text(char *out, uint64_t u)
{
	static const char pairs[] =
		"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
		"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";
	size_t len = digit_count(u);
	char *p = out + len;
	for (; u >= 100; u /= 100)
		memcpy(p -= 2, pairs + u % 100 * 2, 2);
	if (u >= 10)
		memcpy(out, pairs + u * 2, 2);
	else
		*out = (char)('0' + u);
	return len;
}

size_t int_text(char out[NUMBER_TEXT_MAX], int64_t i)
{
	size_t sign = i < 0;
	out[0] = '-';
	size_t len = sign + uint_text(out + sign, sign ? 0 - (uint64_t)i : (uint64_t)i);
	out[len] = '\0';
	return len;
}

/*
 * The thousandths whose nearest double is fraction / 2^shift, computed with integers: an x87 keeps more bits of a quotient
 * than a double has. \return false if there are none, and for a few borderline cases
 */
static bool whole_thousandths(uint64_t fraction, unsigned shift, uint64_t *ret)
{
	uint64_t scaled = fraction * 1000, half = UINT64_C(1) << (shift - 1);
	uint64_t n = (scaled + half) >> shift, back = n << shift;
	/* A thousand is one unit of the fraction's last place; below a power of two the doubles are twice as dense. */
	uint64_t limit = fraction == UINT64_C(1) << 52 ? 250 : 500;
	*ret = n;
	return (back > scaled ? back - scaled : scaled - back) < limit;
}

/* Fast path for times and prices: up to three decimals, and few enough digits that no other text is as short. */
static size_t short_decimal_text(char *out, double d)
{
	uint64_t bits, n = 0;
	memcpy(&bits, &d, sizeof bits);
	unsigned exponent = bits >> 52 & 0x7ff;
	uint64_t fraction = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
	/* From 2^43 on, thousandths share doubles; below 2^-11 there is none but zero. */
	if (bits << 1 && (exponent < 1012 || exponent > 1065 || !whole_thousandths(fraction, 1075 - exponent, &n)))
		return 0;
	size_t len = n && bits >> 63;
	out[0] = '-';
	len += uint_text(out + len, n / 1000);
	unsigned rest = (unsigned)(n % 1000);
	if (rest) {
		out[len] = '.';
		out[len + 1] = (char)('0' + rest / 100);
		out[len + 2] = (char)('0' + rest / 10 % 10);
		out[len + 3] = (char)('0' + rest % 10);
		len += rest % 10 ? 4 : rest % 100 ? 3 : 2;
	}
	out[len] = '\0';
	return len;
}

/** 0.d1d2…dn times ten to the power of point: the first digit is not zero, and the last only if it is the only one. */
struct digits {
	char text[24];
	int count, point;
};

static void drop_zeros(struct digits *ret)
{
	while (ret->count > 1 && ret->text[ret->count - 1] == '0')
		ret->count--;
}

#ifdef __SIZEOF_INT128__
#define FRACTION_MIN (UINT64_C(1) << 52)
/* Of seventeen digits, which tell all doubles apart. */
#define WHOLE_MIN UINT64_C(10000000000000000)

typedef unsigned __int128 uint128_t;

/** A double times ten to the power of scale is product / 2^shift, and has seventeen digits before its point. */
struct scaled {
	uint128_t product;
	uint128_t half; /* half the distance to the next double, in the units of product */
	unsigned shift;
	int scale;
};

/* 10^22 is the largest power whose product with a fraction and a bit more fits. */
static bool scale_up(uint64_t fraction, unsigned shift, int scale, struct scaled *ret)
{
	uint64_t first = tens[scale < 19 ? scale : 19], second = scale < 19 ? 1 : tens[scale - 19];
	ret->half = (uint128_t)first * second;
	ret->product = ret->half * (2 * fraction);
	ret->shift = shift + 1;
	ret->scale = scale;
	return ret->product >> ret->shift >= WHOLE_MIN;
}

/* \return false for those that need larger integers, and below a power of two, where the distances differ */
static bool scale(double d, struct scaled *ret)
{
	uint64_t bits;
	memcpy(&bits, &d, sizeof bits);
	uint64_t fraction = (bits & (FRACTION_MIN - 1)) | FRACTION_MIN;
	unsigned exponent = bits >> 52 & 0x7ff;
	if (exponent < 1004 || exponent > 1074 || fraction == FRACTION_MIN)
		return false; /* below 2^-19, or from 2^52 on */
	/* Digits before the point: right, or one too few. 1233/4096 is a little over log10(2). */
	int digits = exponent > 1022 ? (int)((exponent - 1022) * 1233 >> 12) : -(int)(((1022 - exponent) * 1233 + 4095) >> 12);
	return scale_up(fraction, 1075 - exponent, 16 - digits, ret) || scale_up(fraction, 1075 - exponent, 17 - digits, ret);
}

/* The digits before the point in steps of unit, rounded as printf() rounds. \return 0 if they read back as another double */
static uint64_t rounded(const struct scaled *s, uint64_t unit, bool even)
{
	uint64_t whole = (uint64_t)(s->product >> s->shift), n = whole / unit;
	uint128_t one = (uint128_t)unit << s->shift;
	uint128_t below = s->product - ((uint128_t)(n * unit) << s->shift), above = one - below;
	bool up = above < below || (above == below && n % 2);
	uint128_t off = up ? above : below;
	return off < s->half || (off == s->half && even) ? n + up : 0;
}

static bool short_digits(double d, struct digits *ret)
{
	struct scaled s;
	uint64_t bits, unit = 100, n;
	if (!scale(d, &s))
		return false;
	memcpy(&bits, &d, sizeof bits);
	while (!(n = rounded(&s, unit, !(bits & 1))) && unit > 1)
		unit /= 10;
	if (!n)
		return false;
	ret->count = (int)uint_text(ret->text, n);
	ret->point = ret->count - s.scale + (unit == 100 ? 2 : unit == 10);
	drop_zeros(ret);
	return true;
}
#else
static bool short_digits(double d, struct digits *ret)
{
	(void)d;
	(void)ret;
	return false;
}
#endif

static void any_digits(double d, struct digits *ret)
{
	char text[NUMBER_TEXT_MAX];
	/* Fifteen digits reproduce every shorter text, except for subnormal numbers, which have fewer. */
	for (int precision = fabs(d) < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
		snprintf(text, sizeof text, "%.*e", precision, d);
		if (strtod(text, NULL) == d)
			break;
	}
	/* text is [-]d.ddde±xx */
	const char *p = text + (*text == '-');
	for (ret->count = 0; *p != 'e'; p++)
		if (*p != '.')
			ret->text[ret->count++] = *p;
	ret->point = atoi(p + 1) + 1;
	drop_zeros(ret);
}

static size_t exponent_text(char *out, const struct digits *d)
{
	size_t len = 0, more = (size_t)d->count - 1;
	out[len++] = d->text[0];
	if (more) {
		out[len++] = '.';
		memcpy(out + len, d->text + 1, more);
		len += more;
	}
	return len + (size_t)snprintf(out + len, NUMBER_TEXT_MAX - 1 - len, "e%+d", d->point - 1);
}

static size_t point_text(char *out, const struct digits *d)
{
	size_t len = 0;
	if (d->point <= 0) {
		out[len++] = '0';
		out[len++] = '.';
		for (int i = d->point; i < 0; i++)
			out[len++] = '0';
	}
	for (int i = 0; i < d->count || i < d->point; i++) {
		if (i == d->point && i > 0)
			out[len++] = '.';
		out[len++] = i < d->count ? d->text[i] : '0';
	}
	out[len] = '\0';
	return len;
}

size_t double_text(char out[NUMBER_TEXT_MAX], double d)
{
	if (!isfinite(d))
		return (size_t)snprintf(out, NUMBER_TEXT_MAX, "null");
	size_t len = short_decimal_text(out, d);
	if (len)
		return len;
	struct digits digits;
	if (!short_digits(d, &digits))
		any_digits(d, &digits);
	out[0] = '-';
	len = d < 0;
	bool exponent = digits.point > 21 || digits.point < -5;
	return len + (exponent ? exponent_text : point_text)(out + len, &digits);
}
