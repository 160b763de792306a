/* SPDX-License-Identifier: Apache-2.0 */
#include "unit_json.h"

#include "base/text.h"
#include "store/backup_internal.h"
#include "store/store.h"

#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKUP "backup.mdb"

static char root[] = "/tmp/lyre-backup-XXXXXX";
static struct store *store;
static struct err why;

static uint64_t state = 88172645463325252u;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void remove_folder(const char *path)
{
	char command[200];
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	if (system(command))
		perror(path);
}

static char *path_of(const char *name)
{
	static char path[4][300];
	static unsigned next;
	char *p = path[next++ % 4];
	snprintf(p, 300, "%s/%s", root, name);
	return p;
}

static struct store *open_store(const char *folder)
{
	struct store *s = NULL;
	struct store_options o = { .path = path_of(folder),
		.map_size = 1 << 20,
		.max_trees = 500,
		.max_readers = 32,
		.write_async = true,
		.read_ahead = true,
		.audit_retention = 1e9,
		.node = "test" };
	int rc = store_open(&s, &o, &why);
	ck_assert_msg(rc == 0, "%s", why.text);
	return s;
}

static void begin(void)
{
	strcpy(strstr(root, "backup-") + 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	store = open_store("data");
}

static void end(void)
{
	store_close(store);
	store = NULL;
	remove_folder(root);
}

/* ---- tables and records ---- */

static void make_table(const char *name, double expiration)
{
	struct lyre_table_spec spec = {
		.size = sizeof(spec), .database = "dev", .name = name, .primary_key = "id", .expiration = expiration, .audit = -1
	};
	int rc = store_create_table(store, &spec, &why);
	ck_assert_msg(rc == 0, "%s", why.text);
}

static int write_json(const char *table, int mode, const char *json, struct err *e)
{
	struct arena a;
	lyre_value v;
	const struct table *t;
	arena_init(&a);
	struct record_write w = { .mode = mode, .records = &v, .arena = &a, .user = "me", .operation = "test" };
	int rc = json_read(&a, json, &v, e);
	if (!rc)
		rc = store_table(store, "dev", table, &t, e);
	if (!rc) {
		w.table = t;
		rc = store_write_wait(&w, e);
		table_unref(t);
	}
	arena_free(&a);
	return rc;
}

static void add_record(struct buf *b, unsigned i)
{
	static const char *const words[] = { "harper", "\xc3\xa9toile", "a\\u0000b", "", "zz" };
	buf_addf(b, "{'id':");
	if (i % 3 == 0)
		buf_addf(b, "'%s-%u'", i % 2 ? "key" : "a much longer key that goes on for a while", i);
	else
		buf_addf(b, "%u", i);
	buf_addf(b, ",'n':%u.5,'big':%llu,'word':'%s','list':[%u,'x',%u,null],'o':{'a':[1,{}]}", i % 10, 1152921504606846976ULL + i,
		words[i % 5], i % 4, i % 4);
	if (i % 20 == 0) {
		buf_add_str(b, ",'text':'");
		for (unsigned n = 0; n < 300 + i % 7000; n++)
			buf_add_char(b, (char)('a' + (i + n) % 26));
		buf_add_str(b, "'");
	}
	if (i % 7 == 0)
		buf_addf(b, ",'only%u':true", i % 5);
	buf_add_str(b, "}");
}

static void fill(const char *table, unsigned from, unsigned count)
{
	struct buf b;
	buf_init(&b);
	buf_add_char(&b, '[');
	for (unsigned i = from; i < from + count; i++) {
		if (i > from)
			buf_add_char(&b, ',');
		add_record(&b, i);
	}
	buf_add_char(&b, ']');
	int rc = write_json(table, LYRE_UPSERT, buf_cstr(&b), &why);
	ck_assert_msg(rc == 0, "%s", why.text);
	buf_free(&b);
}

/** A whole table as JSON with attribute names, in key order; then all index entries. */
static void dump(struct store *s, const char *database, const char *name, struct buf *out)
{
	const struct table *t;
	struct snapshot snap;
	ck_assert_msg(store_table(s, database, name, &t, &why) == 0, "%s", why.text);
	ck_assert_int_eq(snapshot_begin(&snap, t->db, &why), 0);
	for (int i = -1; i < t->attribute_count; i++) {
		struct walk w;
		struct walk_range range = { .attribute = i < 0 ? NULL : &t->attributes[i] };
		int rc;
		if (i >= 0 && !t->attributes[i].index)
			continue;
		buf_addf(out, "\n%s:\n", i < 0 ? "" : t->attributes[i].name);
		ck_assert_msg(walk_open(&w, &snap, t, &range, NULL, &why) == 0, "%s", why.text);
		while ((rc = walk_next(&w, &why)) == 0) {
			struct record r;
			buf_add(out, w.entry.mv_data, w.entry.mv_size);
			if (i >= 0)
				continue;
			rc = walk_record(&w, &r, &why);
			ck_assert_msg(rc == 0, "%s", why.text);
			for (uint16_t j = 0; j < record_count(r); j++) {
				struct field f;
				buf_addf(out, " %u:", record_at(r, j, &f));
				field_write(f, out);
			}
			buf_add_char(out, '\n');
		}
		ck_assert_msg(rc == LYRE_END, "%s", why.text);
		walk_close(&w);
	}
	snapshot_end(&snap);
	table_unref(t);
}

static void same_table(struct store *a, const char *in_a, struct store *b, const char *in_b, const char *table)
{
	struct buf x, y;
	buf_init(&x);
	buf_init(&y);
	dump(a, in_a, table, &x);
	dump(b, in_b, table, &y);
	ck_assert_uint_gt(x.len, 100);
	ck_assert_uint_eq(x.len, y.len);
	ck_assert(memcmp(x.data, y.data, x.len) == 0);
	buf_free(&x);
	buf_free(&y);
}

/* ---- backups ---- */

static unsigned char *read_fd(int fd, size_t *len)
{
	struct stat st;
	ck_assert_int_eq(fstat(fd, &st), 0);
	*len = (size_t)st.st_size;
	unsigned char *bytes = malloc(*len);
	ck_assert_int_eq((ssize_t)*len, pread(fd, bytes, *len, 0));
	return bytes;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

/** Takes a backup into the file BACKUP of the test's folder. */
static unsigned char *take(const char *const *tables, size_t count, size_t *len)
{
	int fd = -1;
	int rc = store_backup(store, "dev", tables, count, &fd, &why);
	ck_assert_msg(rc == 0, "%s", why.text);
	ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
	rc = backup_verify(fd, &why);
	ck_assert_msg(rc == 0, "%s", why.text);
	unsigned char *bytes = read_fd(fd, len);
	close(fd);
	write_file(path_of(BACKUP), bytes, *len);
	return bytes;
}

static bool stat_tool_reads(const char *path)
{
	char command[400];
	if (access("/usr/bin/mdb_stat", X_OK))
		return true;
	snprintf(command, sizeof(command), "mdb_stat -n -a -f '%s' >/dev/null", path);
	return system(command) == 0;
}

static int files_in_data(void)
{
	char command[400];
	snprintf(command, sizeof(command), "ls -A '%s' | grep -v -e '\\.mdb$' -e '-lock$' -e '^\\.lock$' | wc -l", path_of("data"));
	FILE *f = popen(command, "r");
	int n = -1;
	if (fscanf(f, "%d", &n) != 1)
		n = -1;
	pclose(f);
	return n;
}

struct writing {
	_Atomic bool stop;
	unsigned written;
};

static void *write_on(void *arg)
{
	struct writing *w = arg;
	for (unsigned i = 0; !w->stop || i < 20; i++) {
		fill("dog", 5000 + i * 10 % 3000, 10);
		w->written++;
	}
	return NULL;
}

START_TEST(a_backup_taken_while_written_is_consistent)
{
	struct writing w = { 0 };
	pthread_t thread;
	size_t len;
	make_table("dog", -1);
	make_table("session", 3600);
	fill("dog", 0, 2000);
	fill("session", 0, 300);
	pthread_create(&thread, NULL, write_on, &w);
	for (int i = 0; i < 5; i++) {
		free(take(NULL, 0, &len));
		ck_assert(stat_tool_reads(path_of(BACKUP)));
	}
	w.stop = true;
	pthread_join(thread, NULL);
	free(take(NULL, 0, &len));
	ck_assert_int_eq(files_in_data(), 0);

	/* In another store, and here under another name. */
	struct store *other = open_store("other");
	ck_assert_msg(store_restore(other, "dev", path_of(BACKUP), NULL, &why) == 0, "%s", why.text);
	same_table(store, "dev", other, "dev", "dog");
	same_table(store, "dev", other, "dev", "session");
	store_close(other);
	other = open_store("other");
	same_table(store, "dev", other, "dev", "dog");
	store_close(other);
	ck_assert_msg(store_restore(store, "Copy/1", path_of(BACKUP), NULL, &why) == 0, "%s", why.text);
	same_table(store, "dev", store, "Copy/1", "session");
	ck_assert_int_eq(store_restore(store, "dev", path_of(BACKUP), NULL, &why), LYRE_EEXISTS);
	ck_assert_str_eq(why.text, "database 'dev' already exists");
	ck_assert_int_eq(files_in_data(), 0);
}
END_TEST

START_TEST(a_backup_of_some_tables_has_no_others)
{
	size_t len;
	int fd = -1;
	make_table("dog", -1);
	make_table("cat", -1);
	make_table("session", 3600);
	fill("dog", 0, 500);
	fill("cat", 0, 500);
	fill("session", 0, 100);
	const char *two[] = { "session", "cat", "session" }, *unknown[] = { "cat", "bird" };
	free(take(two, 3, &len));
	ck_assert(stat_tool_reads(path_of(BACKUP)));
	struct store *other = open_store("other");
	ck_assert_msg(store_restore(other, "pets", path_of(BACKUP), NULL, &why) == 0, "%s", why.text);
	same_table(store, "dev", other, "pets", "cat");
	same_table(store, "dev", other, "pets", "session");
	const struct table *t;
	ck_assert_int_eq(store_table(other, "pets", "dog", &t, &why), LYRE_ENOTFOUND);
	store_close(other);

	ck_assert_int_eq(store_backup(store, "dev", unknown, 2, &fd, &why), LYRE_ENOTFOUND);
	ck_assert_str_eq(why.text, "Table 'dev.bird' does not exist");
	ck_assert_int_eq(store_backup(store, "nowhere", NULL, 0, &fd, &why), LYRE_ENOTFOUND);
	ck_assert_str_eq(why.text, "database 'nowhere' does not exist");
	ck_assert_int_eq(files_in_data(), 0);
}
END_TEST

static void refused(const void *bytes, size_t len, const char *sentence)
{
	write_file(path_of("bad.mdb"), bytes, len);
	ck_assert_int_eq(store_restore(store, "bad", path_of("bad.mdb"), NULL, &why), LYRE_ECORRUPT);
	ck_assert_msg(strstr(why.text, sentence) != NULL, "%s", why.text);
	ck_assert_int_eq(files_in_data(), 0);
	struct database *db;
	ck_assert_int_eq(store_database(store, "bad", &db, &why), LYRE_ENOTFOUND);
}

START_TEST(foreign_files_are_refused)
{
	size_t len;
	char other[5000];
	make_table("dog", -1);
	fill("dog", 0, 500);
	unsigned char *good = take(NULL, 0, &len);
	refused("", 0, "the file is empty");
	memset(other, 'x', sizeof(other));
	refused(other, sizeof(other), "the file is not an LMDB file");
	refused(good, 64, "the file is not an LMDB file");
	refused(good, 5000, "the file is truncated");
	refused(good, len / 2, "the file is truncated");
	refused(good, len - 4096, "the file is truncated");

	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi dbi;
	MDB_val v = { 3, "abc" };
	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 2), 0);
	ck_assert_int_eq(mdb_env_open(env, path_of("foreign.mdb"), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, "theirs", MDB_CREATE, &dbi), 0);
	ck_assert_int_eq(mdb_put(txn, dbi, &v, &v, 0), 0);
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	int fd = open(path_of("foreign.mdb"), O_RDONLY);
	size_t foreign_len;
	unsigned char *foreign = read_fd(fd, &foreign_len);
	close(fd);
	refused(foreign, foreign_len, "the file is not a database of this server");
	free(foreign);
	free(good);

	ck_assert_int_eq(store_restore(store, "bad", path_of("nothing.mdb"), NULL, &why), LYRE_ENOTFOUND);
	ck_assert_int_eq(store_restore(store, "bad", root, NULL, &why), LYRE_EINVAL);
}
END_TEST

static int verify(const unsigned char *bytes, size_t len, struct err *e)
{
	struct lmdb_bytes file = { bytes, len };
	struct backup_counts counts;
	return backup_verify_moment(file, file, now_ms(), &counts, e);
}

/* A file that passes can be read completely: the frame of everything was checked. */
START_TEST(damaged_files_are_refused)
{
	size_t len;
	make_table("dog", 3600);
	fill("dog", 0, 60);
	unsigned char *good = take(NULL, 0, &len), *bad = malloc(len);
	struct err e;
	unsigned refusals = 0;
	for (unsigned i = 0; i < 2000; i++) {
		size_t cut = i % 16 == 0 ? (size_t)(rnd() % len) : len;
		unsigned char *copy = cut == len ? bad : malloc(cut ? cut : 1);
		memcpy(copy, good, cut);
		for (uint64_t n = rnd() % 3 + 1; n && cut; n--)
			copy[rnd() % cut] ^= (unsigned char)(1u << rnd() % 8);
		refusals += verify(copy, cut, &e) != 0;
		if (copy != bad)
			free(copy);
	}
	for (size_t at = 0; at < len; at += 37) {
		memcpy(bad, good, len);
		bad[at] ^= 0xff;
		int rc = verify(bad, len, &e);
		ck_assert_msg(rc == 0 || rc == LYRE_ECORRUPT, "%zu: %d %s", at, rc, e.text);
		refusals += rc != 0;
		if (rc == 0 && at % 40 == 0) {
			struct buf b;
			buf_init(&b);
			write_file(path_of("bad.mdb"), bad, len);
			ck_assert_msg(store_restore(store, "bad", path_of("bad.mdb"), NULL, &why) == 0, "%zu: %s", at, why.text);
			dump(store, "bad", "dog", &b);
			ck_assert_int_eq(store_drop_database(store, "bad", &why), 0);
			buf_free(&b);
		}
	}
	ck_assert_uint_gt(refusals, 500);
	free(bad);
	free(good);
}
END_TEST

/* ---- files with valid structure but invalid content ---- */

static MDB_env *env;
static MDB_txn *txn;

static MDB_dbi open_tree(const char *name)
{
	MDB_dbi dbi;
	ck_assert_int_eq(mdb_env_create(&env), 0);
	ck_assert_int_eq(mdb_env_set_maxdbs(env, 4), 0);
	ck_assert_int_eq(mdb_env_open(env, path_of("bad.mdb"), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
	ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
	ck_assert_int_eq(mdb_dbi_open(txn, name, 0, &dbi), 0);
	return dbi;
}

static void refused_now(const char *sentence)
{
	ck_assert_int_eq(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	ck_assert_int_eq(store_restore(store, "bad", path_of("bad.mdb"), NULL, &why), LYRE_ECORRUPT);
	ck_assert_msg(strstr(why.text, sentence) != NULL, "%s", why.text);
	ck_assert_int_eq(files_in_data(), 0);
}

static void put(MDB_dbi dbi, const char *key, size_t key_len, const char *data, size_t len)
{
	MDB_val k = { key_len, (void *)(uintptr_t)key }, v = { len, (void *)(uintptr_t)data };
	ck_assert_int_eq(mdb_put(txn, dbi, &k, &v, 0), 0);
}

static void delete_first(MDB_dbi dbi)
{
	MDB_cursor *cursor;
	MDB_val k, v;
	ck_assert_int_eq(mdb_cursor_open(txn, dbi, &cursor), 0);
	ck_assert_int_eq(mdb_cursor_get(cursor, &k, &v, MDB_FIRST), 0);
	ck_assert_int_eq(mdb_cursor_del(cursor, 0), 0);
	mdb_cursor_close(cursor);
}

START_TEST(wrong_contents_are_refused)
{
	size_t len;
	MDB_dbi dbi;
	MDB_val k, v;
	char records[24], index[24];
	make_table("dog", 3600);
	fill("dog", 0, 200);
	unsigned char *good = take(NULL, 0, &len);
	const struct table *t;
	ck_assert_int_eq(store_table(store, "dev", "dog", &t, &why), 0);
	records_tree(records, t->id);
	index_tree(index, t->id, table_attribute(t, "list", 4)->id);
	table_unref(t);

	write_file(path_of("bad.mdb"), good, len);
	delete_first(open_tree(index));
	refused_now("the index of 'list' in table 'dog' lacks a record");

	write_file(path_of("bad.mdb"), good, len);
	put(open_tree(index), "\x08\x30nobody", 8, "", 0);
	refused_now("the index of 'list' in table 'dog' has entries without a record");

	write_file(path_of("bad.mdb"), good, len);
	delete_first(open_tree(records));
	refused_now("entries without a record");

	write_file(path_of("bad.mdb"), good, len);
	put(open_tree(records), "\x30x", 2, "abc", 3);
	refused_now("a record of table 'dog' is invalid");

	write_file(path_of("bad.mdb"), good, len);
	dbi = open_tree(records);
	ck_assert_int_eq(mdb_drop(txn, dbi, 1), 0);
	refused_now("table 'dog' has no tree 'r");

	write_file(path_of("bad.mdb"), good, len);
	put(open_tree("meta"), "format", 6, "\x63\0\0\0", 4);
	refused_now("the file has format 99; this server supports format 2");

	write_file(path_of("bad.mdb"), good, len);
	put(open_tree("tables"), "\0\0\0\x01\0\x03", 6, "?", 1);
	refused_now("is invalid");

	write_file(path_of("bad.mdb"), good, len);
	put(open_tree("dropped"), records, strlen(records), "", 0);
	refused_now("listed as dropped");

	/* The same definition again, as another table's. */
	write_file(path_of("bad.mdb"), good, len);
	dbi = open_tree("meta");
	put(dbi, "next", 4, "\xff\0\0\0", 4);
	ck_assert_int_eq(mdb_dbi_open(txn, "tables", 0, &dbi), 0);
	MDB_cursor *cursor;
	ck_assert_int_eq(mdb_cursor_open(txn, dbi, &cursor), 0);
	ck_assert_int_eq(mdb_cursor_get(cursor, &k, &v, MDB_FIRST), 0);
	char *copy = malloc(v.mv_size);
	size_t copy_len = v.mv_size;
	memcpy(copy, v.mv_data, v.mv_size);
	mdb_cursor_close(cursor);
	put(dbi, "\0\0\0\x77", 4, copy, copy_len);
	refused_now("is invalid");
	free(copy);
	free(good);
}
END_TEST

/* The database's own file, including free pages, is a backup too. */
START_TEST(the_file_itself_is_a_backup)
{
	make_table("dog", -1);
	make_table("cat", -1);
	fill("dog", 0, 3000);
	fill("dog", 1000, 500);
	fill("cat", 0, 1000);
	ck_assert_int_eq(store_drop_table(store, "dev", "cat", &why), 0);
	store_close(store);
	ck_assert_int_eq(rename(path_of("data/dev.mdb"), path_of(BACKUP)), 0);
	store = open_store("data");
	ck_assert_msg(store_restore(store, "dev", path_of(BACKUP), NULL, &why) == 0, "%s", why.text);
	fill("dog", 2000, 2000);
	size_t len;
	free(take(NULL, 0, &len));
}
END_TEST

static void *take_one(void *arg)
{
	int fd, *failures = arg;
	struct err e;
	for (int i = 0; i < 10; i++) {
		int rc = store_backup(store, "dev", NULL, 0, &fd, &e);
		if (rc == 0)
			close(fd);
		else if (rc != LYRE_EBUSY || strcmp(e.text, "a backup of database 'dev' is in progress") != 0)
			++*failures;
	}
	return NULL;
}

START_TEST(backups_at_once_take_turns)
{
	pthread_t threads[4];
	int failures[4] = { 0 };
	make_table("dog", -1);
	fill("dog", 0, 500);
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, take_one, &failures[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(failures[i], 0);
	}
	ck_assert_int_eq(files_in_data(), 0);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("store: backups");
	TCase *t = tcase_create("backups");

	tcase_set_timeout(t, 300);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, a_backup_taken_while_written_is_consistent);
	tcase_add_test(t, a_backup_of_some_tables_has_no_others);
	tcase_add_test(t, foreign_files_are_refused);
	tcase_add_test(t, damaged_files_are_refused);
	tcase_add_test(t, wrong_contents_are_refused);
	tcase_add_test(t, the_file_itself_is_a_backup);
	tcase_add_test(t, backups_at_once_take_turns);
	suite_add_tcase(s, t);
	return s;
}
UNIT_MAIN(suite)
