/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/store.h
 * \brief Databases, tables, records, queries and backups.
 *
 * Functions that return int set the call's failure (lyre_fail()), with a message for the client, when they return a
 * negative code. A function marked "blocks" waits for the disk: it is only for handlers that run on the pool.
 * Names are NUL-terminated. A call's tables and cursors may be used only on the thread that runs it. Any function may return
 * LYRE_ENOMEM; if it reads or writes the disk, LYRE_EIO or LYRE_ECORRUPT; if it writes, LYRE_ENOSPACE or LYRE_EBUSY. Other
 * errors are listed with each function.
 *
 * A call has its caller's rights, whatever the operation declared: what is not permitted fails with LYRE_EDENIED. A table
 * that the caller may not see is reported like one that does not exist. Attributes that the caller may not read are left out
 * of rows and descriptions, and unknown when named. Super_users and structure_users may create and drop databases; for
 * tables and attributes, so may the structure_users of that database. Backup, maintenance, pages and the audit log
 * are for super_users. lyre_server_rights_begin() (lyre/user.h) lifts all of these restrictions.
 *
 * The server may be newer than these headers, with longer structs: those with a size are filled in up to that size, and a
 * table's attributes must be read with lyre_attribute_at(). Structs that only the server fills in may grow at their end.
 */
#ifndef LYRE_STORE_H
#define LYRE_STORE_H

#include <lyre/host.h>
#include <lyre/value.h>

LYRE_BEGIN_DECLS

struct lyre_attribute;
struct lyre_table_spec;
struct lyre_table_stats;
struct lyre_write_result;
struct lyre_query;
struct lyre_storage;
struct lyre_check;
struct lyre_change;
struct lyre_change_query;
struct lyre_pages;
struct lyre_range;
struct lyre_index;
struct lyre_field;

/** The host's implementation of the functions in this header. */
struct lyre_store_api {
	uint32_t size; /**< of the host's table */
	uint32_t reserved;

	int (*databases)(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg);
	int (*databases_failed)(lyre_call *call, int (*visit)(void *arg, const char *name, const char *why), void *arg);
	int (*database_create)(lyre_call *call, const char *database);
	int (*database_drop)(lyre_call *call, const char *database);

	int (*tables)(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg);
	int (*table_create)(lyre_call *call, const struct lyre_table_spec *spec);
	int (*table_drop)(lyre_call *call, const char *database, const char *table);
	int (*table_open)(lyre_call *call, const char *database, const char *name, lyre_table **ret);
	const char *(*table_name)(const lyre_table *table);
	const char *(*table_database)(const lyre_table *table);
	int (*table_spec)(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret);
	int (*table_stats)(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret);
	int (*reply_cached)(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg);
	int (*attribute_create)(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37]);
	int (*attribute_drop)(lyre_call *call, lyre_table *table, const char *name);

	int (*write)(lyre_call *call, lyre_table *table, int mode, const lyre_value *records,
		int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg);
	int (*write_wait)(
		lyre_call *call, lyre_table *table, int mode, const lyre_value *records, const struct lyre_write_result **ret);
	int (*reply_written)(lyre_call *call, const struct lyre_write_result *result);

	int (*query_open)(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret);
	int (*lookup)(lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret);
	int (*cursor_next)(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret);

	int (*backup)(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd);
	int (*restore)(lyre_call *call, const char *database, const char *path);
	int (*restore_check)(lyre_call *call, const char *database, const char *path);

	int (*database_compact)(lyre_call *call, const char *database, uint64_t *before, uint64_t *after);
	int (*database_storage)(lyre_call *call, const char *database, struct lyre_storage *ret);
	int (*database_check)(lyre_call *call, const char *database, struct lyre_check *ret);

	int (*changes)(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
		int (*visit)(void *arg, const struct lyre_change *change), void *arg);
	int (*changes_remove)(lyre_call *call, lyre_table *table, double before, int (*progress)(void *arg, uint64_t removed),
		void *arg, uint64_t *removed);

	int (*pages)(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret);

	int (*moment_begin)(lyre_call *call, lyre_table *const *tables, size_t count);
	void (*moment_end)(lyre_call *call);
	int (*index_look)(lyre_call *call, lyre_table *table, const char *attribute, struct lyre_index *ret);
	int (*range_estimate)(lyre_call *call, lyre_table *table, const struct lyre_range *range, uint64_t limit, uint64_t *ret);
	int (*reader_open)(lyre_call *call, lyre_table *table, const char *const *attributes, size_t count, lyre_reader **ret);
	int (*reader_seek)(lyre_reader *reader, const struct lyre_range *range);
	int (*reader_next)(lyre_reader *reader);
	void (*reader_field)(lyre_reader *reader, size_t i, struct lyre_field *ret);
	void (*reader_close)(lyre_reader *reader);
	int (*table_refuse)(lyre_call *call, const char *database, const char *table, uint32_t permissions,
		const char *const *attributes, size_t count);
	uint32_t (*attribute_permissions)(lyre_table *table, const char *attribute);

	size_t (*write_refused)(lyre_call *call, size_t from);

	const char *(*comparator)(size_t i);
	int (*count)(lyre_call *call, const struct lyre_query *query, uint64_t *ret);
};

/* ---- databases ---- */

/**
 * Calls \p visit for each database that the caller may see, except "system", oldest first, until one returns non-zero.
 * \return what the last visit returned
 */
static inline int lyre_databases(lyre_call *call, int (*visit)(void *arg, const char *name), void *arg)
{
	return lyre_host->store->databases(call, visit, arg);
}

/**
 * Calls \p visit for each unusable database, except "system", with the reason: it could not be opened, or has failed since.
 * For super_users, LYRE_EDENIED for others. \return what the last visit returned, or a failure
 */
static inline int lyre_databases_failed(lyre_call *call, int (*visit)(void *arg, const char *name, const char *why), void *arg)
{
	return lyre_host->store->databases_failed(call, visit, arg);
}

/** Creates an empty database; LYRE_EEXISTS if the name is taken. Blocks. */
static inline int lyre_database_create(lyre_call *call, const char *database)
{
	return lyre_host->store->database_create(call, database);
}

/** Drops a database with all its tables; LYRE_ENOTFOUND, LYRE_EDENIED for "system". Blocks. */
static inline int lyre_database_drop(lyre_call *call, const char *database)
{
	return lyre_host->store->database_drop(call, database);
}

/** Calls \p visit for each table of a database in order of creation. \return LYRE_ENOTFOUND, or what the last visit returned */
static inline int lyre_tables(lyre_call *call, const char *database, int (*visit)(void *arg, lyre_table *table), void *arg)
{
	return lyre_host->store->tables(call, database, visit, arg);
}

/* ---- tables ---- */

/** Rules of an attribute beyond its type. Grows at the end only. */
enum lyre_attribute_flag {
	LYRE_A_INDEXED = 1 << 0,    /**< searched and sorted without reading the whole table */
	LYRE_A_NOT_NULL = 1 << 1,   /**< records without it are refused */
	LYRE_A_PRIMARY_KEY = 1 << 2 /**< the attribute named by primary_key of struct lyre_table_spec */
};

/** An attribute of a table. */
struct lyre_attribute {
	uint32_t size;    /**< sizeof(struct lyre_attribute), set by whichever side fills it in */
	uint32_t flags;   /**< enum lyre_attribute_flag */
	const char *name; /**< UTF-8, 1 to 250 bytes; no / or ` */
	const char *type; /**< Any String Int Long BigInt Float Boolean Date ID Bytes Blob; NULL if not given, same as Any */
};

/** The definition of a table. */
struct lyre_table_spec {
	uint32_t size; /**< sizeof(struct lyre_table_spec) */
	uint32_t attribute_count;
	const char *database; /**< created too if it does not exist */
	const char *name;
	const char *primary_key;
	const struct lyre_attribute *attributes; /**< NULL for a dynamic table, which learns them from its records */
	double expiration;                       /**< seconds from a record's last write until it expires; negative: never */
	int audit;                               /**< 1 on, 0 off, -1 as set by logging.auditLog */
	int schema_defined;                      /**< set by lyre_table_spec(): not a dynamic table */
};

/** A table's statistics. Sizes in bytes. */
struct lyre_table_stats {
	uint32_t size;     /**< sizeof(struct lyre_table_stats), set by the caller */
	int32_t estimated; /**< record_count is an estimate, between count_low and count_high */
	uint64_t record_count;
	uint64_t count_low, count_high;
	uint64_t table_size;    /**< of the table's trees */
	uint64_t database_size; /**< of the database's file */
	uint64_t audit_size;    /**< of the database's audit log */
	double last_updated;    /**< newest write to a record that still exists, ms since the epoch; 0 for none */
};

/**
 * Creates a table, and its database if it does not exist. \p spec is copied. LYRE_EEXISTS; LYRE_EINVAL for invalid names or
 * types. Blocks.
 */
static inline int lyre_table_create(lyre_call *call, const struct lyre_table_spec *spec)
{
	return lyre_host->store->table_create(call, spec);
}

/** Drops a table with its records. LYRE_ENOTFOUND names the database or the table. Blocks; the space is freed later. */
static inline int lyre_table_drop(lyre_call *call, const char *database, const char *table)
{
	return lyre_host->store->table_drop(call, database, table);
}

/** Opens a table. It stays valid until the call ends, even if dropped. LYRE_ENOTFOUND names the database or the table. */
static inline int lyre_table_open(lyre_call *call, const char *database, const char *name, lyre_table **ret)
{
	return lyre_host->store->table_open(call, database, name, ret);
}

/**
 * Opens the table named by \p spec, and creates it if it does not exist; safe if two calls do so at the same time. An
 * existing table is used as it is. Blocks if it creates one.
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
static inline const char *lyre_table_name(const lyre_table *table)
{
	return lyre_host->store->table_name(table);
}
/** \return the name of its database; lives as long as the table. */
static inline const char *lyre_table_database(const lyre_table *table)
{
	return lyre_host->store->table_database(table);
}

/**
 * Fills in the table's definition with its current attributes, which live until the call ends. Set \p ret->size first.
 */
static inline int lyre_table_spec(lyre_call *call, lyre_table *table, struct lyre_table_spec *ret)
{
	return lyre_host->store->table_spec(call, table, ret);
}

/**
 * Attribute \p i of a definition filled in by lyre_table_spec(), whose attributes have the size that the server's compiler
 * knows. \return NULL if out of range
 */
static inline const struct lyre_attribute *lyre_attribute_at(const struct lyre_table_spec *spec, uint32_t i)
{
	const char *first = (const char *)spec->attributes;
	return i < spec->attribute_count ?
		(const struct lyre_attribute *)(const void *)(first + (size_t)i * spec->attributes->size) :
		NULL;
}

/**
 * The table's current statistics; needs LYRE_PERMIT_DESCRIBE. Set \p ret->size first. LYRE_ENOTFOUND if it was dropped
 * after it was opened.
 * \param exact  count exactly; currently the count is always exact, without a scan
 */
static inline int lyre_table_stats(lyre_call *call, lyre_table *table, int exact, struct lyre_table_stats *ret)
{
	return lyre_host->store->table_stats(call, table, exact, ret);
}

/**
 * Writes one value to lyre_reply() that depends only on lyre_tables(), lyre_table_spec() and lyre_table_stats() of one
 * database: it calls \p write, or repeats the text of its last successful call if nothing has changed since and the caller
 * may see everything. LYRE_ENOTFOUND if there is no such database.
 * \param name   of the cached text, a different one for each form that \p write produces; copied
 * \param write  writes the one value to lyre_reply(); its result is returned
 */
static inline int lyre_reply_cached(lyre_call *call, const char *database, const char *name, int (*write)(void *arg), void *arg)
{
	return lyre_host->store->reply_cached(call, database, name, write, arg);
}

/**
 * Adds an attribute; callers who may insert records may do so, too. \p id receives its identifier, 36 characters and NUL.
 * LYRE_EEXISTS, LYRE_EINVAL. Blocks.
 */
static inline int lyre_attribute_create(lyre_call *call, lyre_table *table, const struct lyre_attribute *attribute, char id[37])
{
	return lyre_host->store->attribute_create(call, table, attribute, id);
}

/**
 * Removes an attribute and its values: they are hidden at once, and removed from the disk in the background. LYRE_EINVAL for
 * the primary key and the time attributes; 0 for an unknown attribute. Blocks.
 */
static inline int lyre_attribute_drop(lyre_call *call, lyre_table *table, const char *name)
{
	return lyre_host->store->attribute_drop(call, table, name);
}

/* ---- writing ---- */

/** Kinds of write. Grows at the end only. */
enum lyre_write_mode {
	LYRE_INSERT = 0, /**< records whose key exists are skipped */
	LYRE_UPDATE = 1, /**< merged into the existing record; records whose key does not exist are skipped */
	LYRE_UPSERT = 2, /**< merged into the existing record, or inserted */
	LYRE_DELETE = 3  /**< \p records holds keys, not records; keys that do not exist are skipped */
};

/** The result for one record of a write. Never grows: the results are an array. */
struct lyre_written {
	const lyre_value *key; /**< as stored, also if generated */
	uint32_t done;         /**< 0: skipped */
	uint32_t generated;    /**< the server generated the key */
};

/** The result of a write. It and what it points to live until the call ends, or begins another write. */
struct lyre_write_result {
	const struct lyre_written *items; /**< in the order of the records */
	size_t count;
	size_t done;       /**< number of records not skipped */
	uint32_t mode;     /**< enum lyre_write_mode */
	uint32_t reserved; /**< 0 */
	double time;       /**< of the commit, ms since the epoch */
};

/**
 * Writes records in one transaction, and runs \p then once they are on disk. If one is invalid none is written: the call's
 * failure says why, and \p then does not run. Never blocks.
 * \param records  array of objects, or of keys; NULL is LYRE_ENOMEM
 * \param then     writes the answer, or begins the next write; runs on the thread that serves the call and must not block;
 *                 returns like a handler
 * \param arg      passed to \p then: memory of the call, or memory that outlives it
 * \return LYRE_PENDING or a failure: the handler must return it and not touch the call any more
 */
static inline int lyre_write(lyre_call *call, lyre_table *table, enum lyre_write_mode mode, const lyre_value *records,
	int (*then)(lyre_call *call, const struct lyre_write_result *result, void *arg), void *arg)
{
	return lyre_host->store->write(call, table, (int)mode, records, then, arg);
}

/**
 * Like lyre_write(), but returns when the records are on disk. Blocks: for handlers that run on the pool, and for jobs.
 * \param[out] ret  lives until the call ends or begins another write
 */
static inline int lyre_write_wait(lyre_call *call, lyre_table *table, enum lyre_write_mode mode, const lyre_value *records,
	const struct lyre_write_result **ret)
{
	return lyre_host->store->write_wait(call, table, (int)mode, records, ret);
}

/**
 * After lyre_write() or lyre_write_wait() has failed, and before the scope of the write ends: the next record that was refused.
 * The message names the faults of all of them; written alone, a record has only its own.
 * \param from  the number of the record to begin with, from 0
 * \return its number; SIZE_MAX if there is no other, or if the failure is not a record's
 */
static inline size_t lyre_write_refused(lyre_call *call, size_t from)
{
	return lyre_host->store->write_refused(call, from);
}

/**
 * Writes the answer of the operation insert, update, upsert or delete to lyre_reply():
 * {"message": "inserted 1 of 2 records", "inserted_hashes": [2], "skipped_hashes": [1]}. May be passed to lyre_write().
 * \param unused  NULL
 * \return 0
 */
static inline int lyre_reply_written(lyre_call *call, const struct lyre_write_result *result, void *unused)
{
	(void)unused;
	return lyre_host->store->reply_written(call, result);
}

/* ---- reading ---- */

/** A search. All values belong to the call. */
struct lyre_query {
	uint32_t size;      /**< sizeof(struct lyre_query) */
	uint32_t match_any; /**< non-zero: conditions are or-ed instead of and-ed */
	lyre_table *table;
	const lyre_value *conditions; /**< array of {attribute, comparator, value} and {operator, conditions}; NULL for all */
	const lyre_value *select;     /**< array of attribute names, ["*"], or objects {name, select}; NULL for all */
	const lyre_value *sort;       /**< {attribute, descending, next}; NULL for the order of the first condition's index */
	uint64_t offset;
	uint64_t limit;    /**< UINT64_MAX for none */
	uint32_t reverse;  /**< non-zero: reverse order */
	uint32_t reserved; /**< 0 */
};

/**
 * \return the names of comparators that this server knows, one after the other: the first is the default; NULL after the last.
 *         For any thread
 */
static inline const char *lyre_comparator(size_t i)
{
	return lyre_host->store->comparator(i);
}

/** The conditions of a query that has only one: an array with it. NULL when out of memory, or if \p value is NULL. */
static inline const lyre_value *lyre_make_condition(
	lyre_call *call, const char *attribute, const char *comparator, const lyre_value *value)
{
	static const char *const names[] = { "attribute", "comparator", "value" };
	const lyre_value *parts[] = { lyre_make_text(call, attribute), lyre_make_text(call, comparator), value };
	const lyre_value *condition = lyre_make_object(call, names, parts, 3);

	return lyre_make_array(call, &condition, 1);
}

/**
 * Plans a search; reads nothing yet. The cursor lives until the call ends, or until lyre_reply_rows() takes it. LYRE_EINVAL
 * for invalid conditions, attributes or sort orders.
 */
static inline int lyre_query_open(lyre_call *call, const struct lyre_query *query, lyre_cursor **ret)
{
	return lyre_host->store->query_open(call, query, ret);
}

/**
 * Counts the rows that a query would have, up to its limit and without those that its offset skips; select, sort and reverse
 * are ignored. All records of a table are counted at once, those with one value of an indexed attribute in the index, others
 * by reading and matching them, within the time limit of queries. Blocks.
 * \return 0; as lyre_query_open(); LYRE_EBUSY if it took too long, or nobody waits for the call any more
 */
static inline int lyre_count(lyre_call *call, const struct lyre_query *query, uint64_t *ret)
{
	return lyre_host->store->count(call, query, ret);
}

/**
 * Searches by keys: rows come in the order of \p keys, without unknown ones. \p select is as in struct lyre_query, and the
 * cursor as in lyre_query_open().
 * \param keys  an array; NULL is LYRE_ENOMEM
 */
static inline int lyre_lookup(
	lyre_call *call, lyre_table *table, const lyre_value *keys, const lyre_value *select, lyre_cursor **ret)
{
	return lyre_host->store->lookup(call, table, keys, select, ret);
}

/**
 * The next row as an object; it lives until the next call for the same cursor. Reads from the memory-mapped file: quick for
 * a few rows; use the pool if there may be many.
 * \return 0, LYRE_END after the last, or a failure
 */
static inline int lyre_cursor_next(lyre_call *call, lyre_cursor *cursor, const lyre_value **ret)
{
	return lyre_host->store->cursor_next(call, cursor, ret);
}

/* ---- reading at one moment ---- */

/*
 * For modules with search rules of their own, such as a query language. A cursor may see later writes from row to row;
 * readers see the tables as they were when the moment began, whatever is written meanwhile. A reader goes through a range of
 * an index and gives access to values in place, without making rows of them.
 *
 * The order of an index: null, false, true, numbers, strings by their bytes. A record without the attribute, or with an
 * object, has no entry. An array has an entry for each of its scalar items. So a range finds every record with a scalar
 * value in it, but may find a record with an array several times: compare what is found.
 */

/**
 * Begins a moment: one snapshot of each database that has one of these tables. While it lasts, replaced data keeps its space
 * on the disk, and the databases cannot be dropped: keep it to a few seconds, on a thread that may block. A call has one
 * moment at a time, which ends at the latest when the scope ends or the handler returns. LYRE_ENOTFOUND if a table or its
 * database was dropped.
 */
static inline int lyre_moment_begin(lyre_call *call, lyre_table *const *tables, size_t count)
{
	return lyre_host->store->moment_begin(call, tables, count);
}
/** Ends the moment, and closes all readers. */
static inline void lyre_moment_end(lyre_call *call)
{
	lyre_host->store->moment_end(call);
}

/** Rules of a range. Grows at the end only. */
enum lyre_range_flag {
	LYRE_RANGE_LOW = 1 << 0,        /**< low is its lower bound; else it begins at the first entry */
	LYRE_RANGE_LOW_OPEN = 1 << 1,   /**< low itself is not in it */
	LYRE_RANGE_HIGH = 1 << 2,       /**< high is its upper bound; else it ends at the last entry */
	LYRE_RANGE_HIGH_OPEN = 1 << 3,  /**< high itself is not in it */
	LYRE_RANGE_PREFIX = 1 << 4,     /**< low is a string: the range is all strings that begin with it */
	LYRE_RANGE_DESCENDING = 1 << 5, /**< read from its upper end */
};

/** A value of a record, or a bound. Never grows: bounds are members of a struct. */
struct lyre_field {
	uint32_t type;     /**< enum lyre_type */
	uint32_t len;      /**< bytes of s */
	uint32_t lasting;  /**< s is valid until the moment ends, not only until the reader's next call */
	uint32_t reserved; /**< 0 */
	int64_t i;         /**< LYRE_INT, LYRE_BOOL */
	double d;          /**< LYRE_DOUBLE; for other numbers the nearest double */
	/**
	 * LYRE_STRING: its UTF-8, LYRE_BIGINT: its digits, LYRE_ARRAY and LYRE_OBJECT: their JSON; dates are strings, as in rows.
	 * Not NUL-terminated
	 */
	const char *s;
};

/** A range of an index. */
struct lyre_range {
	uint32_t size;          /**< sizeof(struct lyre_range) */
	uint32_t flags;         /**< enum lyre_range_flag, or-ed */
	const char *attribute;  /**< whose index; NULL: the primary key's, which has all records */
	struct lyre_field low;  /**< a scalar */
	struct lyre_field high; /**< a scalar */
};

/** What an index holds. */
struct lyre_index {
	uint32_t size;     /**< sizeof(struct lyre_index) */
	uint32_t indexed;  /**< there is one */
	uint32_t whole;    /**< every record has exactly one entry in it */
	uint32_t ordered;  /**< its entries are in the order of their values: no string was cut */
	uint32_t booleans; /**< it has entries for booleans */
	uint32_t nested;   /**< a record has, or has had, an array or an object */
	uint64_t entries;
};

/** What the index of an attribute holds in the moment; for an attribute that is not indexed, or unknown, indexed is 0. */
static inline int lyre_index_look(lyre_call *call, lyre_table *table, const char *attribute, struct lyre_index *ret)
{
	return lyre_host->store->index_look(call, table, attribute, ret);
}

/** Estimates the entries of a range in the moment: counted up to \p limit, a guess above. */
static inline int lyre_range_estimate(
	lyre_call *call, lyre_table *table, const struct lyre_range *range, uint64_t limit, uint64_t *ret)
{
	return lyre_host->store->range_estimate(call, table, range, limit, ret);
}

/**
 * Opens a reader of a table of the moment. LYRE_EINVAL for an attribute that is unknown, or that the caller may not read.
 * If they are only the primary key and the attribute of an index, ranges of that index are read without their records.
 * \param attributes  those that lyre_reader_field() returns, by their number; an unknown one of a dynamic table is always null
 */
static inline int lyre_reader_open(
	lyre_call *call, lyre_table *table, const char *const *attributes, size_t count, lyre_reader **ret)
{
	return lyre_host->store->reader_open(call, table, attributes, count, ret);
}
/** Goes to the start of a range, before its first record. However often it is called, the reader's memory does not grow. */
static inline int lyre_reader_seek(lyre_reader *reader, const struct lyre_range *range)
{
	return lyre_host->store->reader_seek(reader, range);
}
/** Goes to the next record of the range. \return 0, LYRE_END after the last, or a failure */
static inline int lyre_reader_next(lyre_reader *reader)
{
	return lyre_host->store->reader_next(reader);
}
/** The value of attribute \p i in this record; LYRE_NULL if it has none. */
static inline void lyre_reader_field(lyre_reader *reader, size_t i, struct lyre_field *ret)
{
	lyre_host->store->reader_field(reader, i, ret);
}
/** Closes it; its memory is reused by the call's next reader. */
static inline void lyre_reader_close(lyre_reader *reader)
{
	lyre_host->store->reader_close(reader);
}

/**
 * Fails as the server does when the caller lacks permissions on a table (enum lyre_permission, or-ed), or on some of its
 * attributes: with LYRE_EDENIED, and an answer that names them; what the caller may not see is told as not existing.
 */
static inline int lyre_table_refuse(
	lyre_call *call, const char *database, const char *table, uint32_t permissions, const char *const *attributes, size_t count)
{
	return lyre_host->store->table_refuse(call, database, table, permissions, attributes, count);
}
/**
 * The caller's permissions on an attribute, enum lyre_permission or-ed. They follow from the role, even if there is no such
 * attribute.
 */
static inline uint32_t lyre_attribute_permissions(lyre_table *table, const char *attribute)
{
	return lyre_host->store->attribute_permissions(table, attribute);
}

/* ---- backup ---- */

/**
 * Takes a consistent snapshot of a database, or of some of its tables, while writes continue. Blocks.
 * \param tables  names; NULL with \p count 0 for the whole database
 * \param[out] fd an unnamed file, positioned at its start and owned by the caller: a complete database as an LMDB file
 */
static inline int lyre_backup(lyre_call *call, const char *database, const char *const *tables, size_t count, int *fd)
{
	return lyre_host->store->backup(call, database, tables, count, fd);
}

/**
 * Restores a backup as a new database, completely or not at all: the file is checked before the database becomes visible.
 * LYRE_EEXISTS, LYRE_ECORRUPT, LYRE_EINVAL if it is not a file, LYRE_ENOSPACE if it is too large for the disk or the settings.
 * Blocks.
 * \param path  absolute path of the file on the server; an uploaded file (LYRE_P_FILE) becomes the database itself
 */
static inline int lyre_restore(lyre_call *call, const char *database, const char *path)
{
	return lyre_host->store->restore(call, database, path);
}

/**
 * Checks whether a file could be restored: the database does not exist yet, the file begins like a backup, and there is
 * room for it. For lyre_operation.check, while the file is still arriving (LYRE_P_FILE). Fails like lyre_restore(), and
 * with LYRE_EBUSY if another file is arriving for the same database. Blocks.
 */
static inline int lyre_restore_check(lyre_call *call, const char *database, const char *path)
{
	return lyre_host->store->restore_check(call, database, path);
}

/* ---- maintenance ---- */

/** Disk space of a database, in bytes. */
struct lyre_storage {
	uint32_t size; /**< sizeof(struct lyre_storage) */
	uint32_t reserved;
	uint64_t file_size;
	uint64_t used_size;
	uint64_t reclaimable_size; /**< part of the file that lyre_database_compact() would free; writes reuse it, too */
};

/** What lyre_database_check() has checked. */
struct lyre_check {
	uint32_t size; /**< sizeof(struct lyre_check) */
	uint32_t reserved;
	uint64_t tables;
	uint64_t records;
	uint64_t index_entries;
};

/**
 * Rewrites a database's file without its unused space, atomically, even in a crash. Reads continue, writes wait until it is
 * done. The disk must have room for the second file. LYRE_EBUSY during a backup or a check. Blocks.
 * \param[out] before  size of the old file, bytes
 * \param[out] after   size of the new file, bytes
 */
static inline int lyre_database_compact(lyre_call *call, const char *database, uint64_t *before, uint64_t *after)
{
	return lyre_host->store->database_compact(call, database, before, after);
}

/** The current sizes of a database. */
static inline int lyre_database_storage(lyre_call *call, const char *database, struct lyre_storage *ret)
{
	return lyre_host->store->database_storage(call, database, ret);
}

/**
 * Reads a snapshot of a whole database, while writes continue, and checks whether pages, records, index entries, expiry
 * times, counts and the audit log of tables with audit on are consistent. LYRE_ECORRUPT says what is wrong, and where.
 * LYRE_EBUSY during a backup or a compaction. Blocks.
 */
static inline int lyre_database_check(lyre_call *call, const char *database, struct lyre_check *ret)
{
	return lyre_host->store->database_check(call, database, ret);
}

/* ---- the audit log ---- */

/** One record that a write changed. Grows at its end. */
struct lyre_change {
	uint32_t size;
	uint32_t mode;     /**< enum lyre_write_mode */
	uint64_t sequence; /**< of the write, shared by all its changes; grows without gaps within a database */
	double time;       /**< of the write, ms since the epoch */
	const char *user;
	const char *operation;
	const lyre_value *key;
	const lyre_value *before; /**< the record before the change; NULL: there was none */
	const lyre_value *after;  /**< the record after the change; NULL: it was deleted */
};

/** Selects changes of a table. */
struct lyre_change_query {
	uint32_t size; /**< sizeof(struct lyre_change_query) */
	uint32_t newest_first;
	double from, until;      /**< ms since the epoch, inclusive; NAN for no bound */
	const lyre_value *keys;  /**< array: only changes of these keys; NULL for all */
	const lyre_value *users; /**< array of texts: only changes by these users; NULL for all */
	uint64_t limit;          /**< of writes, not of changes; UINT64_MAX for none */
};

/**
 * Reads the changes of a table with audit on; of the server's own tables only with the server's rights. What \p visit
 * receives lives until it returns. Memory does not grow with the log, and no snapshot is held for longer than a slice of
 * work. Blocks.
 * \return 0, the first non-zero return of \p visit, or a failure
 */
static inline int lyre_changes(lyre_call *call, lyre_table *table, const struct lyre_change_query *query,
	int (*visit)(void *arg, const struct lyre_change *change), void *arg)
{
	return lyre_host->store->changes(call, table, query, visit, arg);
}

/**
 * Removes a table's entries older than a given time from the audit log, in small transactions between which other writes
 * proceed. Blocks.
 * \param before   ms since the epoch
 * \param progress called between transactions with the number of writes removed so far; a non-zero return ends the removal
 *                 and is passed on; NULL for none
 * \param[out] removed  number of writes removed
 */
static inline int lyre_changes_remove(lyre_call *call, lyre_table *table, double before,
	int (*progress)(void *arg, uint64_t removed), void *arg, uint64_t *removed)
{
	return lyre_host->store->changes_remove(call, table, before, progress, arg, removed);
}

/** Trees of a database. Grows at the end only. */
enum lyre_tree {
	LYRE_TREE_MAIN = 0, /**< the tree that holds the others */
	LYRE_TREE_FREE = 1, /**< the list of free pages */
	LYRE_TREE_LOG = 2   /**< the audit log */
};

/** LMDB's statistics of a tree. */
struct lyre_pages {
	uint32_t size;      /**< sizeof(struct lyre_pages), set by the caller */
	uint32_t page_size; /**< bytes */
	uint32_t depth;
	uint32_t tree; /**< enum lyre_tree, set by the caller; used when no table is given */
	uint64_t branch_pages, leaf_pages, overflow_pages;
	uint64_t entries;
	/* of the database, whichever tree was requested */
	uint64_t map_size;  /**< bytes */
	uint64_t last_page; /**< the highest page number in use */
	uint64_t last_transaction;
	uint32_t readers; /**< slots in use */
	uint32_t max_readers;
};

/** Statistics of the tree of a table's records or, if \p table is NULL, of the tree that ret->tree selects. */
static inline int lyre_pages(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret)
{
	return lyre_host->store->pages(call, database, table, ret);
}

LYRE_END_DECLS

#endif
