/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_metrics.c
 * \brief Figures of the server as modules see them: lyre/server.h and lyre/store.h. They are counted where the work is done
 * and come together here.
 */
#include <config.h>

#include "log/log.h"
#include "host/host_server.h"
#include "host/host_store.h"
#include "host/host_process.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

/** Where figures go. */
struct sink {
	lyre_call *call;
	int (*visit)(void *arg, const struct lyre_metric *metric);
	void *arg;
	int rc; /**< other than 0: nothing more */
};

/** What a name stands for; value is the sink's. */
struct about {
	uint32_t type;
	const char *name, *help;
	const char *label;
};

static void give(struct sink *s, const struct about *a, const char *label_value, double value)
{
	const struct lyre_metric m = {
		.size = (uint32_t)sizeof m,
		.type = a->type,
		.name = a->name,
		.help = a->help,
		.label = a->label,
		.label_value = label_value,
		.value = value,
	};
	if (!s->rc && !isnan(value))
		s->rc = s->visit(s->arg, &m);
}

static void give_histogram(struct sink *s, const struct about *a, const char *label_value, const struct histogram_reading *h)
{
	double bounds[HISTOGRAM_BOUNDS_MAX], per_unit = h->scale->per_unit;
	for (uint32_t i = 0; i < h->scale->count; i++)
		bounds[i] = (double)h->scale->bounds[i] / per_unit;
	const struct lyre_metric m = {
		.size = (uint32_t)sizeof m,
		.type = LYRE_HISTOGRAM,
		.name = a->name,
		.help = a->help,
		.label = a->label,
		.label_value = label_value,
		.value = (double)h->sum / per_unit,
		.count = h->count,
		.bounds = bounds,
		.buckets = h->cumulative,
		.bucket_count = h->scale->count,
	};
	if (!s->rc)
		s->rc = s->visit(s->arg, &m);
}

/** Figures that lie in a struct as uint64_t or struct histogram_reading. */
struct figure {
	struct about about;
	size_t at;
};

static const void *member(const void *of, const struct figure *f)
{
	return (const char *)of + f->at;
}

static void give_member(struct sink *s, const struct figure *f, const char *label_value, const void *of)
{
	if (f->about.type == LYRE_HISTOGRAM)
		give_histogram(s, &f->about, label_value, member(of, f));
	else
		give(s, &f->about, label_value, (double)*(const uint64_t *)member(of, f));
}

/* ---- requests ---- */

#define REQUEST(kind, words, text, of) { { kind, words, text, NULL }, offsetof(struct dispatch_figures, of) }

static const struct figure request_figures[] = {
	REQUEST(LYRE_HISTOGRAM, "request_duration_seconds", "Time from a request's end until its answer stands.", durations),
	REQUEST(LYRE_GAUGE, "requests_in_flight", "Requests that are under way.", in_flight),
	REQUEST(LYRE_GAUGE, "requests_suspended", "Requests under way that wait for a worker, a check or the disk.", suspended),
	REQUEST(LYRE_GAUGE, "connections_open", "Connections that are open.", connections),
	REQUEST(LYRE_COUNTER, "connections_accepted_total", "Connections that were taken.", accepted),
	REQUEST(LYRE_COUNTER, "connections_refused_total", "Connections that were closed at once, for a limit.", refused),
	REQUEST(LYRE_COUNTER, "request_body_bytes_total", "Bytes of the bodies of requests.", received),
	REQUEST(LYRE_COUNTER, "response_body_bytes_total", "Bytes of the bodies of answers.", sent),
	REQUEST(LYRE_GAUGE, "worker_queue_tasks", "Operations and checks that wait for a worker thread.", worker_queue),
	REQUEST(LYRE_GAUGE, "credential_queue_checks", "Checks of credentials that wait for their turn.", credential_queue),
	REQUEST(LYRE_COUNTER, "credential_cache_hits_total", "Credentials that were known from before.", credential_hits),
	REQUEST(LYRE_COUNTER, "credential_cache_misses_total", "Credentials that had to be checked.", credential_misses),
	REQUEST(LYRE_COUNTER, "sign_in_failures_total", "Credentials that were wrong.", sign_in_failures),
	REQUEST(LYRE_GAUGE, "queries_in_background", "Searches that work, or wait to, apart from their connection's thread.", slow_queries),
	REQUEST(LYRE_COUNTER, "queries_timed_out_total", "Queries that were ended for operationsApi.queryTimeout.", late_queries),
	REQUEST(LYRE_GAUGE, "jobs_running", "Jobs at work.", jobs.running),
	REQUEST(LYRE_GAUGE, "jobs_waiting", "Jobs that wait for their turn.", jobs.waiting),
};

static void give_statuses(struct sink *s, const struct dispatch_figures *f)
{
	static const struct about about = { LYRE_COUNTER, "requests_total", "Requests by the class of their answer's status.", "status" };
	static const char *const classes[DISPATCH_STATUSES] = { NULL, "1xx", "2xx", "3xx", "4xx", "5xx" };
	for (size_t i = 2; i < DISPATCH_STATUSES; i++)
		give(s, &about, classes[i], (double)f->statuses[i]);
}

static void give_operations(struct sink *s, const struct dispatch *d)
{
	static const struct about requests = { LYRE_COUNTER, "operations_total",
		"Requests by operation; other: those that name none, pages, refusals before the operation is known.", "operation" };
	static const struct about errors = { LYRE_COUNTER, "operation_errors_total",
		"Requests that were answered with a status from 400 on, by operation.", "operation" };
	size_t count;
	const struct operation *const *all = dispatch_operations(d, &count);
	for (int failed = 0; failed < 2; failed++)
		for (size_t i = 0; i <= count; i++) {
			const struct operation *o = i < count ? all[i] : NULL;
			uint64_t n[2];
			dispatch_operation_figures(d, o, &n[0], &n[1]);
			give(s, failed ? &errors : &requests, o ? o->name : "other", (double)n[failed]);
		}
}

static void give_requests(struct sink *s)
{
	static const struct about ended = { LYRE_COUNTER, "jobs_ended_total", "Jobs that ended, by how.", "status" };
	struct dispatch_figures f;
	dispatch_figures(s->call->dispatch, &f);
	give_statuses(s, &f);
	give_operations(s, s->call->dispatch);
	for (size_t i = 0; i < sizeof request_figures / sizeof *request_figures; i++)
		give_member(s, &request_figures[i], NULL, &f);
	give(s, &ended, "complete", (double)f.jobs.complete);
	give(s, &ended, "error", (double)f.jobs.failed);
}

/* ---- databases ---- */

#define DATABASE(kind, words, text, of) { { kind, words, text, "database" }, offsetof(struct database_metrics, of) }

static const struct figure database_table[] = {
	DATABASE(LYRE_COUNTER, "commits_total", "Transactions that were committed, those of the background too.", commits),
	DATABASE(LYRE_HISTOGRAM, "commit_duration_seconds", "Time of a commit with its flush to the disk.", durations),
	DATABASE(LYRE_HISTOGRAM, "commit_requests", "Requests that one commit brought to the disk.", requests),
	DATABASE(LYRE_HISTOGRAM, "commit_records", "Records that one commit changed.", records),
	DATABASE(LYRE_GAUGE, "write_queue_requests", "Writes that wait for the writer.", queued),
	DATABASE(LYRE_GAUGE, "readers_open", "Snapshots that are being read.", readers),
	DATABASE(LYRE_GAUGE, "oldest_reader_commits", "How many commits behind the oldest snapshot being read is.", oldest_reader),
	DATABASE(LYRE_GAUGE, "database_file_bytes", "Size of the database's file.", storage.file_size),
	DATABASE(LYRE_GAUGE, "database_used_bytes", "Bytes of the file that are in use.", storage.used_size),
	DATABASE(LYRE_GAUGE, "database_reclaimable_bytes", "Bytes of the file that writes or a compaction can use.",
		storage.reclaimable_size),
	DATABASE(LYRE_GAUGE, "database_reclaimable_pages", "Pages of the file that writes or a compaction can use.", free_pages),
};

/** Those that can be read now; one may be dropped meanwhile. */
static size_t read_databases(struct database **all, size_t count, struct database_metrics *ret)
{
	struct err ignored;
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		n += database_metrics(all[i], &ret[n], &ignored) == 0;
	return n;
}

static int give_databases(struct sink *s)
{
	struct database **all;
	size_t count;
	int rc = store_databases(s->call->store, s->call->arena, &all, &count, &s->call->err);
	if (rc < 0)
		return rc;
	struct database_metrics *figures = ARENA_ARRAY(s->call->arena, struct database_metrics, count + 1);
	size_t n = figures ? read_databases(all, count, figures) : 0;
	for (size_t i = 0; i < sizeof database_table / sizeof *database_table; i++)
		for (size_t d = 0; d < n; d++)
			give_member(s, &database_table[i], figures[d].name, &figures[d]);
	for (size_t d = 0; d < count; d++)
		database_unref(all[d]);
	return figures ? 0 : err_nomem(&s->call->err);
}

/** One line each, so that an alert can name them. */
static int give_failed_databases(struct sink *s)
{
	static const struct about about = { LYRE_GAUGE, "database_failed", "1 for a database that cannot be used; describe_storage says why.",
		"database" };
	struct failed_database *all;
	size_t count;
	int rc = store_failed_databases(s->call->store, s->call->arena, &all, &count, &s->call->err);
	for (size_t i = 0; rc == 0 && i < count; i++)
		give(s, &about, all[i].name, 1);
	return rc;
}

/* ---- the rest ---- */

static void give_log(struct sink *s)
{
	static const struct about about = { LYRE_COUNTER, "log_lines_total", "Lines of the log by level.", "level" };
	for (int level = 0; level <= LYRE_TRACE; level++) {
		const char *word;
		uint64_t n = log_lines((enum lyre_log_level)level, &word);
		give(s, &about, word, (double)n);
	}
}

static void give_process(struct sink *s)
{
	static const struct about cpu = { LYRE_COUNTER, "process_cpu_seconds_total", "Processor time of the server.", NULL };
	static const struct about resident = { LYRE_GAUGE, "process_resident_memory_bytes", "Memory of the server.", NULL };
	static const struct about threads = { LYRE_GAUGE, "process_threads", "Threads of the server.", NULL };
	static const struct about open = { LYRE_GAUGE, "process_open_fds", "Descriptors that are open.", NULL };
	static const struct about most = { LYRE_GAUGE, "process_max_fds", "Descriptors that may be open.", NULL };
	static const struct about started = { LYRE_GAUGE, "process_start_time_seconds",
		"When the server started, or started again, since the epoch.", NULL };
	static const struct about build = { LYRE_GAUGE, "build_info", "Always 1; the version of the server.", "version" };
	struct process_figures p;
	process_figures(&p);
	give(s, &cpu, NULL, p.cpu_seconds);
	give(s, &resident, NULL, p.resident);
	give(s, &threads, NULL, p.threads);
	give(s, &open, NULL, p.descriptors);
	give(s, &most, NULL, p.descriptors_max);
	give(s, &started, NULL, dispatch_started(s->call->dispatch) / 1e3);
	give(s, &build, PACKAGE_VERSION, 1);
}

int host_metrics(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg)
{
	struct sink s = { .call = call, .visit = visit, .arg = arg };
	int rc = host_may_manage(call);
	if (rc < 0)
		return rc;
	give_requests(&s);
	rc = s.rc ? 0 : give_databases(&s);
	if (rc == 0 && !s.rc)
		rc = give_failed_databases(&s);
	if (rc < 0)
		return rc;
	give_log(&s);
	give_process(&s);
	return s.rc;
}

/* ---- trees ---- */

int host_pages(lyre_call *call, const char *database, lyre_table *table, struct lyre_pages *ret)
{
	struct lyre_pages pages;
	int rc = host_may_manage(call);
	if (rc < 0)
		return rc;
	rc = host_take(call, &pages, sizeof pages, ret, SIZE_UP_TO(struct lyre_pages, entries), "lyre_pages");
	if (rc < 0)
		return rc;
	pages.size = (uint32_t)sizeof pages;
	rc = table ? table_pages(table->def, &pages, &call->err) : store_pages(call->store, database, &pages, &call->err);
	return rc < 0 ? rc : host_give(call, ret, SIZE_UP_TO(struct lyre_pages, entries), "lyre_pages", &pages, sizeof pages);
}
