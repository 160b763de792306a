/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that bytes are a database of this server: the content of its trees, after LMDB's own structure has been
 * checked.
 */
#include "store/backup_verify.h"

#include "store/clock.h"
#include "store/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int damaged(struct err *e, const char *what)
{
	return err_set(e, LYRE_ECORRUPT, "the file is damaged: %s", what);
}

/* ---- meta ---- */

static bool get_meta(const struct verify *v, const struct verify_tree *meta, const char *key, size_t len, struct reader *ret)
{
	struct lmdb_bytes data;

	if (!lmdb_file_get(&v->file, &meta->tree, (struct lmdb_bytes){ (const unsigned char *)key, strlen(key) }, &data))
		return false;
	*ret = (struct reader){ .at = data.data, .end = data.data + data.len };
	return len == 0 || data.len == len;
}

static int check_meta(struct verify *v, struct err *e)
{
	const struct verify_tree *meta = verify_find(v, "meta");
	struct reader r;

	if (!meta || !get_meta(v, meta, "format", 4, &r))
		return err_set(e, LYRE_ECORRUPT, "the file is not a database of this server");

	unsigned format = (unsigned)get_int(&r, 4);

	if (format != STORE_FORMAT)
		return err_set(e, LYRE_ECORRUPT, "the file has format %u; this server supports format %d", format, STORE_FORMAT);
	if (!get_meta(v, meta, "created", 8, &r) || !get_meta(v, meta, "uuid", 36, &r))
		return damaged(e, "its creation time or id is missing");
	if (!get_meta(v, meta, "name", 0, &r) || r.at == r.end || memchr(r.at, 0, (size_t)(r.end - r.at)))
		return damaged(e, "it has no name");
	if (!get_meta(v, meta, "next", 4, &r))
		return damaged(e, "its count of tables is missing");
	v->next_table = (uint32_t)get_int(&r, 4);
	if (get_meta(v, meta, "clock", 0, &r) && !clock_decode(&v->clock, val(r.at, (size_t)(r.end - r.at))))
		return damaged(e, "its clock record is invalid");
	return 0;
}

/* ---- definitions ---- */

static struct verify_tree *claim_tree(struct verify *v, const char *name)
{
	struct verify_tree *t = verify_find(v, name);

	if (!t || t->used)
		return NULL;
	t->used = true;
	return t;
}

static int add_name(struct verify *v, const char *name, struct err *e)
{
	if (!*name || utf8_valid_prefix(name, strlen(name)) != strlen(name))
		return damaged(e, "the name of a table is invalid");

	char **names = realloc(v->names, (v->name_count + 1) * sizeof(*names));
	char *copy = strdup(name);

	if (names)
		v->names = names;
	if (!names || !copy) {
		free(copy);
		return err_nomem(e);
	}
	v->names[v->name_count++] = copy;
	return 0;
}

static int compare_texts(const void *x, const void *y)
{
	char *const *a = x, *const *b = y;

	return strcmp(*a, *b);
}

static int check_names(struct verify *v, struct err *e)
{
	if (v->name_count)
		qsort(v->names, v->name_count, sizeof(*v->names), compare_texts);
	for (size_t i = 1; i < v->name_count; i++) {
		if (strcmp(v->names[i - 1], v->names[i]) == 0)
			return err_set(e, LYRE_ECORRUPT, "the file is damaged: it has two tables '%s'", v->names[i]);
	}
	return 0;
}

static int bad_definition(const struct table *t, struct err *e)
{
	return err_set(e, LYRE_ECORRUPT, "the file is damaged: the definition of table '%s' is invalid", t->name);
}

static int check_attributes(struct verify_table *vt, struct err *e)
{
	struct table *t = &vt->definition->table;
	const struct attribute *key = attribute_by_id(t, t->key);

	if (!key || !(key->flags & ATTRIBUTE_KEY))
		return bad_definition(t, e);
	t->key = (uint16_t)(key - t->attributes);
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];

		if ((a->flags & ATTRIBUTE_KEY && a != key) || a->name_len == 0 || memchr(a->name, 0, a->name_len) ||
			utf8_valid_prefix(a->name, a->name_len) != a->name_len || table_attribute(t, a->name, a->name_len) != a)
			return bad_definition(t, e);
	}
	return 0;
}

static int find_trees(struct verify *v, struct verify_table *vt, struct err *e)
{
	struct table *t = &vt->definition->table;
	char name[TREE_NAME_MAX];

	vt->indexes = calloc(t->attribute_count, sizeof(*vt->indexes));
	vt->entries = calloc(t->attribute_count, sizeof(*vt->entries));
	if (!vt->indexes || !vt->entries)
		return err_nomem(e);
	records_tree(name, t->id);
	vt->records = claim_tree(v, name);
	if (!vt->records)
		goto missing;
	if (t->expiry) {
		expiry_tree(name, t->id);
		vt->expiry = claim_tree(v, name);
		if (!vt->expiry)
			goto missing;
	}
	for (uint16_t i = 0; i < t->attribute_count; i++) {
		const struct attribute *a = &t->attributes[i];

		if (!(a->flags & ATTRIBUTE_INDEXED) || a->flags & ATTRIBUTE_KEY)
			continue;
		index_tree(name, t->id, a->id);
		vt->indexes[i] = claim_tree(v, name);
		if (!vt->indexes[i])
			goto missing;
	}
	return 0;
missing:
	return err_set(e, LYRE_ECORRUPT, "the file is damaged: table '%s' has no tree '%s'", t->name, name);
}

/** Ends the table whose definition was being read, if any. */
static int end_table(struct verify *v, struct err *e)
{
	struct verify_table vt = { .definition = v->definition };
	int rc = 0;

	v->definition = NULL;
	if (!vt.definition)
		return 0;
	vt.audit = audit_find(v, vt.definition->table.id);
	rc = check_attributes(&vt, e);
	if (!rc)
		rc = add_name(v, vt.definition->table.name, e);
	if (!rc)
		rc = find_trees(v, &vt, e);
	if (!rc)
		rc = verify_records(v, &vt, e);
	if (!rc) {
		v->counts.tables++;
		v->counts.records += vt.records->tree.entries;
		for (uint16_t i = 0; i < vt.definition->table.attribute_count; i++)
			v->counts.index_entries += vt.entries[i];
	}
	free(vt.indexes);
	free(vt.entries);
	definition_free(vt.definition);
	return rc;
}

/** The entries of a table are adjacent, its own first. */
static int visit_definition(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e)
{
	struct verify *v = arg;
	MDB_val value = val(data.data, data.len);

	if (is_tree || (key.len != TABLE_KEY_LEN && key.len != ATTRIBUTE_KEY_LEN))
		return damaged(e, "a definition is invalid");

	uint32_t id = (uint32_t)be_get(key.data, 4);

	int rc;

	if (key.len == ATTRIBUTE_KEY_LEN) {
		rc = v->definition && v->definition->table.id == id ?
			attribute_decode(v->definition, (uint16_t)be_get(key.data + 4, 2), value) :
			LYRE_ECORRUPT;
		if (rc == LYRE_ENOMEM)
			return err_nomem(e);
		return rc ? damaged(e, "the definition of an attribute is invalid") : 0;
	}
	rc = end_table(v, e);
	if (rc)
		return rc;
	rc = definition_decode(&v->definition, value, "");
	if (rc == LYRE_ENOMEM)
		return err_nomem(e);
	if (rc || id >= v->next_table)
		return damaged(e, "the definition of a table is invalid");
	v->definition->table.id = id;
	return 0;
}

static int check_definitions(struct verify *v, struct err *e)
{
	const struct verify_tree *tables = verify_find(v, "tables");

	if (!tables)
		return damaged(e, "its definitions of tables are missing");

	int rc = lmdb_file_each(&v->file, &tables->tree, visit_definition, v, e);

	if (!rc)
		rc = end_table(v, e);
	return rc ? rc : check_names(v, e);
}

/* ---- dropped trees ---- */

static int visit_dropped(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e)
{
	const struct verify *v = arg;
	const struct verify_tree *t = verify_find_bytes(v, key);

	(void)data;
	if (is_tree || key.len >= TREE_NAME_MAX || memchr(key.data, 0, key.len))
		return damaged(e, "the list of dropped trees is invalid");
	if (t && t->used)
		return damaged(e, "a tree in use is listed as dropped");
	return 0;
}

static int check_dropped(struct verify *v, struct err *e)
{
	static const char *const own[] = { "meta", "tables", "dropped", "log" };
	struct verify_tree *dropped = NULL;

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++) {
		struct verify_tree *t = verify_find(v, own[i]);

		if (t)
			t->used = true;
		if (i == 2)
			dropped = t;
	}
	if (!dropped)
		return damaged(e, "it has no list of dropped trees");
	return lmdb_file_each(&v->file, &dropped->tree, visit_dropped, v, e);
}

static void verify_end(struct verify *v)
{
	definition_free(v->definition);
	for (size_t i = 0; i < v->name_count; i++)
		free(v->names[i]);
	free(v->names);
	free(v->trees);
	audits_free(v);
	lmdb_file_close(&v->file);
}

int backup_verify_moment(struct lmdb_bytes file, struct lmdb_bytes heads, double now, struct backup_counts *counts, struct err *e)
{
	struct verify v = { .now = now };
	int rc = lmdb_file_open(&v.file, file, heads, e);

	if (!rc)
		rc = verify_trees(&v, e);
	if (!rc)
		rc = check_meta(&v, e);
	if (!rc)
		rc = verify_log(&v, e);
	if (!rc)
		rc = check_definitions(&v, e);
	if (!rc)
		rc = check_dropped(&v, e);
	*counts = v.counts;
	verify_end(&v);
	return rc;
}

int backup_verify_start(struct lmdb_bytes file, uint64_t whole, struct err *e)
{
	struct verify v = { 0 };
	int rc = lmdb_file_open(&v.file, file, file, e);

	if (!rc)
		rc = file.len > whole ? verify_roots(&v, e) : verify_trees(&v, e);
	verify_end(&v);
	return rc;
}

/* ---- checking a file ---- */

static int map_file(int fd, struct lmdb_bytes *ret, struct err *e)
{
	struct stat st;

	*ret = (struct lmdb_bytes){ 0 };
	if (fstat(fd, &st))
		return err_errno(e, errno, "read", "the file");
	if ((uintmax_t)st.st_size > SIZE_MAX)
		return err_set(e, LYRE_ENOTSUP, "the file is larger than this machine can map");
	if (st.st_size == 0)
		return 0;

	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);

	if (bytes == MAP_FAILED)
		return err_errno(e, errno, "read", "the file");
	*ret = (struct lmdb_bytes){ bytes, (size_t)st.st_size };
	return 0;
}

static void unmap_file(struct lmdb_bytes file)
{
	if (file.len)
		munmap((void *)(uintptr_t)file.data, file.len);
}

int backup_verify(int fd, struct err *e)
{
	struct lmdb_bytes file;
	struct backup_counts counts;
	int rc = map_file(fd, &file, e);

	if (rc)
		return rc;
	rc = backup_verify_moment(file, file, now_ms(), &counts, e);
	unmap_file(file);
	return rc;
}

int backup_verify_file(const char *path, uint64_t whole, struct err *e)
{
	struct lmdb_bytes file;
	struct err why;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_errno(e, errno, "open", path);

	int rc = map_file(fd, &file, &why);
	bool readable = false;

	close(fd);
	if (!rc) {
		struct err ignored;

		rc = backup_verify_start(file, whole, &why);
		readable = rc == LYRE_ECORRUPT && backup_verify_start(file, 0, &ignored) == 0;
		unmap_file(file);
	}
	if (rc == LYRE_ENOMEM)
		return err_nomem(e);
	return rc ? err_set(e, rc, "%s cannot be used: %s%s", path, why.text,
			    readable ? "; set storage.checkAtStart: 0 to serve the rest of it, at the risk of a crash" : "") :
		    0;
}
