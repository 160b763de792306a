/* SPDX-License-Identifier: Apache-2.0 */
#include "store/lmdb_layout.h"

#include <stdlib.h>
#include <string.h>

int lmdb_file_open(struct lmdb_file *f, struct lmdb_bytes bytes, struct lmdb_bytes heads, struct err *e)
{
	*f = (struct lmdb_file){ .bytes = bytes };

	int rc = lmdb_head_read(&f->head, heads, bytes.len, e);

	if (rc)
		return rc;
	f->reached = calloc(1, f->head.page_count / 8 + 1);
	f->occupied = malloc(f->head.page_size / 16);
	return f->reached && f->occupied ? 0 : err_nomem(e);
}

void lmdb_file_close(struct lmdb_file *f)
{
	free(f->reached);
	free(f->occupied);
}

/* ---- pages ---- */

/** Marks a page as used. \return false if it already was */
static bool reach(struct lmdb_file *f, size_t page)
{
	unsigned char bit = (unsigned char)(1u << page % 8);

	if (f->reached[page / 8] & bit)
		return false;
	f->reached[page / 8] |= bit;
	return true;
}

/** A page in the file, reached for the first time. */
static int get_page(struct lmdb_file *f, size_t page, const unsigned char **ret, struct err *e)
{
	if (page < FIRST_PAGE || page >= f->head.page_count)
		return lmdb_bad_page(e, page, "is used, but is not part of the file");
	if (page >= f->bytes.len / f->head.page_size)
		return err_set(e, LYRE_ECORRUPT, "the file is truncated: page %zu is missing", page);
	if (!reach(f, page))
		return lmdb_bad_page(e, page, "is used twice");
	*ret = f->bytes.data + page * f->head.page_size;
	if (word_at(*ret) != page)
		return lmdb_bad_page(e, page, "has the number of another page");
	return 0;
}

/** A value on its own pages. */
static int get_overflow(struct lmdb_file *f, size_t page, size_t len, size_t *pages, const unsigned char **ret, struct err *e)
{
	const unsigned char *p;
	int rc = get_page(f, page, &p, e);

	if (rc)
		return rc;
	*pages = u32_at(p + PAGE_LENGTH);
	if (u16_at(p + PAGE_KIND) != KIND_OVERFLOW)
		return lmdb_bad_page(e, page, "should contain a long value");
	if (*pages == 0 || *pages > f->head.page_count - page || *pages > f->bytes.len / f->head.page_size - page)
		return lmdb_bad_page(e, page, "its long value extends beyond the end of the file");
	if (len > *pages * f->head.page_size - PAGE_HEAD)
		return lmdb_bad_page(e, page, "is too short for its long value");
	for (size_t i = 1; i < *pages; i++) {
		if (!reach(f, page + i))
			return lmdb_bad_page(e, page + i, "is used twice");
	}
	*ret = p + PAGE_HEAD;
	return 0;
}

/* ---- nodes ---- */

/** Marks the bytes of the page that a node occupies. \return false if another node occupies some of them */
static bool occupy(struct lmdb_file *f, size_t at, size_t len)
{
	for (size_t unit = at / 2, end = (at + len) / 2; unit < end; unit++) {
		unsigned char bit = (unsigned char)(1u << unit % 8);

		if (unit % 8 == 0 && end - unit >= 8) {
			if (f->occupied[unit / 8])
				return false;
			f->occupied[unit / 8] = 0xff;
			unit += 7;
			continue;
		}
		if (f->occupied[unit / 8] & bit)
			return false;
		f->occupied[unit / 8] |= bit;
	}
	return true;
}

/** Length of a node, 0 if invalid. */
static size_t node_len(const struct lmdb_file *f, const struct page *p, size_t at)
{
	const unsigned char *node = p->bytes + at;
	size_t key = u16_at(node + NODE_KEY_LEN);
	/* A page must have room for at least two nodes. */
	size_t most = (((f->head.page_size - PAGE_HEAD) / 2) & ~(size_t)1) - 2;
	size_t len = NODE_HEAD + key;

	if (key > KEY_LEN_MAX)
		return 0;
	if (p->leaf) {
		unsigned flags = u16_at(node + NODE_FLAGS);

		if (key == 0 || (flags & ~(NODE_BIG | NODE_TREE)) || flags == (NODE_BIG | NODE_TREE))
			return 0;
		len += flags & NODE_BIG ? WORD : (size_t)u32_at(node);
	}
	return len > most ? 0 : (len + 1) & ~(size_t)1;
}

/** Checks a page's frame: afterwards its nodes are known to be inside it and not to overlap. */
static int check_nodes(struct lmdb_file *f, struct page *p, struct err *e)
{
	size_t lower = u16_at(p->bytes + PAGE_LOWER), upper = u16_at(p->bytes + PAGE_UPPER), used = 0;

	if (lower < PAGE_HEAD || lower > upper || upper > f->head.page_size || lower % 2 || upper % 2)
		return lmdb_bad_page(e, p->number, "its free space is out of bounds");
	p->count = (unsigned)(lower - PAGE_HEAD) / 2;
	if (p->count == 0)
		return lmdb_bad_page(e, p->number, "is empty");
	if (!p->leaf && p->count == 1)
		return lmdb_bad_page(e, p->number, "is a branch page with one entry");
	memset(f->occupied, 0, f->head.page_size / 16);
	for (unsigned i = 0; i < p->count; i++) {
		size_t at = u16_at(p->bytes + PAGE_HEAD + 2 * (size_t)i);

		if (at < upper || at % 2 || at > f->head.page_size - NODE_HEAD)
			return lmdb_bad_page(e, p->number, "an entry is out of bounds");

		size_t len = node_len(f, p, at);

		if (len == 0 || len > f->head.page_size - at)
			return lmdb_bad_page(e, p->number, "an entry has an invalid length");
		if (!occupy(f, at, len))
			return lmdb_bad_page(e, p->number, "two entries overlap");
		used += len;
	}
	if (used != f->head.page_size - upper)
		return lmdb_bad_page(e, p->number, "its count of free space is wrong");
	return 0;
}

/* ---- trees ---- */

struct walk_state {
	struct lmdb_file *file;
	const struct lmdb_tree *tree;
	lmdb_visit *visit;
	void *arg;
	struct lmdb_bytes last; /* key */
	size_t branch_pages, leaf_pages, overflow_pages, entries;
};

static bool key_fits(const struct lmdb_tree *t, struct lmdb_bytes key)
{
	return t->flags & TREE_INTEGER_KEYS ? key.len == WORD : key.len > 0;
}

/** \p low, \p high: the bounds from the branches above, within which all keys must be; empty: no bound. */
static int walk_leaf(struct walk_state *w, const struct page *p, struct lmdb_bytes low, struct lmdb_bytes high, struct err *e)
{
	for (unsigned i = 0; i < p->count; i++) {
		const unsigned char *node = node_at(p, i);
		struct lmdb_bytes key = node_key(node);
		unsigned flags = u16_at(node + NODE_FLAGS);
		struct lmdb_bytes data = { key.data + key.len, u32_at(node) };

		if (!key_fits(w->tree, key))
			return lmdb_bad_page(e, p->number, "a key has the wrong length");
		if (flags & NODE_TREE && w->tree != &w->file->head.main)
			return lmdb_bad_page(e, p->number, "a tree is among records");
		if (w->last.data && lmdb_compare(w->tree, w->last, key) >= 0)
			return lmdb_bad_page(e, p->number, "its keys are out of order");
		if ((low.data && lmdb_compare(w->tree, low, key) > 0) || (high.data && lmdb_compare(w->tree, key, high) >= 0))
			return lmdb_bad_page(e, p->number, "a key is in the wrong branch");
		if (flags & NODE_BIG) {
			size_t pages;
			int rc = get_overflow(w->file, word_at(data.data), data.len, &pages, &data.data, e);

			if (rc)
				return rc;
			w->overflow_pages += pages;
		}
		w->last = key;
		w->entries++;

		int rc = w->visit ? w->visit(w->arg, key, data, flags & NODE_TREE, e) : 0;

		if (rc)
			return rc;
	}
	return 0;
}

/** A page of a tree, with its kind and nodes checked. */
static int get_tree_page(struct lmdb_file *f, struct page *p, struct err *e)
{
	int rc = get_page(f, p->number, &p->bytes, e);

	if (rc)
		return rc;
	if (u16_at(p->bytes + PAGE_KIND) != (p->leaf ? KIND_LEAF : KIND_BRANCH))
		return lmdb_bad_page(e, p->number, p->leaf ? "should be a leaf" : "should be a branch");
	return check_nodes(f, p, e);
}

static int walk_page(
	struct walk_state *w, size_t number, unsigned level, struct lmdb_bytes low, struct lmdb_bytes high, struct err *e)
{
	struct page p = { .number = number, .leaf = level == w->tree->depth };
	int rc = get_tree_page(w->file, &p, e);

	if (rc)
		return rc;
	if (p.leaf) {
		w->leaf_pages++;
		return walk_leaf(w, &p, low, high, e);
	}
	w->branch_pages++;
	for (unsigned i = 0; i < p.count && rc == 0; i++) {
		/* The first key of a branch has no meaning. */
		struct lmdb_bytes from = i ? node_key(node_at(&p, i)) : low;
		struct lmdb_bytes to = i + 1 < p.count ? node_key(node_at(&p, i + 1)) : high;

		if ((i && !key_fits(w->tree, from)) || (i + 1 < p.count && !key_fits(w->tree, to)))
			return lmdb_bad_page(e, number, "a key has the wrong length");
		if (from.data && to.data && lmdb_compare(w->tree, from, to) >= 0)
			return lmdb_bad_page(e, number, "its branches are out of order");
		rc = walk_page(w, branch_page(node_at(&p, i)), level + 1, from, to, e);
	}
	return rc;
}

static int check_bounds(const struct lmdb_file *f, const struct lmdb_tree *t, const char *name, struct err *e)
{
	return lmdb_tree_is_bounded(t, f->head.page_count) ?
		0 :
		err_set(e, LYRE_ECORRUPT, "the file is damaged: %s has an invalid root", name);
}

int lmdb_file_root(struct lmdb_file *f, const struct lmdb_tree *t, const char *name, struct err *e)
{
	struct page p = { .number = t->root, .leaf = t->depth == 1 };
	int rc = check_bounds(f, t, name, e);

	return rc || t->depth == 0 ? rc : get_tree_page(f, &p, e);
}

int lmdb_file_walk(struct lmdb_file *f, const struct lmdb_tree *t, const char *name, lmdb_visit *visit, void *arg, struct err *e)
{
	struct walk_state w = { .file = f, .tree = t, .visit = visit, .arg = arg };

	int rc = check_bounds(f, t, name, e);

	if (rc)
		return rc;
	if (t->depth) {
		rc = walk_page(&w, t->root, 1, (struct lmdb_bytes){ 0 }, (struct lmdb_bytes){ 0 }, e);

		if (rc)
			return rc;
	}
	if (w.branch_pages != t->branch_pages || w.leaf_pages != t->leaf_pages || w.overflow_pages != t->overflow_pages)
		return err_set(e, LYRE_ECORRUPT, "the file is damaged: %s does not have the stated number of pages", name);
	if (w.entries != t->entries)
		return err_set(
			e, LYRE_ECORRUPT, "the file is damaged: %s has %zu entries instead of %zu", name, w.entries, t->entries);
	return 0;
}

/* ---- free pages ---- */

/** One list: the number of pages, then their numbers in descending order. */
static int visit_unused(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e)
{
	struct lmdb_file *f = arg;
	size_t count = data.len >= WORD ? word_at(data.data) : SIZE_MAX, last = SIZE_MAX;

	/* LMDB would reuse the list of transaction 0 endlessly. */
	if (is_tree || count > data.len / WORD - 1 || word_at(key.data) == 0 || word_at(key.data) > f->head.txnid)
		return err_set(e, LYRE_ECORRUPT, "the file is damaged: a list of free pages is invalid");
	for (size_t i = 1; i <= count; i++) {
		size_t page = word_at(data.data + i * WORD);

		if (page < FIRST_PAGE || page >= f->head.page_count || page >= last)
			return err_set(e, LYRE_ECORRUPT, "the file is damaged: a list of free pages contains page %zu", page);
		if (!reach(f, page))
			return lmdb_bad_page(e, page, "is listed as free, but used");
		last = page;
	}
	return 0;
}

int lmdb_file_walk_unused(struct lmdb_file *f, struct err *e)
{
	return lmdb_file_walk(f, &f->head.unused, "the list of free pages", visit_unused, f, e);
}
