/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/store.h
 * \brief The store: databases, tables, reading from snapshots, writing through one queue per database. The room's main
 * header for others.
 *
 * Each database is one LMDB file. It has one writer thread: all requests in its queue are applied in one transaction,
 * flushed once, then answered; a request that fails undoes only itself. Readers use one renewed read transaction per
 * thread and never wait for the writer.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/err.h"
#include "base/metric.h"
#include "base/value.h"
#include "store/key.h"
#include "store/record.h"

#include <lyre/maintenance.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <stdbool.h>

struct metric_sink;
struct store;
struct database;
struct record_write;

/** A change that a listener is told of: a write, expired records, or else a table or database that was dropped or restored. */
struct store_change {
	const char *database;
	const char *table;                /**< NULL: all tables of the database */
	const struct record_write *write; /**< NULL: not a write */
	uint64_t expired;                 /**< records that were removed because they have expired */
	double time;                      /**< ms since the epoch */
};

/** The listener for changes. */
struct commit_listener {
	/** NULL: nobody */
	_Atomic(void (*)(void *arg, const struct store_change *change)) notice;
	void *arg;
};

struct store_options {
	const char *path;        /**< of the folder */
	uint64_t map_size;       /**< initial size of a new database's map, bytes */
	uint64_t max_size;       /**< limit of a database's size; 0: none */
	uint64_t reserve;        /**< kept free on the disk for requests that free space, bytes; 0: nothing */
	struct ballast *ballast; /**< internal: set by store_open() */
	int folder;              /**< internal too: the folder, open */
	uint64_t
		commit_memory; /**< of pages that requests may change together in one transaction, bytes; a single one may change more */
	unsigned max_trees;      /**< tables and indexes of one database, counted together */
	unsigned max_readers;    /**< threads that may read at once */
	uint64_t check_at_start; /**< files up to this size, bytes, are checked page by page when opened */
	bool write_async;        /**< answer before the flush */
	bool read_ahead;
	bool audit;             /**< for tables that do not specify it */
	double audit_retention; /**< ms */
	const char *node;       /**< this server's name, in the audit log */
	/** internal, like ballast */
	struct commit_listener *listener;
};

/* ---- the store and its databases ---- */

/** The database of the server's own records. It always exists, and cannot be dropped. */
#define SYSTEM_DATABASE "system"
/** Prefix of the server's own tables in it. */
#define SYSTEM_PREFIX "hdb_"
/** The answer to clients that try to change them. */
#define SYSTEM_CLOSED "The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed."

/** Opens all databases in the folder; creates "system" if it is missing. \return 0, LYRE_EIO, LYRE_ECORRUPT … */
int store_open(struct store **ret, const struct store_options *o, struct err *e);
/** Answers waiting requests, then closes. No other thread may use the store any longer. */
void store_close(struct store *s);

/**
 * The time, monotonic ms, before which nothing is removed because of its age, as the clock may be wrong; in the past: no
 * restriction. Any thread. The rules are in store/clock.h.
 */
int64_t store_hold(void);

/** A reference to a database, or LYRE_ENOTFOUND "database 'x' does not exist". */
int store_database(struct store *s, const char *name, struct database **ret, struct err *e);
struct database *database_ref(struct database *db);
void database_unref(struct database *db);
const char *database_name(const struct database *db);
/** References to all usable databases, including "system", oldest first, in the arena; the caller must unref each. */
int store_databases(struct store *s, struct arena *a, struct database ***ret, size_t *count, struct err *e);

/** A database that cannot be used until it is repaired and the server is restarted. */
struct failed_database {
	const char *name, *why;
};

/** All such databases, by name, in the arena. */
int store_failed_databases(struct store *s, struct arena *a, struct failed_database **ret, size_t *count, struct err *e);

/** LYRE_EEXISTS "database 'x' already exists". Blocks. */
int store_create_database(struct store *s, const char *name, struct err *e);
/** LYRE_ENOTFOUND; LYRE_EDENIED for system. For calls in progress the database no longer exists. Blocks. */
int store_drop_database(struct store *s, const char *name, struct err *e);

/* ---- tables, as defined at one moment ---- */

enum attribute_type {
	ATTRIBUTE_ANY,
	ATTRIBUTE_STRING,
	ATTRIBUTE_INT,
	ATTRIBUTE_LONG,
	ATTRIBUTE_BIGINT,
	ATTRIBUTE_FLOAT,
	ATTRIBUTE_BOOLEAN,
	ATTRIBUTE_DATE,
	ATTRIBUTE_ID,
	ATTRIBUTE_BYTES
};

enum attribute_flag {
	ATTRIBUTE_INDEXED = LYRE_A_INDEXED,
	ATTRIBUTE_NOT_NULL = LYRE_A_NOT_NULL,
	ATTRIBUTE_KEY = LYRE_A_PRIMARY_KEY,
	ATTRIBUTE_CREATED = 1 << 8,   /**< is the record's created time */
	ATTRIBUTE_UPDATED = 1 << 9,   /**< is the record's updated time */
	ATTRIBUTE_MULTI = 1 << 10,    /**< a record has had an array here: one record may have several index entries */
	ATTRIBUTE_CUT = 1 << 11,      /**< a string has been too long for its index entry */
	ATTRIBUTE_DECLARED = 1 << 12, /**< declared when the table was created or by create_attribute, not only seen in records */
	ATTRIBUTE_OBJECTS = 1 << 13   /**< a record has had an object here, which has no index entry */
};

struct attribute {
	const char *name;
	uint32_t name_len;
	uint16_t id;   /**< never reused in its table */
	uint16_t type; /**< enum attribute_type */
	uint32_t flags;
	const char *type_name; /**< as given; NULL if it was not */
	char uuid[37];
	MDB_dbi index; /**< if INDEXED, except for the key, whose index is the tree of records */
};

/** A definition. It never changes; a change makes a new one. Hold a reference while using it. */
struct table {
	atomic_uint refs;
	struct database *db;  /**< kept alive by this */
	uint32_t id;          /**< never reused in its database */
	uint32_t version;     /**< of the definition */
	uint32_t numbering;   /**< how often its attributes have got new ids since the file was opened */
	const char *database; /**< name */
	const char *name;
	bool dynamic; /**< learns attributes from its records */
	bool audit;
	double expiration; /**< ms; negative for never */
	MDB_dbi records;
	MDB_dbi expiry; /**< if expiration is not negative: (updated time, key) */
	uint16_t key;   /**< position of the primary key in attributes */
	uint16_t attribute_count;
	struct attribute *attributes; /**< in display order: the key, the times, the others in order of arrival */
	/* for table_attribute() */
	uint32_t hash_mask;
	uint16_t *hash;
	struct table_memo {
		atomic_size_t touched; /**< the last transaction that wrote records, committed or not */
		size_t txn;            /**< the commit for which the statistics are valid; 0 for none */
		struct lyre_table_stats stats;
	} memo; /**< for table_stats(); protected by the database's lock, not part of the definition */
};

/** LYRE_ENOTFOUND "database 'x' does not exist" or "Table 'x.t' does not exist". */
int store_table(struct store *s, const char *database, const char *name, const struct table **ret, struct err *e);
const struct table *table_ref(const struct table *t);
void table_unref(const struct table *t);
/** References to all tables of a database in order of creation. */
int database_tables(struct database *db, struct arena *a, const struct table ***ret, size_t *count, struct err *e);
const struct attribute *table_attribute(const struct table *t, const char *name, size_t len);
/** A value as stored outside BigInt attributes: integers of more than 64 bits become doubles, at any depth. NULL: out of memory */
const lyre_value *value_plain(const lyre_value *v, struct arena *a);
/** The current definition of the same table; LYRE_ENOTFOUND if it was dropped. */
int table_refresh(const struct table *t, const struct table **ret, struct err *e);

/**
 * A count that grows with each commit that may have changed a table's records or definition, after readers can see the
 * commit and before it is answered. Data read after the count is valid until the count changes. Lives as long as the
 * database; LYRE_ENOMEM.
 */
int table_watch(const struct table *t, const atomic_uint_least64_t **ret, struct err *e);

/* Changes of definitions. Each blocks until it is on disk. */
int store_create_table(struct store *s, const struct lyre_table_spec *spec, struct err *e);
int store_drop_table(struct store *s, const char *database, const char *name, struct err *e);
int table_create_attribute(const struct table *t, const struct lyre_attribute *a, char id[37], struct err *e);
int table_drop_attribute(const struct table *t, const char *name, struct err *e);

/* ---- reading ---- */

/** One moment of a database. Short-lived: must not be held while waiting for anything. A thread may have several open. */
struct snapshot {
	struct database *db;
	MDB_txn *txn;
	double now; /**< records that have expired by this time do not exist */
	void *slot;
	bool held; /**< by snapshot_begin_long() */
};

/** LYRE_ENOTFOUND if the database was dropped. */
int snapshot_begin(struct snapshot *s, struct database *db, struct err *e);
/**
 * The same for seconds. A writer that needs the map to grow, or a tree to end, waits for such a snapshot without making
 * other readers wait. LYRE_EBUSY if one is waiting already.
 */
int snapshot_begin_long(struct snapshot *s, struct database *db, struct err *e);
/** Whether a writer has been waiting for a second for a snapshot of this kind to end: it should end now. */
bool snapshot_is_overdue(const struct snapshot *s);
void snapshot_end(struct snapshot *s);
/** Whether \p t still exists in this snapshot (\p t may be an older definition). Must be checked before reading it. */
bool snapshot_has(const struct snapshot *s, const struct table *t);
/**
 * The definition of the same table in this snapshot, whose flags (ATTRIBUTE_MULTI, ATTRIBUTE_CUT) and trees match its
 * data; NULL if it was dropped. Valid until snapshot_end().
 */
const struct table *snapshot_table(const struct snapshot *s, const struct table *t);

/**
 * The record with a primary key; LYRE_ENOTFOUND, without a message, if there is none. Valid until
 * snapshot_end().
 */
int snapshot_get(struct snapshot *s, const struct table *t, const lyre_value *key, struct record *ret, struct err *e);
/** The same by primary-tree key, without considering whether it is cut. */
int snapshot_get_key(
	struct snapshot *s, const struct table *t, const unsigned char *key, size_t len, struct record *ret, struct err *e);
/**
 * The primary key of a record, from its tree key or, if that is cut, from the record. Strings may point into
 * the map.
 */
int record_key(const struct table *t, const unsigned char *key, size_t len, struct record r, struct arena *a, lyre_value *ret);

/** Entries between two bounds, in either direction. */
struct walk_range {
	const struct attribute *attribute; /**< whose index; NULL or the key: the records themselves */
	/** len 0: from the start; else entries >= these bytes, or after all that start with them if low_open */
	struct key low;
	/** len 0: to the end; else up to and including all that start with these bytes, or before them if high_open */
	struct key high;
	bool low_open, high_open;
	bool reverse;
	bool again; /**< with a position: start at that entry instead of after it */
};

struct walk {
	struct snapshot *snapshot;
	const struct table *table;
	struct walk_range range;
	MDB_cursor *cursor;
	int state;
	MDB_cursor *records; /**< of an index: at the record that was fetched last; NULL before the first */
	MDB_val entry, data;
	const unsigned char *key; /**< primary-tree key of the current entry */
	size_t key_len;
};

/** \p position: of an earlier walk of the same range (walk_position()), to continue after it; NULL to start. */
int walk_open(struct walk *w, struct snapshot *s, const struct table *t, const struct walk_range *r, const struct key *position,
	struct err *e);
/** 0 or LYRE_END. Expired records are not skipped here: see walk_record(). */
int walk_next(struct walk *w, struct err *e);
/** Continues with the first entry in \p r, which must be the rest of the walk's range or part of it. */
void walk_skip(struct walk *w, const struct walk_range *r);
/** The record of the current entry; LYRE_ENOTFOUND without a message if it has expired. */
int walk_record(struct walk *w, struct record *ret, struct err *e);
/** The attribute whose index is walked, in its snapshot; NULL: the records themselves. */
const struct attribute *walk_attribute(const struct walk *w);
void walk_position(const struct walk *w, struct key *ret);
void walk_close(struct walk *w);
/** Estimates the number of entries in a range: exact up to \p limit, a guess above. */
uint64_t walk_estimate(struct snapshot *s, const struct table *t, const struct walk_range *r, uint64_t limit);
/**
 * Whether every record of the table has exactly one entry in this index, in the order of its values, so that a sort can
 * walk it.
 */
bool index_is_complete(struct snapshot *s, const struct table *t, const struct attribute *a);

/** lyre_table_stats(). */
int snapshot_stats(struct snapshot *s, const struct table *t, bool exact, struct lyre_table_stats *ret, struct err *e);

/** The same for the last commit; without a snapshot if it was requested before. */
int table_stats(const struct table *t, bool exact, struct lyre_table_stats *ret, struct err *e);

struct kept_text;

/** The state for which a text being made will be valid. */
struct text_moment {
	struct catalogue *catalogue; /**< NULL: the text will not be kept */
	size_t txn;
	MDB_dbi log;
};

/**
 * A kept text made only from the definitions and statistics of a database's tables, as long as these are unchanged: read it
 * with kept_text_read(), then call kept_text_release(). \return false if there is none: then \p ret is for
 * database_keep_text(), which must be called once, and table_stats() has the statistics ready.
 */
bool database_text(struct database *db, const char *name, struct text_moment *ret, struct kept_text **text);
const char *kept_text_read(const struct kept_text *k, size_t *len);
void kept_text_release(struct kept_text *k);
/** Keeps a copy of a text begun after \p m; NULL if there is no text. */
void database_keep_text(struct database *db, const char *name, struct text_moment *m, const char *text, size_t len);

/* ---- writing ---- */

struct record_write {
	struct record_write *next; /**< internal: the queue */
	unsigned kind;             /**< internal: enum write_kind of the writer; 0 for records */
	/* in, untouched until done */
	const struct table *table;
	int mode;                  /**< enum lyre_write_mode */
	const lyre_value *records; /**< array */
	struct arena *arena;       /**< for results and temporary memory; belongs to the writer until done */
	const char *user;          /**< for the audit log */
	const char *operation;
	void (*done)(struct record_write *w); /**< on the writer's thread, after the flush; must be short */
	void *arg;
	void *prepared; /**< internal */
	/* out */
	struct err err;
	bool *refused; /**< for each record whether it was refused, in the arena; NULL: none, or something else failed */
	struct lyre_write_result result;
	uint32_t created;  /**< of result.done: records that did not exist before */
	uint64_t sequence; /**< of its first entry in the audit log; 0: it has none */
};

/**
 * Queues a write. Types, names and keys, which need no writer, are checked here at once: after a negative return, done()
 * is not called. Never blocks. Any thread.
 */
int store_write(struct record_write *w, struct err *e);

/**
 * From now on, \p notice is told of each write that has changed records, of records that have expired when they are removed, and
 * of tables whose contents are gone or others: dropped, one of their attributes dropped, with their database dropped or restored.
 * After the commit, before the answer; on the writer's thread or that of the caller, which waits. Once. Any thread.
 */
void store_listen(struct store *s, void (*notice)(void *arg, const struct store_change *change), void *arg);

/* ---- metrics ---- */

/** Reports the counts of each database since it was opened, and its state. Fast: reads lists of free pages, not tables. */
int store_report(struct store *s, struct arena *a, struct metric_sink *sink, struct err *e);

/** lyre_pages(), for the tree of a database named in ret->tree, and for a table. The caller sets the struct's size. */
int store_pages(struct store *s, const char *database, struct lyre_pages *ret, struct err *e);
int table_pages(const struct table *t, struct lyre_pages *ret, struct err *e);

/* ---- the server's own tables (system_tables.c) ---- */

/** Like store_write(), but sets \p w->done and \p w->arg, and returns when the write is on disk. Blocks. */
int store_write_wait(struct record_write *w, struct err *e);
/** Creates a table if none of its name exists; an existing one is left as it is. Blocks. */
int store_ensure_table(struct store *s, const struct lyre_table_spec *spec, struct err *e);

/* ---- backup ---- */

struct upload;

/** lyre_backup(), lyre_restore_check(), lyre_restore(). \param upload  the one that \p path belongs to; NULL: none */
int store_backup(struct store *s, const char *database, const char *const *tables, size_t count, int *fd, struct err *e);
int store_restore_look(struct store *s, const char *database, const char *path, struct upload *upload, struct err *e);
int store_restore(struct store *s, const char *database, const char *path, struct upload *upload, struct err *e);
/** lyre_database_compact(), lyre_database_storage(), lyre_database_check(). The caller sets the struct's size. */
int store_compact(struct store *s, const char *database, uint64_t *before, uint64_t *after, struct err *e);
int store_storage(struct store *s, const char *database, struct lyre_storage *ret, struct err *e);
int store_check(struct store *s, const char *database, struct lyre_check *ret, struct err *e);
/** Checks a file page by page, without LMDB, so that a damaged one does no harm. Also determines its format and name. */
int backup_verify(int fd, struct err *e);

#endif
