/* SPDX-License-Identifier: Apache-2.0 */
/* The two meta pages at the start of the file; the one with the later transaction is current. */
#include "store/lmdb_layout.h"

#define MAGIC 0xbeefc0deu
#define VERSION 1
/** Two keys of 511 bytes must fit in a page; LMDB itself makes no page smaller than the machine's. */
#define PAGE_SIZE_MIN 2048
/** Position of the magic in files from machines with the other word size. */
#define META_MAGIC_ELSEWHERE (WORD == 8 ? 12 : 16)
/*
 * Pages that were freed before they were ever written may be beyond the end of the file; more of them than this are a sign
 * of damage.
 */
#define PAGES_BEYOND_MAX ((size_t)1 << 24)

int lmdb_bad_page(struct err *e, size_t page, const char *what)
{
	return err_set(e, LYRE_ECORRUPT, "the file is damaged: page %zu: %s", page, what);
}

bool lmdb_tree_read(struct lmdb_tree *ret, struct lmdb_bytes data)
{
	if (data.len != TREE_SIZE)
		return false;

	const unsigned char *word = data.data + TREE_WORDS;

	*ret = (struct lmdb_tree){ .flags = u16_at(data.data + TREE_FLAGS),
		.depth = u16_at(data.data + TREE_DEPTH),
		.branch_pages = word_at(word),
		.leaf_pages = word_at(word + WORD),
		.overflow_pages = word_at(word + 2 * WORD),
		.entries = word_at(word + 3 * WORD),
		.root = word_at(word + 4 * WORD) };
	return (ret->flags & ~TREE_INTEGER_KEYS) == 0;
}

bool lmdb_tree_is_bounded(const struct lmdb_tree *t, size_t page_count)
{
	if (t->root == LMDB_NO_PAGE)
		return t->depth == 0;
	return t->depth > 0 && t->depth <= DEPTH_MAX && t->root >= FIRST_PAGE && t->root < page_count;
}

/* ---- foreign files ---- */

static uint32_t turned(uint32_t u)
{
	return u >> 24 | (u >> 8 & 0xff00) | (u << 8 & 0xff0000) | u << 24;
}

/** Not an LMDB file, or from another kind of machine. */
static int refuse_foreign(struct lmdb_bytes heads, struct err *e)
{
	uint32_t here = u32_at(heads.data + META_MAGIC), elsewhere = u32_at(heads.data + META_MAGIC_ELSEWHERE);

	if (turned(here) == MAGIC || turned(elsewhere) == MAGIC)
		return err_set(e, LYRE_ECORRUPT,
			"the file was made on a machine with the other byte order: convert it with mdb_dump of such a machine "
			"and mdb_load of this one");
	if (elsewhere == MAGIC)
		return err_set(e, LYRE_ECORRUPT,
			"the file was made by a %d-bit server: convert it with %d-bit mdb_dump and %d-bit mdb_load",
			WORD == 8 ? 32 : 64, WORD == 8 ? 32 : 64, 8 * WORD);
	return err_set(e, LYRE_ECORRUPT, "the file is not an LMDB file");
}

/* ---- the two meta pages ---- */

static const unsigned char *meta_at(const struct lmdb_head *h, struct lmdb_bytes heads, size_t page)
{
	return heads.data + page * h->page_size;
}

static int check_meta(const struct lmdb_head *h, struct lmdb_bytes heads, size_t page, struct err *e)
{
	const unsigned char *p = meta_at(h, heads, page);
	size_t txnid = word_at(p + META_TXNID), last = word_at(p + META_LAST_PAGE);

	if (u16_at(p + PAGE_KIND) != KIND_META || u32_at(p + META_MAGIC) != MAGIC)
		return lmdb_bad_page(e, page, "it is not a meta page of an LMDB file");
	if (u32_at(p + META_VERSION) != VERSION)
		return err_set(e, LYRE_ECORRUPT, "the file has LMDB format %u; this server supports %d",
			(unsigned)u32_at(p + META_VERSION), VERSION);
	if (word_at(p) != page)
		return lmdb_bad_page(e, page, "has the number of another page");
	if (u32_at(p + META_UNUSED) != h->page_size)
		return lmdb_bad_page(e, page, "the two meta pages differ in page size");
	/* LMDB chooses the head by its transaction number; a new file has 0 in both. */
	if (txnid && (txnid & 1) != page)
		return lmdb_bad_page(e, page, "its transaction belongs to the other meta page");
	if (txnid > SIZE_MAX / 2)
		return lmdb_bad_page(e, page, "its transaction number is invalid");
	if (last < FIRST_PAGE - 1 || last > SIZE_MAX / h->page_size - 2)
		return lmdb_bad_page(e, page, "its count of pages is invalid");
	if (word_at(p + META_MAP_SIZE) > SIZE_MAX / 2)
		return lmdb_bad_page(e, page, "its map size is invalid");
	return 0;
}

/* The flags of the tree of free pages are also those of the environment; LMDB ends the process on some others. */
static int read_trees(struct lmdb_head *h, struct lmdb_bytes heads, size_t page, struct err *e)
{
	const unsigned char *p = meta_at(h, heads, page);
	size_t count = word_at(p + META_LAST_PAGE) + 1;

	if (!lmdb_tree_read(&h->main, (struct lmdb_bytes){ p + META_MAIN, TREE_SIZE }) || h->main.flags)
		return lmdb_bad_page(e, page, "its tree of names is of an unknown kind");
	(void)lmdb_tree_read(&h->unused, (struct lmdb_bytes){ p + META_UNUSED, TREE_SIZE });
	if ((h->unused.flags & ~ENVIRONMENT_FLAGS) != TREE_INTEGER_KEYS)
		return lmdb_bad_page(e, page, "its tree of free pages is of an unknown kind");
	h->unused.flags = TREE_INTEGER_KEYS;
	if (!lmdb_tree_is_bounded(&h->main, count) || !lmdb_tree_is_bounded(&h->unused, count))
		return lmdb_bad_page(e, page, "a tree has an invalid root");
	h->txnid = word_at(p + META_TXNID);
	h->page_count = count;
	return 0;
}

int lmdb_head_read(struct lmdb_head *h, struct lmdb_bytes heads, uint64_t file_size, struct err *e)
{
	*h = (struct lmdb_head){ 0 };
	if (file_size == 0)
		return err_set(e, LYRE_ECORRUPT, "the file is empty");
	if (heads.len < META_END || u32_at(heads.data + META_MAGIC) != MAGIC)
		return heads.len < META_END ? err_set(e, LYRE_ECORRUPT, "the file is not an LMDB file") : refuse_foreign(heads, e);
	h->page_size = u32_at(heads.data + META_UNUSED);
	if (h->page_size < PAGE_SIZE_MIN || h->page_size > LMDB_PAGE_SIZE_MAX || (h->page_size & (h->page_size - 1)))
		return lmdb_bad_page(e, 0, "its page size is invalid");
	if (heads.len < 2 * h->page_size)
		return err_set(e, LYRE_ECORRUPT, "the file is truncated within its meta pages");

	/* The newer one, or the first of two equal ones, is read last and kept. */
	size_t newest = word_at(meta_at(h, heads, 1) + META_TXNID) > word_at(heads.data + META_TXNID);
	int rc = 0;

	for (size_t i = 0; i < 2 && !rc; i++) {
		size_t page = i == 0 ? !newest : newest;

		rc = check_meta(h, heads, page, e);
		if (!rc)
			rc = read_trees(h, heads, page, e);
	}
	if (!rc && h->page_count > file_size / h->page_size + PAGES_BEYOND_MAX)
		rc = err_set(e, LYRE_ECORRUPT, "the file is truncated: it has %zu of %zu pages", (size_t)(file_size / h->page_size),
			h->page_count);
	return rc;
}
