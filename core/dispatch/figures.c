/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/figures.c
 * \brief What is counted of requests: each thread counts for itself, and whoever asks adds up.
 */
#include "dispatch/dispatch_internal.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

int figures_open(struct dispatch *d, struct err *e)
{
	d->figures = aligned_alloc(METRIC_LINE, METRIC_STRIPES * sizeof *d->figures);
	if (!d->figures)
		return err_nomem(e);
	memset(d->figures, 0, METRIC_STRIPES * sizeof *d->figures);
	d->started = now_ms();
	return figures_make_room(d, e);
}

void figures_close(struct dispatch *d)
{
	if (d->figures)
		free(d->figures[0].operations);
	free(d->figures);
}

int figures_make_room(struct dispatch *d, struct err *e)
{
	size_t line = METRIC_LINE / sizeof(struct operation_figures);
	size_t each = (d->registry.count + 1 + line - 1) / line * line; /* the first is for what names no operation */
	struct operation_figures *all = aligned_alloc(METRIC_LINE, METRIC_STRIPES * each * sizeof *all);

	if (!all)
		return err_nomem(e);
	memset(all, 0, METRIC_STRIPES * each * sizeof *all);
	free(d->figures[0].operations);
	for (size_t i = 0; i < METRIC_STRIPES; i++)
		d->figures[i].operations = all + i * each;
	return 0;
}

static inline void count_answer(struct figures *f, const struct operation *o, const struct exchange *x)
{
	struct operation_figures *of = &f->operations[o ? o->number : 0];
	int status = x->status;

	if (x->body_kind == BODY_BYTES && x->method != METHOD_HEAD)
		metric_add(&f->traffic.sent, x->out.len);
	metric_add(&f->statuses[status >= 100 && status < 600 ? status / 100 : 0], 1);
	metric_add(&of->requests, 1);
	if (status >= 400)
		metric_add(&of->errors, 1);
}

void figures_request(const struct run *r, uint64_t took_ns)
{
	struct figures *f = figures_here(r->dispatch);

	count_answer(f, r->call.operation, r->x);
	metric_add(&f->traffic.received, r->received);
	histogram_add(&f->durations, &histogram_durations, took_ns);
}

void dispatch_count(struct exchange *x)
{
	count_answer(figures_here(x->dispatch), NULL, x);
}

struct traffic *dispatch_traffic(struct dispatch *d)
{
	return &figures_here(d)->traffic;
}

/* ---- reading ---- */

void dispatch_figures(struct dispatch *d, struct dispatch_figures *ret)
{
	uint64_t closed = 0;

	*ret = (struct dispatch_figures){
		.in_flight = atomic_load(&d->open),
		.suspended = atomic_load(&d->waiting),
		.worker_queue = pool_queued(d->services.pool),
		.credential_queue = gate_waiting(d->gate),
		.slow_queries = atomic_load(&d->slow),
	};
	for (size_t i = 0; i < METRIC_STRIPES; i++) {
		const struct figures *f = &d->figures[i];

		for (size_t s = 0; s < DISPATCH_STATUSES; s++)
			ret->statuses[s] += metric_read(&f->statuses[s]);
		ret->credential_hits += metric_read(&f->credential_hits);
		ret->credential_misses += metric_read(&f->credential_misses);
		ret->sign_in_failures += metric_read(&f->sign_in_failures);
		ret->late_queries += metric_read(&f->queries_late);
		closed += metric_read(&f->traffic.closed);
		ret->refused += metric_read(&f->traffic.refused);
		ret->received += metric_read(&f->traffic.received);
		ret->sent += metric_read(&f->traffic.sent);
	}
	for (size_t i = 0; i < METRIC_STRIPES; i++)
		ret->accepted += metric_read(&d->figures[i].traffic.opened);
	ret->connections = ret->accepted > closed ? ret->accepted - closed : 0;
	histogram_read(&ret->durations, &histogram_durations, &d->figures[0].durations, METRIC_STRIPES, sizeof *d->figures);
	jobs_figures(d->services.jobs, &ret->jobs);
}

double dispatch_started(const struct dispatch *d)
{
	return d->started;
}

void dispatch_operation_figures(const struct dispatch *d, const struct operation *o, uint64_t *requests, uint64_t *errors)
{
	*requests = *errors = 0;
	for (size_t i = 0; i < METRIC_STRIPES; i++) {
		const struct operation_figures *of = &d->figures[i].operations[o ? o->number : 0];

		*requests += metric_read(&of->requests);
		*errors += metric_read(&of->errors);
	}
}
