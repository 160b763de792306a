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

/** A table with audit on. */
struct verify_audit {
	uint32_t table_id;
	char *table;
	double expiration;
	const struct verify_tree *records;
	double floor;   /**< what was written at this time or before is not compared */
	int64_t states; /**< those that the log has made and not taken away, less the records */
	uint64_t sum;   /**< of their hashes */
};

struct verify {
	struct lmdb_file file;
	double now;                /**< what had expired by then need not be there */
	struct verify_audit *audits; /**< by table_id */
	size_t audit_count;
	struct verify_tree *trees; /**< by name */
	size_t count, cap;
	struct clock_record clock; /**< what the file keeps of the clock */
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
	struct verify_audit *audit;         /**< NULL where it is not compared */
	const struct verify_tree **indexes; /**< by attribute; NULL where there is none */
	size_t *entries;                    /**< by attribute: those that the records should have */
};

/**
 * Collects the trees, and checks the structure of all of them and of the list of free pages, page by page: what LMDB reads
 * and writes it can trust then.
 */
int verify_trees(struct verify *v, struct err *e);
/**
 * As much of it as every start can afford: the names, the list of free pages, the trees that are read at a start; of others
 * the first page.
 */
int verify_roots(struct verify *v, struct err *e);
struct verify_tree *verify_find(const struct verify *v, const char *name);
struct verify_tree *verify_find_bytes(const struct verify *v, struct lmdb_bytes name);
/** Checks all records, that each has its index entries, and that there are no others. */
int verify_records(const struct verify *v, struct verify_table *t, struct err *e);

/** Checks the commit log, sums it up for the tables, and that none of their records is older than a change of it. */
int verify_log(struct verify *v, struct err *e);
/** NULL when the table is not compared. */
struct verify_audit *audit_find(const struct verify *v, uint32_t table_id);
/** Takes a record off what the log has of its table. */
void audit_record(struct verify_audit *a, struct lmdb_bytes primary, struct record r);
/** Whether nothing is left once all records were. */
int audit_compare(const struct verify_audit *a, struct err *e);
void audits_free(struct verify *v);

#endif
