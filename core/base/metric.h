/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/metric.h
 * \brief Counters for metrics: plain counts, and histograms with a logarithmic scale.
 *
 * Counting is a relaxed addition and never fails; reading is concurrent and sees each count at a slightly different time.
 * Metrics counted by many threads have METRIC_STRIPES copies, so that each thread can use its own.
 */
#ifndef BASE_METRIC_H
#define BASE_METRIC_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/** Number of copies of a metric that many threads count; further threads share them. */
#define METRIC_STRIPES 16
/** Alignment that keeps copies in different cache lines. */
#define METRIC_LINE 64

/** Zero at first. */
typedef atomic_uint_least64_t metric_count;

static inline void metric_add(metric_count *c, uint64_t n)
{
	atomic_fetch_add_explicit(c, n, memory_order_relaxed);
}

static inline uint64_t metric_read(const metric_count *c)
{
	return atomic_load_explicit(c, memory_order_relaxed);
}

/** The thread's stripe plus one; 0 before it has one. For metric_stripe(). */
extern _Thread_local unsigned metric_stripe_next;
unsigned metric_stripe_take(void);

/** The index of this thread's copy among METRIC_STRIPES. */
static inline unsigned metric_stripe(void)
{
	return metric_stripe_next ? metric_stripe_next - 1 : metric_stripe_take();
}

/* ---- histograms ---- */

/** Buckets, not counting the one for values above every bound. */
#define HISTOGRAM_BOUNDS_MAX 44
/** A value has 0 to 64 bits. */
#define HISTOGRAM_WIDTHS 65

/** Bounds of buckets: ascending, each the greatest value of its bucket. */
struct histogram_scale {
	const uint64_t *bounds;
	const uint8_t *first; /**< by the number of bits of a value: the first bucket it may belong to */
	uint32_t count;
	double per_unit; /**< values per base unit: 1e9 for nanoseconds, whose base unit is the second */
};

/** 10 microseconds to 100 seconds in nanoseconds, with six and with three steps per power of ten. */
extern const struct histogram_scale histogram_durations, histogram_durations_coarse;
/** 1 to 100,000, three steps per power of ten. */
extern const struct histogram_scale histogram_sizes;

/** Zero at first. Belongs to one scale. */
struct histogram {
	metric_count sum;
	metric_count buckets[HISTOGRAM_BOUNDS_MAX + 1];
};

/** The bucket of a value: 0 to \p s->count. */
static inline uint32_t histogram_bucket(const struct histogram_scale *s, uint64_t value)
{
	uint32_t b = s->first[value ? 64 - __builtin_clzll(value) : 0];

	while (b < s->count && s->bounds[b] < value)
		b++;
	return b;
}

static inline void histogram_add(struct histogram *h, const struct histogram_scale *s, uint64_t value)
{
	metric_add(&h->buckets[histogram_bucket(s, value)], 1);
	metric_add(&h->sum, value);
}

/** The content of a histogram at one moment. */
struct histogram_reading {
	const struct histogram_scale *scale;
	uint64_t sum;
	uint64_t count;
	uint64_t cumulative[HISTOGRAM_BOUNDS_MAX]; /**< number of values up to and including each bound */
};

/** Adds up \p copies of a histogram, \p stride bytes apart. */
void histogram_read(struct histogram_reading *ret, const struct histogram_scale *s, const struct histogram *first, size_t copies,
	size_t stride);

#endif
