/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/backup_verify.h
 * \brief What the check of a backup keeps while it runs.
 */
#ifndef STORE_BACKUP_VERIFY_H
#define STORE_BACKUP_VERIFY_H

#include "base/text.h"
#include "store/backup_internal.h"
#include "store/lmdb_file.h"

#include <stdio.h>

/** A named tree. */
struct verify_tree {
	struct lmdb_bytes name;
	struct lmdb_tree tree;
	bool used; /**< a table's, or of the database's own */
};

struct verify {
	struct lmdb_file file;
	struct verify_tree *trees; /**< by name */
	size_t count, cap;
	uint32_t next_table;
	char **names;              /**< of the tables so far */
	size_t name_count;
	struct definition *definition; /**< of the table being read */
	struct backup_counts counts;
};

/** A table, its definition read. */
struct verify_table {
	struct definition *definition;
	const struct verify_tree *records, *expiry;
	const struct verify_tree **indexes; /**< by attribute; NULL where there is none */
	size_t *entries;                    /**< by attribute: those that the records should have */
};

struct verify_tree *verify_find(const struct verify *v, const char *name);
/** Checks all records, that each has its index entries, and that there are no others. */
int verify_records(const struct verify *v, struct verify_table *t, struct err *e);

#endif
