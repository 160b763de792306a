/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_host.c
 * \brief The fake host: starts a module, calls it, and shows what it did. lyre/testing.h says what it has and what not.
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>

struct lyre_instance fake;

static const struct lyre_host fake_table = {
	.size = sizeof fake_table,
	.abi_major = LYRE_ABI_MAJOR,
	.abi_minor = LYRE_ABI_MINOR,
	.version = "fake",
	.module = &fake_module_api,
	.value = &fake_value_api,
	.call = &fake_call_api,
	.store = &fake_store_api,
	.job = &fake_job_api,
	.user = &fake_user_api,
	.server = &fake_server_api,
	.tls = &fake_tls_api,
	.task = &fake_task_api,
	.page = &fake_page_api,
	.event = &fake_event_api,
};

/* The last call, until the next one. */
static lyre_call last;
static int last_used;

static void forget_last(void)
{
	if (last_used)
		fake_call_end(&last);
	last_used = 0;
}

void lyre_fake_stop(void)
{
	const struct lyre_event stopping = { .size = sizeof stopping, .kind = LYRE_EVENT_STOPPING };

	if (!fake.descriptor)
		return;
	lyre_fake_event(&stopping);
	if (fake.descriptor->stop)
		fake.descriptor->stop(&fake);
	forget_last();
	fake_tables_forget();
	fake_release(&fake.memory, NULL);
	free(fake.log.s);
	memset(&fake, 0, sizeof fake);
}

int lyre_fake_start(const struct lyre_module *module, const char *settings)
{
	static char why[1000]; /* lyre_fake_stop() frees the message */
	int rc = 0;

	lyre_fake_stop();
	fake.descriptor = module;
	fake.settings = fake_object(&fake.memory, settings);
	for (size_t i = 0; i < fake.settings->count; i++)
		if (!fake_is_setting(fake.settings->names[i]))
			fake_die("the module has no setting '%s'", fake.settings->names[i]);
	*module->host = &fake_table;
	lyre_fake_user("admin", 1);
	fake.starting = 1;
	if (module->start)
		rc = module->start(&fake);
	fake.starting = 0;
	if (rc == 0)
		return 0;
	snprintf(why, sizeof why, "%s", fake.failure ? fake.failure : "its start() failed without giving a reason");
	lyre_fake_stop();
	fake.failure = why;
	return rc;
}

lyre_instance *lyre_fake_instance(void)
{
	return &fake;
}

void lyre_fake_setting(const char *key, const char *value)
{
	const lyre_value *v = fake_parse(&fake.memory, value, strlen(value)), *old = fake.settings;
	struct lyre_event changed = { .size = sizeof changed, .kind = LYRE_EVENT_CONFIGURATION, .key = key };
	lyre_value *all = fake_take(&fake.memory, sizeof *all);

	if (!v)
		fake_die("not JSON: %s", value);
	if (!fake_is_setting(key))
		fake_die("the module has no setting '%s'", key);
	all->type = LYRE_OBJECT;
	all->items = fake_take(&fake.memory, (old->count + 1) * sizeof *all->items);
	all->names = fake_take(&fake.memory, (old->count + 1) * sizeof *all->names);
	all->names[all->count] = fake_copy(&fake.memory, key, strlen(key));
	all->items[all->count++] = v;
	for (size_t i = 0; i < old->count; i++)
		if (strcmp(old->names[i], key) != 0) {
			all->names[all->count] = old->names[i];
			all->items[all->count++] = old->items[i];
		}
	fake.settings = all;
	lyre_fake_event(&changed);
}

/** The answer must be one: not none, not two, not half of one. */
static void check_answer(void)
{
	struct fake_memory m = { NULL };
	const struct fake_text *written = &last.out.text;

	if (last.text && written->len)
		fake_die("%s answers twice: with lyre_reply_text(), and with %s", last.operation, written->s);
	if (!last.text && !written->len && !last.is_job && last.status != 204 && last.status != 304)
		fake_die("%s returned 0, but gave no answer", last.operation);
	if (written->len && !fake_parse(&m, written->s, written->len))
		fake_die("the answer of %s is not one JSON value: %s", last.operation, written->s);
	fake_release(&m, NULL);
}

/** Completes the answer: a failure, a job's message. */
static int finish(int rc)
{
	lyre_out *o = &last.out;

	if (rc > 0)
		fake_die("%s returned %d: a handler returns 0, LYRE_PENDING or a negative LYRE_E…", last.operation, rc);
	if (rc == 0 && last.job_message && o->text.len == 0)
		lyre_reply_message(&last, "%s", last.job_message);
	if (rc == 0 || (last.failure_replied && o->text.len)) {
		check_answer();
		return rc;
	}
	o->text.len = 0;
	last.text = NULL;
	lyre_out_object_begin(o);
	lyre_out_text(o, "error", last.failure);
	lyre_out_object_end(o);
	return rc;
}

static const struct lyre_operation *find_operation(const char *name)
{
	const struct lyre_list *list = &fake.descriptor->operations;

	for (uint32_t i = 0; i < list->count; i++) {
		const struct lyre_operation *o = lyre_list_at(list, i);
		if (strcmp(o->name, name) == 0)
			return o;
	}
	fake_die("the module has no operation '%s'", name);
	return NULL;
}

static int started(const char *what)
{
	if (!fake.descriptor)
		fake_die("%s without lyre_fake_start()", what);
	forget_last();
	fake_call_begin(&last, what);
	return last_used = 1;
}

int lyre_fake_call(const char *operation, const char *arguments)
{
	const struct lyre_operation *o;
	int rc;

	started(operation);
	o = last.declared = find_operation(operation);
	last.is_job = o->run == LYRE_RUN_JOB;
	rc = fake_arguments(&last, o, fake_object(&last.memory, arguments));
	if (rc == 0 && last.is_job && o->check)
		rc = fake_run(&last, o->check, LYRE_RUN_POOL);
	if (rc == 0)
		rc = fake_run(&last, o->handler, o->run);
	return finish(rc);
}

int lyre_fake_request(uint32_t method, const char *target, const char *body)
{
	started(target);
	return finish(fake_page_begin(&last, method, target, body));
}

int lyre_fake_status(void)
{
	return last_used ? last.status : 0;
}

const char *lyre_fake_answer_header(const char *name)
{
	return last_used ? fake_answer_header(&last, name) : NULL;
}

const char *lyre_fake_answer(void)
{
	if (!last_used)
		return "";
	return last.text ? last.text : last.out.text.s ? last.out.text.s : "";
}

int lyre_fake_answered(const char *json)
{
	struct fake_memory m = { NULL };
	const char *answer = lyre_fake_answer();
	const lyre_value *expected = fake_parse(&m, json, strlen(json));
	int same;

	if (!expected)
		fake_die("not JSON: %s", json);
	same = fake_equal(fake_parse(&m, answer, strlen(answer)), expected);
	if (!same)
		fprintf(stderr, "fake host: answered %s\n           expected %s\n", answer, json);
	fake_release(&m, NULL);
	return same;
}

const char *lyre_fake_failure(void)
{
	if (last_used)
		return last.failure ? last.failure : "";
	return fake.failure ? fake.failure : "";
}

const char *lyre_fake_log(void)
{
	return fake.log.s ? fake.log.s : "";
}
