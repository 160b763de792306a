/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_metrics.c
 * \brief Metrics as modules see them: lyre_metrics() and lyre_pages(). The rooms that count define and report them.
 */
#include "base/metric_report.h"
#include "host/host_process.h"
#include "host/host_server.h"
#include "host/host_store.h"
#include "log/log.h"

_Static_assert((int)METRIC_COUNTER == LYRE_COUNTER && (int)METRIC_GAUGE == LYRE_GAUGE && (int)METRIC_HISTOGRAM == LYRE_HISTOGRAM,
	"kinds are passed on as they are");

struct visitor {
	int (*visit)(void *arg, const struct lyre_metric *metric);
	void *arg;
};

static int take(void *arg, const struct metric_about *about, const char *label_value, double value,
	const struct histogram_reading *h)
{
	const struct visitor *v = arg;
	double bounds[HISTOGRAM_BOUNDS_MAX], per_unit = h ? h->scale->per_unit : 1;
	struct lyre_metric m = {
		.size = (uint32_t)sizeof m,
		.type = (uint32_t)about->kind,
		.name = about->name,
		.help = about->help,
		.label = about->label,
		.label_value = label_value,
		.value = h ? (double)h->sum / per_unit : value,
	};
	if (h) {
		for (uint32_t i = 0; i < h->scale->count; i++)
			bounds[i] = (double)h->scale->bounds[i] / per_unit;
		m.count = h->count;
		m.bounds = bounds;
		m.buckets = h->cumulative;
		m.bucket_count = h->scale->count;
	}
	return v->visit(v->arg, &m);
}

int host_metrics(lyre_call *call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg)
{
	struct visitor v = { visit, arg };
	struct metric_sink s = { .take = take, .arg = &v };
	int rc = host_may_manage(call);
	if (rc < 0)
		return rc;
	dispatch_report(call->dispatch, &s);
	rc = s.rc ? 0 : store_report(call->store, call->arena, &s, &call->err);
	if (rc < 0)
		return rc;
	log_report(&s);
	process_report(&s, dispatch_started(call->dispatch));
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
