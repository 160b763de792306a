/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query_fixture.h
 * \brief A store in a folder of its own, written and queried with JSON.
 */
#ifndef QUERY_FIXTURE_H
#define QUERY_FIXTURE_H

#include "unit_json.h"

#include "query/query.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As ck_assert(), but silent on success: these are called a million times. */
#define must(cond) ((cond) ? (void)0 : ck_abort_msg("line %d: %s", __LINE__, #cond))
#define must_do(call) (!(call) ? (void)0 : ck_abort_msg("line %d: %s: %s", __LINE__, #call, err.text))

static struct store *store;
static char folder[64];
static struct err err;
/** The attributes that a query sees; NULL: all. */
static const struct attribute_filter *filter;
/** Length of its slices, the first of which is light; 0: no limit. */
static int64_t slice_ns;
/** Number of slices of the last answer. */
static unsigned slices;
/** Limits of its queries; NULL: none. */
static const struct query_limits *limits;

static void store_start(void)
{
	strcpy(folder, "query-test-XXXXXX");
	must(mkdtemp(folder));
	struct store_options o = {
		.path = folder, .map_size = 64 << 20, .max_trees = 1000, .max_readers = 32, .write_async = true, .node = "test"
	};
	must_do(store_open(&store, &o, &err));
}

static void store_stop(void)
{
	store_close(store);
	DIR *d = opendir(folder);
	must(d);
	for (struct dirent *f; (f = readdir(d));) {
		char path[400];
		snprintf(path, sizeof(path), "%s/%s", folder, f->d_name);
		unlink(path);
	}
	closedir(d);
	must(!rmdir(folder));
}

static inline char *quoted(struct arena *a, const char *text)
{
	char *copy = arena_strndup(a, text, strlen(text));
	must(copy);
	return json_quote(copy);
}

static const lyre_value *json(struct arena *a, const char *text)
{
	lyre_value *v = ARENA_NEW(a, lyre_value);
	must_do(json_read(a, text, v, &err));
	return v;
}

/** \p attributes  NULL for a dynamic table */
static void make_table(const char *name, const struct lyre_attribute *attributes, unsigned count)
{
	struct lyre_table_spec spec = { .size = sizeof(spec),
		.database = "d",
		.name = name,
		.primary_key = "id",
		.attributes = attributes,
		.attribute_count = count,
		.expiration = -1,
		.audit = 0 };
	must_do(store_create_table(store, &spec, &err));
}

static const struct table *table_of(const char *name)
{
	const struct table *t;
	must_do(store_table(store, "d", name, &t, &err));
	return t;
}

static void write_records(const char *table, enum lyre_write_mode mode, const lyre_value *records)
{
	const struct table *t = table_of(table);
	struct arena a;
	arena_init(&a);
	struct record_write w = { .table = t, .mode = (int)mode, .records = records, .arena = &a, .user = "u", .operation = "o" };
	must_do(store_write_wait(&w, &err));
	arena_free(&a);
	table_unref(t);
}

static inline void insert(const char *table, const char *records)
{
	struct arena a;
	arena_init(&a);
	write_records(table, LYRE_INSERT, json(&a, records));
	arena_free(&a);
}

static bool is_true(const lyre_value *v)
{
	return value_is(v, LYRE_BOOL) && v->b;
}

static uint64_t count_of(const lyre_value *v, uint64_t otherwise)
{
	return v ? (uint64_t)v->i : otherwise;
}

/** Opens the query of a request, as the operations do. */
static int open_query(struct query **q, struct arena *a, const struct table *t, const lyre_value *request)
{
	if (value_get(request, "ids"))
		return lookup_open(q, a, t, filter, value_get(request, "ids"), value_get(request, "get_attributes"), limits, &err);
	struct lyre_query from = {
		.size = sizeof(from),
		.match_any = value_equals_str(value_get(request, "operator"), "or"),
		.conditions = value_get(request, "conditions"),
		.select = value_get(request, "get_attributes"),
		.sort = value_get(request, "sort"),
		.offset = count_of(value_get(request, "offset"), 0),
		.limit = count_of(value_get(request, "limit"), UINT64_MAX),
		.reverse = is_true(value_get(request, "reverse")),
	};
	return query_open(q, a, t, filter, &from, limits, &err);
}

/** The whole answer, in slices of \p want bytes. \return the first failure */
static int ask(const char *table, const lyre_value *request, const struct encoder *f, size_t want, struct buf *out)
{
	const struct table *t = table_of(table);
	struct arena a;
	struct query *q;
	lyre_out o;
	arena_init(&a);
	buf_clear(out);
	out_begin(&o, f, out, &a);
	err = (struct err){ 0 };
	int rc = open_query(&q, &a, t, request);
	if (!rc) {
		slices = 0;
		do
			query_slice(q, slice_ns, !slices++ && slice_ns);
		while (!(rc = query_write(q, &o, out->len + want, &err)));
		query_close(q);
		out_finish(&o);
	}
	out_drop(&o);
	arena_free(&a);
	table_unref(t);
	must(buf_cstr(out));
	return rc == LYRE_END ? 0 : rc;
}

#endif
