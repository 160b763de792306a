/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/store.h
 * \brief Databases, tables, records, queries and backups.
 *
 * Functions that return int set the call's failure (lyre_fail()) with a sentence for the client when they return a
 * negative code. A function marked "blocks" waits for the disk: only for handlers that run on the pool.
 * Names are NUL-terminated. Since ABI 1.0.
 */
#ifndef LYRE_STORE_H
#define LYRE_STORE_H

#include <lyre/host.h>

LYRE_BEGIN_DECLS

/* ---- databases ---- */

/** Calls \p visit for each database but "system", oldest first, until one returns non-zero. \return what it returned */
static inline int lyre_databases(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg)
{
	return lyre_host->databases(call, visit, arg);
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

/** Types of an attribute, as the wire names them: Any, String, Int, Long, BigInt, Float, Boolean, Date, ID, Bytes, Blob. */
enum lyre_attribute_flag {
	LYRE_A_INDEXED = 1 << 0,
	LYRE_A_NOT_NULL = 1 << 1,
	LYRE_A_PRIMARY_KEY = 1 << 2
};

/** An attribute of a table. */
struct lyre_attribute {
	uint32_t size;    /**< sizeof(struct lyre_attribute), set by who fills it in */
	uint32_t flags;   /**< enum lyre_attribute_flag */
	const char *name; /**< UTF-8, 1 to 250 bytes; no / or ` */
	const char *type; /**< as the wire names it; NULL when not given, as Any */
};

/** What a table is made from. */
struct lyre_table_spec {
	uint32_t size;           /**< sizeof(struct lyre_table_spec) */
	uint32_t attribute_count;
	const char *database;    /**< made too when there is none */
	const char *name;
	const char *primary_key;
	const struct lyre_attribute *attributes; /**< NULL for a dynamic table, which learns its attributes from its records */
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

/** Makes a table, and its database where there is none. LYRE_EEXISTS. Blocks. */
static inline int lyre_table_create(lyre_call *call, const struct lyre_table_spec *spec)
{
	return lyre_host->table_create(call, spec);
}

/** Removes a table with its records. LYRE_ENOTFOUND names the database or the table. Blocks; the space is freed later. */
static inline int lyre_table_drop(lyre_call *call, const char *database, const char *table)
{
	return lyre_host->table_drop(call, database, table);
}

/** Opens a table. It lives until the call ends. LYRE_ENOTFOUND names the database or the table. */
static inline int lyre_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret)
{
	return lyre_host->table_open(call, database, name, ret);
}

static inline const char *lyre_table_name(const lyre_table *table) { return lyre_host->table_name(table); }
static inline const char *lyre_table_database(const lyre_table *table) { return lyre_host->table_database(table); }

/** Fills in what the table was made from, its present attributes included; set \p ret->size first. */
static inline void lyre_table_spec(const lyre_table *table, struct lyre_table_spec *ret)
{
	lyre_host->table_spec(table, ret);
}

/** The table's figures now. \param exact  count records even where that needs a scan */
static inline int lyre_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret)
{
	return lyre_host->table_stats(call, table, exact, ret);
}

/** Adds an attribute; \p id receives its identifier, 36 characters and NUL. LYRE_EEXISTS. Blocks. */
static inline int lyre_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37])
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

enum lyre_write_mode {
	LYRE_INSERT = 0, /**< records whose key exists are skipped */
	LYRE_UPDATE = 1, /**< merged into the record there is; others are skipped */
	LYRE_UPSERT = 2, /**< merged into the record there is, or inserted */
	LYRE_DELETE = 3  /**< \p records holds keys, not records; keys that are not there are skipped */
};

/** What became of one record of a write. */
struct lyre_written {
	const lyre_value *key; /**< as stored: a generated key too */
	uint32_t done;         /**< 0: skipped */
	uint32_t generated;    /**< the key was made up here */
};

/** What became of a write: item_count entries, in the order of the records. */
struct lyre_write_result {
	const struct lyre_written *items;
	size_t count;
	size_t done;  /**< of them, not skipped */
	double time;  /**< of the commit, ms since the epoch */
};

/**
 * Writes records in one transaction and goes on in \p then when they are on the disk, all or, when one is not valid,
 * none. The call's failure says why; \p then is not run then. Never blocks: the handler must return what this returns.
 * \param records  array of objects, or of keys
 * \param then     builds the answer; runs on the thread that serves the call; returns like a handler
 */
static inline int lyre_write(lyre_call *call, lyre_table *table, enum lyre_write_mode mode, const lyre_value *records,
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg)
{
	return lyre_host->write(call, table, (int)mode, records, then, arg);
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
	uint32_t reserved;
};

/** Plans a search. The cursor lives until the call ends, or until lyre_reply_rows() has taken it. */
static inline int lyre_query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret)
{
	return lyre_host->query_open(call, query, ret);
}

/** A search by keys: the rows in the order of \p keys, unknown ones left out. \p select as in struct lyre_query. */
static inline int lyre_lookup(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret)
{
	return lyre_host->lookup(call, table, keys, select, ret);
}

/** The next row as an object; it lives until the next call of this. LYRE_END after the last. */
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
 * LYRE_EEXISTS, LYRE_ECORRUPT. Blocks.
 * \param path  of the file on the server, absolute
 */
static inline int lyre_restore(lyre_call *call, const char *database, const char *path)
{
	return lyre_host->restore(call, database, path);
}

LYRE_END_DECLS

#endif
