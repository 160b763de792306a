/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/round.h
 * \brief Rounding without libm: nothing else that lyred links needs it, and each process would have 0.4 MiB of it resident.
 */
#ifndef BASE_ROUND_H
#define BASE_ROUND_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/** Towards zero. */
static inline double round_to_zero(double d)
{
	/* Larger ones have no fraction; NaN is neither. */
	return d > -0x1p53 && d < 0x1p53 ? (double)(int64_t)d : d;
}

static inline double round_down(double d)
{
	double whole = round_to_zero(d);
	return whole > d ? whole - 1 : whole;
}

static inline double round_up(double d)
{
	double whole = round_to_zero(d);
	return whole < d ? whole + 1 : whole;
}

/** The largest double below \p d; -INFINITY and NaN as they are. */
static inline double round_below(double d)
{
	int64_t bits;
	if (isnan(d) || d == -INFINITY)
		return d;
	if (d == 0)
		return -0x1p-1074;
	memcpy(&bits, &d, sizeof bits);
	bits += d > 0 ? -1 : 1;
	memcpy(&d, &bits, sizeof d);
	return d;
}

#endif
