/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_task.c
 * \brief Tasks of modules: lyre/task.h. job/tasks.h decides when they run.
 */
#include "base/metric_report.h"
#include "base/text.h"
#include "host/host_server.h"
#include "log/log.h"

#include <string.h>

#define TASK_SIZE SIZE_UP_TO(struct lyre_task, reserved)
#define NAME_MAX_LENGTH 31
/** The same failure is logged again after this time, another one after PAUSE, ms. */
#define AGAIN 60000
#define PAUSE 1000

/** A failure is logged unless that would be a flood. */
static void report(struct module_task *m, const struct err *e)
{
	int64_t now = monotonic_ms(), since = now - m->told_at;
	bool same = !strcmp(e->text, m->told.text);

	metric_add(&m->failures, 1);
	if (m->told_at && since < (same ? AGAIN : PAUSE)) {
		m->untold++;
		return;
	}
	if (m->untold)
		log_error(m->self->name, "task '%s': %s (and %u failures since the last one logged)", m->task.name, e->text,
			m->untold);
	else
		log_error(m->self->name, "task '%s': %s", m->task.name, e->text);
	m->told = *e;
	m->told_at = now;
	m->untold = 0;
}

static void run(struct task *timed)
{
	struct module_task *m = (struct module_task *)((char *)timed - offsetof(struct module_task, timed));
	struct err e = { 0 }, stopping;
	int rc = dispatch_run(m->self->dispatch, m->self->name, m->self, m->task.work, m->task.arg, timed, &e);
	/* One that ends because it was told to has not failed. */
	if (rc < 0 && (rc != LYRE_EBUSY || !task_wanted(timed, &stopping)))
		report(m, &e);
}

static struct module_task *find(lyre_instance *self, const char *name)
{
	struct module_task *m = self->tasks;
	while (m && strcmp(m->task.name, name))
		m = m->next;
	return m;
}

static int check(lyre_instance *self, const struct lyre_task *t)
{
	if (!t->name || !word_valid(t->name, NAME_MAX_LENGTH) || !t->work || t->flags || t->reserved)
		return err_set(&self->err, LYRE_EINVAL,
			"adds an invalid task '%.40s': it needs a name of 1 to %d of a to z, 0 to 9, _ and -, a work(), and zeros in "
			"flags and reserved",
			t->name ? t->name : "", NAME_MAX_LENGTH);
	if (find(self, t->name))
		return err_set(&self->err, LYRE_EEXISTS, "adds the task '%s' twice", t->name);
	return 0;
}

static int host_task_add(lyre_instance *self, const struct lyre_task *task)
{
	struct lyre_task full;
	int rc = host_take_at_start(self, "a task", &full, sizeof full, task, TASK_SIZE, "lyre_task");
	if (rc == 0)
		rc = check(self, &full);
	if (rc < 0)
		return rc;
	struct module_task *m = ARENA_NEW(&self->modules->arena, struct module_task);
	const char *label = arena_printf(&self->modules->arena, "%s/%s", self->name, full.name);
	if (!m || !label)
		return err_nomem(&self->err);
	*m = (struct module_task){
		.task = full,
		.timed = { .run = run, .label = label, .delay = full.delay, .every = full.every },
		.self = self,
		.next = self->tasks,
	};
	tasks_add(dispatch_tasks(self->dispatch), &m->timed);
	self->tasks = m;
	return 0;
}

static int host_task_wake(lyre_instance *self, const char *name)
{
	struct module_task *m = find(self, name);
	if (m) {
		task_wake(&m->timed);
		return 0;
	}
	log_error("module", "%s wakes the task '%.40s', which it has not added: this is a bug in the module", self->name, name);
	return LYRE_ENOTFOUND;
}

/** \return whether the call is a task's, else its failure is set */
static bool is_task(lyre_call *call, const char *function)
{
	if (!call->task)
		err_set(&call->err, LYRE_EINVAL, "%s() is for tasks: this is a bug in the module '%s'", function,
			call->operation->owner);
	return call->task != NULL;
}

static int host_task_sleep(lyre_call *call, uint64_t ms)
{
	return is_task(call, "lyre_task_sleep") ? task_sleep(call->task, ms, &call->err) : LYRE_EINVAL;
}

static int host_task_next(lyre_call *call, uint64_t ms)
{
	if (!is_task(call, "lyre_task_next"))
		return LYRE_EINVAL;
	task_next(call->task, ms);
	return 0;
}

void host_tasks_remove(lyre_instance *self)
{
	for (; self->tasks; self->tasks = self->tasks->next)
		tasks_remove(dispatch_tasks(self->dispatch), &self->tasks->timed);
}

void host_tasks_report(const struct modules *all, struct metric_sink *s)
{
	static const struct metric_about runs = { METRIC_COUNTER, "task_runs_total", "Runs of tasks of modules, by task.", "task" },
					 failures = { METRIC_COUNTER, "task_failures_total", "Runs of tasks that failed, by task.",
						 "task" };
	for (size_t n = 0; n < all->count; n++)
		for (const struct module_task *m = all->list[n]->tasks; m; m = m->next)
			metric_report(s, &runs, m->timed.label, (double)metric_read(&m->timed.runs));
	for (size_t n = 0; n < all->count; n++)
		for (const struct module_task *m = all->list[n]->tasks; m; m = m->next)
			metric_report(s, &failures, m->timed.label, (double)metric_read(&m->failures));
}

const struct lyre_task_api host_task_api = {
	.size = (uint32_t)sizeof(struct lyre_task_api),

	.task_add = host_task_add,
	.task_wake = host_task_wake,
	.task_sleep = host_task_sleep,
	.task_next = host_task_next,
};
