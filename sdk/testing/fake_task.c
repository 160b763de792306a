/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_task.c
 * \brief lyre/task.h: tasks run when the test says so.
 */
#include "fake_internal.h"

static struct fake_task *find_task(const char *name)
{
	for (size_t i = 0; i < fake.task_count; i++)
		if (strcmp(fake.tasks[i].task.name, name) == 0)
			return &fake.tasks[i];
	return NULL;
}

static int task_add(lyre_instance *self, const struct lyre_task *task)
{
	if (!self->starting)
		fake_die("lyre_task_add() outside start()");
	if (task->size < sizeof *task || !task->name || !task->work)
		return fake_start_fail("a task needs its size, a name and work");
	if (!*task->name || strlen(task->name) > 31 || task->name[strspn(task->name, "abcdefghijklmnopqrstuvwxyz0123456789_-")])
		return fake_start_fail("the name of the task '%s' is not 1 to 31 of a to z, 0 to 9, _ and -", task->name);
	if (find_task(task->name))
		return fake_start_fail("the task '%s' is added twice", task->name);
	if (self->task_count == FAKE_TASKS)
		fake_die("more than %d tasks", FAKE_TASKS);
	self->tasks[self->task_count].woken = 0;
	self->tasks[self->task_count++].task = *task;
	return 0;
}

static int task_wake(lyre_instance *self, const char *name)
{
	struct fake_task *t = find_task(name);
	if (t)
		t->woken = 1;
	else
		lyre_log(self, LYRE_ERROR, "there is no task '%s'", name);
	return t ? 0 : LYRE_ENOTFOUND;
}

/** A task that works all the time ends at its first pause. */
static int task_sleep(lyre_call *call, uint64_t ms)
{
	(void)ms;
	return call->is_task ? fake_fail(call, LYRE_EBUSY, "the server is stopping") :
			       fake_fail(call, LYRE_EINVAL, "this call is not a task's");
}

static int task_next(lyre_call *call, uint64_t ms)
{
	(void)ms;
	return call->is_task ? 0 : fake_fail(call, LYRE_EINVAL, "this call is not a task's");
}

int lyre_fake_task(const char *name)
{
	struct fake_task *t = find_task(name);
	lyre_call call;
	int rc;

	if (!t)
		fake_die("the module has no task '%s'", name);
	t->woken = 0;
	fake_call_begin(&call, t->task.name);
	call.is_task = 1;
	rc = fake_work(&call, t->task.work, t->task.arg);
	fake_call_end(&call);
	return rc;
}

int lyre_fake_woken(const char *name)
{
	const struct fake_task *t = find_task(name);
	if (!t)
		fake_die("the module has no task '%s'", name);
	return t->woken;
}

const struct lyre_task_api fake_task_api = {
	.size = sizeof fake_task_api,
	.task_add = task_add,
	.task_wake = task_wake,
	.task_sleep = task_sleep,
	.task_next = task_next,
};
