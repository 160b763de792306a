/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/lmdb_file.h
 * \brief Reads LMDB 0.9 files without LMDB, which trusts its files; here every byte is checked before use.
 *
 * A file that has passed, with all trees walked, can safely be opened and written by LMDB. Failures are LYRE_ECORRUPT, with
 * the page and the fault, or LYRE_ENOMEM.
 */
#ifndef STORE_LMDB_FILE_H
#define STORE_LMDB_FILE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** The description of a tree in the file. */
struct lmdb_tree {
	unsigned flags, depth;
	size_t branch_pages, leaf_pages, overflow_pages, entries;
	size_t root; /**< LMDB_NO_PAGE for an empty tree */
};

#define LMDB_NO_PAGE SIZE_MAX

/** A range of bytes in the file, valid as long as these are. */
struct lmdb_bytes {
	const unsigned char *data;
	size_t len;
};

/** Compares byte by byte; a prefix comes first. */
static inline int lmdb_bytes_compare(struct lmdb_bytes a, struct lmdb_bytes b)
{
	int c = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

	return c ? c : a.len < b.len ? -1 : a.len > b.len;
}

/** The largest page of any file. */
#define LMDB_PAGE_SIZE_MAX 32768

/** The description of the file in its first two pages. */
struct lmdb_head {
	size_t page_size;
	size_t page_count;       /**< as stated in the file */
	size_t txnid;            /**< of its newest transaction */
	struct lmdb_tree main;   /**< the tree of names */
	struct lmdb_tree unused; /**< the list of free pages */
};

/**
 * Checks both of the first two pages.
 * \param heads  the start of the file: 2 * LMDB_PAGE_SIZE_MAX bytes suffice; fewer if the file is shorter, or its pages are
 *               known to be smaller
 */
int lmdb_head_read(struct lmdb_head *ret, struct lmdb_bytes heads, uint64_t file_size, struct err *e);

struct lmdb_file {
	struct lmdb_bytes bytes;
	struct lmdb_head head;
	unsigned char *reached;  /**< one bit per page */
	unsigned char *occupied; /**< for one page, one bit per two bytes */
};

/**
 * Checks the meta pages. Call lmdb_file_close() in any case.
 * \param heads  the first two pages: the bytes themselves, or a copy if others continue to write the file
 */
int lmdb_file_open(struct lmdb_file *f, struct lmdb_bytes bytes, struct lmdb_bytes heads, struct err *e);
void lmdb_file_close(struct lmdb_file *f);

/**
 * Called for each entry of a tree, in order. \p is_tree: the data describes a tree, for lmdb_tree_read(). A nonzero return
 * ends the walk.
 */
typedef int lmdb_visit(void *arg, struct lmdb_bytes key, struct lmdb_bytes data, bool is_tree, struct err *e);

/** Checks a whole tree. Each tree must be walked once: no page may belong to two. \param name for the message */
int lmdb_file_walk(struct lmdb_file *f, const struct lmdb_tree *t, const char *name, lmdb_visit *visit, void *arg, struct err *e);
/** Checks only the first page of a tree. \param name for the message */
int lmdb_file_root(struct lmdb_file *f, const struct lmdb_tree *t, const char *name, struct err *e);
/** Checks the list of free pages, and that none of them was reached; after walking all trees. */
int lmdb_file_walk_unused(struct lmdb_file *f, struct err *e);

/** Visits a tree that has been walked, without checking it again. */
int lmdb_file_each(const struct lmdb_file *f, const struct lmdb_tree *t, lmdb_visit *visit, void *arg, struct err *e);
/** An entry of a tree that has been walked. \return false if there is none */
bool lmdb_file_get(const struct lmdb_file *f, const struct lmdb_tree *t, struct lmdb_bytes key, struct lmdb_bytes *ret);

/** \return false if the bytes do not describe a tree like ours */
bool lmdb_tree_read(struct lmdb_tree *ret, struct lmdb_bytes data);

#endif
