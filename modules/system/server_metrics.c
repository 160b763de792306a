/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/server_metrics.c
 * \brief system_information: sizes of tables, the trees of databases, and the server's metrics.
 */
#include "information.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/** The member of metrics with the server's own metrics: no database has a slash in its name. */
#define SERVER "/server"

struct walk {
	lyre_call *call;
	lyre_out *out;
};

static void put_count(lyre_out *o, const char *key, uint64_t n)
{
	put_int(o, key, n > INT64_MAX ? INT64_MAX : (int64_t)n);
}

/* ---- table_size ---- */

static int write_one_size(void *arg, lyre_table *table)
{
	struct walk *w = arg;
	struct lyre_table_stats stats = { .size = sizeof stats };
	int rc = lyre_table_stats(w->call, table, 0, &stats);
	if (rc < 0) /* dropped meanwhile */
		return rc == LYRE_ENOTFOUND ? 0 : rc;
	lyre_out_object_begin(w->out);
	lyre_out_text(w->out, "schema", lyre_table_database(table));
	lyre_out_text(w->out, "table", lyre_table_name(table));
	put_count(w->out, "record_count", stats.record_count);
	put_null(w->out, "transaction_log_record_count"); /* a database has one log for all tables: to count means to read it */
	lyre_out_object_end(w->out);
	return 0;
}

static int write_sizes_of(void *arg, const char *database)
{
	struct walk *w = arg;
	int rc = lyre_scope_begin(w->call);
	if (rc < 0)
		return rc;
	rc = lyre_tables(w->call, database, write_one_size, w);
	lyre_scope_end(w->call);
	return rc == LYRE_ENOTFOUND ? 0 : rc;
}

int write_table_size(lyre_call *call, lyre_out *o)
{
	struct walk w = { call, o };
	lyre_out_array_begin(o);
	int rc = lyre_databases(call, write_sizes_of, &w);
	lyre_out_array_end(o);
	return rc;
}

/* ---- trees ---- */

static void put_tree(lyre_out *o, const struct lyre_pages *p)
{
	put_count(o, "treeDepth", p->depth);
	put_count(o, "treeBranchPageCount", p->branch_pages);
	put_count(o, "treeLeafPageCount", p->leaf_pages);
	put_count(o, "entryCount", p->entries);
	put_count(o, "overflowPages", p->overflow_pages);
}

static int write_table_tree(void *arg, lyre_table *table)
{
	struct walk *w = arg;
	struct lyre_pages p = { .size = sizeof p };
	int rc = lyre_pages(w->call, lyre_table_database(table), table, &p);
	if (rc < 0)
		return rc == LYRE_ENOTFOUND ? 0 : rc;
	lyre_out_key(w->out, lyre_table_name(table));
	lyre_out_object_begin(w->out);
	put_tree(w->out, &p);
	lyre_out_object_end(w->out);
	return 0;
}

/** Writes null for what only other implementations count. */
static void put_absent(lyre_out *o)
{
	static const char *const names[] = { "timeStartTxns", "timeDuringTxns", "timePageFlushes", "timeSync", "timeTxnWaiting",
		"txns", "pageFlushes", "pagesWritten", "writes", "puts", "deletes" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		put_null(o, names[i]);
}

static void put_special_tree(struct walk *w, const char *database, uint32_t tree, const char *key)
{
	struct lyre_pages p = { .size = sizeof p, .tree = tree };
	if (lyre_pages(w->call, database, NULL, &p) < 0) {
		put_null(w->out, key);
		return;
	}
	lyre_out_key(w->out, key);
	lyre_out_object_begin(w->out);
	if (tree == LYRE_TREE_FREE)
		put_count(w->out, "pageSize", p.page_size);
	put_tree(w->out, &p);
	lyre_out_object_end(w->out);
}

static int write_database_in_scope(struct walk *w, const char *database)
{
	lyre_out *o = w->out;
	struct lyre_pages p = { .size = sizeof p, .tree = LYRE_TREE_MAIN };
	int rc = lyre_pages(w->call, database, NULL, &p);
	if (rc < 0)
		return rc == LYRE_ENOTFOUND ? 0 : rc;
	lyre_out_key(o, database);
	lyre_out_object_begin(o);
	lyre_out_key(o, "tables");
	lyre_out_object_begin(o);
	rc = lyre_tables(w->call, database, write_table_tree, w);
	lyre_out_object_end(o);
	put_count(o, "pageSize", p.page_size);
	put_tree(o, &p);
	put_count(o, "mapSize", p.map_size);
	put_count(o, "lastPageNumber", p.last_page);
	put_count(o, "lastTxnId", p.last_transaction);
	put_count(o, "maxReaders", p.max_readers);
	put_count(o, "numReaders", p.readers);
	put_absent(o);
	put_special_tree(w, database, LYRE_TREE_FREE, "free");
	put_null(o, "readers");
	put_special_tree(w, database, LYRE_TREE_LOG, "audit");
	lyre_out_object_end(o);
	return rc == LYRE_ENOTFOUND ? 0 : rc;
}

static int write_database(void *arg, const char *database)
{
	struct walk *w = arg;
	int rc = lyre_scope_begin(w->call);
	if (rc < 0)
		return rc;
	rc = write_database_in_scope(w, database);
	lyre_scope_end(w->call);
	return rc;
}

/* ---- what the server counts ---- */

/** Metrics come grouped by name; those with labels become an object. */
struct metrics_writer {
	lyre_out *out;
	char name[128];
	bool labels;
};

/** The value that a share of the observations does not exceed, interpolated within its bucket; NAN beyond the last one. */
static double percentile(const struct lyre_metric *m, double share)
{
	double wanted = share * (double)m->count, from = 0, below = 0;
	for (uint32_t i = 0; i < m->bucket_count; i++) {
		double until = (double)m->buckets[i];
		if (until >= wanted)
			return until > below ? from + (m->bounds[i] - from) * (wanted - below) / (until - below) : m->bounds[i];
		from = m->bounds[i];
		below = until;
	}
	return NAN;
}

static void write_metric(lyre_out *o, const struct lyre_metric *m)
{
	if (m->type != LYRE_HISTOGRAM) {
		lyre_out_double(o, m->value);
		return;
	}
	lyre_out_object_begin(o);
	put_count(o, "count", m->count);
	put_double(o, "sum", m->value);
	put_double(o, "p50", m->count ? percentile(m, 0.5) : NAN);
	put_double(o, "p90", m->count ? percentile(m, 0.9) : NAN);
	put_double(o, "p99", m->count ? percentile(m, 0.99) : NAN);
	lyre_out_object_end(o);
}

static int take_metric(void *arg, const struct lyre_metric *m)
{
	struct metrics_writer *f = arg;
	bool same = !strcmp(f->name, m->name);

	if (!same && f->labels)
		lyre_out_object_end(f->out);
	if (!same) {
		snprintf(f->name, sizeof f->name, "%s", m->name);
		f->labels = m->label != NULL;
		lyre_out_key(f->out, m->name);
		if (f->labels)
			lyre_out_object_begin(f->out);
	}
	if (f->labels)
		lyre_out_key(f->out, m->label_value);
	else if (same) /* without labels, a name has one metric */
		return 0;
	write_metric(f->out, m);
	return 0;
}

int write_metrics(lyre_call *call, lyre_out *o)
{
	struct walk w = { call, o };
	struct metrics_writer f = { .out = o };

	lyre_out_object_begin(o);
	int rc = lyre_databases(call, write_database, &w);
	if (rc < 0)
		return rc;
	lyre_out_key(o, SERVER);
	lyre_out_object_begin(o);
	rc = lyre_metrics(call, take_metric, &f);
	if (f.labels)
		lyre_out_object_end(o);
	lyre_out_object_end(o);
	lyre_out_object_end(o);
	return rc;
}
