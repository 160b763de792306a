/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lmdb_loop.c
 * \brief The limit of a durable write: a bare LMDB loop that puts the bytes the server puts, with the same batch.
 *
 * usage: lmdb_loop FOLDER RECORDS RECORDS-A-COMMIT
 *
 * The records are those of requests.lua; their stored form and index entries come from the server's own encoders, made before
 * the clock runs, so that the loop is LMDB alone. Prints records a second.
 */
#include "base/arena.h"
#include "base/text.h"
#include "store/key.h"
#include "store/record.h"

#include <lmdb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ATTRIBUTES 6
#define INDEXES (ATTRIBUTES + 2)

/* What one record puts: into the records' tree, and one entry into each index. */
struct entry {
	MDB_val key, data;
	MDB_val index[INDEXES];
};

static struct arena arena;

static void must(int rc, const char *what)
{
	if (rc) {
		fprintf(stderr, "lmdb_loop: %s: %s\n", what, mdb_strerror(rc));
		exit(1);
	}
}

static MDB_val keep(const void *bytes, size_t len)
{
	void *copy = arena_alloc(&arena, len);
	if (!copy)
		must(MDB_PANIC, "no memory");
	memcpy(copy, bytes, len);
	return (MDB_val){ len, copy };
}

static lyre_value text(const char *form, long i)
{
	char *s = arena_printf(&arena, form, i);
	if (!s)
		must(MDB_PANIC, "no memory");
	return value_text(s, strlen(s));
}

static void make_entry(struct entry *e, long id, double time, struct buf *out)
{
	lyre_value values[ATTRIBUTES] = { text("name %ld", id), value_int(id % 345), value_double(round((double)id / 7 * 100) / 100),
		text("city %ld", id % 1000), value_bool(id % 2 == 0), text("a note of some length, number %ld", id) };
	struct record_item items[ATTRIBUTES] = { 0 };
	struct key primary, part, whole;
	lyre_value number = value_int(id), stamp = value_double(time);
	bool long_key;

	key_primary(&primary, &number);
	for (int n = 0; n < INDEXES; n++) {
		const lyre_value *v = n < ATTRIBUTES ? &values[n] : &stamp;
		if (n < ATTRIBUTES)
			items[n] = (struct record_item){ .id = (uint16_t)(n + 4), .value = v };
		key_index_value(&part, v);
		key_index_entry(&whole, &part, primary.bytes, primary.len, &long_key);
		e->index[n] = keep(whole.bytes, whole.len);
	}
	buf_clear(out);
	record_build(out, time, time, items, ATTRIBUTES);
	e->key = keep(primary.bytes, primary.len);
	e->data = keep(out->data, out->len);
}

static void put(MDB_txn *txn, MDB_dbi tree, const MDB_val *key, const MDB_val *data)
{
	MDB_val k = *key, d = data ? *data : (MDB_val){ 0 };
	must(mdb_put(txn, tree, &k, &d, 0), "mdb_put");
}

static double seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static MDB_env *open_env(const char *folder, MDB_dbi trees[INDEXES + 1])
{
	MDB_env *env;
	MDB_txn *txn;
	must(mdb_env_create(&env), "mdb_env_create");
	must(mdb_env_set_mapsize(env, (size_t)4 << 30), "mdb_env_set_mapsize");
	must(mdb_env_set_maxdbs(env, INDEXES + 1), "mdb_env_set_maxdbs");
	must(mdb_env_open(env, folder, 0, 0644), "mdb_env_open");
	must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	for (int n = 0; n <= INDEXES; n++) {
		char name[16];
		snprintf(name, sizeof name, "t%d", n);
		must(mdb_dbi_open(txn, name, MDB_CREATE, &trees[n]), "mdb_dbi_open");
	}
	must(mdb_txn_commit(txn), "mdb_txn_commit");
	return env;
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr, "usage: lmdb_loop FOLDER RECORDS RECORDS-A-COMMIT\n");
		return 2;
	}
	long records = strtol(argv[2], NULL, 10), batch = strtol(argv[3], NULL, 10);
	if (records <= 0 || batch <= 0)
		return 2;
	struct entry *entries = calloc((size_t)records, sizeof *entries);
	struct buf out = { 0 };
	if (!entries)
		must(MDB_PANIC, "no memory");
	arena_init(&arena);
	double time = now_ms();
	for (long i = 0; i < records; i++)
		make_entry(&entries[i], i + 1, time + (double)(i / batch), &out);

	MDB_dbi trees[INDEXES + 1];
	MDB_env *env = open_env(argv[1], trees);
	MDB_txn *txn;
	double start = seconds();
	for (long i = 0; i < records;) {
		must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
		for (long n = 0; n < batch && i < records; n++, i++) {
			put(txn, trees[INDEXES], &entries[i].key, &entries[i].data);
			for (int x = 0; x < INDEXES; x++)
				put(txn, trees[x], &entries[i].index[x], NULL);
		}
		must(mdb_txn_commit(txn), "mdb_txn_commit");
	}
	printf("%.1f\n", (double)records / (seconds() - start));
	mdb_env_close(env);
	arena_free(&arena);
	buf_free(&out);
	free(entries);
	return 0;
}
