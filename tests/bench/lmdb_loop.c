/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lmdb_loop.c
 * \brief The limit of a durable write: a bare LMDB loop that puts the same bytes, record and index entries, with the same batch.
 *
 * usage: lmdb_loop FOLDER RECORDS RECORDS-A-COMMIT RECORD-BYTES INDEXES
 * prints records a second.
 */
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_INDEXES 32
#define INDEX_ENTRY 20

static void must(int rc, const char *what)
{
	if (rc) {
		fprintf(stderr, "lmdb_loop: %s: %s\n", what, mdb_strerror(rc));
		exit(1);
	}
}

static double seconds(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void put(MDB_txn *txn, MDB_dbi dbi, void *key, size_t key_len, void *data, size_t len)
{
	MDB_val k = { key_len, key }, v = { len, data };
	must(mdb_put(txn, dbi, &k, &v, 0), "mdb_put");
}

/* Index entries come in an order that has nothing to do with the keys'. */
static void put_record(MDB_txn *txn, const MDB_dbi *trees, long indexes, unsigned long i, char *record, size_t len)
{
	unsigned char key[9] = { 0x20 }, entry[INDEX_ENTRY] = { 0x30 };
	for (int b = 0; b < 8; b++)
		key[1 + b] = (unsigned char)(i >> (56 - 8 * b));
	put(txn, trees[0], key, sizeof key, record, len);
	for (long n = 1; n <= indexes; n++) {
		unsigned long mixed = (i + 1) * 0x9e3779b97f4a7c15u ^ (unsigned long)n;
		memcpy(entry + 1, &mixed, sizeof mixed);
		memcpy(entry + sizeof entry - sizeof key, key, sizeof key);
		put(txn, trees[n], entry, sizeof entry, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: lmdb_loop FOLDER RECORDS RECORDS-A-COMMIT RECORD-BYTES INDEXES\n");
		return 2;
	}
	unsigned long records = strtoul(argv[2], NULL, 10), batch = strtoul(argv[3], NULL, 10);
	size_t len = strtoul(argv[4], NULL, 10);
	long indexes = strtol(argv[5], NULL, 10);
	char *record = calloc(1, len + 1);
	MDB_dbi trees[MAX_INDEXES + 1];
	MDB_env *env;
	MDB_txn *txn;
	if (!record || !batch || indexes < 0 || indexes > MAX_INDEXES)
		return 2;
	must(mdb_env_create(&env), "mdb_env_create");
	must(mdb_env_set_mapsize(env, (size_t)4 << 30), "mdb_env_set_mapsize");
	must(mdb_env_set_maxdbs(env, MAX_INDEXES + 1), "mdb_env_set_maxdbs");
	must(mdb_env_open(env, argv[1], 0, 0644), "mdb_env_open");
	must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
	for (long n = 0; n <= indexes; n++) {
		char name[16];
		snprintf(name, sizeof name, "t%ld", n);
		must(mdb_dbi_open(txn, name, MDB_CREATE, &trees[n]), "mdb_dbi_open");
	}
	must(mdb_txn_commit(txn), "mdb_txn_commit");

	double start = seconds();
	for (unsigned long i = 0; i < records;) {
		must(mdb_txn_begin(env, NULL, 0, &txn), "mdb_txn_begin");
		for (unsigned long n = 0; n < batch && i < records; n++, i++)
			put_record(txn, trees, indexes, i, record, len);
		must(mdb_txn_commit(txn), "mdb_txn_commit");
	}
	printf("%.1f\n", (double)records / (seconds() - start));
	mdb_env_close(env);
	free(record);
	return 0;
}
