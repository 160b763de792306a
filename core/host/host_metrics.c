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

#include <string.h>

_Static_assert((int)METRIC_COUNTER == LYRE_COUNTER && (int)METRIC_GAUGE == LYRE_GAUGE && (int)METRIC_HISTOGRAM == LYRE_HISTOGRAM,
	"types are passed on unchanged");

struct visitor {
	int (*visit)(void *arg, const struct lyre_metric *metric);
	void *arg;
};

static int take(
	void *arg, const struct metric_about *about, const char *label_value, double value, const struct histogram_reading *h)
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

/* ---- of modules ---- */

#define METRIC_SOURCE_SIZE SIZE_UP_TO(struct lyre_metric_source, report)

static int check(lyre_instance *self, const struct lyre_metric_source *s)
{
	bool named =
		s->name && *s->name >= 'a' && *s->name <= 'z' && !s->name[strspn(s->name, "abcdefghijklmnopqrstuvwxyz0123456789_")];
	if (!named || !s->help || !s->report || s->type > LYRE_GAUGE)
		return err_set(&self->err, LYRE_EINVAL,
			"adds an invalid metric: it needs a name made of a to z, 0 to 9 and _, a help text, a report(), and a type that is a "
			"counter or a gauge");
	for (size_t n = 0; n < self->modules->count; n++)
		for (const struct module_metric *o = self->modules->list[n]->metrics; o; o = o->next)
			if (strcmp(o->source.name, s->name) == 0)
				return err_set(&self->err, LYRE_EEXISTS,
					"the metric '%s' of module '%s' is not allowed: module '%s' already has it", s->name,
					self->name, self->modules->list[n]->name);
	return 0;
}

int host_metric_add(lyre_instance *self, const struct lyre_metric_source *source)
{
	struct lyre_metric_source full;
	int rc = host_take_at_start(self, "a metric", &full, sizeof full, source, METRIC_SOURCE_SIZE, "lyre_metric_source");
	if (rc == 0)
		rc = check(self, &full);
	if (rc < 0)
		return rc;
	struct module_metric *m = ARENA_NEW(&self->modules->arena, struct module_metric);
	if (!m)
		return err_nomem(&self->err);
	*m = (struct module_metric){ .source = full, .next = self->metrics };
	self->metrics = m;
	return 0;
}

struct module_sink {
	struct metric_sink *sink;
	struct metric_about about;
};

static void pass_on(void *arg, const char *label_value, double value)
{
	const struct module_sink *m = arg;
	metric_report(m->sink, &m->about, label_value, value);
}

static void modules_report(const struct modules *all, struct metric_sink *s)
{
	for (size_t n = 0; n < all->count; n++)
		for (const struct module_metric *m = all->list[n]->metrics; m; m = m->next) {
			const struct lyre_metric_source *source = &m->source;
			struct module_sink sink = { s,
				{ source->type == LYRE_COUNTER ? METRIC_COUNTER : METRIC_GAUGE, source->name, source->help,
					source->label } };
			if (all->list[n]->started)
				source->report(all->list[n], pass_on, &sink);
		}
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
	host_tasks_report(call->operation->instance->modules, &s);
	modules_report(call->operation->instance->modules, &s);
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
