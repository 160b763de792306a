/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store_fixture.h
 * \brief A store in a folder of its own, and short functions for what tests do with it.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

#include "base/text.h"
#include "store/commit_log.h"
#include "store/store_internal.h"
#include "unit_json.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

static char folder[64];
static struct store *store;
static struct store_options options;
static struct err err;

/** \p rc is a failure with this code, and err has this message. */
UNUSED static void ck_refused(int rc, int code, const char *sentence)
{
	ck_assert_int_eq(rc, code);
	ck_assert_str_eq(err.text, sentence);
}

UNUSED static void open_store(void)
{
	err = (struct err){ 0 };
	int rc = store_open(&store, &options, &err);
	ck_assert_msg(!rc, "%s", err.text);
}

UNUSED static void close_store(void)
{
	store_close(store);
	store = NULL;
}

UNUSED static void reopen_store(void)
{
	close_store();
	open_store();
}

UNUSED static void setup(void)
{
	snprintf(folder, sizeof folder, "/tmp/lyre-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	options = (struct store_options){ .path = folder,
		.map_size = 1 << 20,
		.commit_memory = 64 << 20,
		.max_trees = 2000,
		.max_readers = 126,
		.read_ahead = true,
		.node = "one" };
	open_store();
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

UNUSED static void teardown(void)
{
	store_close(store);
	store = NULL;
	nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- tables ---- */

/** \p attributes: "name:Type:flags …", flags i (indexed) and n (not null); NULL for a dynamic table. */
UNUSED static int make_table_as(const char *database, const char *name, const char *attributes, double expiration, int audit)
{
	struct lyre_attribute list[64];
	char text[2000], *rest = text, *word;
	uint32_t n = 0;
	snprintf(text, sizeof text, "%s", attributes ? attributes : "");
	while (attributes && (word = strtok_r(rest, " ", &rest))) {
		char *type = strchr(word, ':'), *flags = type ? strchr(type + 1, ':') : NULL;
		if (type)
			*type++ = '\0';
		if (flags)
			*flags++ = '\0';
		list[n++] = (struct lyre_attribute){
			.size = sizeof *list,
			.name = word,
			.type = type && *type ? type : NULL,
			.flags = (flags && strchr(flags, 'i') ? LYRE_A_INDEXED : 0) |
				(flags && strchr(flags, 'n') ? LYRE_A_NOT_NULL : 0),
		};
	}
	struct lyre_table_spec spec = {
		.size = sizeof spec,
		.database = database,
		.name = name,
		.primary_key = "id",
		.attributes = attributes ? list : NULL,
		.attribute_count = n,
		.expiration = expiration,
		.audit = audit,
	};
	err = (struct err){ 0 };
	return store_create_table(store, &spec, &err);
}

UNUSED static void make_table(const char *database, const char *name)
{
	ck_assert_msg(!make_table_as(database, name, NULL, -1, 0), "%s", err.text);
}

UNUSED static const struct table *table_of(const char *database, const char *name)
{
	const struct table *t = NULL;
	int rc = store_table(store, database, name, &t, &err);
	ck_assert_msg(!rc, "%s", err.text);
	return t;
}

/* ---- writing ---- */

/** Writes records, given as in unit_json.h, and waits. \return the code; \p e has the message. Results stay in \p a. */
UNUSED static int write_in(struct arena *a, const char *database, const char *name, int mode, const char *json,
	struct lyre_write_result *ret, struct err *e)
{
	const struct table *t;
	*e = (struct err){ 0 };
	int rc = store_table(store, database, name, &t, e);
	if (rc)
		return rc;
	lyre_value records;
	rc = json_read(a, json, &records, e);
	struct record_write w = { .table = t, .mode = mode, .records = &records, .arena = a, .user = "ann", .operation = "test" };
	if (!rc)
		rc = store_write_wait(&w, e);
	if (!rc && ret)
		*ret = w.result;
	table_unref(t);
	return rc;
}

/** \return what was done: "1 -2 3" for keys, as JSON, "-" before skipped ones; or the failure's message */
UNUSED static const char *write_text(const char *database, const char *name, int mode, const char *json)
{
	static _Thread_local char text[4000];
	struct arena a;
	struct buf b;
	struct err e;
	struct lyre_write_result result;
	arena_init(&a);
	buf_init(&b);
	if (write_in(&a, database, name, mode, json, &result, &e)) {
		snprintf(text, sizeof text, "%s", e.text);
	} else {
		for (size_t i = 0; i < result.count; i++) {
			buf_add_str(&b, i ? " " : "");
			buf_add_str(&b, result.items[i].done ? "" : "-");
			json_add_value(&b, result.items[i].key);
		}
		snprintf(text, sizeof text, "%s", buf_cstr(&b));
	}
	buf_free(&b);
	arena_free(&a);
	return text;
}

#define insert(db, t, json) write_text(db, t, LYRE_INSERT, json)
#define update(db, t, json) write_text(db, t, LYRE_UPDATE, json)
#define upsert(db, t, json) write_text(db, t, LYRE_UPSERT, json)
/* C++ has a keyword of this name. */
/* clang-format off */
#define delete(db, t, json) write_text(db, t, LYRE_DELETE, json)
/* clang-format on */

/* ---- reading ---- */

static void show_record(struct buf *b, const struct table *t, const unsigned char *key, size_t len, struct record r)
{
	struct arena a;
	lyre_value k;
	arena_init(&a);
	ck_assert_int_eq(record_key(t, key, len, r, &a, &k), 0);
	buf_add_char(b, '{');
	json_add_value(b, &k);
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		struct field f;
		if (t->attributes[i].flags & ATTRIBUTE_KEY || !record_find(r, t->attributes[i].id, &f))
			continue;
		buf_addf(b, " %s:", t->attributes[i].name);
		field_write(f, b);
	}
	buf_add_char(b, '}');
	arena_free(&a);
}

/** All records in the order of an index (NULL: the key): "{1 a:5 b:null}{2}". */
UNUSED static const char *show_by(const char *database, const char *name, const char *by, bool reverse)
{
	static _Thread_local char text[100000];
	const struct table *t = table_of(database, name);
	struct snapshot s;
	struct walk w;
	struct buf b;
	struct record r;
	buf_init(&b);
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	struct walk_range range = { .attribute = by ? table_attribute(t, by, strlen(by)) : NULL, .reverse = reverse };
	ck_assert_int_eq(walk_open(&w, &s, t, &range, NULL, &err), 0);
	while (!walk_next(&w, &err))
		if (!walk_record(&w, &r, &err))
			show_record(&b, t, w.key, w.key_len, r);
	walk_close(&w);
	snapshot_end(&s);
	table_unref(t);
	snprintf(text, sizeof text, "%s", buf_cstr(&b));
	buf_free(&b);
	return text;
}

#define show(db, t) show_by(db, t, NULL, false)

UNUSED static struct lyre_table_stats stats_of(const char *database, const char *name)
{
	const struct table *t = table_of(database, name);
	struct lyre_table_stats st = { .size = sizeof st };
	struct snapshot s;
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(snapshot_stats(&s, t, true, &st, &err), 0);
	snapshot_end(&s);
	table_unref(t);
	return st;
}

/** How many records the file contains, including expired ones. */
UNUSED static size_t records_stored(const struct table *t)
{
	struct snapshot s;
	MDB_stat stat;
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	ck_assert_int_eq(mdb_stat(s.txn, t->records, &stat), 0);
	snapshot_end(&s);
	return stat.ms_entries;
}

/* ---- whether indexes match the records ---- */

static size_t entries_wanted(const struct table *t, const struct attribute *a, struct record r, const unsigned char *primary,
	size_t primary_len, const MDB_val *entry, bool *found)
{
	struct arena mem;
	struct field f;
	lyre_value v;
	size_t n = 0;
	struct key seen[64];
	(void)t;
	arena_init(&mem);
	if (a->flags & ATTRIBUTE_CREATED)
		v = value_double(record_created(r));
	else if (a->flags & ATTRIBUTE_UPDATED)
		v = value_double(record_updated(r));
	else if (record_find(r, a->id, &f))
		v = field_value(f, &mem);
	else
		return 0;
	uint32_t count = v.type == LYRE_ARRAY ? v.len : 1;
	for (uint32_t i = 0; i < count; i++) {
		const lyre_value *item = v.type == LYRE_ARRAY ? &v.items[i] : &v;
		struct key value, k;
		bool whole, twice = false;
		if (item->type == LYRE_ARRAY || !key_index_value(&value, item))
			continue;
		key_index_entry(&k, &value, primary, primary_len, &whole);
		for (size_t j = 0; j < n && j < 64; j++)
			twice = twice || (seen[j].len == k.len && !memcmp(seen[j].bytes, k.bytes, k.len));
		if (twice)
			continue;
		if (n < 64)
			seen[n] = k;
		n++;
		if (entry && entry->mv_size == k.len && !memcmp(entry->mv_data, k.bytes, k.len))
			*found = true;
	}
	arena_free(&mem);
	return n;
}

/** Each entry of each index belongs to a record's value, and their number is right. */
UNUSED static void check_indexes(const char *database, const char *name)
{
	const struct table *t = table_of(database, name);
	struct snapshot s;
	struct walk w;
	struct record r;
	ck_assert_int_eq(snapshot_begin(&s, t->db, &err), 0);
	s.now = 0; /* including expired ones */
	MDB_stat st;
	ck_assert_int_eq(mdb_stat(s.txn, t->records, &st), 0);
	size_t records = st.ms_entries;
	if (t->expiry) {
		ck_assert_int_eq(mdb_stat(s.txn, t->expiry, &st), 0);
		ck_assert_uint_eq(st.ms_entries, records);
	}
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];
		if (!a->index)
			continue;
		size_t wanted = 0, there = 0;
		struct walk_range all = { 0 }, range = { .attribute = a };
		ck_assert_int_eq(walk_open(&w, &s, t, &all, NULL, &err), 0);
		while (!walk_next(&w, &err)) {
			ck_assert_int_eq(walk_record(&w, &r, &err), 0);
			wanted += entries_wanted(t, a, r, w.key, w.key_len, NULL, NULL);
		}
		walk_close(&w);
		ck_assert_int_eq(walk_open(&w, &s, t, &range, NULL, &err), 0);
		while (!walk_next(&w, &err)) {
			bool found = false;
			ck_assert_int_eq(walk_record(&w, &r, &err), 0);
			(void)entries_wanted(t, a, r, w.key, w.key_len, &w.entry, &found);
			ck_assert_msg(found, "an entry of %s belongs to no record", a->name);
			there++;
		}
		walk_close(&w);
		ck_assert_msg(there == wanted, "%s has %zu entries, not %zu", a->name, there, wanted);
	}
	snapshot_end(&s);
	table_unref(t);
}

#endif
