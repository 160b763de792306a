/* SPDX-License-Identifier: Apache-2.0 */
/** Tasks: at intervals, when woken, all the time; one that fails, and one that does not end. */
#include "count_name.h"

#include <lyre/lyre.h>

#include <stdatomic.h>
#include <string.h>
#include <time.h>

static atomic_long ticks, errands, rounds, retries, failures;
static atomic_int refused; /* what the long task got from its last lyre_task_sleep() */

static int tick(lyre_call *call, void *arg)
{
	(void)call;
	atomic_fetch_add((atomic_long *)arg, 1);
	return 0;
}

static int errand(lyre_call *call, void *arg)
{
	int rc = count_name(call, "chores", (const char *)arg);
	if (rc == 0)
		atomic_fetch_add(&errands, 1);
	return rc;
}

/** Works all the time. */
static int watch(lyre_call *call, void *arg)
{
	int rc = 0;
	(void)arg;
	while (rc == 0) {
		rc = lyre_task_sleep(call, 3600000);
		atomic_store(&refused, rc);
		if (rc == 0)
			rc = lyre_scope_begin(call);
		if (rc < 0)
			break;
		rc = count_name(call, "chores", "watch");
		lyre_scope_end(call);
		atomic_fetch_add(&rounds, 1);
	}
	return rc;
}

static int fail(lyre_call *call, void *arg)
{
	(void)arg;
	atomic_fetch_add(&failures, 1);
	return lyre_fail(call, LYRE_EIO, "the well is dry");
}

/** Fails twice, and asks to be tried again at once. */
static int retry(lyre_call *call, void *arg)
{
	(void)arg;
	if (atomic_fetch_add(&retries, 1) >= 2)
		return 0;
	int rc = lyre_task_next(call, 0);
	return rc < 0 ? rc : lyre_fail(call, LYRE_EBUSY, "the shop is closed");
}

static int stick(lyre_call *call, void *arg)
{
	const struct timespec t = { .tv_nsec = 1000000 };
	(void)arg;
	for (;;)
		nanosleep(&t, NULL);
	return lyre_call_wanted(call);
}

/* ---- operations ---- */

static int wake(lyre_call *call)
{
	const char *name = lyre_arg_string(call, "task");
	int rc = lyre_task_wake(lyre_call_module(call), name);
	return rc < 0 ? lyre_fail(call, rc, "there is no task %s", name) : lyre_reply_message(call, "soon");
}

static int state(lyre_call *call)
{
	lyre_out *o = lyre_reply(call);
	const struct {
		const char *name;
		long value;
	} items[] = {
		{ "ticks", atomic_load(&ticks) },
		{ "errands", atomic_load(&errands) },
		{ "rounds", atomic_load(&rounds) },
		{ "retries", atomic_load(&retries) },
		{ "failures", atomic_load(&failures) },
	};
	lyre_out_object_begin(o);
	for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
		lyre_out_key(o, items[i].name);
		lyre_out_int(o, items[i].value);
	}
	lyre_out_object_end(o);
	return 0;
}

static int misuse(lyre_call *call)
{
	return lyre_arg_given(call, "next") ? lyre_task_next(call, 1) : lyre_task_sleep(call, 1);
}

static const struct lyre_param wake_params[] = {
	{ .name = "task", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED, .help = "Name of the task." },
};
static const struct lyre_param misuse_params[] = {
	{ .name = "next", .types = LYRE_T_BOOLEAN, .help = "The other function." },
};
static const struct lyre_operation operations[] = {
	{ .name = "chores_wake",
		.handler = wake,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(wake_params),
		.help = "Wake a task." },
	{ .name = "chores_state", .handler = state, .access = LYRE_ACCESS_SUPER_USER, .help = "What has been done." },
	{ .name = "chores_misuse",
		.handler = misuse,
		.access = LYRE_ACCESS_SUPER_USER,
		.params = LYRE_LIST(misuse_params),
		.help = "Call a function that is for tasks." },
};

static const struct lyre_setting settings[] = {
	{ .key = "stuck", .type = LYRE_S_BOOL, .fallback = "false", .help = "Whether there is a task that does not end." },
	{ .key = "fault", .type = LYRE_S_STRING, .flags = LYRE_SF_NULL, .help = "A fault in what start() adds." },
};

static int add_faulty(lyre_instance *self, const char *fault)
{
	struct lyre_task task = { .size = sizeof task, .name = "tick", .work = tick, .arg = &ticks };
	if (strcmp(fault, "name") == 0)
		task.name = "Tick tock";
	else if (strcmp(fault, "work") == 0)
		task.work = NULL;
	else if (strcmp(fault, "size") == 0)
		task.size = 8;
	else if (strcmp(fault, "twice") == 0)
		lyre_task_add(self, &task);
	return lyre_task_add(self, &task);
}

static int start(lyre_instance *self)
{
	static const struct lyre_task tasks[] = {
		{ .size = sizeof *tasks, .name = "tick", .work = tick, .arg = (void *)&ticks, .delay = 1, .every = 2 },
		{ .size = sizeof *tasks, .name = "errand", .work = errand, .arg = (void *)"errand" },
		{ .size = sizeof *tasks, .name = "begin", .work = errand, .arg = (void *)"begin" },
		{ .size = sizeof *tasks, .name = "watch", .work = watch },
		{ .size = sizeof *tasks, .name = "fail", .work = fail, .every = 1 },
		{ .size = sizeof *tasks, .name = "retry", .work = retry },
	};
	static const struct lyre_task stuck = { .size = sizeof stuck, .name = "stuck", .work = stick };
	const char *fault = lyre_setting_string(self, "fault");
	int rc = fault ? add_faulty(self, fault) : 0;
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks && rc == 0; i++)
		rc = lyre_task_add(self, &tasks[i]);
	if (rc == 0)
		rc = lyre_task_wake(self, "begin");
	if (rc == 0)
		rc = lyre_task_wake(self, "watch");
	if (rc == 0 && lyre_setting_bool(self, "stuck")) {
		rc = lyre_task_add(self, &stuck);
		lyre_task_wake(self, "stuck");
	}
	return rc;
}

/** No task runs any more, and to wake one has no effect. */
static void stop(lyre_instance *self)
{
	long before = atomic_load(&ticks);
	lyre_task_wake(self, "tick");
	lyre_log(self, LYRE_NOTIFY, "stopped: the watch got %d, and there were %ld more ticks", atomic_load(&refused),
		atomic_load(&ticks) - before);
}

LYRE_MODULE(chores, "1.0.0", "Works by itself", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations),
	.start = start, .stop = stop);
