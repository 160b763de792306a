/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/writer.h
 * \brief The writer of a database: its queue, its thread, and its state within a transaction.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "base/buf.h"
#include "base/metric.h"
#include "store/store.h"

#include <pthread.h>

struct database;

/** A definition being built: private to the writer until it is published. */
struct definition {
	struct table table;
	struct arena texts;
	uint32_t attribute_cap;
	uint32_t next_attribute; /**< id */
};

/** A table changed by the current transaction. */
struct edit {
	uint32_t id;
	struct definition *definition; /**< NULL: dropped */
};

/** Counters outside the definitions. */
struct writer_state {
	uint32_t next_table; /**< id */
	unsigned trees;      /**< of tables, including retired ones */
	MDB_dbi log;         /**< the audit log's tree; 0: none yet */
	uint64_t sequence;   /**< of the log's next entry; 0: unknown */
};

/** Changes of indexes that are collected to be made in order. */
struct batch {
	struct buf bytes; /**< keys and data */
	struct batch_item *items;
	size_t count, cap;
};

/** The counts of a writer; written by it alone, readable by all. */
struct writer_metrics {
	metric_count commits, created, updated, deleted; /* records, without those that expired */
	struct histogram durations, requests, records;   /**< of commits: ns; requests and records in each */
};

#define CLOCK_STEPS 32
/** The clock was set back. */
struct clock_step {
	uint64_t sequence;    /**< of the log's first entry after it; 0: there was no log */
	double before, after; /**< the newest stamp before it, and the time after it, ms since the epoch */
};

/** The clock record of a database; see store/clock.h. */
struct clock_record {
	double expired;       /**< all removed expired records had expired by this time; 0: none removed */
	double unknown_time;  /**< latest stamp before unknown_end; 0: unknown */
	uint64_t unknown_end; /**< the times of entries before this sequence may be in any order */
	unsigned count;
	struct clock_step steps[CLOCK_STEPS]; /**< oldest first */
};

struct writer {
	pthread_mutex_t lock; /**< protects the queue and the flags */
	pthread_cond_t wake, ended;
	bool running;  /**< a thread is the writer */
	bool stopping; /**< accepts no new requests */
	struct record_write *head, **tail;
	size_t queued; /**< requests from head on */
	size_t enough; /**< number of requests that wakes the thread */
	int64_t due;   /**< when background work is due while no thread is the writer; monotonic ms */

	/* only for the thread that is the writer */
	struct record_write *applying; /**< of the requests taken from the queue, those from here on are not committed */
	size_t expected;               /**< requests that may arrive for the next transaction if it waits briefly */
	int64_t commit_ns;             /**< duration of the last commit */
	MDB_txn *txn;
	struct edit *edits;
	size_t edit_count, edit_cap;
	struct writer_state now, committed; /**< within the transaction, and before it */
	int rc;                             /**< the storage error that ended the current request */
	bool dirty;                         /**< the current request has changed something */
	size_t touched; /**< pages that the current transaction has changed, at most, but for those above leaves */
	double time;    /**< the newest stamp, ms since the epoch; 0: unknown */
	struct clock_record clock;
	bool clock_changed; /**< clock must be stored */
	int64_t hold_until; /**< nothing is removed because of its age before this, monotonic ms */
	struct buf record, old, changes;
	struct batch batch;
	MDB_dbi unordered;    /**< the tree that got a record anywhere but at its end; 0: none */
	struct arena scratch; /**< for one record */
	uint32_t *cell_of;    /**< for each attribute position, the row's cell + 1; zero between rows */
	size_t cell_of_cap;

	struct writer_metrics metrics;

	/* background work */
	int64_t sync_at, sweep_at, trim_at, drop_at; /**< monotonic ms; INT64_MAX: nothing to do */
};

/** What is queued for the writer. */
enum write_kind {
	WRITE_RECORDS,
	WRITE_DEFINITION, /**< a struct definition_change */
	WRITE_APART       /**< the same struct; its apply() runs alone, between transactions, before other requests */
};

/** A change of definitions, queued like a write. */
struct definition_change {
	struct record_write write; /**< its kind is not WRITE_RECORDS */
	int (*apply)(struct database *db, struct definition_change *c, struct err *e);
	const void *in;
	void *out;
	bool frees;         /**< it frees space, and may use the reserve */
	const char *resets; /**< the table of which listeners have to forget what they know; NULL: none */
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool done;
};

void writer_init(struct writer *w);
void writer_free(struct writer *w);
/** Queues a request; starts the thread if there is none. */
int writer_submit(struct database *db, struct record_write *w, struct err *e);
/**
 * Does the background work that is due, if no thread is the writer. May be called as long as the caller has a reference.
 * \return when work will be due, monotonic ms; INT64_MAX: upkeep_at() will announce it
 */
int64_t writer_tend(struct database *db);
/** Answers waiting requests; from then on no thread is the writer. */
void writer_stop(struct database *db);
/**
 * Applies requests from \p list on, at most \p count: in one transaction, until it has taken its memory, or one by one. On
 * the writer's thread, which keeps its progress in writer.applying.
 * \return how many have their results, at least one
 */
size_t writer_apply(struct database *db, struct record_write *list, size_t count);
/** Queues a change and waits until it is done. */
int writer_change(struct database *db, struct definition_change *c, struct err *e);

/*
 * ---- within a transaction, on the writer's thread. These return 0 or a negative code; a storage error is kept
 * in writer.rc ----
 */

/** Notes a change of a key whose value has \p bytes. */
void writer_touched(struct database *db, size_t bytes);
int writer_put(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value);
/** The same for a new key that may be after all others, which is cheaper. */
int writer_add(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value);
/** A missing key is not an error. */
int writer_del(struct database *db, MDB_dbi tree, MDB_val key);
/** \return 0, LYRE_ENOTFOUND, or another negative code */
int writer_get(struct database *db, MDB_dbi tree, MDB_val key, MDB_val *ret);
/** Records a storage error; passes other codes through. */
int writer_failed(struct database *db, int rc);
/** A named tree, created if it is missing. */
int writer_tree(struct database *db, const char *name, MDB_dbi *ret);
/** Whether \p more trees may be created. */
int writer_trees_left(struct database *db, unsigned more, struct err *e);

const struct table *writer_table(struct database *db, uint32_t id);
const struct table *writer_table_named(struct database *db, const char *name);
/** The table's definition, to be changed in place. NULL if out of memory */
struct definition *writer_edit(struct database *db, uint32_t id);
/** Takes ownership of the definition, even on failure. */
int writer_add_table(struct database *db, struct definition *d);
int writer_remove_table(struct database *db, uint32_t id);
/** Marks a tree to be emptied and freed in the background. */
int writer_retire_tree(struct database *db, const char *name);
/** The next table's id. */
int writer_next_table(struct database *db, uint32_t *ret);

/* ---- definition.c ---- */

struct definition *definition_new(const char *database, const char *name);
/** A copy to be changed, with the next version. */
struct definition *definition_copy(const struct table *t);
void definition_free(struct definition *d);
/** Appends an attribute; its trees are up to the caller. NULL if out of memory, or if no ids are left */
struct attribute *definition_add(struct definition *d, const char *name, size_t len, const char *type_name);
/** Whether a table may have \p more attributes; else the reason, and what to do. */
int attributes_left(const struct table *t, uint32_t more, struct err *e);
void definition_remove(struct definition *d, uint16_t position);
static inline struct definition *definition_of(const struct table *t)
{
	return (struct definition *)(uintptr_t)t;
}
/** The attribute with an id, NULL if it no longer exists. */
const struct attribute *attribute_by_id(const struct table *t, uint16_t id);

/** The stored forms. Decoding checks: LYRE_ECORRUPT, LYRE_ENOMEM; the trees are up to the caller. */
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
/** The key in "meta" of a table's next generated key. */
void key_counter(char out[TREE_NAME_MAX], uint32_t table);

/* ---- ddl.c ---- */

/** Adds an attribute with its tree to the definition, in the transaction. \p flags of enum attribute_flag. */
int attribute_add(struct database *db, uint32_t table, const char *name, size_t len, const char *type_name, uint16_t type,
	uint32_t flags, struct attribute **ret, struct err *e);
/** Sets flags of an attribute and stores them. */
int attribute_flag(struct database *db, uint32_t table, uint16_t attribute, uint32_t flags);

/* ---- prepare.c, types.c ---- */

#define NO_POSITION UINT16_MAX

/** An attribute given in a record. */
struct cell {
	const char *name;
	uint32_t name_len;
	uint16_t position; /**< in record_write.table; NO_POSITION: unknown */
	uint16_t kind;     /**< enum field_kind */
	const lyre_value *value;
};

struct write_row {
	const lyre_value *key; /**< NULL: an integer is generated */
	const unsigned char *primary;
	uint16_t primary_len;
	bool cut;
	bool generated;
	uint32_t cell_count;
	struct cell *cells;
	const char *missing; /**< a required attribute that this row lacks */
};

struct prepared {
	struct write_row *rows;
	size_t count;
	struct lyre_written *items;
	bool unknown; /**< some cell has no position */
	bool missing; /**< some row has it set */
};

/** Checks a write and prepares its rows: record_write.prepared. */
int write_prepare(struct record_write *w, struct err *e);
/* Notes that record i was refused. \return false if out of memory */
bool write_refuse(struct record_write *w, size_t i);
/**
 * Checks a value against an attribute's type and converts it to the form that is stored. A fault is appended to \p faults.
 * \return the value, NULL if out of memory
 */
const lyre_value *type_accept(
	const struct attribute *a, const lyre_value *v, struct arena *arena, uint16_t *kind, struct buf *faults);
/** The type with a name, ignoring case; -1 for none. */
int type_named(const char *name);
/** Appends the fault of an attribute name; \return false if there is none. */
bool name_fault(const char *name, size_t len, struct buf *faults);
/** Appends a message to others. */
void fault_add(struct buf *faults, const char *fmt, ...) LYRE_PRINTF(2, 3);

/* ---- apply.c, index.c ---- */

/** Applies a write in the transaction. */
int write_apply(struct database *db, struct record_write *w, double time);
/** Removes a record, its index entries and its entry in the expiry tree. \p r must not point into the map. */
int record_remove(struct database *db, const struct table *t, MDB_val primary, struct record r);
/** Changes the index entries of an attribute of one record from one value to another; either may be NULL. */
int index_change(struct database *db, const struct table *t, const struct attribute *a, MDB_val primary, const struct field *from,
	const struct field *to);
/** The same for a time. NaN: none. */
int index_time(struct database *db, const struct attribute *a, MDB_val primary, double from, double to);
/** Enters all records of the table into a new index. */
int index_fill(struct database *db, uint32_t table, uint16_t attribute);
/** Moves a record in the tree by updated time. NaN: none. */
int expiry_change(struct database *db, const struct table *t, MDB_val primary, double from, double to);

/* ---- batch.c: for trees that nothing reads within the transaction ---- */

/** Keeps a change for later. Keys of up to KEY_MAX bytes */
int batch_put(struct database *db, MDB_dbi tree, MDB_val key, MDB_val value);
/** A missing key is not an error. */
int batch_del(struct database *db, MDB_dbi tree, MDB_val key);
/** Makes all kept changes, in the transaction. */
int batch_flush(struct database *db);
void batch_init(struct batch *b);
void batch_free(struct batch *b);
/** After a transaction: discards what is left. */
void batch_end(struct batch *b);

/* ---- background.c ---- */

/** Does the work that is due; \return when to call again, monotonic ms. Between transactions. */
int64_t background_run(struct database *db);
/** Sets writer.due for a database just opened. Before any thread is the writer. */
int background_begin(struct database *db, struct err *e);

/* ---- transaction.c ---- */

int transaction_begin(struct database *db, struct err *e);
/** Stores changed definitions, commits, publishes. A failure has the effect of an abort. */
int transaction_commit(struct database *db, struct err *e);
void transaction_abort(struct database *db);
/** Instead of that if guard_run() was left: LMDB keeps the transaction. */
void transaction_leave(struct database *db);

static inline MDB_val val(const void *data, size_t len)
{
	return (MDB_val){ .mv_size = len, .mv_data = (void *)(uintptr_t)data };
}

#endif
