/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/lmdb_layout.h
 * \brief The layout of an LMDB 0.9 file. Nothing is checked here.
 */
#ifndef STORE_LMDB_LAYOUT_H
#define STORE_LMDB_LAYOUT_H

#include "store/lmdb_file.h"

#include <string.h>

/* The layout of a file, with the integers of the machine that wrote it: size_t where LMDB uses size_t. */
enum {
	WORD = sizeof(size_t),
	/*
	 * A page: its number, 2 bytes unused, its kind, then the bounds of its free space or its length in pages.
	 */
	PAGE_KIND = WORD + 2,
	PAGE_LOWER = WORD + 4,
	PAGE_UPPER = WORD + 6,
	PAGE_LENGTH = WORD + 4,
	PAGE_HEAD = WORD + 8,
	/*
	 * A node: 32 bits of a page number or of the data's length, flags or the rest of the number, the key's
	 * length.
	 */
	NODE_FLAGS = 4,
	NODE_KEY_LEN = 6,
	NODE_HEAD = 8,
	/* A tree's description. */
	TREE_FLAGS = 4,
	TREE_DEPTH = 6,
	TREE_WORDS = 8, /* branch, leaf and overflow pages, entries, root */
	TREE_SIZE = TREE_WORDS + 5 * WORD,
	/* A meta page: magic, version, address, size of the map, the two trees, last page, transaction. */
	META_MAGIC = PAGE_HEAD,
	META_VERSION = META_MAGIC + 4,
	META_MAP_SIZE = META_VERSION + 4 + WORD,
	META_UNUSED = META_MAP_SIZE + WORD,
	META_MAIN = META_UNUSED + TREE_SIZE,
	META_LAST_PAGE = META_MAIN + TREE_SIZE,
	META_TXNID = META_LAST_PAGE + WORD,
	META_END = META_TXNID + WORD
};

enum { KIND_BRANCH = 0x01, KIND_LEAF = 0x02, KIND_OVERFLOW = 0x04, KIND_META = 0x08 };
enum { NODE_BIG = 0x01, NODE_TREE = 0x02 };
enum { TREE_INTEGER_KEYS = 0x08 };
/* The environment flag that LMDB stores in the file: the database is a single file. */
enum { ENVIRONMENT_FLAGS = 0x4000 };

enum { FIRST_PAGE = 2, DEPTH_MAX = 32, KEY_LEN_MAX = 511 };

/** Sets the message. \return LYRE_ECORRUPT */
int lmdb_bad_page(struct err *e, size_t page, const char *what);
/** Whether the root is a page of a file with \p page_count pages, and the depth fits. */
bool lmdb_tree_is_bounded(const struct lmdb_tree *t, size_t page_count);

static inline uint16_t u16_at(const unsigned char *p)
{
	uint16_t u;

	memcpy(&u, p, sizeof(u));
	return u;
}

static inline uint32_t u32_at(const unsigned char *p)
{
	uint32_t u;

	memcpy(&u, p, sizeof(u));
	return u;
}

static inline size_t word_at(const unsigned char *p)
{
	size_t u;

	memcpy(&u, p, sizeof(u));
	return u;
}

/** A page of a tree whose number has been checked. */
struct page {
	size_t number;
	const unsigned char *bytes;
	unsigned count; /* nodes */
	bool leaf;
};

static inline const unsigned char *node_at(const struct page *p, unsigned i)
{
	return p->bytes + u16_at(p->bytes + PAGE_HEAD + 2 * (size_t)i);
}

static inline struct lmdb_bytes node_key(const unsigned char *node)
{
	return (struct lmdb_bytes){ node + NODE_HEAD, u16_at(node + NODE_KEY_LEN) };
}

static inline size_t branch_page(const unsigned char *node)
{
	size_t page = u32_at(node);

#if SIZE_MAX > UINT32_MAX
	page |= (size_t)u16_at(node + NODE_FLAGS) << 32;
#endif
	return page;
}

static inline int lmdb_compare(const struct lmdb_tree *t, struct lmdb_bytes a, struct lmdb_bytes b)
{
	if (t->flags & TREE_INTEGER_KEYS) {
		size_t x = word_at(a.data), y = word_at(b.data);

		return x < y ? -1 : x > y;
	}
	return lmdb_bytes_compare(a, b);
}

#endif
