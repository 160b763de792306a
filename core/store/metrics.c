/* SPDX-License-Identifier: Apache-2.0 */
/* What a database tells of its work, and of its trees. */
#include "store/store_internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- counting, on the writer's thread ---- */

void metrics_commit(struct writer_metrics *f, int64_t took_ns)
{
	metric_add(&f->commits, 1);
	histogram_add(&f->durations, &histogram_durations_coarse, took_ns > 0 ? (uint64_t)took_ns : 0);
}

void metrics_batch(struct writer_metrics *f, const struct record_write *list, size_t count)
{
	uint64_t records = 0;
	size_t n = 0;
	for (const struct record_write *r = list; n < count; r = r->next, n++)
		if (!r->err.code && r->mode != WRITE_CHANGE)
			records += r->result.done;
	histogram_add(&f->requests, &histogram_sizes, count);
	histogram_add(&f->records, &histogram_sizes, records);
}

/* ---- readers ---- */

struct readers {
	unsigned count;
	uint64_t oldest; /* transaction */
};

/* A line of LMDB's table of readers: process, thread, transaction; "-" for one that reads nothing. */
static int take_reader(const char *line, void *arg)
{
	struct readers *r = arg;
	const char *last = strrchr(line, ' ');
	char *end;
	if (!last)
		return 0;
	uint64_t txn = strtoull(last + 1, &end, 10);
	if (end == last + 1)
		return 0; /* idle, or the heading */
	r->count++;
	if (txn < r->oldest)
		r->oldest = txn;
	return 0;
}

/* ---- reading ---- */

int database_metrics(struct database *db, struct database_metrics *ret, struct err *e)
{
	struct snapshot s;
	struct writer *w = &db->writer;
	int rc = snapshot_begin(&s, db, e);
	if (rc)
		return rc;
	/* This snapshot is among the readers, and no older than any. */
	struct readers readers = { .oldest = mdb_txn_id(s.txn) };
	uint64_t now = readers.oldest;
	rc = storage_of(&s, &ret->storage, e);
	if (mdb_reader_list(db->env, take_reader, &readers) < 0)
		readers.count = 1;
	ret->free_pages = ret->storage.reclaimable_size / db->page_size;
	snapshot_end(&s);
	ret->name = db->name;
	ret->readers = readers.count ? readers.count - 1 : 0;
	ret->oldest_reader = now - readers.oldest;
	ret->commits = metric_read(&w->metrics.commits);
	histogram_read(&ret->durations, &histogram_durations_coarse, &w->metrics.durations, 1, 0);
	histogram_read(&ret->requests, &histogram_sizes, &w->metrics.requests, 1, 0);
	histogram_read(&ret->records, &histogram_sizes, &w->metrics.records, 1, 0);
	pthread_mutex_lock(&w->lock);
	ret->queued = w->queued;
	pthread_mutex_unlock(&w->lock);
	return rc;
}

/* ---- trees ---- */

#define FREE_TREE 0                  /* LMDB's number of the list of free pages */
#define MAIN_TREE ((MDB_dbi)-1)      /* what mdb_env_stat() tells of: its number is LMDB's own */
#define NO_TREE ((MDB_dbi)-2)        /* none was needed yet: nothing in it */

static int take_pages(struct snapshot *s, MDB_dbi tree, struct lyre_pages *ret, struct err *e)
{
	MDB_stat st = { .ms_psize = (unsigned)s->db->page_size };
	MDB_envinfo info;
	int rc = guard_info(s->db, &info); /* first: it reads the page that mdb_env_stat() reads */
	if (!rc && tree == MAIN_TREE)
		rc = mdb_env_stat(s->db->env, &st);
	else if (!rc && tree != NO_TREE)
		rc = guard_stat(s, tree, &st);
	if (rc)
		return store_error(e, rc, "read", s->db);
	*ret = (struct lyre_pages){
		.size = ret->size,
		.page_size = st.ms_psize,
		.depth = st.ms_depth,
		.tree = ret->tree,
		.branch_pages = st.ms_branch_pages,
		.leaf_pages = st.ms_leaf_pages,
		.overflow_pages = st.ms_overflow_pages,
		.entries = st.ms_entries,
		.map_size = info.me_mapsize,
		.last_page = info.me_last_pgno,
		.last_transaction = info.me_last_txnid,
		.readers = info.me_numreaders,
		.max_readers = info.me_maxreaders,
	};
	return 0;
}

int store_pages(struct store *s, const char *database, struct lyre_pages *ret, struct err *e)
{
	struct database *db;
	struct snapshot snapshot;
	int rc = store_database(s, database, &db, e);
	if (rc)
		return rc;
	rc = snapshot_begin(&snapshot, db, e);
	if (!rc) {
		MDB_dbi tree = MAIN_TREE;
		if (ret->tree == LYRE_TREE_FREE)
			tree = FREE_TREE;
		else if (ret->tree == LYRE_TREE_LOG)
			tree = db->log ? db->log : NO_TREE;
		else if (ret->tree != LYRE_TREE_MAIN)
			rc = err_set(e, LYRE_EINTERNAL, "There is no kind %u of trees", (unsigned)ret->tree);
		if (!rc)
			rc = take_pages(&snapshot, tree, ret, e);
		snapshot_end(&snapshot);
	}
	database_unref(db);
	return rc;
}

int table_pages(const struct table *t, struct lyre_pages *ret, struct err *e)
{
	struct snapshot s;
	int rc = snapshot_begin(&s, t->db, e);
	if (rc)
		return rc;
	const struct table *now = snapshot_table(&s, t);
	if (!now)
		rc = no_table(t, e);
	else
		rc = take_pages(&s, now->records, ret, e);
	snapshot_end(&s);
	return rc;
}
