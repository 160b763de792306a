/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyre/store.h
 * \brief Databases, tables and writes. Queries are in lyre/query.h; backups and the audit log in lyre/maintenance.h.
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

#include <lyre/call.h>
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

/** The host's implementation of the functions in this header, lyre/query.h and lyre/maintenance.h. */
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
	double expiration;  /**< seconds from a record's last write until it expires, 0: at once; negative: never */
	int audit;          /**< 1 on, 0 off, -1 as set by logging.auditLog */
	int schema_defined; /**< set by lyre_table_spec(): not a dynamic table */
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
 * existing table is used as it is: LYRE_ECONFLICT if its primary key has another name, but nothing else is compared. Blocks
 * if it creates one.
 */
static inline int lyre_table_ensure(lyre_call *call, const struct lyre_table_spec *spec, lyre_table **ret)
{
	struct lyre_table_spec now;
	int rc = lyre_table_open(call, spec->database, spec->name, ret);

	if (rc == LYRE_ENOTFOUND) {
		rc = lyre_table_create(call, spec);
		return rc < 0 && rc != LYRE_EEXISTS ? rc : lyre_table_open(call, spec->database, spec->name, ret);
	}
	memset(&now, 0, sizeof now);
	now.size = (uint32_t)sizeof now;
	if (rc == 0)
		rc = lyre_host->store->table_spec(call, *ret, &now);
	if (rc == 0 && spec->primary_key && strcmp(now.primary_key, spec->primary_key) != 0)
		return lyre_fail(call, LYRE_ECONFLICT,
			"table '%s.%s' exists with the primary key '%s', not '%s': drop it if it is not needed", spec->database,
			spec->name, now.primary_key, spec->primary_key);
	return rc;
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

LYRE_END_DECLS

#endif
