/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/store_internal.h
 * \brief Shared by the files of the store.
 *
 * Rules of access: definitions and catalogues never change once they are published; a database's handles, its map and its
 * trees are changed only by its writer thread, and if that could harm a reader, only with the gate shut.
 */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "base/rwlock.h"
#include "store/store.h"
#include "store/writer.h"

#include <math.h>
#include <pthread.h>

/** Format of the file. Others are refused: newer ones, and 1, which was never released. */
#define STORE_FORMAT 2
#define ATTRIBUTES_MAX 65000
#define ATTRIBUTE_NAME_MAX 250

/** All tables of a database at one moment; never changes. */
struct catalogue {
	atomic_uint refs;
	size_t count;
	const struct table **by_id; /**< ascending, which is the order of creation */
	const struct table **by_name;
	bool expires;            /**< some table has records that expire */
	struct kept_text *texts; /**< protected by the database's lock, not part of the definitions; newest first */
};

/** A text made from definitions and statistics: valid as long as its catalogue is current and nothing is committed. */
struct kept_text {
	struct kept_text *next;
	atomic_uint refs;
	size_t txn;  /**< the transaction for which it is valid, or a later one */
	MDB_dbi log; /**< the audit log's tree at that time */
	const char *name;
	size_t len;
	char text[];
};

struct database {
	atomic_uint refs;
	struct store_options options; /**< of the store; strings live as long as the store is open */
	char *name;
	char *file;     /**< path of the file */
	double created; /**< ms since the epoch */
	char uuid[37];
	struct err *failure; /**< why it could not be opened: then it only reserves its name */

	MDB_env *env;          /**< NULL once closed; changes only with the gate shut */
	atomic_bool broken;    /**< the map was lost, or abandoned is set: only a restart helps */
	atomic_bool abandoned; /**< LMDB was left in the middle of a call: env is never used or closed again */
	unsigned page_size;
	MDB_dbi meta, tables, dropped;
	atomic_uint log;              /**< the audit log's tree; 0 until it is created */
	atomic_int_least64_t stepped; /**< the time after the clock was last set back, ms since the epoch; or CLOCK_NEVER */
	atomic_size_t committed;      /**< the last complete commit; 0: none since this file was opened */

	struct rwlock gate;          /**< open snapshots hold it for reading; map growth and the end of trees for writing */
	pthread_mutex_t lock;        /**< protects the six below */
	pthread_cond_t published;    /**< one of them changed */
	struct catalogue *catalogue; /**< NULL once closed */
	size_t pending;              /**< the transaction in progress that brings the next catalogue; 0: none */
	unsigned holds;              /**< number of calls of database_hold() not released yet */
	bool shutting;               /**< the gate is being shut, or is */
	atomic_int_least64_t wanted; /**< monotonic_ms() since when someone waits for the holds to end; 0: nobody does */
	bool exchanging;             /**< the file is giving its name to a copy that will replace it */

	struct watch *_Atomic watches; /**< for table_watch(); grows with the lock held */
	struct upkeep *upkeep;         /**< of its store */
	struct slot *slots;            /**< read transactions kept for it, of all threads; protected by slots_lock */
	struct writer writer;
};

/** The thread that does the background work of databases whose writers have no thread. */
struct upkeep {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running, stopping;
	int64_t at; /**< when work may be due, monotonic ms */
};

struct store {
	struct store_options options;
	char *path, *node;
	int lock_file, folder;
	pthread_mutex_t changes;     /**< only one database is created, dropped or restored at a time */
	struct rwlock lock;          /**< protects the list */
	struct database **databases; /**< by name */
	size_t count, cap;
	struct upkeep upkeep;
	struct commit_listener listener;
	pthread_mutex_t uploads_lock;
	struct upload *uploads; /**< files being received or restored */
};

/* ---- store.c ---- */

/** The database after \p last by name, NULL for the first; with the list's lock held. NULL at the end */
struct database *store_after(const struct store *s, const struct database *last);

/* ---- room.c ---- */

/** Bytes that a copy may use in the folder: part of the free space is left for writers. UINT64_MAX if unknown. */
uint64_t store_room(const struct store *s);

/* ---- upkeep.c ---- */

void upkeep_init(struct upkeep *u);
void upkeep_free(struct upkeep *u);
int upkeep_start(struct store *s, struct err *e);
/** Announces that a database may be due, monotonic ms; INT64_MAX for never. Any thread, even after upkeep_stop(). */
void upkeep_at(struct upkeep *u, int64_t when);
/** Waits until its current work is done. */
void upkeep_stop(struct upkeep *u);

/* ---- errors.c ---- */

/** Translates a code of LMDB, or an errno. 0 stays 0. "cannot <doing> database 'x': …" */
int store_error(struct err *e, int rc, const char *doing, const struct database *db);

/* ---- compact.c ---- */

/** store_storage(), for a snapshot. */
int storage_of(struct snapshot *s, struct lyre_storage *ret, struct err *e);
/** The same for the current state. */
int storage_look(struct database *db, struct lyre_storage *ret, struct err *e);

/** LYRE_EIO if the database has failed since it was opened, else 0. */
int database_usable(const struct database *db, struct err *e);
/** Whether its file still has its name; writes to a file without it would be lost with the process. */
int database_present(struct database *db, struct err *e);

/* ---- guard.c ---- */

/** Once per process: installs the handler of SIGBUS. */
void guard_install(void);
/** For an environment just opened: takes over its assertions. */
void guard_environment(struct database *db);
/**
 * LMDB's functions of the same names, for readers. MDB_PANIC: a page is invalid or cannot be read, and the database has
 * failed; the snapshot and its cursors must be closed as usual. A value can be read afterwards without a guard.
 */
int guard_get(struct snapshot *s, MDB_dbi tree, MDB_val *key, MDB_val *value);
int guard_stat(struct snapshot *s, MDB_dbi tree, MDB_stat *ret);
int guard_cursor_open(struct snapshot *s, MDB_dbi tree, MDB_cursor **ret);
int guard_cursor_get(struct snapshot *s, MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op);
int guard_begin(struct database *db, MDB_txn **ret);
int guard_renew(struct database *db, MDB_txn *txn);
int guard_info(struct database *db, MDB_envinfo *ret);
/** Checks the result of beginning any transaction: an invalid head ends the database. */
int guard_head(struct database *db, int rc);
/** mdb_env_copyfd2() */
int guard_copy(struct database *db, int fd, unsigned flags);
/**
 * Runs a step. Nonzero: the step was abandoned midway, and the database has failed; after a step of the writer, call
 * transaction_leave(). Memory that only the step refers to leaks.
 */
int guard_run(struct database *db, void (*step)(void *arg), void *arg);
/** Keeps the memory of an abandoned environment reachable for leak checkers. */
void guard_leave_environment(MDB_env *env);

/* ---- database_metrics.c, on the writer's thread ---- */

/** Counts a commit. */
void metrics_commit(struct writer_metrics *f, int64_t took_ns);
/** Counts \p count requests from \p list on that were committed together. */
void metrics_batch(struct writer_metrics *f, const struct record_write *list, size_t count);

/* ---- names.c ---- */

/** The longest escaped name, without ".mdb". */
#define FILE_NAME_MAX 200
/** The file name of a database, with ".mdb". \p out has FILE_NAME_MAX + 8 bytes. */
void name_to_file(const char *name, char *out);
/**
 * The database name for a file name; malloc'ed. \p hashed: the name in the file counts. LYRE_EINVAL if it is not ours,
 * LYRE_ENOMEM
 */
int file_to_name(const char *file, bool *hashed, char **ret);

/* ---- environment.c ---- */

/** Opens the file; \p name NULL for the one in the file. After a failure caused by the file, \p ret is NULL. */
int database_open(struct database **ret, const struct store_options *o, const char *name, const char *file, struct err *e);
/** Creates a file with an empty database, completely or not at all; its name still has to be flushed to the disk. */
int database_make_file(const struct store_options *o, const char *name, const char *file, struct err *e);
/** A database that cannot be opened, to reserve its name. */
struct database *database_failed(const struct store_options *o, const char *name, const char *file, const struct err *why);
/** Opens a copy of an open database's file, for database_exchange(); nothing runs in it. */
int database_open_copy(struct database **ret, const struct database *of, const char *file, struct err *e);
/**
 * Exchanges the file, trees and catalogue of a database and its copy, which is then to be closed. On the writer's thread,
 * between transactions, with nothing written since the copy was made; readers wait only for this.
 */
void database_exchange(struct database *db, struct database *copy);
/** Ends its writer, waits for its readers, closes the file. References may remain. */
void database_close(struct database *db);

/* ---- map.c ---- */

/**
 * The initial map for a file of \p size bytes: as configured, or smaller if that would be more than a part of the
 * contiguous addresses left, as with 32 bits; other databases and threads need some. It grows automatically.
 * \return 0 or LYRE_ENOSPACE
 */
int database_first_map(const struct database *db, size_t size, size_t *ret, struct err *e);
/**
 * Enlarges the map, as far as allowed; LYRE_ENOSPACE. On the writer's thread, between transactions.
 * \param reserve  for requests that free space but need some first: slightly beyond the limit, until database_settle()
 */
int database_grow(struct database *db, size_t at_least, bool reserve, struct err *e);
void database_settle(struct database *db);
/** 0, or if the file has grown beyond the limit, the limit in bytes. */
size_t database_excess(struct database *db);
/**
 * Stops the growth of the file until database_grow(): free space inside can be used. On the writer's thread, between
 * transactions. \return false if this is not possible now
 */
bool database_confine(struct database *db);
/**
 * Shuts the gate: no snapshot is open until gate_open(). \return false if there are holds and \p wait is false
 */
bool gate_shut(struct database *db, bool wait);
void gate_open(struct database *db);

/**
 * For a long-running reader (a backup): keeps the file open and the map in place until database_release(), with \p room
 * spare bytes in the map, so that writers rarely have to wait for its end. This thread must have no open snapshot.
 * \return 0 or LYRE_ENOTFOUND
 */
int database_hold(struct database *db, size_t room, struct err *e);
/**
 * The same for a read of seconds, which should end soon after a writer has begun to wait: see database_wanted_ms().
 * LYRE_EBUSY if one waits already, and does not get the gate within two seconds.
 */
int database_hold_briefly(struct database *db, struct err *e);
/** How long a writer has been waiting for the holds to end; 0: none waits. */
int64_t database_wanted_ms(const struct database *db);
void database_release(struct database *db);

/* ---- store.c ---- */

/**
 * Turns a finished file (same file system, closed) into the database \p name; LYRE_EEXISTS. On success the file no longer
 * exists under its old name.
 */
int store_adopt(struct store *s, const char *name, const char *file, struct err *e);

/* ---- snapshot.c ---- */

/** The catalogue of the snapshot; valid until its end. */
const struct catalogue *snapshot_catalogue(const struct snapshot *s);
/**
 * A transaction not before the last one answered: what is valid for it or a later one is valid now. 0 if the database is
 * closed or has failed.
 */
size_t database_txn(struct database *db);
/** LYRE_ENOTFOUND with its message. */
int no_table(const struct table *t, struct err *e);

/** A new read transaction, with a slot for every possible tree. \return a code of LMDB */
int read_begin(struct database *db, MDB_txn **ret);
/** Ends all kept read transactions of a closing database; the gate must be shut. */
void slots_close(struct database *db);
#define CLOCK_NEVER INT64_MAX
/** Largest step back of the clock that is bridged, ms. */
#define CLOCK_BRIDGE 5000
/** Whether a stamp is from before a step back of the clock. */
static inline bool stamp_is_ahead(double stamp, double now)
{
	return stamp > now + CLOCK_BRIDGE;
}
/** When a record expires, ms since the epoch; INFINITY: never. */
static inline double record_end(const struct table *t, double updated, double now)
{
	if (t->expiration < 0)
		return INFINITY;
	if (stamp_is_ahead(updated, now)) {
		double stepped = (double)atomic_load_explicit(&t->db->stepped, memory_order_relaxed);
		updated = stepped < updated ? stepped : updated;
	}
	return updated + t->expiration;
}
/** Whether a record has expired at \p now. */
static inline bool record_expired(const struct table *t, double updated, double now)
{
	return record_end(t, updated, now) <= now;
}

/* ---- table_stats.c ---- */

/** Notes that the current transaction changes a table's records. On the writer's thread. */
void table_touched(struct database *db, uint32_t id);

/* ---- watch.c ---- */

/** Notes that the current transaction changes a table. On the writer's thread, like the next. */
void watches_touched(struct database *db, uint32_t id);
/** Called when it has been committed, before it is answered. */
void watches_count(struct database *db);
/** For a database without references. */
void watches_free(struct database *db);

/* ---- tell.c: after the commit ---- */

/** Of the requests of a transaction: those that have changed records or reset a table. On the writer's thread, like the next. */
void tell_of_requests(const struct database *db, const struct record_write *list, size_t count);
void tell_of_expired(const struct database *db, uint32_t table, uint64_t records, double time);
/** \p table NULL: of all tables. */
void tell_of_reset(const struct store_options *o, const char *database, const char *table);

/* ---- catalogue.c ---- */

/* takes its own references; \p tables are sorted by id */
struct catalogue *catalogue_new(const struct table **tables, size_t count);
struct catalogue *catalogue_ref(struct catalogue *c);
void catalogue_unref(struct catalogue *c);
const struct table *catalogue_by_id(const struct catalogue *c, uint32_t id);
const struct table *catalogue_by_name(const struct catalogue *c, const char *name);
/** A reference to the current one; NULL once the database is closed. */
struct catalogue *database_catalogue(struct database *db);
/** Opens a tree of records, of an index or of times of expiry. \return a code of LMDB */
int tree_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *ret);
/** Reads all definitions; opens their trees. */
int catalogue_load(struct database *db, MDB_txn *txn, struct catalogue **ret, struct err *e);

#endif
