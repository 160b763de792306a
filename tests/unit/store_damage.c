/* SPDX-License-Identifier: Apache-2.0 */
/* Damaged files, and files that are not databases: refused with a message at the start and by a restore. */
#include "store/lmdb_layout.h"
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static unsigned char *bytes;
static size_t size;

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *p = path[next++ % 4];
	snprintf(p, sizeof path[0], "%s/%s", folder, name);
	return p;
}

static void read_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	free(bytes);
	size = (size_t)st.st_size;
	bytes = malloc(size);
	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(read(fd, bytes, size), (ssize_t)size);
	close(fd);
}

static void write_file(const char *path, const unsigned char *content, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, len), (ssize_t)len);
	close(fd);
}

/** A database "dev" with a table t of many pages, and its file's bytes; the store is closed. */
static void make_dev(void)
{
	char json[1200];
	make_table("dev", "t");
	for (unsigned i = 0; i < 40; i++) {
		snprintf(json, sizeof json, "[{'id':%u,'a':'%01000u'}]", i, i);
		insert("dev", "t", json);
	}
	ck_assert_int_eq(store_create_database(store, "other", &err), 0);
	close_store();
	read_file(path_of("dev.mdb"));
}

static size_t newest_head(void)
{
	return word_at(bytes + 4096 + META_TXNID) > word_at(bytes + META_TXNID) ? 4096 : 0;
}

/** Starts with the bytes as the file of "dev": the database is refused and its name reserved; others are served. */
static void refused_at_start(const char *sentence)
{
	struct database *db;
	write_file(path_of("dev.mdb"), bytes, size);
	open_store();
	ck_assert_int_eq(store_database(store, "dev", &db, &err), LYRE_ECORRUPT);
	ck_assert_msg(strstr(err.text, "dev.mdb") && strstr(err.text, sentence), "%s", err.text);
	ck_assert_int_eq(store_create_database(store, "dev", &err), LYRE_EEXISTS);
	ck_assert_int_eq(store_database(store, "other", &db, &err), 0);
	database_unref(db);
}

static void refused_at_restore(int code, const char *sentence)
{
	write_file(path_of("backup"), bytes, size);
	ck_assert_int_eq(store_restore(store, "again", path_of("backup"), NULL, &err), code);
	ck_assert_msg(strstr(err.text, sentence) != NULL, "%s", err.text);
	ck_assert_int_eq(access(path_of("again.mdb"), F_OK), -1);
}

static void refused(const char *sentence)
{
	refused_at_start(sentence);
	refused_at_restore(LYRE_ECORRUPT, sentence);
	close_store();
}

/* LMDB aborts the process on this flag, in either head. */
START_TEST(flags_of_the_free_pages)
{
	make_dev();
	for (size_t head = 0; head <= 4096; head += 4096) {
		bytes[head + META_UNUSED + TREE_FLAGS] |= 0x04;
		refused("its tree of free pages is of an unknown kind");
		bytes[head + META_UNUSED + TREE_FLAGS] &= (unsigned char)~0x04;
	}
	write_file(path_of("dev.mdb"), bytes, size);
	open_store();
	ck_assert_int_eq(strlen(show("dev", "t")) > 40000, 1);
}
END_TEST

static void put_word(size_t at, size_t word)
{
	memcpy(bytes + at, &word, sizeof word);
}

START_TEST(heads)
{
	static const struct {
		size_t at, word;
		const char *sentence;
	} damages[] = { { META_UNUSED + TREE_WORDS + 4 * WORD, 1, "invalid root" },
		{ META_MAIN + TREE_WORDS + 4 * WORD, 0, "invalid root" },
		{ META_MAIN + TREE_WORDS + 4 * WORD, SIZE_MAX, "invalid root" },
		{ META_MAIN + TREE_WORDS + 4 * WORD, 1 << 20, "invalid root" }, { META_LAST_PAGE, SIZE_MAX, "count of pages" },
		{ META_MAP_SIZE, SIZE_MAX, "map size" }, { META_TXNID, SIZE_MAX - 1, "transaction" }, { 0, 7, "another page" } };
	make_dev();
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		for (size_t head = 0; head <= 4096; head += 4096) {
			size_t was = word_at(bytes + head + damages[i].at);
			put_word(head + damages[i].at, damages[i].word);
			refused(damages[i].sentence);
			put_word(head + damages[i].at, was);
		}
	}
}
END_TEST

/* Entries of the free list that LMDB would hand out repeatedly, and a branch page on which it aborts the process. */
START_TEST(list_of_free_pages)
{
	make_dev();
	size_t root = word_at(bytes + newest_head() + META_UNUSED + TREE_WORDS + 4 * WORD) * 4096;
	ck_assert_uint_gt(root, 4096);
	ck_assert_uint_lt(root, size);
	struct page p = { .bytes = bytes + root };
	size_t key = (size_t)(node_at(&p, 0) + NODE_HEAD - bytes), was = word_at(bytes + key);
	put_word(key, 0);
	refused("a list of free pages is invalid");
	put_word(key, was);
	size_t first = key + WORD + WORD;
	put_word(first, 1);
	refused("a list of free pages contains page 1");
}
END_TEST

START_TEST(other_machines)
{
	static const unsigned char magic[] = { 0xde, 0xc0, 0xef, 0xbe }, turned[] = { 0xbe, 0xef, 0xc0, 0xde };
	const size_t elsewhere = WORD == 8 ? 12 : 16;
	make_dev();
	memset(bytes + 8, 0, 16);
	memcpy(bytes + elsewhere, magic, 4);
	refused(WORD == 8 ? "made by a 32-bit server: convert it with 32-bit mdb_dump and 64-bit mdb_load" :
			    "made by a 64-bit server: convert it with 64-bit mdb_dump and 32-bit mdb_load");
	memset(bytes + 8, 0, 16);
	memcpy(bytes + META_MAGIC, turned, 4);
	refused("with the other byte order");
	memset(bytes + 8, 0, 16);
	memcpy(bytes + elsewhere, turned, 4);
	refused("with the other byte order");
}
END_TEST

/* The start ends with a message, never by a signal. */
START_TEST(system_database)
{
	make_dev();
	read_file(path_of("system.mdb"));
	unsigned char *whole = malloc(size);
	size_t len = size;
	unsigned refusals = 0;
	memcpy(whole, bytes, len);
	for (size_t cut = 0; cut < len; cut += cut < 8192 ? 511 : 4096) {
		write_file(path_of("system.mdb"), whole, cut);
		err = (struct err){ 0 };
		int rc = store_open(&store, &options, &err);
		ck_assert_msg(rc == LYRE_ECORRUPT && strstr(err.text, "system.mdb"), "%zu: %d %s", cut, rc, err.text);
	}
	for (size_t page = 0; page < len / 4096; page++) {
		memset(bytes + page * 4096, 0, 4096);
		write_file(path_of("system.mdb"), bytes, len);
		int rc = store_open(&store, &options, &err);
		refusals += rc != 0;
		ck_assert(rc == 0 || (rc == LYRE_ECORRUPT && strstr(err.text, "system.mdb")));
		if (!rc)
			close_store(); /* a free page */
		memcpy(bytes + page * 4096, whole + page * 4096, 4096);
	}
	ck_assert_uint_ge(refusals, 4);
	store = NULL;
	free(whole);
}
END_TEST

/* A setting determines how much the start checks. */
START_TEST(large_files)
{
	struct database *db;
	make_dev();
	size_t leaf = 0;
	for (size_t at = 8192; at < size; at += 4096) {
		if (u16_at(bytes + at + PAGE_KIND) == KIND_LEAF && memmem(bytes + at, 4096, "000000017", 9))
			leaf = at;
	}
	ck_assert_uint_gt(leaf, 0);
	bytes[leaf + PAGE_LOWER] = 1;
	options.check_at_start = size;
	refused_at_start("free space is out of bounds; set storage.checkAtStart: 0 to serve the rest of it");
	close_store();
	options.check_at_start = size - 1;
	open_store();
	ck_assert_int_eq(store_database(store, "dev", &db, &err), 0);
	database_unref(db);
	struct lyre_check c = { .size = sizeof c };
	ck_assert_int_eq(store_check(store, "dev", &c, &err), LYRE_ECORRUPT);
	refused_at_restore(LYRE_ECORRUPT, "free space is out of bounds");
}
END_TEST

/** Makes the backup's file so long that no disk here has room for it. */
static void lengthen(unsigned shift)
{
	ck_assert_int_eq(truncate(path_of("backup"), (off_t)((uint64_t)1 << shift)), 0);
}

/* Detected by its head and its size, before anything is copied. */
START_TEST(room_for_a_restore)
{
	make_dev();
	options.max_size = 64 << 10;
	open_store();
	refused_at_restore(LYRE_ENOSPACE, "storage.maxSize");
	bytes[newest_head() + META_UNUSED + TREE_FLAGS] |= 0x04;
	write_file(path_of("backup"), bytes, size);
	if (sizeof(off_t) > 4)
		lengthen(40);
	ck_assert_int_eq(store_restore(store, "again", path_of("backup"), NULL, &err), LYRE_ECORRUPT);
	bytes[newest_head() + META_UNUSED + TREE_FLAGS] &= (unsigned char)~0x04;
	close_store();
	options.max_size = 0;
	open_store();
	if (sizeof(off_t) == 4)
		return;
	write_file(path_of("backup"), bytes, size);
	lengthen(42);
	ck_assert_int_eq(store_restore(store, "again", path_of("backup"), NULL, &err), LYRE_ENOSPACE);
	ck_assert_ptr_nonnull(strstr(err.text, "there is room for"));
}
END_TEST

static void no_file(const char *path, const char *sentence)
{
	ck_assert_int_eq(store_restore(store, "again", path, NULL, &err), LYRE_EINVAL);
	ck_assert_msg(strstr(err.text, sentence) && strstr(err.text, path), "%s: %s", path, err.text);
}

START_TEST(no_files)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path_of("socket"));
	ck_assert_int_eq(bind(s, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
	ck_assert_int_eq(symlink("loop", path_of("loop")), 0);
	no_file(path_of("socket"), "is a socket");
	no_file(path_of("pipe"), "is a pipe");
	no_file(path_of("loop"), strerror(ELOOP));
	no_file(folder, "is a folder");
	no_file("/dev/null", "is a device");
	no_file("/dev/tty", "is a device");
	no_file("/proc/self/status", "is not a file on a disk");
	no_file("/proc/self/mem", "is not a file on a disk");
	close(s);
}
END_TEST

static void end(void)
{
	teardown();
	free(bytes);
	bytes = NULL;
}

static Suite *suite(void)
{
	Suite *s = suite_create("store_damage");
	TCase *c = tcase_create("damage");
	tcase_add_checked_fixture(c, setup, end);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, flags_of_the_free_pages);
	tcase_add_test(c, heads);
	tcase_add_test(c, list_of_free_pages);
	tcase_add_test(c, other_machines);
	tcase_add_test(c, system_database);
	tcase_add_test(c, large_files);
	tcase_add_test(c, room_for_a_restore);
	tcase_add_test(c, no_files);
	suite_add_tcase(s, c);
	return s;
}

UNIT_MAIN(suite)
