/* SPDX-License-Identifier: Apache-2.0 */
/* Counting the work of a database, and reporting it. */
#include "store/store_internal.h"

#include "base/metric_report.h"

#include <stddef.h>
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
	uint64_t created = 0, updated = 0, deleted = 0;
	size_t n = 0;
	for (const struct record_write *r = list; n < count; r = r->next, n++) {
		if (r->err.code || r->kind != WRITE_RECORDS)
			continue;
		created += r->created;
		*(r->mode == LYRE_DELETE ? &deleted : &updated) += r->result.done - r->created;
	}
	metric_add(&f->created, created);
	metric_add(&f->updated, updated);
	metric_add(&f->deleted, deleted);
	histogram_add(&f->requests, &histogram_sizes, count);
	histogram_add(&f->records, &histogram_sizes, created + updated + deleted);
}

/* ---- readers ---- */

struct readers {
	unsigned count;
	uint64_t oldest; /* transaction */
};

/* A line of LMDB's table of readers: process, thread, transaction; "-" for an idle one. */
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

/** The counts of a database since it was opened, and its state. */
struct database_metrics {
	const char *name;                                      /**< lives as long as the database */
	uint64_t commits;                                      /**< including background work */
	uint64_t created, updated, deleted;                    /**< records, without those that expired */
	struct histogram_reading durations, requests, records; /**< of commits: ns; requests and records in each */
	uint64_t queued;                                       /**< waiting writes */
	uint64_t readers;                                      /**< open snapshots, except the one used here */
	uint64_t oldest_reader;                                /**< age of the oldest of them, in commits */
	struct lyre_storage storage;
	uint64_t free_pages; /**< in the file */
};

/* LYRE_ENOTFOUND if it was dropped. */
static int read_database(struct database *db, struct database_metrics *ret, struct err *e)
{
	struct snapshot s;
	struct writer *w = &db->writer;
	int rc = snapshot_begin(&s, db, e);
	if (rc)
		return rc;
	/* This snapshot is among the readers, and none is newer. */
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
	ret->created = metric_read(&w->metrics.created);
	ret->updated = metric_read(&w->metrics.updated);
	ret->deleted = metric_read(&w->metrics.deleted);
	histogram_read(&ret->durations, &histogram_durations_coarse, &w->metrics.durations, 1, 0);
	histogram_read(&ret->requests, &histogram_sizes, &w->metrics.requests, 1, 0);
	histogram_read(&ret->records, &histogram_sizes, &w->metrics.records, 1, 0);
	pthread_mutex_lock(&w->lock);
	ret->queued = w->queued;
	pthread_mutex_unlock(&w->lock);
	return rc;
}

#define DATABASE(kind, words, text, of)                                                  \
	{                                                                                \
		{ kind, words, text, "database" }, offsetof(struct database_metrics, of) \
	}

static const struct metric_member database_metrics[] = {
	DATABASE(METRIC_COUNTER, "commits_total", "Transactions committed, including background work.", commits),
	DATABASE(METRIC_HISTOGRAM, "commit_duration_seconds", "Duration of a commit, including its flush to disk.", durations),
	DATABASE(METRIC_HISTOGRAM, "commit_requests", "Requests in one commit.", requests),
	DATABASE(METRIC_HISTOGRAM, "commit_records", "Records changed by one commit.", records),
	DATABASE(METRIC_COUNTER, "records_created_total", "Records inserted, including by upsert.", created),
	DATABASE(METRIC_COUNTER, "records_updated_total", "Records updated, including by upsert.", updated),
	DATABASE(METRIC_COUNTER, "records_deleted_total", "Records deleted, not counting expired ones.", deleted),
	DATABASE(METRIC_GAUGE, "write_queue_requests", "Writes waiting for the writer.", queued),
	DATABASE(METRIC_GAUGE, "readers_open", "Snapshots being read.", readers),
	DATABASE(METRIC_GAUGE, "oldest_reader_commits", "Age of the oldest snapshot being read, in commits.", oldest_reader),
	DATABASE(METRIC_GAUGE, "database_file_bytes", "Size of the database's file.", storage.file_size),
	DATABASE(METRIC_GAUGE, "database_used_bytes", "Bytes of the file in use.", storage.used_size),
	DATABASE(METRIC_GAUGE, "database_reclaimable_bytes", "Bytes of the file that writes or a compaction can use.",
		storage.reclaimable_size),
	DATABASE(METRIC_GAUGE, "database_reclaimable_pages", "Pages of the file that writes or a compaction can use.", free_pages),
};

/* Reads the databases that are readable now; one may be dropped meanwhile. */
static size_t read_databases(struct database **all, size_t count, struct database_metrics *ret)
{
	struct err ignored;
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += read_database(all[i], &ret[n], &ignored) == 0;
	return n;
}

static int report_databases(struct store *store, struct arena *a, struct metric_sink *s, struct err *e)
{
	struct database **all;
	size_t count;
	int rc = store_databases(store, a, &all, &count, e);
	if (rc < 0)
		return rc;
	struct database_metrics *each = ARENA_ARRAY(a, struct database_metrics, count + 1);
	size_t n = each ? read_databases(all, count, each) : 0;
	for (size_t i = 0; i < sizeof database_metrics / sizeof *database_metrics; i++)
		for (size_t d = 0; d < n; d++)
			metric_report_member(s, &database_metrics[i], each[d].name, &each[d]);
	for (size_t d = 0; d < count; d++)
		database_unref(all[d]);
	return each ? 0 : err_nomem(e);
}

int store_report(struct store *store, struct arena *a, struct metric_sink *s, struct err *e)
{
	static const struct metric_about failed_database = { METRIC_GAUGE, "database_failed",
		"1 for a database that cannot be used; describe_storage says why.", "database" };
	struct failed_database *failed;
	size_t count = 0;
	int rc = report_databases(store, a, s, e);
	if (rc == 0)
		rc = store_failed_databases(store, a, &failed, &count, e);
	/* one line per database, so that an alert can name it */
	for (size_t i = 0; rc == 0 && i < count; i++)
		metric_report(s, &failed_database, failed[i].name, 1);
	return rc;
}
