/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metric.h"

#include <string.h>

_Thread_local unsigned metric_stripe_next;

unsigned metric_stripe_take(void)
{
	static atomic_uint count;

	metric_stripe_next = atomic_fetch_add(&count, 1) % METRIC_STRIPES + 1;
	return metric_stripe_next - 1;
}

/* ---- scales ---- */

#define US 1000ull
#define SIX_STEPS(n) (n), (n)*3 / 2, (n)*2, (n)*3, (n)*5, (n)*7
#define THREE_STEPS(n) (n), (n)*2, (n)*5

static const uint64_t fine[] = { SIX_STEPS(10 * US), SIX_STEPS(100 * US), SIX_STEPS(1000 * US), SIX_STEPS(10000 * US),
	SIX_STEPS(100000 * US), SIX_STEPS(1000000 * US), SIX_STEPS(10000000 * US), 100000000 * US };
static const uint64_t coarse[] = { THREE_STEPS(10 * US), THREE_STEPS(100 * US), THREE_STEPS(1000 * US), THREE_STEPS(10000 * US),
	THREE_STEPS(100000 * US), THREE_STEPS(1000000 * US), THREE_STEPS(10000000 * US), 100000000 * US };
static const uint64_t sizes[] = { THREE_STEPS(1), THREE_STEPS(10), THREE_STEPS(100), THREE_STEPS(1000), THREE_STEPS(10000),
	100000 };

/* Described at struct histogram_scale; the unit test checks them against the bounds. */
static const uint8_t fine_first[HISTOGRAM_WIDTHS] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 4, 5, 7, 9, 11, 13, 15, 16,
	18, 20, 22, 23, 25, 27, 29, 31, 33, 34, 36, 38, 40, 41, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43, 43,
	43, 43, 43, 43, 43, 43, 43, 43, 43, 43 };
static const uint8_t coarse_first[HISTOGRAM_WIDTHS] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9,
	10, 11, 12, 13, 14, 15, 16, 17, 17, 18, 19, 20, 21, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22, 22,
	22, 22, 22, 22, 22, 22, 22, 22, 22 };
static const uint8_t sizes_first[HISTOGRAM_WIDTHS] = { 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 11, 12, 13, 14, 15, 16, 16, 16, 16,
	16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
	16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16 };

#define COUNT_OF(bounds) (uint32_t)(sizeof bounds / sizeof *bounds)

_Static_assert(sizeof fine / sizeof *fine <= HISTOGRAM_BOUNDS_MAX, "the longest scale fits into a histogram");

const struct histogram_scale histogram_durations = { fine, fine_first, COUNT_OF(fine), 1e9 };
const struct histogram_scale histogram_durations_coarse = { coarse, coarse_first, COUNT_OF(coarse), 1e9 };
const struct histogram_scale histogram_sizes = { sizes, sizes_first, COUNT_OF(sizes), 1 };

/* ---- reading ---- */

void histogram_read(
	struct histogram_reading *ret, const struct histogram_scale *s, const struct histogram *first, size_t copies, size_t stride)
{
	memset(ret, 0, sizeof *ret);
	ret->scale = s;
	for (size_t i = 0; i < copies; i++) {
		const struct histogram *h = (const void *)((const char *)first + i * stride);

		for (uint32_t b = 0; b < s->count; b++)
			ret->cumulative[b] += metric_read(&h->buckets[b]);
		ret->count += metric_read(&h->buckets[s->count]);
		ret->sum += metric_read(&h->sum);
	}
	for (uint32_t b = 1; b < s->count; b++)
		ret->cumulative[b] += ret->cumulative[b - 1];
	ret->count += ret->cumulative[s->count - 1];
}
