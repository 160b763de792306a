/* SPDX-License-Identifier: Apache-2.0 */
/* Reading trees of an LMDB file that have passed the check. */
#include "store/lmdb_layout.h"

static struct page page_of(const struct lmdb_file *f, size_t number)
{
	struct page p = { .number = number, .bytes = f->bytes.data + number * f->head.page_size };

	p.leaf = u16_at(p.bytes + PAGE_KIND) == KIND_LEAF;
	p.count = (unsigned)(u16_at(p.bytes + PAGE_LOWER) - PAGE_HEAD) / 2;
	return p;
}

static struct lmdb_bytes node_data(const struct lmdb_file *f, const unsigned char *node)
{
	struct lmdb_bytes key = node_key(node);
	struct lmdb_bytes data = { key.data + key.len, u32_at(node) };

	if (u16_at(node + NODE_FLAGS) & NODE_BIG)
		data.data = f->bytes.data + word_at(data.data) * f->head.page_size + PAGE_HEAD;
	return data;
}

static int each_page(const struct lmdb_file *f, size_t number, lmdb_visit *visit, void *arg, struct err *e)
{
	struct page p = page_of(f, number);
	int rc = 0;

	for (unsigned i = 0; i < p.count && rc == 0; i++) {
		const unsigned char *node = node_at(&p, i);

		if (p.leaf)
			rc = visit(arg, node_key(node), node_data(f, node), u16_at(node + NODE_FLAGS) & NODE_TREE, e);
		else
			rc = each_page(f, branch_page(node), visit, arg, e);
	}
	return rc;
}

int lmdb_file_each(const struct lmdb_file *f, const struct lmdb_tree *t, lmdb_visit *visit, void *arg, struct err *e)
{
	return t->depth ? each_page(f, t->root, visit, arg, e) : 0;
}

/** The last node whose key is not after \p key: the branch to take, or the entry. \return -1 if all are after it */
static int find_node(const struct lmdb_tree *t, const struct page *p, struct lmdb_bytes key)
{
	/* The first key of a branch has no meaning: everything is after it. */
	unsigned low = !p->leaf, high = p->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (lmdb_compare(t, node_key(node_at(p, middle)), key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return (int)low - 1;
}

bool lmdb_file_get(const struct lmdb_file *f, const struct lmdb_tree *t, struct lmdb_bytes key, struct lmdb_bytes *ret)
{
	if (t->depth == 0)
		return false;

	struct page p = page_of(f, t->root);

	while (!p.leaf)
		p = page_of(f, branch_page(node_at(&p, (unsigned)find_node(t, &p, key))));

	int i = find_node(t, &p, key);

	if (i < 0 || lmdb_compare(t, node_key(node_at(&p, (unsigned)i)), key))
		return false;
	*ret = node_data(f, node_at(&p, (unsigned)i));
	return true;
}
