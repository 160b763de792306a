/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file conditions.c
 * \brief A request to search a small table: a refusal, or rows, which are the same in slices as at once.
 */
#include <config.h>

#include "fuzz.h"

#include "base/json.h"
#include "json_oracle.h"
#include "query/query.h"

#include <dirent.h>
#include <pthread.h>
#include <unistd.h>

static struct store *store;
static const struct table *tables[2];
static char folder[64];

static void stop(void)
{
	table_unref(tables[0]);
	table_unref(tables[1]);
	store_close(store);
	DIR *d = opendir(folder);
	for (struct dirent *f; d && (f = readdir(d));) {
		char path[400];
		snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(folder);
}

/** Records of all kinds: id, n (a small number), s (a string), x (a different type in each). */
static void fill(const struct table *t)
{
	static const char *const kinds[] = { "null", "true", "1.5", "-7", "\"text\"", "[1,\"two\",null]", "{\"a\":[{}]}",
		"99999999999999999999999", "[]", "\"\"" };
	struct buf json;
	struct arena a;
	struct err e;
	lyre_value records;
	arena_init(&a);
	buf_init(&json);
	for (int i = 0; i < 60; i++)
		buf_addf(&json, "%c{\"id\":%d,\"n\":%d,\"s\":\"s%d\",\"x\":%s}", i ? ',' : '[', i, i % 7, i * 37 % 11,
			kinds[i % 10]);
	buf_add_char(&json, ']');
	must(json_decode_copy(&a, json.data, json.len, &records, &e) == 0);
	struct record_write w = {
		.table = t, .mode = LYRE_INSERT, .records = &records, .arena = &a, .user = "u", .operation = "o"
	};
	must(store_write_wait(&w, &e) == 0);
	buf_free(&json);
	arena_free(&a);
}

static void start(void)
{
	static const char *const names[] = { "dynamic", "declared" };
	static const struct lyre_attribute attributes[] = {
		{ .size = sizeof *attributes, .name = "n", .type = "Int" },
		{ .size = sizeof *attributes, .name = "s", .type = "String", .flags = LYRE_A_INDEXED },
		{ .size = sizeof *attributes, .name = "x" },
	};
	struct err e;
	strcpy(folder, "/tmp/lyre-fuzz-XXXXXX");
	must(mkdtemp(folder));
	struct store_options o = {
		.path = folder, .map_size = 64 << 20, .max_trees = 100, .max_readers = 32, .write_async = true, .node = "fuzz"
	};
	must(store_open(&store, &o, &e) == 0);
	for (unsigned i = 0; i < 2; i++) {
		struct lyre_table_spec spec = { .size = sizeof spec,
			.database = "d",
			.name = names[i],
			.primary_key = "id",
			.attributes = i ? attributes : NULL,
			.attribute_count = i ? 3 : 0,
			.expiration = -1 };
		must(store_create_table(store, &spec, &e) == 0);
		must(store_table(store, "d", names[i], &tables[i], &e) == 0);
		fill(tables[i]);
		table_unref(tables[i]);
		must(store_table(store, "d", names[i], &tables[i], &e) == 0);
	}
	atexit(stop);
}

static uint64_t count_of(const lyre_value *v, uint64_t otherwise)
{
	return value_is(v, LYRE_INT) && v->i >= 0 ? (uint64_t)v->i : otherwise;
}

static bool is_true(const lyre_value *v)
{
	return value_is(v, LYRE_BOOL) && v->b;
}

/** What the operations pass on to a query. */
static const lyre_value *of_kind(const lyre_value *v, enum lyre_type type)
{
	return value_is(v, type) ? v : NULL;
}

static int ask(const struct table *t, const lyre_value *request, const struct encoder *format, size_t want, struct buf *out)
{
	struct arena a;
	lyre_out o;
	struct query *q;
	struct err e = { 0 };
	struct lyre_query query = {
		.size = sizeof query,
		.match_any = value_equals_str(value_get(request, "operator"), "or"),
		.conditions = of_kind(value_get(request, "conditions"), LYRE_ARRAY),
		.select = of_kind(value_get(request, "get_attributes"), LYRE_ARRAY),
		.sort = of_kind(value_get(request, "sort"), LYRE_OBJECT),
		.offset = count_of(value_get(request, "offset"), 0),
		.limit = count_of(value_get(request, "limit"), UINT64_MAX),
		.reverse = is_true(value_get(request, "reverse")),
	};
	const lyre_value *ids = of_kind(value_get(request, "ids"), LYRE_ARRAY);
	arena_init(&a);
	int rc = ids ? lookup_open(&q, &a, t, NULL, ids, query.select, NULL, &e) : query_open(&q, &a, t, NULL, &query, NULL, &e);
	if (rc == 0) {
		out_begin(&o, format, out, &a);
		while ((rc = query_write(q, &o, out->len + want, &e)) == 0)
			;
		query_close(q);
		out_finish(&o);
		out_drop(&o);
		must(rc == LYRE_END || *e.text);
	} else {
		must(rc == e.code && *e.text);
	}
	arena_free(&a);
	return rc;
}

static void ask_twice(const struct table *t, const lyre_value *request, const struct encoder *format)
{
	struct buf once, sliced;
	struct arena a;
	struct err e;
	lyre_value rows;
	arena_init(&a);
	buf_init(&once);
	buf_init(&sliced);
	int rc = ask(t, request, format, 1 << 20, &once);
	must(rc == ask(t, request, format, 1, &sliced));
	must(rc < 0 || (once.len == sliced.len && (!once.len || !memcmp(once.data, sliced.data, once.len))));
	if (rc == LYRE_END && format == &encode_json)
		must(json_decode_copy(&a, once.data, once.len, &rows, &e) == 0 && rows.type == LYRE_ARRAY);
	buf_free(&sliced);
	buf_free(&once);
	arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a;
	struct err e;
	lyre_value request;
	if (!store)
		start();
	arena_init(&a);
	int rc = json_decode_copy(&a, (const char *)data, size, &request, &e);
	must_not_say(json_oracle((const char *)data, size, rc, &request));
	if (rc == 0 && request.type == LYRE_OBJECT) {
		const struct table *t = tables[value_equals_str(value_get(&request, "table"), "declared")];
		ask_twice(t, &request, &encode_json);
#ifdef LYRE_FORMAT_CSV
		ask_twice(t, &request, &encode_csv);
#endif
#ifdef LYRE_FORMAT_YAML
		ask_twice(t, &request, &encode_yaml);
#endif
#ifdef LYRE_FORMAT_CBOR
		ask_twice(t, &request, &encode_cbor);
#endif
	}
	arena_free(&a);
	return 0;
}
