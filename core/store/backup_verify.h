/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/backup_verify.h
 * \brief The state of a check of a backup.
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
	bool used; /**< belongs to a table, or to the database itself */
};

/** A table with audit on. */
struct verify_audit {
	uint32_t table_id;
	char *table;
	double expiration;
	const struct verify_tree *records;
	double floor;   /**< records written at this time or before are not compared */
	int64_t states; /**< states that the log has added and not removed, minus the records */
	uint64_t sum;   /**< of their hashes */
};

struct verify {
	struct lmdb_file file;
	double now;                  /**< records that had expired by then may be missing */
	struct verify_audit *audits; /**< by table_id */
	size_t audit_count;
	struct verify_tree *trees; /**< by name */
	size_t count, cap;
	struct clock_record clock; /**< the clock record of the file */
	uint32_t next_table;
	char **names; /**< of the tables so far */
	size_t name_count;
	struct definition *definition; /**< of the table being read */
	struct backup_counts counts;
};

/** A table, its definition read. */
struct verify_table {
	struct definition *definition;
	const struct verify_tree *records, *expiry;
	struct verify_audit *audit;         /**< NULL if it is not compared */
	const struct verify_tree **indexes; /**< by attribute; NULL if there is none */
	size_t *entries;                    /**< by attribute: number that the records should have */
};

/**
 * Collects the trees, and checks the structure of all of them and of the list of free pages, page by page: afterwards LMDB
 * can trust what it reads and writes.
 */
int verify_trees(struct verify *v, struct err *e);
/**
 * The part of it that every start can afford: the names, the list of free pages, the trees that a start reads, and the
 * first page of the others.
 */
int verify_roots(struct verify *v, struct err *e);
struct verify_tree *verify_find(const struct verify *v, const char *name);
struct verify_tree *verify_find_bytes(const struct verify *v, struct lmdb_bytes name);
/** Checks all records, that each has its index entries, and that there are no other entries. */
int verify_records(const struct verify *v, struct verify_table *t, struct err *e);

/** Checks the audit log, adds it up by table, and checks that no record is older than a change of it. */
int verify_log(struct verify *v, struct err *e);
/** NULL if the table is not compared. */
struct verify_audit *audit_find(const struct verify *v, uint32_t table_id);
/** Subtracts a record from the log's sum for its table. */
void audit_record(struct verify_audit *a, struct lmdb_bytes primary, struct record r);
/** Whether nothing remains after all records have been subtracted. */
int audit_compare(const struct verify_audit *a, struct err *e);
void audits_free(struct verify *v);

#endif
