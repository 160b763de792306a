/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/writer.h
 * \brief The writer of a database: its queue, its thread, and what it keeps in one transaction.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "base/buf.h"
#include "base/metric.h"
#include "store/store.h"

#include <pthread.h>

struct database;

/** A definition in the making: private to the writer until it is published. */
struct definition {
	struct table table;
	struct arena texts;
	uint32_t attribute_cap;
	uint32_t next_attribute;   /**< id */
};

/** A table that the transaction under way has changed. */
struct edit {
	uint32_t id;
	struct definition *definition; /**< NULL: dropped */
};

/** What is counted beside the definitions. */
struct writer_state {
	uint32_t next_table;        /**< id */
	unsigned trees;             /**< of tables, retired ones too */
	MDB_dbi log;                /**< the commit log's tree; 0: none yet */
	uint64_t sequence;          /**< of the log's next entry; 0: not known */
};

/** Changes of indexes that wait to be made in order. */
struct batch {
	struct buf bytes;           /**< keys and data */
	struct batch_item *items;
	size_t count, cap;
};

/** What a writer has done; it alone counts, all may read. */
struct writer_metrics {
	metric_count commits;
	struct histogram durations, requests, records; /**< of commits: ns; requests and records in each */
};

#define CLOCK_STEPS 32
/** The clock was set back. */
struct clock_step {
	uint64_t sequence;          /**< of the log's first entry behind it; 0: there was no log */
	double before, after;       /**< the newest stamp and the time after, ms since the epoch */
};

/** What a database keeps of the clock; see store/clock.h. */
struct clock_record {
	double expired;             /**< what was removed for its age had expired by this time; 0: nothing */
	double unknown_time;        /**< no stamp was later before unknown_end; 0: not known */
	uint64_t unknown_end;       /**< the times of entries before this sequence may be in any order */
	unsigned count;
	struct clock_step steps[CLOCK_STEPS]; /**< oldest first */
};

struct writer {
	pthread_mutex_t lock;       /**< of the queue and the flags */
	pthread_cond_t wake, ended;
	bool running;               /**< some thread is the writer */
	bool stopping;              /**< takes nothing new */
	struct record_write *head, **tail;
	size_t queued;              /**< requests from head on */
	size_t enough;              /**< so many wake the thread */
	int64_t due;                /**< of the background, while no thread is the writer; monotonic ms */

	/* of the thread that is the writer */
	struct record_write *applying; /**< from this one on nothing is committed of the queue's part that was taken */
	size_t expected;            /**< requests that the next transaction may find, if it waits a little */
	int64_t commit_ns;          /**< what the last commit took */
	MDB_txn *txn;
	struct edit *edits;
	size_t edit_count, edit_cap;
	struct writer_state now, committed; /**< as the transaction leaves it, and as it was before */
	int rc;                     /**< the storage error that ended the present request */
	bool dirty;                 /**< the present request has changed something */
	double time;                /**< the newest stamp, ms since the epoch; 0: not known */
	struct clock_record clock;
	bool clock_changed;         /**< it is to be stored */
	int64_t hold_until;         /**< nothing is removed for its age before, monotonic ms */
	struct buf record, old, changes;
	struct batch batch;
	MDB_dbi unordered;          /**< the tree where a record came that was not the last; 0 for none */
	struct arena scratch;       /**< of one record */
	uint32_t *cell_of;          /**< a row's cell for each attribute position, + 1; zero between rows */
	size_t cell_of_cap;

	struct writer_metrics metrics;

	/* the background's */
	int64_t sync_at, sweep_at, trim_at, drop_at; /**< monotonic ms; INT64_MAX: nothing to do */
};

/** What waits in the writer's queue. */
enum write_kind {
	WRITE_RECORDS,
	WRITE_DEFINITION, /**< a struct definition_change */
	WRITE_APART       /**< the same struct, whose apply() runs by itself, between transactions, before what else waits */
};

/** A change of definitions, waiting in the queue as a write does. */
struct definition_change {
	struct record_write write;  /**< its kind is not WRITE_RECORDS */
	int (*apply)(struct database *db, struct definition_change *c, struct err *e);
	const void *in;
	void *out;
	bool frees;                 /**< it frees space, and may use what is reserved for that */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done;
};

void writer_init(struct writer *w);
void writer_free(struct writer *w);
/** Queues; starts the thread when there is none. */
int writer_submit(struct database *db, struct record_write *w, struct err *e);
/**
 * Does what is due in the background if no thread is the writer. It may be called for as long as the caller has a
 * reference.
 * \return when it will be due, monotonic ms; INT64_MAX: when upkeep_at() says
 */
int64_t writer_tend(struct database *db);
/** Answers what waits; no thread is the writer from then on. */
void writer_stop(struct database *db);
/**
 * Applies \p count requests from \p list on, in one transaction or one by one; each has its result then. On the writer's
 * thread, which keeps in writer.applying how far it is.
 */
void writer_apply(struct database *db, struct record_write *list, size_t count);
/** A thread with the stack of a writer's; \p ret NULL: detached. \return an errno */
int thread_start(void *(*main)(void *), void *arg, pthread_t *ret);
/** Queues a change and waits for its end. */
int writer_change(struct database *db, struct definition_change *c, struct err *e);

/*
 * ---- within a transaction, on the writer's thread. They return 0 or a negative code; a storage error is kept
 * in writer.rc ----
 */

int writer_put(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value);
/** The same for a key that is not there and may be behind all others, which is cheaper. */
int writer_add(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value);
/** What is not there is no error. */
int writer_del(struct database *db, MDB_dbi tree, MDB_val key);
/** \return 0, LYRE_ENOTFOUND, or another negative code */
int writer_get(struct database *db, MDB_dbi tree, MDB_val key, MDB_val *ret);
/** Keeps a storage error; other codes pass. */
int writer_failed(struct database *db, int rc);
/** A named tree, made where there is none. */
int writer_tree(struct database *db, const char *name, MDB_dbi *ret);
/** Whether \p more trees may be made. */
int writer_trees_left(struct database *db, unsigned more, struct err *e);

const struct table *writer_table(struct database *db, uint32_t id);
const struct table *writer_table_named(struct database *db, const char *name);
/** The table's definition to be changed in place. NULL when out of memory */
struct definition *writer_edit(struct database *db, uint32_t id);
/** Takes the definition over, also when it fails. */
int writer_add_table(struct database *db, struct definition *d);
int writer_remove_table(struct database *db, uint32_t id);
/** Has a tree emptied and freed in the background. */
int writer_retire_tree(struct database *db, const char *name);
/** The next table's id. */
int writer_next_table(struct database *db, uint32_t *ret);

/* ---- definition.c ---- */

struct definition *definition_new(const char *database, const char *name);
/** A copy to change, one version on. */
struct definition *definition_copy(const struct table *t);
void definition_free(struct definition *d);
/** Appends; the trees are the caller's. NULL when out of memory or ids are used up */
struct attribute *definition_add(struct definition *d, const char *name, size_t len, const char *type_name);
/** Whether a table may have \p more attributes; else why not, and what to do. */
int attributes_left(const struct table *t, uint32_t more, struct err *e);
void definition_remove(struct definition *d, uint16_t position);
static inline struct definition *definition_of(const struct table *t) { return (struct definition *)(uintptr_t)t; }
/** The attribute with an id, NULL when there is none any more. */
const struct attribute *attribute_by_id(const struct table *t, uint16_t id);

/** The stored forms. Decoding checks: LYRE_ECORRUPT, LYRE_ENOMEM; trees are the caller's. */
void definition_encode(const struct table *t, struct buf *out);
void attribute_encode(const struct attribute *a, struct buf *out);
int definition_decode(struct definition **ret, MDB_val v, const char *database);
int attribute_decode(struct definition *d, uint16_t id, MDB_val v);
/** Keys in the tree "tables": the table's id, then the attribute's. */
#define TABLE_KEY_LEN 4
#define ATTRIBUTE_KEY_LEN 6
void table_key(unsigned char out[ATTRIBUTE_KEY_LEN], uint32_t table, uint16_t attribute);
/** Names of trees. */
#define TREE_NAME_MAX 24
void records_tree(char out[TREE_NAME_MAX], uint32_t table);
void expiry_tree(char out[TREE_NAME_MAX], uint32_t table);
void index_tree(char out[TREE_NAME_MAX], uint32_t table, uint16_t attribute);
/** Where "meta" keeps the next key to be made up for a table. */
void key_counter(char out[TREE_NAME_MAX], uint32_t table);

/* ---- ddl.c ---- */

/** Adds an attribute with its tree, in the transaction. \p flags of enum attribute_flag. Edits the definition. */
int attribute_add(struct database *db, uint32_t table, const char *name, size_t len, const char *type_name,
	uint16_t type, uint32_t flags, struct attribute **ret, struct err *e);
/** Sets flags of an attribute and stores them. */
int attribute_flag(struct database *db, uint32_t table, uint16_t attribute, uint32_t flags);

/* ---- prepare.c, types.c ---- */

#define NO_POSITION UINT16_MAX

/** An attribute that a record brings. */
struct cell {
	const char *name;
	uint32_t name_len;
	uint16_t position;        /**< in record_write.table; NO_POSITION: not there */
	uint16_t kind;            /**< enum field_kind */
	const lyre_value *value;
};

struct write_row {
	const lyre_value *key;    /**< NULL: an integer is made up */
	const unsigned char *primary;
	uint16_t primary_len;
	bool cut;
	bool generated;
	uint32_t cell_count;
	struct cell *cells;
	const char *missing;      /**< an attribute that a new record must have and this has not */
};

struct prepared {
	struct write_row *rows;
	size_t count;
	struct lyre_written *items;
	bool unknown;             /**< some cell has no position */
	bool missing;             /**< some row has */
};

/** Checks a write and readies its rows: record_write.prepared. */
int write_prepare(struct record_write *w, struct err *e);
/**
 * Checks a value against an attribute's type and brings it into the form that is stored. A fault is appended to \p
 * faults.
 * \return the value, NULL when out of memory
 */
const lyre_value *type_accept(const struct attribute *a, const lyre_value *v, struct arena *arena, uint16_t *kind,
	struct buf *faults);
/** The type a name means, letter case apart; -1 for none. */
int type_named(const char *name);
/** Appends what is wrong with an attribute name; \return false when nothing is. */
bool name_fault(const char *name, size_t len, struct buf *faults);
/** Appends a sentence to others. */
void fault_add(struct buf *faults, const char *fmt, ...) LYRE_PRINTF(2, 3);

/* ---- apply.c, index.c ---- */

/** Applies a write in the transaction. */
int write_apply(struct database *db, struct record_write *w, double time);
/** Removes a record, its index entries and its place in the expiry tree. \p r must not point into the map. */
int record_remove(struct database *db, const struct table *t, MDB_val primary, struct record r);
/** What an attribute's index holds of one record changes from one value to another; either may be NULL. */
int index_change(struct database *db, const struct table *t, const struct attribute *a, MDB_val primary,
	const struct field *from, const struct field *to);
/** The same for a time. NaN: not there. */
int index_time(struct database *db, const struct attribute *a, MDB_val primary, double from, double to);
/** Enters all records of the table into a new index. */
int index_fill(struct database *db, uint32_t table, uint16_t attribute);
/** Moves a record in the tree by updated time. NaN: not there. */
int expiry_change(struct database *db, const struct table *t, MDB_val primary, double from, double to);

/* ---- batch.c: trees that nothing reads in the transaction ---- */

/** Keeps a change for later. Keys of up to KEY_MAX bytes */
int batch_put(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value);
/** What is not there is no error. */
int batch_del(struct database *db, MDB_dbi tree, MDB_val key);
/** Makes all changes kept, in the transaction. */
int batch_flush(struct database *db);
void batch_init(struct batch *b);
void batch_free(struct batch *b);
/** After a transaction: forgets what is left. */
void batch_end(struct batch *b);

/* ---- background.c ---- */

/** What is due; \return when to call again, monotonic ms. Between transactions. */
int64_t background_run(struct database *db);
/** Sets when a database that was just opened has anything to do, in writer.due. Before any thread is the writer. */
int background_begin(struct database *db, struct err *e);

/* ---- transaction.c ---- */

int transaction_begin(struct database *db, struct err *e);
/** Stores changed definitions, commits, publishes. On failure it is as if it had been aborted. */
int transaction_commit(struct database *db, struct err *e);
void transaction_abort(struct database *db);
/** In place of it, where guard_run() was left: LMDB keeps what it has of the transaction. */
void transaction_leave(struct database *db);

static inline MDB_val val(const void *data, size_t len)
{
	return (MDB_val){ .mv_size = len, .mv_data = (void *)(uintptr_t)data };
}

#endif
