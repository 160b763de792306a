/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_call.c
 * \brief lyre/call.h and lyre/job.h: one call at a time.
 */
#include "fake_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void fake_call_begin(lyre_call *call, const char *operation)
{
	memset(call, 0, sizeof *call);
	call->module = &fake;
	call->operation = operation;
	call->body = call->arguments = fake_object(&call->memory, NULL);
}

void fake_call_end(lyre_call *call)
{
	fake_release(&call->memory, NULL);
	free(call->out.text.s);
}

static int vfail(lyre_call *call, int code, const char *fmt, va_list ap)
{
	if (code >= 0)
		fake_die("lyre_fail() with %d, which is not one of LYRE_E…", code);
	call->code = code;
	call->failure = fake_print(&call->memory, fmt, ap);
	call->failure_replied = 0;
	return code;
}

int fake_fail(lyre_call *call, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	code = vfail(call, code, fmt, ap);
	va_end(ap);
	return code;
}

int fake_missing(lyre_call *call, const char *what)
{
	return fake_fail(call, LYRE_ENOTSUP, "the fake host does not have %s: test this against a real server", what);
}

void fake_blocks(const lyre_call *call, const char *what)
{
	if (call->on_connection)
		fake_die("%s calls %s, which blocks, on the connection's thread: its handler needs LYRE_RUN_POOL, and what goes on "
			 "after lyre_write() must not block",
			call->operation, what);
}

int fake_run(lyre_call *call, int (*handler)(lyre_call *call), uint32_t run)
{
	int rc;

	call->on_connection = run == LYRE_RUN_INLINE;
	rc = handler(call);
	while (rc == LYRE_PENDING) {
		int (*longer)(lyre_call *) = call->longer;
		int (*then)(lyre_call *, const struct lyre_write_result *, void *) = call->then;
		if (!longer && !then)
			fake_die("%s returned LYRE_PENDING, but nothing is pending", call->operation);
		call->longer = NULL;
		call->then = NULL;
		call->on_connection = !longer && run != LYRE_RUN_JOB;
		rc = longer ? longer(call) : then(call, call->written, call->then_arg);
	}
	if (call->then)
		fake_die("%s wrote with lyre_write(), but did not return LYRE_PENDING", call->operation);
	if (rc < 0 && !call->failure)
		fake_die("%s returned %d, but set no failure with lyre_fail()", call->operation, rc);
	return rc;
}

static const lyre_value *arg(lyre_call *call, const char *name)
{
	const struct lyre_list *params = call->declared ? &call->declared->params : NULL;
	uint32_t i = 0;

	while (params && i < params->count && strcmp(((const struct lyre_param *)lyre_list_at(params, i))->name, name) != 0)
		i++;
	if (params && i == params->count) /* a handler of several operations may ask */
		fprintf(stderr, "fake host: %s reads the argument '%s', which it does not declare\n", call->operation, name);
	return fake_get(call->arguments, name);
}

static int arg_given(lyre_call *call, const char *name)
{
	return fake_get(call->body, name) != NULL;
}

static const char *arg_string(lyre_call *call, const char *name)
{
	const lyre_value *v = arg(call, name);
	lyre_out digits = { { NULL, 0, 0 } };
	const char *text;

	if (v && v->type == LYRE_STRING)
		return v->s;
	if (!v || (v->type != LYRE_INT && v->type != LYRE_DOUBLE && v->type != LYRE_BIGINT))
		return NULL;
	fake_write(&digits, v);
	text = fake_copy(&call->memory, digits.text.s, digits.text.len);
	free(digits.text.s);
	return text;
}

static const lyre_value *call_body(lyre_call *call)
{
	return call->body;
}

static const char *call_operation(lyre_call *call)
{
	return call->operation;
}

static const char *call_user(lyre_call *call)
{
	(void)call;
	return fake.user;
}

static lyre_instance *call_module(lyre_call *call)
{
	return call->module;
}

/** Those of the module: the fake host has no others. */
static int operations(
	lyre_call *call, int (*visit)(void *arg, const struct lyre_operation *operation, const char *module), void *arg)
{
	const struct lyre_module *m = call->module->descriptor;
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && i < m->operations.count; i++)
		rc = visit(arg, lyre_list_at(&m->operations, i), m->name);
	return rc;
}

static void *alloc(lyre_call *call, size_t size)
{
	return fake_take(&call->memory, size);
}

static int scope_begin(lyre_call *call)
{
	if (call->scope_count == FAKE_SCOPES)
		fake_die("more than %d scopes are open", FAKE_SCOPES);
	call->scopes[call->scope_count++] = call->memory.last;
	return 0;
}

/** The failure's text lives on. */
static void scope_end(lyre_call *call)
{
	char *failure = NULL;

	if (call->scope_count == 0)
		fake_die("lyre_scope_end() without lyre_scope_begin()");
	if (call->failure && (failure = malloc(strlen(call->failure) + 1)) != NULL)
		strcpy(failure, call->failure);
	fake_release(&call->memory, call->scopes[--call->scope_count]);
	if (failure)
		call->failure = fake_copy(&call->memory, failure, strlen(failure));
	free(failure);
}

static int fail_as(lyre_call *call, int code)
{
	if (!call->failure)
		fake_die("lyre_fail_as() without a failure");
	return call->code = code;
}

static int fail_reply(lyre_call *call)
{
	if (!call->failure)
		fake_die("lyre_fail_reply() without a failure");
	call->failure_replied = 1;
	return call->code;
}

static int failure(lyre_call *call)
{
	return call->code;
}

static const char *failure_text(lyre_call *call)
{
	return call->failure ? call->failure : "";
}

static lyre_out *reply(lyre_call *call)
{
	return &call->out;
}

static int reply_vmessage(lyre_call *call, const char *fmt, va_list ap)
{
	lyre_out_object_begin(&call->out);
	lyre_out_text(&call->out, "message", fake_print(&call->memory, fmt, ap));
	lyre_out_object_end(&call->out);
	return 0;
}

static int reply_text(lyre_call *call, const char *content_type, const char *text, size_t len)
{
	(void)content_type;
	call->text = fake_copy(&call->memory, text, len);
	return 0;
}

static int reply_rows(lyre_call *call, lyre_cursor *cursor)
{
	const lyre_value *row;

	fake_value_api.out_array_begin(&call->out);
	while (fake_store_api.cursor_next(call, cursor, &row) == 0)
		fake_write(&call->out, row);
	fake_value_api.out_array_end(&call->out);
	return 0;
}

static int reply_file(lyre_call *call, int fd, const char *filename)
{
	(void)filename;
	close(fd);
	return fake_missing(call, "lyre_reply_file()");
}

static int call_longer(lyre_call *call, int (*work)(lyre_call *call))
{
	call->longer = work;
	return LYRE_PENDING;
}

static int go_on(lyre_call *call)
{
	(void)call;
	return 0;
}

static const lyre_value *make_json(lyre_call *call, const char *text, size_t len)
{
	return fake_parse(&call->memory, text, len);
}

static void reply_json(lyre_call *call, const char *text, size_t len)
{
	const lyre_value *v = fake_parse(&call->memory, text, len);
	if (!v)
		fake_die("lyre_reply_json() with what is not JSON: %.*s", (int)len, text);
	fake_write(&call->out, v);
}

const struct lyre_call_api fake_call_api = {
	.size = sizeof fake_call_api,
	.arg = arg,
	.arg_given = arg_given,
	.arg_string = arg_string,
	.call_body = call_body,
	.call_operation = call_operation,
	.call_user = call_user,
	.call_module = call_module,
	.operations = operations,
	.alloc = alloc,
	.scope_begin = scope_begin,
	.scope_end = scope_end,
	.vfail = vfail,
	.fail_as = fail_as,
	.fail_reply = fail_reply,
	.failure = failure,
	.reply = reply,
	.reply_vmessage = reply_vmessage,
	.reply_text = reply_text,
	.reply_rows = reply_rows,
	.reply_file = reply_file,
	.call_longer = call_longer,
	.call_wanted = go_on,
	.reply_row = go_on,
	.make_json = make_json,
	.reply_json = reply_json,
	.failure_text = failure_text,
};

/* ---- jobs ---- */

static int job_progress(lyre_call *call, uint64_t done, uint64_t total)
{
	(void)call;
	(void)done;
	(void)total;
	return 0;
}

static const char *job_id(lyre_call *call)
{
	return call->is_job ? "00000000-0000-4000-8000-000000000000" : NULL;
}

static int job_vmessage(lyre_call *call, const char *fmt, va_list ap)
{
	call->job_message = fake_print(&call->memory, fmt, ap);
	return call->is_job ? 0 : LYRE_EINTERNAL;
}

static int request_run(lyre_call *call, const struct lyre_request *request)
{
	(void)request;
	return fake_missing(call, "lyre_request_run()");
}

static int request_value(lyre_call *call, const lyre_value *body, uint32_t flags, size_t limit, const lyre_value **ret)
{
	(void)body;
	(void)flags;
	(void)limit;
	(void)ret;
	return fake_missing(call, "lyre_request_value()");
}

const struct lyre_job_api fake_job_api = {
	.size = sizeof fake_job_api,
	.job_progress = job_progress,
	.job_id = job_id,
	.job_vmessage = job_vmessage,
	.request_run = request_run,
	.request_value = request_value,
};
