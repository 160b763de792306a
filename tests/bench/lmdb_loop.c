/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lmdb_loop.c
 * \brief The upper limit of durable writes: a bare LMDB loop that writes the same bytes as the server, in the same batches.
 *
 * usage: lmdb_loop FOLDER RECORDS RECORDS-A-COMMIT [UPDATES | export BYTES]
 *
 * Without UPDATES, the time to write RECORDS is measured; with UPDATES they are written first, and the time is measured
 * in which a number and the updated time of random records move in their indexes, as they do when one attribute is
 * updated. With export, they are written first, and the time is measured in which all are read in order and a file of BYTES
 * is written and flushed, as they are when a table is exported. The records are those of requests.lua; their stored form and index entries are made by the server's own
 * encoders before the measurement, so that the loop is LMDB alone. Prints records per second.
 */
#include "base/arena.h"
#include "base/text.h"
#include "store/key.h"
#include "store/record.h"

#include <fcntl.h>
#include <lmdb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ATTRIBUTES 6
#define INDEXES (ATTRIBUTES + 2)
/* The indexes that an update changes. */
#define PRICE 2
#define UPDATED (INDEXES - 1)
#define LOAD_BATCH 5000

/* What one record writes: into the records' tree, and one entry into each index. */
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

/* The index entry of a value. */
static MDB_val index_entry(const lyre_value *v, const MDB_val *primary)
{
	struct key part, whole;
	bool long_key;
	key_index_value(&part, v);
	key_index_entry(&whole, &part, primary->mv_data, primary->mv_size, &long_key);
	return keep(whole.bytes, whole.len);
}

static void make_entry(struct entry *e, long id, double time, struct buf *out)
{
	lyre_value values[INDEXES] = { text("name %ld", id),
		value_int(id % 345), [PRICE] = value_double(round((double)id / 7 * 100) / 100), text("city %ld", id % 1000),
		value_bool(id % 2 == 0), text("a note of some length, number %ld", id),
		value_double(time), [UPDATED] = value_double(time) };
	struct record_item items[ATTRIBUTES] = { 0 };
	lyre_value number = value_int(id);
	struct key primary;

	key_primary(&primary, &number);
	e->key = keep(primary.bytes, primary.len);
	for (int n = 0; n < INDEXES; n++)
		e->index[n] = index_entry(&values[n], &e->key);
	for (int n = 0; n < ATTRIBUTES; n++)
		items[n] = (struct record_item){ .id = (uint16_t)(n + 4), .value = &values[n] };
	buf_clear(out);
	record_build(out, time, time, items, ATTRIBUTES);
	e->data = keep(out->data, out->len);
}

/* What one update replaces, and with what: the entries as of that moment. */
struct update {
	const struct entry *entry;
	MDB_val old_price, price, old_time, time;
};

static void make_update(struct update *u, struct entry *e, double time)
{
	lyre_value price = value_double((double)(random() % 100000) / 100), stamp = value_double(time);
	*u = (struct update){ .entry = e,
		.old_price = e->index[PRICE],
		.price = index_entry(&price, &e->key),
		.old_time = e->index[UPDATED],
		.time = index_entry(&stamp, &e->key) };
	e->index[PRICE] = u->price;
	e->index[UPDATED] = u->time;
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

static void move(MDB_txn *txn, MDB_dbi tree, const MDB_val *from, const MDB_val *to)
{
	MDB_val k = *from;
	must(mdb_del(txn, tree, &k, NULL), "mdb_del");
	put(txn, tree, to, NULL);
}

static void put_all(MDB_env *env, const MDB_dbi *trees, const struct entry *entries, long records, long batch)
{
	MDB_txn *txn;
	for (long i = 0; i < records;) {
		must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
		for (long n = 0; n < batch && i < records; n++, i++) {
			put(txn, trees[INDEXES], &entries[i].key, &entries[i].data);
			for (int x = 0; x < INDEXES; x++)
				put(txn, trees[x], &entries[i].index[x], NULL);
		}
		must(mdb_txn_commit(txn), "mdb_txn_commit");
	}
}

static void update_all(MDB_env *env, const MDB_dbi *trees, const struct update *updates, long count, long batch)
{
	MDB_txn *txn;
	for (long i = 0; i < count;) {
		must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
		for (long n = 0; n < batch && i < count; n++, i++) {
			const struct update *u = &updates[i];
			move(txn, trees[PRICE], &u->old_price, &u->price);
			move(txn, trees[UPDATED], &u->old_time, &u->time);
			put(txn, trees[INDEXES], &u->entry->key, &u->entry->data);
		}
		must(mdb_txn_commit(txn), "mdb_txn_commit");
	}
}

/* A file that is written in large pieces. */
struct piecewise {
	int fd;
	size_t len;
	char piece[65536];
};

static void flush_piece(struct piecewise *p)
{
	if (write(p->fd, p->piece, p->len) != (ssize_t)p->len)
		must(MDB_PANIC, "write");
	p->len = 0;
}

/* Adds len bytes: those of a record, and its first ones again as often as needed. */
static void add_record(struct piecewise *p, const MDB_val *data, size_t len)
{
	while (len > 0) {
		size_t n = len < data->mv_size ? len : data->mv_size;
		if (p->len + n > sizeof p->piece)
			flush_piece(p);
		memcpy(p->piece + p->len, data->mv_data, n);
		p->len += n;
		len -= n;
	}
}

static void export_all(MDB_env *env, const MDB_dbi *trees, const char *folder, long records, long bytes)
{
	static struct piecewise p;
	char path[4096];
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, data;
	snprintf(path, sizeof path, "%s/export", folder);
	p.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), "mdb_txn_begin");
	must(mdb_cursor_open(txn, trees[INDEXES], &cursor), "mdb_cursor_open");
	while (mdb_cursor_get(cursor, &key, &data, MDB_NEXT) == 0)
		add_record(&p, &data, (size_t)(bytes / records));
	flush_piece(&p);
	if (fsync(p.fd) || close(p.fd))
		must(MDB_PANIC, "fsync");
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
}

int main(int argc, char **argv)
{
	int exports = argc == 6 && !strcmp(argv[4], "export");
	if (argc != 4 && argc != 5 && !exports) {
		fprintf(stderr, "usage: lmdb_loop FOLDER RECORDS RECORDS-A-COMMIT [UPDATES | export BYTES]\n");
		return 2;
	}
	long records = strtol(argv[2], NULL, 10), batch = strtol(argv[3], NULL, 10),
	     count = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	if (records <= 0 || batch <= 0 || count < 0)
		return 2;
	struct entry *entries = calloc((size_t)records, sizeof *entries);
	struct update *updates = calloc((size_t)count + 1, sizeof *updates);
	struct buf out = { 0 };
	if (!entries || !updates)
		must(MDB_PANIC, "no memory");
	arena_init(&arena);
	double time = now_ms();
	for (long i = 0; i < records; i++)
		make_entry(&entries[i], i + 1, time + (double)(i / batch), &out);

	MDB_dbi trees[INDEXES + 1];
	MDB_env *env = open_env(argv[1], trees);
	double start = seconds();
	if (exports) {
		put_all(env, trees, entries, records, LOAD_BATCH);
		start = seconds();
		export_all(env, trees, argv[1], records, strtol(argv[5], NULL, 10));
	} else if (count == 0) {
		put_all(env, trees, entries, records, batch);
	} else {
		put_all(env, trees, entries, records, LOAD_BATCH);
		for (long i = 0; i < count; i++)
			make_update(&updates[i], &entries[random() % records], time + (double)(records + i / batch));
		start = seconds();
		update_all(env, trees, updates, count, batch);
	}
	printf("%.1f\n", (double)(count ? count : records) / (seconds() - start));
	mdb_env_close(env);
	arena_free(&arena);
	buf_free(&out);
	free(updates);
	free(entries);
	return 0;
}
