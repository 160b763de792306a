/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file file.c
 * \brief A whole database file with some damage, restored or found in the folder at the start: refused with a message, or
 * served. A restored database passes the check, before and after it is written to.
  *
  * The first byte of an input selects the file and the way; each following eight bytes are one damage.
 */
#include "fuzz.h"

#include "base/metric_report.h"
#include "base/json.h"
#include "base/text.h"
#include "log/log.h"
#include "store/backup_internal.h"
#include "store/changes.h"

#include <ftw.h>
#include <math.h>
#include <sys/stat.h>

/** As in the server: files up to this size are checked completely at the start. */
#define CHECK_AT_START ((size_t)64 << 20)
#define PAGE 4096
#define RECORDS 60

/** How many random inputs main.c runs besides the corpus. */
extern unsigned fuzz_rounds;
unsigned fuzz_rounds = 800;

static char root[64], data_folder[80], damaged_path[80];
static struct store *store;
static struct {
	unsigned char *bytes;
	size_t len;
} files[2]; /* a used one, with free pages; its backup */

/* ---- the store ---- */

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static void remove_root(void)
{
	store_close(store);
	nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	for (size_t i = 0; i < 2; i++)
		free(files[i].bytes);
}

static void open_store(void)
{
	struct err e;
	struct store_options o = { .path = data_folder,
		.map_size = 1 << 20,
		.max_size = 64 << 20,
		.max_trees = 500,
		.max_readers = 32,
		.write_async = true,
		.read_ahead = true,
		.audit_retention = 1e12,
		.check_at_start = CHECK_AT_START,
		.node = "one" };
	must(store_open(&store, &o, &e) == 0);
}

static int make_table(const char *name, double expiration, int audit, struct err *e)
{
	struct lyre_attribute attributes[] = { { .size = sizeof *attributes, .name = "word", .flags = LYRE_A_INDEXED },
		{ .size = sizeof *attributes, .name = "list", .flags = LYRE_A_INDEXED },
		{ .size = sizeof *attributes, .name = "text" } };
	struct lyre_table_spec spec = { .size = sizeof spec,
		.database = "dev",
		.name = name,
		.primary_key = "id",
		.attributes = attributes,
		.attribute_count = 3,
		.expiration = expiration,
		.audit = audit };
	return store_create_table(store, &spec, e);
}

static int write_json(const struct table *t, int mode, const char *json, struct err *e)
{
	struct arena a;
	lyre_value v;
	arena_init(&a);
	struct record_write w = { .table = t, .mode = mode, .records = &v, .arena = &a, .user = "me", .operation = "test" };
	int rc = json_decode_copy(&a, json, strlen(json), &v, e);
	must(rc == 0);
	rc = store_write_wait(&w, e);
	arena_free(&a);
	return rc;
}

static void add_record(struct buf *b, unsigned i, unsigned version)
{
	buf_addf(b, i % 3 ? "{\"id\":%u" : "{\"id\":\"key %u\"", i);
	buf_addf(b, ",\"word\":\"%c%u\",\"list\":[%u,\"x\",%u],\"n\":%u", 'a' + (char)(i % 26), version, i % 5, i, version);
	if (i % 7 == 0) {
		buf_add_str(b, ",\"text\":\"");
		for (unsigned n = 0; n < 500 + 300 * i; n++)
			buf_add_char(b, (char)('a' + (i + n) % 26));
		buf_add_char(b, '"');
	}
	buf_add_char(b, '}');
}

static int write_records(const struct table *t, unsigned from, unsigned to, unsigned version, struct err *e)
{
	struct buf b;
	buf_init(&b);
	for (unsigned i = from; i < to; i++) {
		buf_add_char(&b, i == from ? '[' : ',');
		add_record(&b, i, version);
	}
	buf_add_char(&b, ']');
	int rc = write_json(t, LYRE_UPSERT, buf_cstr(&b), e);
	buf_free(&b);
	return rc;
}

static const struct table *find_table(const char *database, const char *name)
{
	const struct table *t;
	struct err e;
	return store_table(store, database, name, &t, &e) ? NULL : t;
}

/* ---- the intact files ---- */

static void read_all(int fd, size_t i)
{
	struct stat st;
	must(fd >= 0 && fstat(fd, &st) == 0);
	files[i].len = (size_t)st.st_size;
	files[i].bytes = malloc(files[i].len);
	must(files[i].bytes && pread(fd, files[i].bytes, files[i].len, 0) == st.st_size);
	close(fd);
}

static void fill(const char *name, double expiration, int audit)
{
	struct err e;
	must(make_table(name, expiration, audit, &e) == 0);
	const struct table *t = find_table("dev", name);
	must(t && write_records(t, 0, RECORDS, 1, &e) == 0 && write_records(t, RECORDS / 3, RECORDS / 2, 2, &e) == 0);
	must(write_json(t, LYRE_DELETE, "[1,2,4,\"key 21\",\"key 42\"]", &e) == 0);
	table_unref(t);
}

static void make_files(void)
{
	struct err e;
	char path[120];
	int fd;
	must(store_create_database(store, "dev", &e) == 0);
	fill("dog", 86400000, 1);
	fill("gone", -1, 0);
	fill("cat", -1, 0);
	must(store_drop_table(store, "dev", "gone", &e) == 0);
	must(store_backup(store, "dev", NULL, 0, &fd, &e) == 0);
	read_all(fd, 1);
	snprintf(path, sizeof path, "%s/dev.mdb", data_folder);
	store_close(store);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	read_all(fd, 0);
	open_store();
	must(store_drop_database(store, "dev", &e) == 0);
}

static void begin(void)
{
	const char *memory = "/dev/shm";
	if (*root)
		return;
	log_set_level("fatal");
	snprintf(root, sizeof root, "%s/lyre-fuzz-XXXXXX", access(memory, W_OK) ? "/tmp" : memory);
	must(mkdtemp(root));
	snprintf(data_folder, sizeof data_folder, "%s/data", root);
	snprintf(damaged_path, sizeof damaged_path, "%s/damaged.mdb", root);
	open_store();
	make_files();
	must(atexit(remove_root) == 0);
}

/* ---- damage ---- */

struct file {
	unsigned char *bytes;
	size_t len;
};

/** Numbers that structures contain, and numbers just beyond. */
static uint64_t odd_number(const struct file *f, unsigned char which, unsigned char more)
{
	const uint64_t numbers[] = { 0, 1, 2, more, f->len / PAGE, f->len / PAGE - 1, f->len / PAGE + more, UINT64_MAX, UINT32_MAX,
		(uint64_t)more << 8, (uint64_t)more << 24, (uint64_t)more << 48, PAGE, PAGE - more, f->len, UINT64_MAX - more };
	return numbers[which % (sizeof numbers / sizeof *numbers)];
}

static void put_number(struct file *f, size_t at, size_t width, uint64_t number)
{
	if (at + width <= f->len)
		memcpy(f->bytes + at, &number, width); /* the low bytes, which come first on this machine */
}

/** Eight bytes: kind, page (2), position in it (2), and three more. */
static void damage(struct file *f, const uint8_t d[8])
{
	size_t pages = f->len / PAGE;
	if (!pages)
		return;
	size_t page = (d[1] | (size_t)d[2] << 8) % pages, place = (d[3] | (size_t)d[4] << 8) % PAGE, at = page * PAGE + place;
	size_t other = d[5] % pages;
	switch (d[0] % 10) {
	case 0:
		f->bytes[at] ^= (unsigned char)(1 << d[5] % 8);
		break;
	case 1:
		f->bytes[at] = d[5];
		break;
	case 2: /* in the head of the page, and in the positions of its entries */
		put_number(f, page * PAGE + place % 64 / 2 * 2, 2, odd_number(f, d[5], d[6]));
		break;
	case 3:
		put_number(f, at / 8 * 8, 8, odd_number(f, d[5], d[6]));
		break;
	case 4: /* in a meta page */
		put_number(f, page % 2 * PAGE + place % 38 * 4, d[7] % 2 ? 8 : 4, odd_number(f, d[5], d[6]));
		break;
	case 5:
		memcpy(f->bytes + page * PAGE, f->bytes + other * PAGE, PAGE);
		break;
	case 6:
		memset(f->bytes + page * PAGE, d[5] % 2 ? 0 : d[6], PAGE);
		break;
	case 7:
		f->len = d[5] % 2 ? page * PAGE : at;
		break;
	case 8: /* a page copied from another, except for its number */
		memcpy(f->bytes + page * PAGE + 8, f->bytes + other * PAGE + 8, PAGE - 8);
		break;
	default: /* in the tree of names, which is often in the first pages after the heads */
		put_number(f, at / 2 * 2, 2, odd_number(f, d[5], d[6]));
	}
}

/* ---- using an accepted database ---- */

static bool is_sound(const char *database)
{
	struct err e = { 0 };
	struct lyre_check c = { .size = sizeof c };
	int rc = store_check(store, database, &c, &e);
	must(rc == 0 || (rc == LYRE_ECORRUPT && *e.text));
	return rc == 0;
}

static void read_by(struct snapshot *s, const struct table *t, const struct attribute *by, bool reverse, bool sound)
{
	struct err e = { 0 };
	struct walk w;
	struct record r;
	struct buf b;
	struct walk_range range = { .attribute = by, .reverse = reverse };
	int rc = walk_open(&w, s, t, &range, NULL, &e);
	must(rc == 0);
	buf_init(&b);
	while (!(rc = walk_next(&w, &e))) {
		rc = walk_record(&w, &r, &e);
		must(!sound || rc == 0 || rc == LYRE_ENOTFOUND);
		for (uint16_t i = 0; rc == 0 && i < record_count(r); i++) {
			struct field f;
			record_at(r, i, &f);
			buf_clear(&b);
			if (field_check(f))
				field_write(f, &b);
		}
	}
	must(!sound || rc == LYRE_END);
	walk_close(&w);
	buf_free(&b);
}

static void read_table(const struct table *t, bool sound)
{
	struct err e = { 0 };
	struct snapshot s;
	struct lyre_table_stats stats = { .size = sizeof stats };
	must(snapshot_begin(&s, t->db, &e) == 0);
	must(snapshot_stats(&s, t, true, &stats, &e) == 0 || !sound);
	read_by(&s, t, NULL, false, sound);
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		if (t->attributes[i].index)
			read_by(&s, t, &t->attributes[i], i % 2, sound);
	}
	snapshot_end(&s);
}

static int visit_change(void *arg, const struct table_change *c)
{
	*(uint64_t *)arg += c->change.key.len;
	return 0;
}

static void read_log(const struct table *t, bool sound)
{
	struct err e = { 0 };
	struct lyre_change_query all = { .size = sizeof all, .from = NAN, .until = NAN, .limit = UINT64_MAX };
	uint64_t bytes = 0, removed;
	if (!t->audit)
		return;
	int rc = table_changes(t, &all, visit_change, &bytes, &e);
	must(!sound || rc == 0);
	rc = table_changes_remove(t, now_ms() - 1e6, NULL, NULL, &removed, &e);
	must(!sound || rc == 0);
}

static void back_up(const char *database, const char *table, bool sound)
{
	struct err e = { 0 };
	int fd;
	int rc = store_backup(store, database, table ? &table : NULL, table != NULL, &fd, &e);
	must(!sound || rc == 0);
	if (rc)
		return;
	rc = backup_verify(fd, &e);
	must(!sound || rc == 0);
	close(fd);
}

static int count_metric(void *arg, const struct metric_about *about, const char *label_value, double value,
	const struct histogram_reading *histogram)
{
	size_t *count = arg;
	(void)about, (void)label_value, (void)value, (void)histogram;
	++*count;
	return 0;
}

static void read_metrics(void)
{
	struct err e;
	struct arena a;
	size_t count = 0;
	struct metric_sink s = { .take = count_metric, .arg = &count };
	arena_init(&a);
	must(store_report(store, &a, &s, &e) == 0 && count > 0);
	arena_free(&a);
}

/** An intact database can be written to. */
static void use_table(const char *database, const char *name, bool sound)
{
	struct err e = { 0 };
	const struct table *t = find_table(database, name);
	if (!t)
		return;
	read_table(t, sound);
	int rc = write_records(t, 5, 35, 3, &e);
	must(rc == e.code && (rc == 0 || *e.text));
	rc = write_json(t, LYRE_DELETE, "[5,7,8,\"key 9\",\"key 57\",\"none\"]", &e);
	must(rc == 0 || *e.text);
	rc = write_records(t, 100, 120, 3, &e);
	must(rc == 0 || *e.text);
	read_table(t, sound);
	read_log(t, sound);
	back_up(database, name, sound);
	table_unref(t);
}

static void use(const char *database, bool restored)
{
	struct err e = { 0 };
	uint64_t before, after;
	bool sound = is_sound(database);
	must(sound || !restored);
	use_table(database, "dog", sound);
	use_table(database, "cat", sound);
	read_metrics();
	back_up(database, NULL, sound);
	must(!sound || is_sound(database));
	int rc = store_compact(store, database, &before, &after, &e);
	must(rc == 0 || *e.text);
	rc = store_drop_table(store, database, "dog", &e);
	must(rc == 0 || *e.text);
	must(!sound || is_sound(database));
}

/* ---- one input ---- */

static int take(bool restore, struct err *e)
{
	if (restore)
		return store_restore(store, "r", damaged_path, NULL, e);
	return store_adopt(store, "r", damaged_path, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = { 0 };
	if (!size)
		return 0;
	begin();
	struct file f = { .len = files[data[0] & 1].len };
	f.bytes = malloc(f.len);
	must(f.bytes);
	memcpy(f.bytes, files[data[0] & 1].bytes, f.len);
	for (size_t i = 1; i + 8 <= size; i += 8)
		damage(&f, data + i);
	int fd = open(damaged_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, f.bytes, f.len) == (ssize_t)f.len);
	close(fd);
	free(f.bytes);
	bool restore = data[0] & 2;
	int rc = take(restore, &e);
	must(rc == e.code && (rc == 0 || *e.text));
	must(rc == 0 || rc == LYRE_ECORRUPT || rc == LYRE_ENOSPACE || rc == LYRE_EINVAL);
	if (!rc) {
		use("r", restore);
		must(store_drop_database(store, "r", &e) == 0);
	}
	(void)unlink(damaged_path);
	return 0;
}
