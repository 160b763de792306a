/* SPDX-License-Identifier: Apache-2.0 */
/* The automaton compared with a naive search, with few letters, so that patterns overlap in every way. */
#include "unit.h"

#include "query/patterns.h"

#include <stdlib.h>
#include <string.h>

#define PATTERNS_MAX 40

static uint64_t state = 20240229;

static unsigned rnd(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 11) % below);
}

static size_t random_text(char *s, size_t max, unsigned letters)
{
	size_t len = rnd((unsigned)max + 1);

	for (size_t i = 0; i < len; i++)
		s[i] = (char)(rnd(50) ? 'a' + (char)rnd(letters) : rnd(2) ? '\0' : '\xff');
	return len;
}

static bool naive(const struct pattern *p, size_t count, const char *s, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		if (p[i].len > len)
			continue;
		if (p[i].at_end ? !memcmp(s + len - p[i].len, p[i].s, p[i].len) : !p[i].len || memmem(s, len, p[i].s, p[i].len))
			return true;
	}
	return false;
}

START_TEST(test_as_the_naive_search)
{
	static char texts[PATTERNS_MAX][12];
	unsigned found = 0, not_found = 0;
	struct arena a;

	arena_init(&a);
	for (unsigned round = 0; round < 4000; round++) {
		struct pattern p[PATTERNS_MAX], copy[PATTERNS_MAX];
		size_t count = 1 + rnd(rnd(3) ? 5 : PATTERNS_MAX);
		unsigned letters = 1 + rnd(4);

		for (size_t i = 0; i < count; i++) {
			p[i] = (struct pattern){ .s = texts[i], .at_end = !rnd(3) };
			p[i].len = random_text(texts[i], 1 + rnd(sizeof texts[i]), letters);
			if (!p[i].len && rnd(10))
				p[i].len = 1; /* an empty pattern matches everything */
		}
		memcpy(copy, p, sizeof p);
		struct patterns *m = patterns_make(&a, p, count);
		ck_assert_ptr_nonnull(m);
		for (unsigned i = 0; i < 30; i++) {
			char text[60];
			size_t len = random_text(text, rnd(3) ? 10 : sizeof text, letters + 1);
			bool expect = naive(copy, count, text, len);

			ck_assert_msg(patterns_match(m, text, len) == expect, "round %u: '%.*s'", round, (int)len, text);
			*(expect ? &found : &not_found) += 1;
		}
		arena_reset(&a);
	}
	ck_assert_uint_gt(found, 10000);
	ck_assert_uint_gt(not_found, 10000);
	arena_free(&a);
}
END_TEST

/* Building it takes more memory than the result; both are charged. */
START_TEST(test_charged)
{
	static char text[1 << 16];
	struct budget budget;
	struct charge charge;
	struct arena a;
	struct pattern p = { .s = text, .len = sizeof text };

	budget_init(&budget, 16 << 20, 1 << 20, 1);
	charge_init(&charge, &budget, 0);
	charge.known = true;
	arena_init_charged(&a, &charge);
	ck_assert_ptr_null(patterns_make(&a, &p, 1));
	ck_assert_int_eq(charge.refused, LYRE_ETOOBIG);
	arena_free(&a);
	p.len /= 4;
	ck_assert_ptr_nonnull(patterns_make(&a, &p, 1));
	arena_free(&a);
	ck_assert_uint_eq(charge.held, 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("query_patterns");
	TCase *t = tcase_create("patterns");

	tcase_add_test(t, test_as_the_naive_search);
	tcase_add_test(t, test_charged);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
