/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/metric.h"

#include <pthread.h>
#include <string.h>

#define THREADS 20
#define ROUNDS 20000

static const struct histogram_scale *const scales[] = {
	&histogram_durations,
	&histogram_durations_coarse,
	&histogram_sizes,
};

START_TEST(scales_ascend)
{
	for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
		const struct histogram_scale *s = scales[i];

		ck_assert_uint_gt(s->count, 0);
		ck_assert_uint_le(s->count, HISTOGRAM_BOUNDS_MAX);
		for (uint32_t b = 1; b < s->count; b++)
			ck_assert_msg(s->bounds[b - 1] < s->bounds[b], "scale %zu, bound %u", i, b);
	}
}
END_TEST

START_TEST(scales_are_logarithmic)
{
	/* No bucket is wider than half a power of ten, which is the precision of a percentile. */
	for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
		for (uint32_t b = 1; b < scales[i]->count; b++)
			ck_assert_uint_le(scales[i]->bounds[b] * 2, scales[i]->bounds[b - 1] * 5);
	ck_assert_uint_eq(histogram_durations.bounds[0], 10000);
	ck_assert_uint_eq(histogram_durations.bounds[histogram_durations.count - 1], 100000000000ull);
}
END_TEST

START_TEST(each_bound_has_its_bucket)
{
	for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
		const struct histogram_scale *s = scales[i];

		ck_assert_uint_eq(histogram_bucket(s, 0), 0);
		ck_assert_uint_eq(histogram_bucket(s, UINT64_MAX), s->count);
		for (uint32_t b = 0; b < s->count; b++) {
			ck_assert_uint_eq(histogram_bucket(s, s->bounds[b]), b);
			ck_assert_uint_eq(histogram_bucket(s, s->bounds[b] + 1), b + 1);
		}
	}
}
END_TEST

START_TEST(reading_is_cumulative)
{
	struct histogram h[2];
	struct histogram_reading r;

	memset(h, 0, sizeof h);
	const uint64_t values[] = { 1, 2, 2, 3, 100000, 100001, 7000000 };
	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		histogram_add(&h[i % 2], &histogram_sizes, values[i]);
	histogram_read(&r, &histogram_sizes, h, 2, sizeof *h);
	ck_assert_ptr_eq(r.scale, &histogram_sizes);
	ck_assert_uint_eq(r.count, 7);
	ck_assert_uint_eq(r.sum, 7200009);
	ck_assert_uint_eq(r.cumulative[0], 1);
	ck_assert_uint_eq(r.cumulative[1], 3);
	ck_assert_uint_eq(r.cumulative[2], 4);
	ck_assert_uint_eq(r.cumulative[histogram_sizes.count - 2], 4);
	ck_assert_uint_eq(r.cumulative[histogram_sizes.count - 1], 5);
}
END_TEST

struct copy {
	_Alignas(METRIC_LINE) metric_count count;
	struct histogram histogram;
};

static struct copy copies[METRIC_STRIPES];

static void *count(void *arg)
{
	(void)arg;
	for (uint64_t i = 0; i < ROUNDS; i++) {
		struct copy *c = &copies[metric_stripe()];

		metric_add(&c->count, 2);
		histogram_add(&c->histogram, &histogram_durations, i * 1000);
	}
	return NULL;
}

START_TEST(nothing_is_lost_between_threads)
{
	pthread_t threads[THREADS];
	struct histogram_reading r;
	uint64_t sum = 0;
	unsigned used = 0;

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, count, NULL), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < METRIC_STRIPES; i++) {
		sum += metric_read(&copies[i].count);
		used += metric_read(&copies[i].count) > 0;
	}
	ck_assert_uint_eq(sum, 2ull * THREADS * ROUNDS);
	ck_assert_uint_eq(used, METRIC_STRIPES);
	histogram_read(&r, &histogram_durations, &copies[0].histogram, METRIC_STRIPES, sizeof copies[0]);
	ck_assert_uint_eq(r.count, (uint64_t)THREADS * ROUNDS);
	ck_assert_uint_eq(r.sum, (uint64_t)THREADS * ROUNDS * (ROUNDS - 1) / 2 * 1000);
	ck_assert_uint_eq(r.cumulative[0], (uint64_t)THREADS * 11);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base_metric");
	TCase *t = tcase_create("all");

	tcase_add_test(t, scales_ascend);
	tcase_add_test(t, scales_are_logarithmic);
	tcase_add_test(t, each_bound_has_its_bucket);
	tcase_add_test(t, reading_is_cumulative);
	tcase_add_test(t, nothing_is_lost_between_threads);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
