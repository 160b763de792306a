/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file backup.c
 * \brief A backup to restore: refused with a message, or so intact that LMDB can read all of it.
 *
 * Most bytes of such a file are zero, so the input is compressed: 0x00 and a little-endian 16-bit count stand for that many zeros.
 */
#include "fuzz.h"

#include "store/backup_internal.h"

#include <lmdb.h>

#define SIZE_LIMIT (1 << 20)

static size_t expand(const uint8_t *data, size_t size, unsigned char *out)
{
	size_t len = 0;
	for (size_t i = 0; i < size && len < SIZE_LIMIT; i++) {
		if (data[i]) {
			out[len++] = data[i];
			continue;
		}
		if (size - i < 3)
			break;
		size_t zeros = data[i + 1] | (size_t)data[i + 2] << 8;
		len += zeros < SIZE_LIMIT - len ? zeros : SIZE_LIMIT - len;
		i += 2;
	}
	return len;
}

static size_t read_tree(MDB_txn *txn, MDB_dbi tree, bool names)
{
	MDB_cursor *c;
	MDB_val key, data;
	size_t bytes = 0;
	must(mdb_cursor_open(txn, tree, &c) == 0);
	int rc;
	while ((rc = mdb_cursor_get(c, &key, &data, MDB_NEXT)) == 0) {
		for (size_t i = 0; i < data.mv_size; i++)
			bytes += ((const unsigned char *)data.mv_data)[i] & 1;
		char name[600];
		MDB_dbi named;
		if (!names || key.mv_size >= sizeof name)
			continue;
		memcpy(name, key.mv_data, key.mv_size);
		name[key.mv_size] = '\0';
		if (mdb_dbi_open(txn, name, 0, &named) == 0)
			bytes += read_tree(txn, named, false);
	}
	must(rc == MDB_NOTFOUND);
	mdb_cursor_close(c);
	return bytes;
}

static void open_well(const unsigned char *bytes, size_t len)
{
	const char *path;
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi names;
	int fd = fuzz_file(bytes, len, &path);
	must(mdb_env_create(&env) == 0 && mdb_env_set_maxdbs(env, 1000) == 0);
	must(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0600) == 0);
	must(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &names) == 0);
	read_tree(txn, names, true);
	mdb_txn_abort(txn);
	mdb_env_close(env);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	unsigned char *work = calloc(1, SIZE_LIMIT);
	must(work);
	size_t len = expand(data, size, work);
	unsigned char *bytes = fuzz_copy(work, len, 0);
	struct lmdb_bytes file = { bytes, len };
	int rc = backup_verify_start(file, 0, &e);
	must(rc == e.code && (rc == 0 || *e.text));
	struct backup_counts counts;
	struct err whole = { 0 };
	int code = backup_verify_moment(file, file, 0, &counts, &whole);
	must(code == whole.code && (code == 0 || *whole.text));
	must(code || !rc); /* an intact file can be opened */
	if (!code)
		open_well(bytes, len);
	free(bytes);
	free(work);
	return 0;
}
