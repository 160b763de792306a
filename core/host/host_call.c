/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_call.c
 * \brief Arguments, failures and answers of a call: lyre/call.h.
 */
#include "host/host_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Bytes of a message that needs no allocation: two names of maximum length, and some text. */
#define MESSAGE_HERE 1024

static const lyre_value *host_arg(lyre_call *call, const char *name)
{
	size_t i = operation_param(call->operation, name);
	return i < call->operation->param_count && call->present[i] ? call->args + i : NULL;
}

static int host_arg_given(lyre_call *call, const char *name)
{
	size_t i = operation_param(call->operation, name);
	return i < call->operation->param_count && call->given[i];
}

static const char *host_arg_string(lyre_call *call, const char *name)
{
	const lyre_value *v = host_arg(call, name);
	const char *text = host_value_string(v, NULL);
	if (text || !value_is_number(v))
		return text;
	char number[NUMBER_TEXT_MAX];
	size_t len = v->type == LYRE_INT ? int_text(number, v->i) : double_text(number, v->d);
	return arena_strndup(call->arena, number, len);
}

static const lyre_value *host_call_body(lyre_call *call)
{
	struct err ignored;

	/* A value that runs out of memory stays encoded: a type that no check accepts. */
	for (uint32_t i = 0; value_is(&call->body, LYRE_OBJECT) && i < call->body.len; i++)
		call_decode(call, &call->body.members[i].value, &ignored);
	return &call->body;
}

static const char *host_call_operation(lyre_call *call)
{
	return call->operation->name;
}

static const char *host_call_user(lyre_call *call)
{
	return call_user(call);
}

static lyre_instance *host_call_module(lyre_call *call)
{
	return call->operation->instance;
}

static void *host_alloc(lyre_call *call, size_t size)
{
	return arena_zalloc(call->arena, size);
}

static int host_scope_begin(lyre_call *call)
{
	return call_scope_begin(call);
}

static void host_scope_end(lyre_call *call)
{
	call_scope_end(call);
}

static int host_vfail(lyre_call *call, int code, const char *fmt, va_list ap)
{
	call->failure_written = false;
	call->denial = (struct denial){ 0 }; /* from an earlier failure; the new message is complete by itself */
	return err_vset(&call->err, code < 0 ? code : LYRE_EINTERNAL, fmt, ap);
}

static int host_fail_as(lyre_call *call, int code)
{
	call->err.code = code < 0 ? code : LYRE_EINTERNAL;
	return call->err.code;
}

static int host_fail_reply(lyre_call *call)
{
	call->failure_written = call->err.code < 0;
	return call->err.code;
}

static int host_failure(lyre_call *call)
{
	return call->err.code;
}

static const char *host_failure_text(lyre_call *call)
{
	return call->err.code ? call->err.text : "";
}

static lyre_out *host_reply(lyre_call *call)
{
	return &call->out;
}

/** The message usually reports a completed change, which must not become a failure for lack of memory. */
static int host_reply_vmessage(lyre_call *call, const char *fmt, va_list ap)
{
	char here[MESSAGE_HERE];
	const char *text = here;
	va_list again;

	va_copy(again, ap);
	if (vsnprintf(here, sizeof here, fmt, ap) >= (int)sizeof here)
		text = arena_vprintf(call->arena, fmt, again);
	va_end(again);
	if (!text)
		return err_nomem(&call->err);
	out_object_begin(&call->out);
	out_key(&call->out, "message");
	out_string(&call->out, text, strlen(text));
	out_object_end(&call->out);
	return 0;
}

static int host_reply_text(lyre_call *call, const char *content_type, const char *text, size_t len)
{
	if (!call->x)
		return err_set(&call->err, LYRE_EINTERNAL, "a job cannot answer with plain text: its answer is stored as JSON");
	for (const char *p = content_type; *p; p++)
		if (*p < ' ' || *p > '~')
			return err_set(&call->err, LYRE_EINTERNAL,
				"module '%s' answers with a content type that is invalid in a header", call->operation->owner);
	const char *type = arena_strndup(call->arena, content_type, strlen(content_type));
	if (!type)
		return err_nomem(&call->err);
	buf_clear(call->out.buf);
	buf_add(call->out.buf, text, len);
	if (call->out.buf->failed)
		return err_nomem(&call->err);
	call->text_type = type;
	return 0;
}

static int host_reply_rows(lyre_call *call, lyre_cursor *cursor)
{
	call->rows = cursor;
	return 0;
}

static int host_reply_file(lyre_call *call, int fd, const char *filename)
{
	const char *copy = arena_strndup(call->arena, filename, strlen(filename));
	if (!copy) {
		close(fd);
		return err_nomem(&call->err);
	}
	if (call->fd >= 0)
		close(call->fd);
	call->fd = fd;
	call->filename = copy;
	return 0;
}

static int host_call_longer(lyre_call *call, int (*work)(lyre_call *call))
{
	if (call->again)
		return err_set(&call->err, LYRE_EINTERNAL, "'%s' has begun a write: only its continuation goes on from here",
			call->operation->name);
	if (!call->x || call->may_block)
		return work(call); /* a job has its own thread, and a worker may work here */
	call->longer = work;
	return LYRE_PENDING;
}

static int host_call_wanted(lyre_call *call)
{
	return call_wanted(call);
}

static int host_reply_row(lyre_call *call)
{
	call->out.rows++;
	return call->out.buf->failed ? err_nomem(&call->err) : call_pass_on(call, false);
}

static const lyre_value *host_make_json(lyre_call *call, const char *text, size_t len)
{
	struct err ignored;
	lyre_value *v = ARENA_NEW(call->arena, lyre_value);
	return v && !json_decode_copy(call->arena, text, len, v, &ignored) ? v : NULL;
}

static void host_reply_json(lyre_call *call, const char *text, size_t len)
{
	struct arena a;
	struct err ignored;
	lyre_value v = value_null();
	if (call->out.encoder->json) {
		out_raw(&call->out, text, len);
		return;
	}
	arena_init_charged(&a, call->arena->charge);
	if (json_decode_copy(&a, text, len, &v, &ignored))
		v = value_null();
	out_value(&call->out, &v);
	arena_free(&a);
}

static int host_operations(
	lyre_call *call, int (*visit)(void *arg, const struct lyre_operation *operation, const char *module), void *arg)
{
	size_t count;
	const struct operation *const *all = dispatch_operations(call->dispatch, &count);
	int rc = 0;
	for (size_t i = 0; i < count && rc == 0; i++) {
		struct lyre_operation whole = *all[i]->decl;
		whole.params = (struct lyre_list){ all[i]->params, (uint32_t)all[i]->param_count, sizeof *all[i]->params };
		rc = visit(arg, &whole, all[i]->owner);
	}
	return rc;
}

const struct lyre_call_api host_call_api = {
	.size = (uint32_t)sizeof(struct lyre_call_api),

	.arg = host_arg,
	.arg_given = host_arg_given,
	.arg_string = host_arg_string,
	.call_body = host_call_body,
	.call_operation = host_call_operation,
	.call_user = host_call_user,
	.call_module = host_call_module,
	.operations = host_operations,

	.alloc = host_alloc,
	.scope_begin = host_scope_begin,
	.scope_end = host_scope_end,

	.vfail = host_vfail,
	.fail_as = host_fail_as,
	.fail_reply = host_fail_reply,
	.failure = host_failure,

	.reply = host_reply,
	.reply_vmessage = host_reply_vmessage,
	.reply_text = host_reply_text,
	.reply_rows = host_reply_rows,
	.reply_file = host_reply_file,

	.call_longer = host_call_longer,
	.call_wanted = host_call_wanted,
	.reply_row = host_reply_row,
	.make_json = host_make_json,
	.reply_json = host_reply_json,
	.failure_text = host_failure_text,
};
