/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the trees in a file and checks everything in them that LMDB must be able to trust. */
#include "store/backup_verify.h"

#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 40 /* bytes of a name in a message */
#define NAMED_MAX (SHOWN_MAX + 16)

/** The printable part of a name. */
static void show(struct lmdb_bytes name, char out[SHOWN_MAX + 1])
{
	const char *text = (const char *)name.data;
	size_t len = utf8_cut(text, utf8_valid_prefix(text, name.len), SHOWN_MAX);

	memcpy(out, text, len);
	out[len] = '\0';
}

static int collect_tree(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e)
{
	struct verify *v = arg;

	if (v->count == v->cap) {
		size_t cap = v->cap ? 2 * v->cap : 64;
		struct verify_tree *trees = realloc(v->trees, cap * sizeof(*trees));

		if (!trees)
			return err_nomem(e);
		v->trees = trees;
		v->cap = cap;
	}

	struct verify_tree *t = &v->trees[v->count];

	*t = (struct verify_tree){ .name = key };
	if (!is_tree || !lmdb_tree_read(&t->tree, data) || t->tree.flags) {
		char name[SHOWN_MAX + 1];

		show(key, name);
		return err_set(e, LYRE_ECORRUPT, "the file is not a database of this server: it contains '%s'", name);
	}
	v->count++;
	return 0;
}

static int compare_name(const void *name, const void *tree)
{
	return lmdb_bytes_compare(*(const struct lmdb_bytes *)name, ((const struct verify_tree *)tree)->name);
}

struct verify_tree *verify_find_bytes(const struct verify *v, struct lmdb_bytes name)
{
	return v->count ? bsearch(&name, v->trees, v->count, sizeof(*v->trees), compare_name) : NULL;
}

struct verify_tree *verify_find(const struct verify *v, const char *name)
{
	return verify_find_bytes(v, (struct lmdb_bytes){ (const unsigned char *)name, strlen(name) });
}

static void name_tree(const struct verify_tree *t, char out[NAMED_MAX])
{
	char shown[SHOWN_MAX + 1];

	show(t->name, shown);
	snprintf(out, NAMED_MAX, "the tree '%s'", shown);
}

static int walk_names(struct verify *v, struct err *e)
{
	return lmdb_file_walk(&v->file, &v->file.head.main, "the tree of names", collect_tree, v, e);
}

int verify_trees(struct verify *v, struct err *e)
{
	int rc = walk_names(v, e);

	for (size_t i = 0; i < v->count && !rc; i++) {
		char name[NAMED_MAX];

		name_tree(&v->trees[i], name);
		rc = lmdb_file_walk(&v->file, &v->trees[i].tree, name, NULL, NULL, e);
	}
	return rc ? rc : lmdb_file_walk_unused(&v->file, e);
}

/** Whether opening a database reads all of this tree. */
static bool is_read_at_start(const struct verify *v, const struct verify_tree *t)
{
	return t == verify_find(v, "meta") || t == verify_find(v, "tables") || t == verify_find(v, "dropped");
}

int verify_roots(struct verify *v, struct err *e)
{
	/* Pages beyond the end may be missing if nothing refers to them, which only a walk can determine. */
	if (v->file.head.page_count > v->file.bytes.len / v->file.head.page_size)
		return verify_trees(v, e);

	int rc = walk_names(v, e);

	for (size_t i = 0; i < v->count && !rc; i++) {
		const struct verify_tree *t = &v->trees[i];
		char name[NAMED_MAX];

		name_tree(t, name);
		rc = is_read_at_start(v, t) ? lmdb_file_walk(&v->file, &t->tree, name, NULL, NULL, e) :
					      lmdb_file_root(&v->file, &t->tree, name, e);
	}
	return rc ? rc : lmdb_file_walk_unused(&v->file, e);
}
