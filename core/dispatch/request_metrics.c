/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/request_metrics.c
 * \brief Counts requests: each thread keeps its own counts, and readers add them up.
 */
#include "dispatch/dispatch_internal.h"

#include "base/metric_report.h"
#include "base/text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int request_metrics_open(struct dispatch *d, struct err *e)
{
	d->counts = aligned_alloc(METRIC_LINE, METRIC_STRIPES * sizeof *d->counts);
	if (!d->counts)
		return err_nomem(e);
	memset(d->counts, 0, METRIC_STRIPES * sizeof *d->counts);
	d->started = now_ms();
	return request_metrics_make_room(d, e);
}

void request_metrics_close(struct dispatch *d)
{
	if (d->counts)
		free(d->counts[0].operations);
	free(d->counts);
}

int request_metrics_make_room(struct dispatch *d, struct err *e)
{
	size_t line = METRIC_LINE / sizeof(struct operation_counts);
	size_t each = (d->registry.count + 1 + line - 1) / line * line; /* the first is for requests that name no operation */
	struct operation_counts *all = aligned_alloc(METRIC_LINE, METRIC_STRIPES * each * sizeof *all);

	if (!all)
		return err_nomem(e);
	memset(all, 0, METRIC_STRIPES * each * sizeof *all);
	free(d->counts[0].operations);
	for (size_t i = 0; i < METRIC_STRIPES; i++)
		d->counts[i].operations = all + i * each;
	return 0;
}

static inline void count_answer(struct request_counts *f, const struct operation *o, const struct exchange *x)
{
	struct operation_counts *of = &f->operations[o ? o->number : 0];
	int status = x->status;

	if (x->body_kind == BODY_BYTES && x->method != METHOD_HEAD)
		metric_add(&f->traffic.sent, x->out.len);
	metric_add(&f->statuses[status >= 100 && status < 600 ? status / 100 : 0], 1);
	metric_add(&of->requests, 1);
	if (status >= 400)
		metric_add(&of->errors, 1);
}

void request_metrics_add(const struct run *r, uint64_t took_ns)
{
	struct request_counts *f = counts_here(r->dispatch);

	count_answer(f, r->call.operation, r->x);
	metric_add(&f->traffic.received, r->received);
	histogram_add(&f->durations, &histogram_durations, took_ns);
}

void dispatch_count(struct exchange *x)
{
	count_answer(counts_here(x->dispatch), NULL, x);
}

struct traffic *dispatch_traffic(struct dispatch *d)
{
	return &counts_here(d)->traffic;
}

/* ---- reading ---- */

/** Totals since the start, summed while threads keep counting. */
struct request_metrics {
	uint64_t statuses[DISPATCH_STATUSES];
	struct histogram_reading durations;      /**< from receiving a request until its answer is complete, ns */
	uint64_t in_flight, suspended;           /**< requests in progress; those waiting */
	uint64_t accepted, refused, connections; /**< connections: accepted, refused, and now open */
	uint64_t handshakes, handshakes_failed;
	uint64_t received, sent; /**< bytes of bodies */
	uint64_t worker_queue, credential_queue;
	uint64_t credential_hits, credential_misses, sign_in_failures;
	uint64_t slow_queries, late_queries; /**< running apart from their connection's thread; ended for exceeding their time */
};
static void read_requests(struct dispatch *d, struct request_metrics *ret)
{
	uint64_t closed = 0;

	*ret = (struct request_metrics){
		.in_flight = atomic_load(&d->open),
		.suspended = atomic_load(&d->waiting),
		.worker_queue = pool_queued(d->services.pool),
		.credential_queue = gate_waiting(d->gate),
		.slow_queries = atomic_load(&d->slow),
	};
	for (size_t i = 0; i < METRIC_STRIPES; i++) {
		const struct request_counts *f = &d->counts[i];

		for (size_t s = 0; s < DISPATCH_STATUSES; s++)
			ret->statuses[s] += metric_read(&f->statuses[s]);
		ret->credential_hits += metric_read(&f->credential_hits);
		ret->credential_misses += metric_read(&f->credential_misses);
		ret->sign_in_failures += metric_read(&f->sign_in_failures);
		ret->late_queries += metric_read(&f->queries_late);
		closed += metric_read(&f->traffic.closed);
		ret->refused += metric_read(&f->traffic.refused);
		ret->handshakes += metric_read(&f->traffic.handshakes);
		ret->handshakes_failed += metric_read(&f->traffic.handshakes_failed);
		ret->received += metric_read(&f->traffic.received);
		ret->sent += metric_read(&f->traffic.sent);
	}
	for (size_t i = 0; i < METRIC_STRIPES; i++)
		ret->accepted += metric_read(&d->counts[i].traffic.opened);
	ret->connections = ret->accepted > closed ? ret->accepted - closed : 0;
	histogram_read(&ret->durations, &histogram_durations, &d->counts[0].durations, METRIC_STRIPES, sizeof *d->counts);
}

double dispatch_started(const struct dispatch *d)
{
	return d->started;
}

/** Requests of an operation, and those that failed; \p o NULL: requests without one. */
static void read_operation(const struct dispatch *d, const struct operation *o, uint64_t *requests, uint64_t *errors)
{
	*requests = *errors = 0;
	for (size_t i = 0; i < METRIC_STRIPES; i++) {
		const struct operation_counts *of = &d->counts[i].operations[o ? o->number : 0];

		*requests += metric_read(&of->requests);
		*errors += metric_read(&of->errors);
	}
}

/* ---- reporting ---- */

#define REQUEST(kind, words, text, of)                                            \
	{                                                                         \
		{ kind, words, text, NULL }, offsetof(struct request_metrics, of) \
	}

static const struct metric_member request_metrics[] = {
	REQUEST(METRIC_HISTOGRAM, "request_duration_seconds", "Time from the end of a request until its answer is ready.",
		durations),
	REQUEST(METRIC_GAUGE, "requests_in_flight", "Requests in progress.", in_flight),
	REQUEST(METRIC_GAUGE, "requests_suspended", "Requests in progress that are waiting for a worker, a check or the disk.",
		suspended),
	REQUEST(METRIC_GAUGE, "connections_open", "Open connections.", connections),
	REQUEST(METRIC_COUNTER, "connections_accepted_total", "Connections accepted.", accepted),
	REQUEST(METRIC_COUNTER, "connections_refused_total", "Connections closed at once because of a limit.", refused),
	REQUEST(METRIC_COUNTER, "tls_handshakes_total", "Completed TLS handshakes.", handshakes),
	REQUEST(METRIC_COUNTER, "tls_handshakes_failed_total",
		"Failed TLS handshakes, including those that failed because of the client's certificate.", handshakes_failed),
	REQUEST(METRIC_COUNTER, "request_body_bytes_total", "Bytes of request bodies.", received),
	REQUEST(METRIC_COUNTER, "response_body_bytes_total", "Bytes of answer bodies.", sent),
	REQUEST(METRIC_GAUGE, "worker_queue_tasks", "Operations and checks waiting for a worker thread.", worker_queue),
	REQUEST(METRIC_GAUGE, "credential_queue_checks", "Credentials waiting to be checked.", credential_queue),
	REQUEST(METRIC_COUNTER, "credential_cache_hits_total", "Credentials that were already known.", credential_hits),
	REQUEST(METRIC_COUNTER, "credential_cache_misses_total", "Credentials that had to be checked.", credential_misses),
	REQUEST(METRIC_COUNTER, "sign_in_failures_total", "Wrong credentials.", sign_in_failures),
	REQUEST(METRIC_GAUGE, "queries_in_background", "Searches running, or waiting to run, off their connection's thread.",
		slow_queries),
	REQUEST(METRIC_COUNTER, "queries_timed_out_total", "Queries stopped because of operationsApi.queryTimeout.", late_queries),
};

static void report_statuses(struct metric_sink *s, const struct request_metrics *m)
{
	static const struct metric_about about = { METRIC_COUNTER, "requests_total",
		"Requests by the class of their answer's status.", "status" };
	static const char *const classes[DISPATCH_STATUSES] = { NULL, "1xx", "2xx", "3xx", "4xx", "5xx" };

	for (size_t i = 2; i < DISPATCH_STATUSES; i++)
		metric_report(s, &about, classes[i], (double)m->statuses[i]);
}

static void report_operations(struct metric_sink *s, const struct dispatch *d)
{
	static const struct metric_about requests = { METRIC_COUNTER, "operations_total",
		"Requests by operation; other: requests without one, routes, and refusals before the operation is known.",
		"operation" };
	static const struct metric_about errors = { METRIC_COUNTER, "operation_errors_total",
		"Requests answered with a status of 400 or above, by operation.", "operation" };

	for (int failed = 0; failed < 2; failed++) {
		for (size_t i = 0; i <= d->registry.count; i++) {
			const struct operation *o = i < d->registry.count ? d->registry.operations[i] : NULL;
			uint64_t n[2];

			read_operation(d, o, &n[0], &n[1]);
			metric_report(s, failed ? &errors : &requests, o ? o->name : "other", (double)n[failed]);
		}
	}
}

void dispatch_report(struct dispatch *d, struct metric_sink *s)
{
	struct request_metrics m;

	read_requests(d, &m);
	report_statuses(s, &m);
	report_operations(s, d);
	for (size_t i = 0; i < sizeof request_metrics / sizeof *request_metrics; i++)
		metric_report_member(s, &request_metrics[i], NULL, &m);
	jobs_report(d->services.jobs, s);
}
