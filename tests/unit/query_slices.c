/* SPDX-License-Identifier: Apache-2.0 */
/* Work that is divided into slices, and its limits. */
#include <config.h>

#include "query_fixture.h"

static void fill(const char *name, unsigned count, size_t padding)
{
	struct buf b;
	buf_init(&b);
	make_table(name, NULL, 0);
	for (unsigned i = 0; i < count;) {
		buf_clear(&b);
		buf_add_char(&b, '[');
		for (unsigned n = 0; n < 1000 && i < count; n++, i++) {
			buf_addf(&b, "%s{\"id\":%u,\"n\":%u,\"m\":%u,\"s\":\"", n ? "," : "", i, i * 7919 % count, i % 3);
			for (size_t k = 0; k < padding; k++)
				buf_add_char(&b, 'x');
			buf_add_str(&b, "\"}");
		}
		buf_add_char(&b, ']');
		insert(name, buf_cstr(&b));
	}
	buf_free(&b);
}

/* More rows than are sorted at once, and more than are wanted. */
START_TEST(many_rows_sorted)
{
	static const unsigned limits_of[] = { 7000, 1500, 1100, 10, 1 };
	const unsigned count = 7000;
	struct arena a;
	struct buf request, out;
	arena_init(&a);
	buf_init(&request);
	buf_init(&out);
	fill("many", count, 0);
	for (size_t i = 0; i < 4 * sizeof(limits_of) / sizeof(*limits_of); i++) {
		unsigned limit = limits_of[i / 4], offset = i & 1 ? 700 : 0, down = i & 2;
		slice_ns = i % 3 == 2 ? 0 : 20000;
		arena_reset(&a);
		buf_clear(&request);
		/* because of the second sort level no index can serve it */
		buf_addf(&request,
			"{\"get_attributes\":[\"n\"],\"offset\":%u,\"limit\":%u,\"sort\":{\"attribute\":\"n\",\"descending\":%s,"
			"\"next\":{\"attribute\":\"m\"}}}",
			offset, limit, down ? "true" : "false");
		must_do(ask("many", json(&a, buf_cstr(&request)), &encode_json, SIZE_MAX / 2, &out));
		must(!slice_ns || slices > 4);
		const lyre_value *rows = json(&a, out.data);
		unsigned expect = limit < count - offset ? limit : count - offset;
		ck_assert_uint_eq(rows->len, expect);
		for (unsigned k = 0; k < expect; k++)
			must(value_get(&rows->items[k], "n")->i == (down ? count - 1 - offset - k : offset + k));
	}
	slice_ns = 0;
	buf_free(&request);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

/* A light slice leaves large records to the next one, however they are found, and loses none. */
START_TEST(large_records_wait)
{
	static const char *const requests[] = {
		"{}",
		"{'reverse':true}",
		"{'ids':[3,1,99,2,0]}",
		"{'conditions':[{'attribute':'n','comparator':'ge','value':0}]}",
		"{'reverse':true,'conditions':[{'attribute':'n','comparator':'ge','value':0}]}",
		"{'operator':'or','conditions':[{'attribute':'id','value':1},{'attribute':'id','value':3}]}",
		"{'sort':{'attribute':'m','next':{'attribute':'n'}}}",
		"{'sort':{'attribute':'m','descending':true}}",
	};
	struct arena a;
	struct buf whole, part;
	arena_init(&a);
	buf_init(&whole);
	buf_init(&part);
	fill("large", 4, 300000);
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++) {
		const lyre_value *request = json(&a, requests[i]);
		slice_ns = 0;
		must_do(ask("large", request, &encode_json, SIZE_MAX / 2, &whole));
		must(whole.len > 600000);
		slice_ns = INT64_C(3600) * 1000000000;
		must_do(ask("large", request, &encode_json, SIZE_MAX / 2, &part));
		ck_assert_msg(slices == 2, "%s: %u slices", requests[i], slices);
		must(!strcmp(whole.data, part.data));
	}
	slice_ns = 0;
	buf_free(&whole);
	buf_free(&part);
	arena_free(&a);
}
END_TEST

/* The same for a plan with long strings, however few. */
START_TEST(long_texts_wait)
{
	enum { TEXTS = 10, LENGTH = 20000 };
	struct arena a;
	struct buf b, out;
	arena_init(&a);
	buf_init(&b);
	buf_init(&out);
	fill("texts", 4, 0);
	slice_ns = INT64_C(3600) * 1000000000;
	for (int length = 20; length <= LENGTH; length += LENGTH - 20) {
		buf_clear(&b);
		buf_add_str(&b, "{\"operator\":\"or\",\"conditions\":[");
		for (int i = 0; i < TEXTS; i++)
			buf_addf(&b, "%s{\"attribute\":\"m\",\"comparator\":\"contains\",\"value\":\"%0*d\"}", i ? "," : "", length,
				i);
		buf_add_str(&b, "]}");
		must_do(ask("texts", json(&a, buf_cstr(&b)), &encode_json, SIZE_MAX / 2, &out));
		ck_assert_uint_eq(slices, length < LENGTH ? 1 : 2);
	}
	slice_ns = 0;
	buf_free(&b);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

/* The time limit applies within a row too: one array with this many conditions takes longer than any test. */
START_TEST(ends_in_time)
{
	const struct query_limits short_time = { .time_ns = 50000000 };
	struct arena a;
	struct buf b, out;
	arena_init(&a);
	buf_init(&b);
	buf_init(&out);
	const struct lyre_attribute specs[] = { { .size = sizeof(*specs), .name = "id" }, { .size = sizeof(*specs), .name = "v" } };
	make_table("wide", specs, 2);
	buf_add_str(&b, "[{\"id\":1,\"v\":[0");
	for (unsigned i = 1; i < 400000; i++)
		buf_addf(&b, ",%u", i % 10);
	buf_add_str(&b, "]}]");
	insert("wide", buf_cstr(&b));
	buf_clear(&b);
	buf_add_str(&b, "{\"operator\":\"or\",\"conditions\":[{\"attribute\":\"v\",\"comparator\":\"gt\",\"value\":10}");
	for (unsigned i = 0; i < 5000; i++)
		buf_addf(&b, ",{\"attribute\":\"v\",\"comparator\":\"between\",\"value\":[%u,%u]}", 20 + i, 30 + i);
	buf_add_str(&b, "],\"sort\":{\"attribute\":\"id\"}}");
	limits = &short_time;
	ck_assert_int_eq(ask("wide", json(&a, buf_cstr(&b)), &encode_json, SIZE_MAX / 2, &out), LYRE_EBUSY);
	ck_assert_str_eq(err.text, "The query was stopped: it ran for more than 50 ms (operationsApi.queryTimeout)");
	limits = NULL;
	buf_free(&b);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

static int no_more(void *arg, struct err *e)
{
	++*(unsigned *)arg;
	return err_set(e, LYRE_EUNAUTHENTICATED, "gone");
}

/* limits->check() is called between a query's slices, also if rows are read one by one. */
START_TEST(ends_when_told)
{
	unsigned asked = 0;
	const struct query_limits told = { .check = no_more, .arg = &asked };
	struct arena a;
	struct query *q;
	lyre_value row;
	int rc;
	arena_init(&a);
	fill("told", 3000, 0);
	const struct table *t = table_of("told");
	limits = &told;
	must_do(open_query(&q, &a, t, json(&a, "{}")));
	must_do(query_next(q, &a, &row, &err));
	ck_assert_uint_eq(asked, 0); /* a query that ends soon is not checked */
	usleep(150000);
	while (!(rc = query_next(q, &a, &row, &err)))
		;
	ck_assert_int_eq(rc, LYRE_EUNAUTHENTICATED);
	ck_assert_uint_eq(asked, 1);
	limits = NULL;
	query_close(q);
	table_unref(t);
	arena_free(&a);
}
END_TEST

/* Keys that are equal up to where a bound is truncated, and more than are compared one by one. */
START_TEST(lists_of_long_keys)
{
	enum { KEYS = 60 };
	static const unsigned wanted[] = { 0, 20, 21, 59 };
	struct arena a;
	struct buf b, out;
	arena_init(&a);
	buf_init(&b);
	buf_init(&out);
	make_table("long", NULL, 0);
	for (unsigned i = 0; i < KEYS; i++)
		buf_addf(&b, "%s{\"id\":\"%0450u\"}", i ? "," : "[", i);
	buf_add_char(&b, ']');
	insert("long", buf_cstr(&b));
	for (unsigned reverse = 0; reverse < 2; reverse++) {
		buf_clear(&b);
		buf_addf(&b, "{\"reverse\":%s,\"conditions\":[{\"attribute\":\"id\",\"comparator\":\"in\",\"value\":",
			reverse ? "true" : "false");
		for (unsigned i = 0; i < 4; i++)
			buf_addf(&b, "%s\"%0450u\"", i ? "," : "[", wanted[i]);
		buf_add_str(&b, "]}]}");
		must_do(ask("long", json(&a, buf_cstr(&b)), &encode_json, SIZE_MAX / 2, &out));
		const lyre_value *rows = json(&a, out.data);
		ck_assert_uint_eq(rows->len, 4);
		for (unsigned i = 0; i < 4; i++)
			ck_assert_int_eq(atoi(value_get(&rows->items[i], "id")->s + 400), (int)wanted[reverse ? 3 - i : i]);
	}
	buf_free(&b);
	buf_free(&out);
	arena_free(&a);
}
END_TEST

/* This many conditions, at every depth, and no more. */
START_TEST(conditions_are_limited)
{
	const struct query_limits few = { .conditions = 4 };
	struct arena a;
	struct buf out;
	arena_init(&a);
	buf_init(&out);
	fill("few", 2, 0);
	limits = &few;
	must_do(ask("few",
		json(&a,
			"{'conditions':[{'attribute':'n','value':1},{'operator':'or','conditions':["
			"{'attribute':'n','value':1},{'attribute':'n','value':2},{'attribute':'n','value':3}]}]}"),
		&encode_json, 100, &out));
	ck_assert_int_eq(
		ask("few",
			json(&a,
				"{'conditions':[{'attribute':'n','value':1},{'operator':'or','conditions':["
				"{'attribute':'n','value':1},{'attribute':'n','value':2},{'attribute':'n','value':3},{'attribute':'n','value':4}]}]}"),
			&encode_json, 100, &out),
		LYRE_EINVAL);
	ck_assert_str_eq(err.text, "A query must not have more than 4 conditions (operationsApi.maxConditions)");
	/* each value of a list counts as one */
	must_do(ask("few",
		json(&a, "{'conditions':[{'attribute':'n','value':1},{'attribute':'n','comparator':'in','value':[1,2,1]}]}"),
		&encode_json, 100, &out));
	must_do(ask("few", json(&a, "{'conditions':[{'attribute':'n','comparator':'not_in','value':[1,2,3,4]}]}"), &encode_json,
		100, &out));
	ck_assert_int_eq(ask("few", json(&a, "{'conditions':[{'attribute':'n','comparator':'not_in','value':[1,1,1,1,1]}]}"),
				 &encode_json, 100, &out),
		LYRE_EINVAL);
	ck_assert_str_eq(err.text, "A query must not have more than 4 conditions (operationsApi.maxConditions)");
	limits = NULL;
	buf_free(&out);
	arena_free(&a);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("query_slices");
	TCase *c = tcase_create("slices and limits");
	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, store_start, store_stop);
	tcase_add_test(c, many_rows_sorted);
	tcase_add_test(c, large_records_wait);
	tcase_add_test(c, long_texts_wait);
	tcase_add_test(c, ends_in_time);
	tcase_add_test(c, ends_when_told);
	tcase_add_test(c, lists_of_long_keys);
	tcase_add_test(c, conditions_are_limited);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
