/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/store.h
 * \brief Databases, tables, records, queries and backups.
 *
 * Functions that return int set the call's failure (lyre_fail()) with a sentence for the client when they return a
 * negative code. A function marked "blocks" waits for the disk: only for handlers that run on the pool.
 * Names are NUL-terminated. A call's tables and cursors are used on the thread that runs it. Any function may return
 * LYRE_ENOMEM, one that reads or writes the disk LYRE_EIO or LYRE_ECORRUPT, one that writes LYRE_ENOSPACE or LYRE_EBUSY;
 * what else it returns is said with it.
 *
 * A call may do what its caller may, whatever the operation declared: LYRE_EDENIED for what is not permitted, and for a
 * table that the caller may not know of as for one that is not there; attributes that may not be read are not in rows and
 * descriptions, and unknown when they are named. Databases are made and dropped for super_users and structure_users, tables
 * and attributes for those of the database, too; backups, databases at work, pages and the commit log are for super_users.
 * lyre_server_rights_begin() (lyre/user.h) lifts all of this. Since 1.2; 1.0 and 1.1 left it to the declaration.
 *
 * The server may be newer than these headers, and its structs longer: the structs with a size are filled in up to there,
 * and attributes of a table are read with lyre_attribute_at(). What the server alone fills in may grow at its end.
 * Since ABI 1.0.
 */
#ifndef LYRE_STORE_H
#define LYRE_STORE_H

#include <lyre/host.h>
#include <lyre/value.h>

LYRE_BEGIN_DECLS

/* ---- databases ---- */

/**
 * Calls \p visit for each database but "system" that the caller may know of, oldest first, until one returns non-zero.
 * \return what it returned
 */
static inline int lyre_databases(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg)
{
	return lyre_host->databases(call, visit, arg);
}

/**
 * Calls \p visit for each database that cannot be used, "system" aside, with the reason: it could not be opened, or has
 * failed since. For super_users, LYRE_EDENIED for others. \return what a visit returned, or a failure
 */
static inline int lyre_databases_failed(lyre_call *call, int (*visit)(void *arg, const char *name, const char *why), void *arg)
{
	return lyre_host->databases_failed(call, visit, arg);
}

/** Makes an empty database; LYRE_EEXISTS when there is one. Blocks. */
static inline int lyre_database_create(lyre_call *call, const char *database)
{
	return lyre_host->database_create(call, database);
}

/** Removes a database with all its tables; LYRE_ENOTFOUND, LYRE_EDENIED for "system". Blocks. */
static inline int lyre_database_drop(lyre_call *call, const char *database)
{
	return lyre_host->database_drop(call, database);
}

/** Calls \p visit for each table of a database in the order of their making. LYRE_ENOTFOUND; else what it returned. */
static inline int lyre_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg)
{
	return lyre_host->tables(call, database, visit, arg);
}

/* ---- tables ---- */

/** Rules of an attribute beyond its type. Grows at the end only. */
enum lyre_attribute_flag {
	LYRE_A_INDEXED = 1 << 0,    /**< found and sorted by its value without reading the whole table */
	LYRE_A_NOT_NULL = 1 << 1,   /**< a record without it is refused */
	LYRE_A_PRIMARY_KEY = 1 << 2 /**< the one that struct lyre_table_spec names primary_key */
};

/** An attribute of a table. */
struct lyre_attribute {
	uint32_t size;    /**< sizeof(struct lyre_attribute), set by who fills it in */
	uint32_t flags;   /**< enum lyre_attribute_flag */
	const char *name; /**< UTF-8, 1 to 250 bytes; no / or ` */
	const char *type; /**< Any String Int Long BigInt Float Boolean Date ID Bytes Blob; NULL when not given, as Any */
};

/** What a table is made from. */
struct lyre_table_spec {
	uint32_t size;           /**< sizeof(struct lyre_table_spec) */
	uint32_t attribute_count;
	const char *database;    /**< made too when there is none */
	const char *name;
	const char *primary_key;
	const struct lyre_attribute *attributes; /**< NULL makes a dynamic table, which learns them from its records */
	double expiration;       /**< seconds after its last write that a record lives; negative for ever */
	int audit;               /**< 1 on, 0 off, -1 as logging.auditLog says */
	int schema_defined;      /**< set by lyre_table_spec(): not a dynamic table */
};

/** A table's figures. Sizes in bytes. */
struct lyre_table_stats {
	uint32_t size;           /**< sizeof(struct lyre_table_stats), set by the caller */
	int32_t estimated;       /**< record_count is an estimate, between the two bounds */
	uint64_t record_count;
	uint64_t count_low, count_high;
	uint64_t table_size;     /**< of the table's trees */
	uint64_t database_size;  /**< of the database's file */
	uint64_t audit_size;     /**< of the database's commit log */
	double last_updated;     /**< ms since the epoch of the newest write among the records there are; 0 for none */
};

/**
 * Makes a table, and its database where there is none. Nothing of \p spec is kept. LYRE_EEXISTS; LYRE_EINVAL for names or
 * types that cannot be. Blocks.
 */
static inline int lyre_table_create(lyre_call *call, const struct lyre_table_spec *spec)
{
	return lyre_host->table_create(call, spec);
}

/** Removes a table with its records. LYRE_ENOTFOUND names the database or the table. Blocks; the space is freed later. */
static inline int lyre_table_drop(lyre_call *call, const char *database, const char *table)
{
	return lyre_host->table_drop(call, database, table);
}

/** Opens a table. It lives until the call ends, whoever drops it. LYRE_ENOTFOUND names the database or the table. */
static inline int lyre_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret)
{
	return lyre_host->table_open(call, database, name, ret);
}

/**
 * Opens the table of the spec's name, and makes it where there is none; two calls may do so at the same time. A table
 * that is there already is taken as it is. Blocks when it makes one. Of this header alone: servers of any minor have it.
 */
static inline int lyre_table_ensure(lyre_call *call, const struct lyre_table_spec *spec, lyre_table **ret)
{
	int rc = lyre_table_open(call, spec->database, spec->name, ret);

	if (rc != LYRE_ENOTFOUND)
		return rc;
	rc = lyre_table_create(call, spec);
	if (rc < 0 && rc != LYRE_EEXISTS)
		return rc;
	return lyre_table_open(call, spec->database, spec->name, ret);
}

/** \return its name; lives as long as the table. */
static inline const char *lyre_table_name(const lyre_table *table) { return lyre_host->table_name(table); }
/** \return the name of its database; lives as long as the table. */
static inline const char *lyre_table_database(const lyre_table *table) { return lyre_host->table_database(table); }

/**
 * Fills in what the table was made from, its present attributes included: they live until the call ends. Set
 * \p ret->size first.
 */
static inline int lyre_table_spec(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret)
{
	return lyre_host->table_spec(call, table, ret);
}

/**
 * Attribute \p i of a description filled in by lyre_table_spec(), whose attributes lie as far apart as the server's
 * compiler put them. \return NULL outside
 */
static inline const struct lyre_attribute *lyre_attribute_at(const struct lyre_table_spec *spec, uint32_t i)
{
	const char *first = (const char *)spec->attributes;
	return i < spec->attribute_count ? (const struct lyre_attribute *)(const void *)(first + (size_t)i * spec->attributes->size)
					 : NULL;
}

/**
 * The table's figures now; set \p ret->size first. LYRE_ENOTFOUND when it was dropped since it was opened.
 * \param exact  count records even where that needs a scan, which takes long
 */
static inline int lyre_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret)
{
	return lyre_host->table_stats(call, table, exact, ret);
}

/**
 * Writes one value to lyre_reply() that tells nothing but what lyre_tables(), lyre_table_spec() and lyre_table_stats()
 * tell of one database: by \p write, or, for callers who are told everything, while nothing of that has changed since
 * \p write last returned 0, as the same text again. LYRE_ENOTFOUND when there is no such database.
 * \param name  of the text, one for each form of it that \p write makes; copied
 * \param write  writes the one value to lyre_reply(); its return is passed on
 */
static inline int lyre_reply_figures(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg)
{
	return lyre_host->reply_figures(call, database, name, write, arg);
}

/**
 * Adds an attribute, also for who may insert records; \p id receives its identifier, 36 characters and NUL. LYRE_EEXISTS,
 * LYRE_EINVAL. Blocks.
 */
static inline int lyre_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute,
	char id[37])
{
	return lyre_host->attribute_create(call, table, attribute, id);
}

/**
 * Removes an attribute and its values: at once from sight, from the disk in the background. LYRE_EINVAL for the key and
 * the time attributes. An unknown one is nothing to remove: 0. Blocks.
 */
static inline int lyre_attribute_drop(lyre_call *call, lyre_table *table, const char *name)
{
	return lyre_host->attribute_drop(call, table, name);
}

/* ---- writing ---- */

/** What a write does. Grows at the end only. */
enum lyre_write_mode {
	LYRE_INSERT = 0, /**< records whose key exists are skipped */
	LYRE_UPDATE = 1, /**< merged into the record there is; others are skipped */
	LYRE_UPSERT = 2, /**< merged into the record there is, or inserted */
	LYRE_DELETE = 3  /**< \p records holds keys, not records; keys that are not there are skipped */
};

/** What became of one record of a write. Never grows: the results lie in an array. */
struct lyre_written {
	const lyre_value *key; /**< as stored: a generated key too */
	uint32_t done;         /**< 0: skipped */
	uint32_t generated;    /**< the key was made up here */
};

/** What became of a write. It and what it points to live until the call ends, or begins another write. */
struct lyre_write_result {
	const struct lyre_written *items; /**< in the order of the records */
	size_t count;
	size_t done;  /**< of them, not skipped */
	double time;  /**< of the commit, ms since the epoch */
};

/**
 * Writes records in one transaction and goes on in \p then when they are on the disk, all or, when one is not valid,
 * none. The call's failure says why; \p then is not run then. Never blocks.
 * \param records  array of objects, or of keys; NULL is LYRE_ENOMEM
 * \param then     builds the answer, or begins the next write; runs on the thread that serves the call and must not
 *                 block; returns like a handler
 * \param arg      for \p then: memory of the call, or what outlives it
 * \return LYRE_PENDING or a failure: the handler must return it and leave the call alone
 */
static inline int lyre_write(lyre_call *call, lyre_table *table, enum lyre_write_mode mode, const lyre_value *records,
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg)
{
	return lyre_host->write(call, table, (int)mode, records, then, arg);
}

/**
 * Writes as lyre_write() does, and returns when the records are on the disk. Blocks: for handlers that run on the pool and for jobs.
 * \param[out] ret  lives until the call ends or begins another write
 * Since ABI 1.1.
 */
static inline int lyre_write_wait(lyre_call *call, lyre_table *table, enum lyre_write_mode mode, const lyre_value *records,
	const struct lyre_write_result **ret)
{
	return lyre_host->write_wait(call, table, (int)mode, records, ret);
}

/* ---- reading ---- */

/** A search. All values belong to the call. */
struct lyre_query {
	uint32_t size;              /**< sizeof(struct lyre_query) */
	uint32_t match_any;         /**< conditions are or-ed, not and-ed */
	lyre_table *table;
	const lyre_value *conditions; /**< array of {attribute, comparator, value} and {operator, conditions}; NULL for all */
	const lyre_value *select;   /**< array of attribute names, ["*"], or objects {name, select}; NULL for all */
	const lyre_value *sort;     /**< {attribute, descending, next}; NULL for the order of the first condition's index */
	uint64_t offset;
	uint64_t limit;             /**< UINT64_MAX for none */
	uint32_t reverse;           /**< the order turned round */
	uint32_t reserved;          /**< 0 */
};

/**
 * What a query has as its conditions where there is but one: an array of it. NULL when out of memory, or \p value is NULL.
 * Of this header alone: servers of any minor have it.
 */
static inline const lyre_value *lyre_make_condition(lyre_call *call, const char *attribute, const char *comparator,
	const lyre_value *value)
{
	static const char *const names[] = { "attribute", "comparator", "value" };
	const lyre_value *parts[] = { lyre_make_text(call, attribute), lyre_make_text(call, comparator), value };
	const lyre_value *condition = lyre_make_object(call, names, parts, 3);

	return lyre_make_array(call, &condition, 1);
}

/**
 * Plans a search; reads nothing yet. The cursor lives until the call ends, or until lyre_reply_rows() has taken it.
 * LYRE_EINVAL for conditions, attributes or sorts that cannot be.
 */
static inline int lyre_query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret)
{
	return lyre_host->query_open(call, query, ret);
}

/**
 * A search by keys: the rows in the order of \p keys, unknown ones left out. \p select as in struct lyre_query. The
 * cursor as lyre_query_open() says.
 * \param keys  an array; NULL is LYRE_ENOMEM
 */
static inline int lyre_lookup(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select,
	lyre_cursor **ret)
{
	return lyre_host->lookup(call, table, keys, select, ret);
}

/**
 * The next row as an object; it lives until this is called again for the same cursor. Reads the file that is mapped into
 * memory: short for a few rows, for the pool when they may be many.
 * \return 0, LYRE_END after the last, or a failure
 */
static inline int lyre_cursor_next(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret)
{
	return lyre_host->cursor_next(call, cursor, ret);
}

/* ---- backup ---- */

/**
 * Takes a consistent snapshot of a database, or of some of its tables, while writes go on. Blocks.
 * \param tables  names; NULL with \p count 0 for the whole database
 * \param[out] fd a file without a name, at its start, owned by the caller: an LMDB file that is a database of its own
 */
static inline int lyre_backup(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd)
{
	return lyre_host->backup(call, database, tables, count, fd);
}

/**
 * Brings a backup in as a new database, whole or not at all: the file is checked before anything is seen of it.
 * LYRE_EEXISTS, LYRE_ECORRUPT, LYRE_EINVAL for what is no file, LYRE_ENOSPACE where it is too large for the disk or the settings.
 * Blocks.
 * \param path  of the file on the server, absolute; one that came with the call (LYRE_P_FILE) becomes the database itself
 */
static inline int lyre_restore(lyre_call *call, const char *database, const char *path)
{
	return lyre_host->restore(call, database, path);
}

/**
 * Whether a restore of a file makes sense: there is no such database yet, the file begins as a backup does, and there is room
 * for it. For lyre_operation.check, where the file is on its way still (LYRE_P_FILE). Failures are those of lyre_restore(), and
 * LYRE_EBUSY when another file is on its way to be the same database. Blocks. Since ABI 1.2.
 */
static inline int lyre_restore_check(lyre_call *call, const char *database, const char *path)
{
	return lyre_host->restore_check(call, database, path);
}

/* ---- databases at work ---- */

/** What a database takes on the disk, bytes. */
struct lyre_storage {
	uint32_t size;             /**< sizeof(struct lyre_storage) */
	uint32_t reserved;
	uint64_t file_size;
	uint64_t used_size;
	uint64_t reclaimable_size; /**< of the file, what lyre_database_compact() would give back; writes use it up too */
};

/** What lyre_database_check() went through. */
struct lyre_check {
	uint32_t size;             /**< sizeof(struct lyre_check) */
	uint32_t reserved;
	uint64_t tables;
	uint64_t records;
	uint64_t index_entries;
};

/**
 * Writes a database's file anew without the space that nothing uses, while it is read: whole or not at all, whatever
 * happens. Writes wait until it is done. The disk must have room for the second file. LYRE_EBUSY during a backup or
 * a check. Blocks.
 * \param[out] before  size of the file, bytes
 * \param[out] after   the new one's
 */
static inline int lyre_database_compact(lyre_call *call, const char *database, uint64_t *before, uint64_t *after)
{
	return lyre_host->database_compact(call, database, before, after);
}

/** Sizes of a database, as of now. */
static inline int lyre_database_storage(lyre_call *call, const char *database, struct lyre_storage *ret)
{
	return lyre_host->database_storage(call, database, ret);
}

/**
 * Reads a whole database as it is at one moment, while writes go on: pages, records, index entries, times of expiry,
 * counts, the commit log of tables with audit on, and whether they agree. LYRE_ECORRUPT says what does not, and where. LYRE_EBUSY during a backup or a
 * compaction. Blocks.
 */
static inline int lyre_database_check(lyre_call *call, const char *database, struct lyre_check *ret)
{
	return lyre_host->database_check(call, database, ret);
}

/* ---- the commit log ---- */

/** One record that a write changed. Since ABI 1.1; grows at its end. */
struct lyre_change {
	uint32_t size;
	uint32_t mode;            /**< enum lyre_write_mode */
	uint64_t sequence;        /**< of the write: changes of one write have the same; grows without gaps a database */
	double time;              /**< of the write, ms since the epoch */
	const char *user;
	const char *operation;
	const lyre_value *key;
	const lyre_value *before; /**< the record as it was; NULL: there was none */
	const lyre_value *after;  /**< as it is since; NULL: it was deleted */
};

/** Which changes of a table. Since ABI 1.1. */
struct lyre_change_query {
	uint32_t size;            /**< sizeof(struct lyre_change_query) */
	uint32_t newest_first;
	double from, until;       /**< ms since the epoch, both included; NAN for no bound */
	const lyre_value *keys;   /**< array: only these; NULL for all */
	const lyre_value *users;  /**< array of texts: only these users'; NULL for all */
	uint64_t limit;           /**< of writes, not of changes; UINT64_MAX for none */
};

/**
 * Reads what was written to a table with audit on; of the server's own tables with its rights only. What \p visit is given
 * lives until it returns. Memory does not grow with the log; no snapshot is held for longer than a slice of work. Blocks.
 * Since ABI 1.1.
 * \return 0, what the first visit that is not 0 returned, or a failure
 */
static inline int lyre_changes(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
	int (*visit)(void *arg, const struct lyre_change *change), void *arg)
{
	return lyre_host->changes(call, table, query, visit, arg);
}

/**
 * Removes what was written to a table before a time from the commit log, in small transactions between which writers go on. Blocks. Since ABI 1.1.
 * \param before   ms since the epoch
 * \param progress called between two transactions with the writes removed so far; other than 0 ends it with that; NULL for none
 * \param[out] removed  writes
 */
static inline int lyre_changes_remove(lyre_call *call, lyre_table *table, double before, int (*progress)(void *arg, uint64_t removed),
	void *arg, uint64_t *removed)
{
	return lyre_host->changes_remove(call, table, before, progress, arg, removed);
}

/** Which of a database's trees. Grows at the end only. Since ABI 1.1. */
enum lyre_tree {
	LYRE_TREE_MAIN = 0, /**< the one that holds the others */
	LYRE_TREE_FREE = 1, /**< the list of free pages */
	LYRE_TREE_LOG = 2   /**< the commit log */
};

/** The tree of a database or table, LMDB's figures. Since ABI 1.1. */
struct lyre_pages {
	uint32_t size;      /**< sizeof(struct lyre_pages), set by the caller */
	uint32_t page_size; /**< bytes */
	uint32_t depth;
	uint32_t tree;      /**< enum lyre_tree, set by the caller: read when there is no table */
	uint64_t branch_pages, leaf_pages, overflow_pages;
	uint64_t entries;
	/* of the database, whichever tree was asked for */
	uint64_t map_size;  /**< bytes */
	uint64_t last_page; /**< the highest page number in use */
	uint64_t last_transaction;
	uint32_t readers;   /**< slots in use */
	uint32_t max_readers;
};

/** Figures of a table's records, or with \p table NULL of the tree that ret->tree names. Since ABI 1.1. */
static inline int lyre_pages(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret)
{
	return lyre_host->pages(call, database, table, ret);
}

LYRE_END_DECLS

#endif
