/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/store_internal.h
 * \brief What the files of the store share.
 *
 * Who may touch what: definitions and catalogues never change once they are published; a database's handles, its
 * map and its trees are changed by its writer thread alone, and where a reader could be harmed only with the gate shut.
 */
#ifndef STORE_STORE_INTERNAL_H
#define STORE_STORE_INTERNAL_H

#include "base/rwlock.h"
#include "store/store.h"
#include "store/writer.h"

#include <math.h>
#include <pthread.h>

/** Of the file. Others are refused: a newer one, and 1, which was never released. */
#define STORE_FORMAT 2
#define ATTRIBUTES_MAX 65000
#define ATTRIBUTE_NAME_MAX 250

/** All tables of a database at one moment; never changes. */
struct catalogue {
	atomic_uint refs;
	size_t count;
	const struct table **by_id;   /**< ascending, which is the order of their making */
	const struct table **by_name;
	bool expires;                 /**< some table's records do */
	struct kept_text *texts;      /**< under the database's lock, and no part of the definitions; newest first */
};

/** A text made of definitions and statistics: true as long as its catalogue is the present one and nothing is committed. */
struct kept_text {
	struct kept_text *next;
	atomic_uint refs;
	size_t txn;                   /**< the transaction it is true of, or a later one */
	MDB_dbi log;                  /**< the commit log's tree at that time */
	const char *name;
	size_t len;
	char text[];
};

struct database {
	atomic_uint refs;
	struct store_options options; /**< of the store; texts live as long as the store is open */
	char *name;
	char *file;                   /**< the path of the file */
	double created;               /**< ms since the epoch */
	char uuid[37];
	struct err *failure;          /**< why it could not be opened: it only keeps its name then */

	MDB_env *env;                 /**< NULL once it is closed; changes with the gate shut */
	atomic_bool broken;           /**< the map was lost, or the next: only a restart helps */
	atomic_bool abandoned;        /**< LMDB was left in the middle of a call: env is never used or closed again */
	unsigned page_size;
	MDB_dbi meta, tables, dropped;
	atomic_uint log;              /**< the commit log's tree; 0 until it is made */
	atomic_int_least64_t stepped; /**< the clock when it was last set back, ms since the epoch; or CLOCK_NEVER */
	atomic_size_t committed;      /**< the last transaction whose commit is over; 0 for none since this file was opened */

	struct rwlock gate;           /**< open snapshots hold it to read; map growth and the end of trees to write */
	pthread_mutex_t lock;         /**< of the six below */
	pthread_cond_t published;     /**< one of them changed */
	struct catalogue *catalogue;  /**< NULL once it is closed */
	size_t pending;               /**< the transaction under way that brings the next catalogue; 0 for none */
	unsigned holds;               /**< database_hold() */
	bool shutting;                /**< the gate is being shut, or is */
	bool exchanging;              /**< the name of the file is another's, which is to take its place */

	struct watch *_Atomic watches; /**< table_watch(); grows by the lock */
	struct upkeep *upkeep;        /**< of the store it is in */
	struct slot *slots;           /**< read transactions kept for it, of all threads; under slots_lock */
	struct writer writer;
};

/** The thread that does the background work of databases whose writers have none. */
struct upkeep {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running, stopping;
	int64_t at;                   /**< when something may be due, monotonic ms */
};

struct store {
	struct store_options options;
	char *path, *node;
	int lock_file, folder;
	pthread_mutex_t changes;      /**< one making, dropping or bringing in of a database at a time */
	struct rwlock lock;           /**< of the list */
	struct database **databases;  /**< by name */
	size_t count, cap;
	struct upkeep upkeep;
	pthread_mutex_t uploads_lock;
	struct upload *uploads;       /**< that are coming, or are being brought in */
};

/* ---- store.c ---- */

/** The database behind \p last by name, NULL for the first of all; by the list's lock. NULL at the end */
struct database *store_after(const struct store *s, const struct database *last);

/* ---- room.c ---- */

/** Bytes that a copy may take in the folder: of what is free a part stays for who writes. UINT64_MAX when it is not known. */
uint64_t store_room(const struct store *s);

/* ---- upkeep.c ---- */

void upkeep_init(struct upkeep *u);
void upkeep_free(struct upkeep *u);
int upkeep_start(struct store *s, struct err *e);
/** A database may be due, monotonic ms; INT64_MAX for never. From any thread, after upkeep_stop() too. */
void upkeep_at(struct upkeep *u, int64_t when);
/** Waits for the end of what it does. */
void upkeep_stop(struct upkeep *u);

/* ---- errors.c ---- */

/** What a code of LMDB, or an errno, means to us. 0 stays 0. "cannot <doing> database 'x': …" */
int store_error(struct err *e, int rc, const char *doing, const struct database *db);

/* ---- compact.c ---- */

/** store_storage(), of a snapshot. */
int storage_of(struct snapshot *s, struct lyre_storage *ret, struct err *e);
/** The same of now. */
int storage_look(struct database *db, struct lyre_storage *ret, struct err *e);

/** LYRE_EIO when the database has failed while it was open, else 0. */
int database_usable(const struct database *db, struct err *e);
/** Whether its file still bears its name; what is written to another would be lost with the process. */
int database_present(struct database *db, struct err *e);

/* ---- guard.c ---- */

/** Once a process: takes SIGBUS. */
void guard_install(void);
/** Of an environment that was just opened: its assertions. */
void guard_environment(struct database *db);
/**
 * LMDB's functions of the same names, for readers. MDB_PANIC: a page makes no sense or cannot be read, and the database has
 * ended; the snapshot and its cursors are to be closed as ever. A value can be read afterwards without a guard.
 */
int guard_get(struct snapshot *s, MDB_dbi tree, MDB_val *key, MDB_val *value);
int guard_stat(struct snapshot *s, MDB_dbi tree, MDB_stat *ret);
int guard_cursor_open(struct snapshot *s, MDB_dbi tree, MDB_cursor **ret);
int guard_cursor_get(struct snapshot *s, MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op);
int guard_begin(struct database *db, MDB_txn **ret);
int guard_renew(struct database *db, MDB_txn *txn);
int guard_info(struct database *db, MDB_envinfo *ret);
/** What came of the begin of a transaction of either kind: a head that makes no sense ends the database. */
int guard_head(struct database *db, int rc);
/** mdb_env_copyfd2() */
int guard_copy(struct database *db, int fd, unsigned flags);
/**
 * A step. Other than 0: it was left at that place, and the database has ended; of the writer's, transaction_leave() is due.
 * Memory that only the step knows of is lost.
 */
int guard_run(struct database *db, void (*step)(void *arg), void *arg);
/** Keeps what an abandoned environment holds in sight of leak checkers. */
void guard_leave_environment(MDB_env *env);

/* ---- database_metrics.c, on the writer's thread ---- */

/** A commit was made. */
void metrics_commit(struct writer_metrics *f, int64_t took_ns);
/** \p count requests from \p list on were committed together. */
void metrics_batch(struct writer_metrics *f, const struct record_write *list, size_t count);

/* ---- names.c ---- */

/** The longest escaped name, without ".mdb". */
#define FILE_NAME_MAX 200
/** The file name of a database, with ".mdb". \p out holds FILE_NAME_MAX + 8 bytes. */
void name_to_file(const char *name, char *out);
/**
 * The database name of a file name; malloc'ed. \p hashed: the name in the file counts. LYRE_EINVAL when it is not ours,
 * LYRE_ENOMEM
 */
int file_to_name(const char *file, bool *hashed, char **ret);

/* ---- environment.c ---- */

/** Opens the file; \p name NULL for the one in the file. A failure that is the file's leaves \p ret empty. */
int database_open(struct database **ret, const struct store_options *o, const char *name, const char *file,
	struct err *e);
/** Makes a file with an empty database in it, whole or not there; its name still has to be brought to the disk. */
int database_make_file(const struct store_options *o, const char *name, const char *file, struct err *e);
/** A database that cannot be opened, to keep its name. */
struct database *database_failed(const struct store_options *o, const char *name, const char *file,
	const struct err *why);
/** Opens a copy of an open database's file, for database_exchange(); nothing runs in it. */
int database_open_copy(struct database **ret, const struct database *of, const char *file, struct err *e);
/**
 * Gives a database its copy's file, trees and catalogue, and the copy the database's, to be closed. On the writer's
 * thread, between transactions, nothing written since the copy was made; readers wait for no more than this.
 */
void database_exchange(struct database *db, struct database *copy);
/** Ends its writer, waits for its readers, closes the file. References may remain. */
void database_close(struct database *db);

/* ---- map.c ---- */

/**
 * The map to begin with for a file of \p size bytes: as set, or smaller where it would be more than a part of the
 * addresses in a row that are left, as with 32 bits; other databases and threads need some. It grows by itself.
 * \return 0 or LYRE_ENOSPACE
 */
int database_first_map(const struct database *db, size_t size, size_t *ret, struct err *e);
/**
 * More room in the map, as far as allowed; LYRE_ENOSPACE. On the writer's thread, between transactions.
 * \param reserve  for what frees space and yet needs some first: a little beyond what is allowed, until
 * database_settle()
 */
int database_grow(struct database *db, size_t at_least, bool reserve, struct err *e);
void database_settle(struct database *db);
/** 0, or where the file has grown beyond what is allowed, how much it may at most, bytes. */
size_t database_excess(struct database *db);
/**
 * Lets the file grow no further, until database_grow(): what is free inside can be used. On the writer's thread, between
 * transactions. \return false when that cannot be now
 */
bool database_confine(struct database *db);
/**
 * Shuts the gate: no snapshot is open until gate_open(). \return false, where not to \p wait for holds, when
 * there are some
 */
bool gate_shut(struct database *db, bool wait);
void gate_open(struct database *db);

/**
 * For a reader that takes long (a backup): keeps the file open and the map in its place until database_release(),
 * with \p room bytes of map to spare, so that writers seldom have to wait for its end. No snapshot of this thread
 * may be open.
 * \return 0 or LYRE_ENOTFOUND
 */
int database_hold(struct database *db, size_t room, struct err *e);
void database_release(struct database *db);

/* ---- store.c ---- */

/**
 * Makes a finished file (same file system, closed) the database \p name; LYRE_EEXISTS. The file is gone
 * afterwards when 0.
 */
int store_adopt(struct store *s, const char *name, const char *file, struct err *e);

/* ---- snapshot.c ---- */

/** Of the snapshot; valid until its end. */
const struct catalogue *snapshot_catalogue(const struct snapshot *s);
/**
 * A transaction that is not before the last one that was answered: what is true of it or of a later one is true now.
 * 0 when the database is closed or has failed.
 */
size_t database_txn(struct database *db);
/** LYRE_ENOTFOUND with its sentence. */
int no_table(const struct table *t, struct err *e);

/** A new read transaction, with a place for each tree that there may be. \return a code of LMDB */
int read_begin(struct database *db, MDB_txn **ret);
/** Ends all kept read transactions of a closing database; the gate is shut. */
void slots_close(struct database *db);
#define CLOCK_NEVER INT64_MAX
/** A step back of the clock this small is bridged, ms. */
#define CLOCK_BRIDGE 5000
/** Whether a stamp is from before a step back of the clock. */
static inline bool stamp_is_ahead(double stamp, double now)
{
	return stamp > now + CLOCK_BRIDGE;
}
/** When a record is expired, ms since the epoch; INFINITY for never. */
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
/** Whether a record is expired at \p now. */
static inline bool record_expired(const struct table *t, double updated, double now)
{
	return record_end(t, updated, now) <= now;
}

/* ---- table_stats.c ---- */

/** The transaction under way changes a table's records. On the writer's thread. */
void table_touched(struct database *db, uint32_t id);

/* ---- watch.c ---- */

/** The transaction under way changes a table. On the writer's thread, as the next. */
void watches_touched(struct database *db, uint32_t id);
/** It was committed, and is not answered yet. */
void watches_count(struct database *db);
/** Of a database that nobody refers to any more. */
void watches_free(struct database *db);

/* ---- catalogue.c ---- */

/* takes references of its own; sorted by id already */
struct catalogue *catalogue_new(const struct table **tables, size_t count);
struct catalogue *catalogue_ref(struct catalogue *c);
void catalogue_unref(struct catalogue *c);
const struct table *catalogue_by_id(const struct catalogue *c, uint32_t id);
const struct table *catalogue_by_name(const struct catalogue *c, const char *name);
/** A reference to the present one; NULL once the database is closed. */
struct catalogue *database_catalogue(struct database *db);
/** Opens a tree of records, of an index or of times of expiry. \return a code of LMDB */
int tree_open(MDB_txn *txn, const char *name, unsigned flags, MDB_dbi *ret);
/** Reads all definitions; opens their trees. */
int catalogue_load(struct database *db, MDB_txn *txn, struct catalogue **ret, struct err *e);

#endif
