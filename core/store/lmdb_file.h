/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/lmdb_file.h
 * \brief LMDB 0.9 files read without LMDB, which trusts what it reads: every byte is checked before it is used.
 *
 * A file that passed, all trees walked, is safe to be opened and written to by LMDB. Failures are LYRE_ECORRUPT, with
 * the page and what is wrong there, or LYRE_ENOMEM.
 */
#ifndef STORE_LMDB_FILE_H
#define STORE_LMDB_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** What the file says of a tree. */
struct lmdb_tree {
	unsigned flags, depth;
	size_t branch_pages, leaf_pages, overflow_pages, entries;
	size_t root; /**< LMDB_NO_PAGE for an empty tree */
};

#define LMDB_NO_PAGE SIZE_MAX

/** A place in the file, valid as long as its bytes are. */
struct lmdb_bytes {
	const unsigned char *data;
	size_t len;
};

/** By byte, what is shorter first. */
static inline int lmdb_bytes_compare(struct lmdb_bytes a, struct lmdb_bytes b)
{
	int c = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return c ? c : a.len < b.len ? -1 : a.len > b.len;
}

/** The largest page of any file. */
#define LMDB_PAGE_SIZE_MAX 32768

/** What a file says of itself in its first two pages. */
struct lmdb_head {
	size_t page_size;
	size_t page_count;       /**< that the file says it has */
	size_t txnid;            /**< of the newest transaction in it */
	struct lmdb_tree main;   /**< of the names */
	struct lmdb_tree unused; /**< of the free pages */
};

/**
 * Checks the first two pages, both of them.
 * \param heads  from the start of the file on: 2 * LMDB_PAGE_SIZE_MAX bytes are enough; fewer where the file is shorter,
 *               or its pages are known to be smaller
 */
int lmdb_head_read(struct lmdb_head *ret, struct lmdb_bytes heads, uint64_t file_size, struct err *e);

struct lmdb_file {
	struct lmdb_bytes bytes;
	struct lmdb_head head;
	unsigned char *reached;  /**< one bit a page */
	unsigned char *occupied; /**< of one page, one bit each two bytes */
};

/**
 * Checks what stands before the first page. Call lmdb_file_close() in any case.
 * \param heads  the first two pages: the bytes themselves, or a copy where others go on writing the file
 */
int lmdb_file_open(struct lmdb_file *f, struct lmdb_bytes bytes, struct lmdb_bytes heads, struct err *e);
void lmdb_file_close(struct lmdb_file *f);

/**
 * An entry of a tree, in order. \p is_tree: the data is a tree's, for lmdb_tree_read(). Another return than 0 ends
 * the walk.
 */
typedef int lmdb_visit(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e);

/** Checks a tree whole. Each tree is walked once: no page may belong to two. \param name for the sentence */
int lmdb_file_walk(struct lmdb_file *f, const struct lmdb_tree *t, const char *name, lmdb_visit *visit, void *arg,
	struct err *e);
/** Checks the first page of a tree alone. \param name for the sentence */
int lmdb_file_root(struct lmdb_file *f, const struct lmdb_tree *t, const char *name, struct err *e);
/** Checks the list of free pages, and that none of them was reached; after all trees that are to be walked. */
int lmdb_file_walk_unused(struct lmdb_file *f, struct err *e);

/** Visits a tree that was walked before, without checking it again. */
int lmdb_file_each(const struct lmdb_file *f, const struct lmdb_tree *t, lmdb_visit *visit, void *arg, struct err *e);
/** An entry of a tree that was walked before. \return false when there is none */
bool lmdb_file_get(const struct lmdb_file *f, const struct lmdb_tree *t, struct lmdb_bytes key, struct lmdb_bytes *ret);

/** \return false when the bytes do not describe a tree as we make them */
bool lmdb_tree_read(struct lmdb_tree *ret, struct lmdb_bytes data);

#endif
