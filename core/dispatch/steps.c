/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/steps.c
 * \brief The path of every request, step by step. The order is part of the protocol: clients see which check fails first.
 */
#include "dispatch/dispatch_internal.h"

#include "base/text.h"

#include <string.h>

enum flow refuse(struct run *r, int status, const char *text)
{
	log_refusal(r, status, text);
	answer_error(r->x, r->format, status, text);
	return FLOW_DONE;
}

enum flow refuse_err(struct run *r, struct err *e)
{
	return refuse(r, status_of(charge_explain(&r->x->charge, e)), e->text);
}

enum flow out_of_memory(struct run *r)
{
	struct err e;

	err_nomem(&e);
	return refuse_err(r, &e);
}

/** The values in a larger body are decoded only when its sender is known to be allowed to do what it asks. */
#define DECODE_AT_ONCE ((size_t)64 << 10)

static enum flow refuse_long(struct run *r, int status, const char *text)
{
	answer_long(r->x, r->format, status, text);
	return FLOW_DONE;
}

static enum flow stopping(struct run *r)
{
	if (!atomic_load(&r->dispatch->draining))
		return FLOW_NEXT;
	return refuse(r, status_of(LYRE_EBUSY), "The server is stopping");
}

/* ---- what is requested ---- */

/** For people who try the address in a browser. */
static const char front_page[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Lyre</title></head>\n<body>\n<h1>Lyre</h1>\n"
	"<p>This is a server of the HarperDB operations API. It has no pages for browsers: clients send operations as JSON objects "
	"by POST to this address, such as</p>\n<pre>curl -u USER -H 'Content-Type: application/json' -d "
	"'{\"operation\":\"describe_all\"}' URL</pre>\n"
	"<p>The command <code>lyre help</code> lists the operations; <a href=\"" HEALTH_PATH "\">" HEALTH_PATH
	"</a> shows whether the "
	"server is up.</p>\n</body>\n</html>\n";

static enum flow route(struct run *r)
{
	struct exchange *x = r->x;

	if (x->method == METHOD_POST && !strcmp(x->path, "/"))
		return FLOW_NEXT;
	bool get = x->method == METHOD_GET || x->method == METHOD_HEAD;
	uint32_t methods;
	const struct operation *route = route_find(r->dispatch, x->path, route_method(x->method), &methods);
	if (methods) {
		/* A route's text is not negotiated, only its refusals and values. */
		const struct format *format = format_accepted(x->accept);
		r->format = format ? format : format_json;
		r->call.operation = route;
		r->next = route_steps;
		return route ? FLOW_NEXT : route_refuse_method(r, methods);
	}
	if (get && !strcmp(x->path, "/") && x->accept && strstr(x->accept, "text/html"))
		answer_text(x, 200, "text/html; charset=utf-8", front_page);
	else if (get && !strcmp(x->path, HEALTH_PATH))
		answer_text(x, 200, "text/plain; charset=utf-8", "HarperDB is running.");
	else
		answer_text(x, 404, NULL, "Not found\n");
	return FLOW_DONE;
}

static enum flow accept(struct run *r)
{
	r->format = format_accepted(r->x->accept);
	if (r->format)
		return FLOW_NEXT;
	const char *text = arena_printf(&r->x->arena,
		"No supported content types found in Accept header, supported types include: %s", formats_supported(&r->x->arena));
	return text ? refuse_long(r, status_of(LYRE_ENOTACCEPTABLE), text) : out_of_memory(r);
}

static enum flow refuse_media(struct run *r)
{
	struct exchange *x = r->x;
	const char *sent = x->content_type ? x->content_type : "undefined";
	size_t len;
	const char *type = from_latin1(&x->arena, (const unsigned char *)sent, strlen(sent), &len);
	const char *text = type ? arena_printf(&x->arena, "Unsupported Media Type: %s", type) : NULL;

	return text ? refuse(r, status_of(LYRE_EMEDIA), text) : out_of_memory(r);
}

/** Whether the body may contain the credentials; if its size is not known, it is limited so that it may. */
static bool body_may_sign_in(struct exchange *x)
{
	uint64_t size = x->body_sent < UINT64_MAX ? x->body_sent : x->body.len;

	if (x->body_max > DISPATCH_OPEN_BODY)
		x->body_max = DISPATCH_OPEN_BODY;
	return size <= DISPATCH_OPEN_BODY;
}

/** A large body is read only from callers identified by their header or their socket. */
static enum flow await_body(struct run *r)
{
	if (!r->x->body_later)
		return FLOW_NEXT;
	if (!r->call.who && !r->x->trusted && !body_may_sign_in(r->x))
		return refuse(r, status_of(LYRE_EUNAUTHENTICATED), MUST_LOGIN);
	const char *type = r->x->content_type;
	return format_sent(type) || is_plain_text(type) ? FLOW_BODY : refuse_media(r);
}

enum flow stopping_meanwhile(struct run *r)
{
	return r->x->body_later ? stopping(r) : FLOW_NEXT;
}

static const char no_operation[] = "Request body must include an 'operation' property.";

/** Names that could change every object of a client written in JavaScript; refused by the reference server too. */
static bool has_prototype(const lyre_value *v)
{
	if (v->type == LYRE_ARRAY) {
		for (uint32_t i = 0; i < v->len; i++) {
			if (has_prototype(&v->items[i]))
				return true;
		}
	}
	for (uint32_t i = 0; v->type == LYRE_OBJECT && i < v->len; i++) {
		const struct value_member *m = &v->members[i];

		if (!strcmp(m->name, "__proto__") || has_prototype(&m->value) ||
			(!strcmp(m->name, "constructor") && value_get(&m->value, "prototype")))
			return true;
	}
	return false;
}

/** Whether a JSON body can contain such names: most cannot, and need no walk through their values. */
static bool may_have_prototype(const struct buf *body)
{
	const char *p = body->data, *end = p + body->len;

	if (memchr(p, '\\', body->len))
		return true; /* any letter may be written as \u.... */
	while ((p = memchr(p, 'p', (size_t)(end - p)))) {
		if (end - p >= 5 && !memcmp(p, "proto", 5))
			return true;
		p++;
	}
	return false;
}

static enum flow refuse_prototype(struct run *r)
{
	if (!r->suspect || !has_prototype(&r->call.body))
		return FLOW_NEXT;
	return refuse(r, status_of(LYRE_EINVAL), "Object contains forbidden prototype property");
}

/** Whether nothing in the request can be refused for missing permissions. */
static bool may_all(const struct run *r)
{
	const struct principal *who = r->call.who;

	return r->x->trusted || (who && who->role && who->role->super_user);
}

static enum flow refuse_empty(struct run *r, const struct format *format)
{
	struct err e;

	err_set(&e, LYRE_EINVAL, "Body cannot be empty when content-type is set to '%s'", format->type);
	return refuse_err(r, &e);
}

static enum flow decode(struct run *r)
{
	struct exchange *x = r->x;
	const struct format *format = format_sent(x->content_type);
	struct err e;

	if (!format && !is_plain_text(x->content_type) && (x->content_type || x->body.len))
		return refuse_media(r);
	if (!format)
		return refuse_long(r, status_of(LYRE_EINVAL), no_operation);
	if (!x->body.len)
		return refuse_empty(r, format);

	r->suspect = format != format_json || may_have_prototype(&x->body);
	r->unread = x->body.len > DECODE_AT_ONCE && !may_all(r);
	r->call.decoder = format->decoder;
	if (format->decoder->decode(&x->arena, x->body.data, x->body.len, r->unread, &r->call.body, &e))
		return refuse_err(r, &e);
	return refuse_prototype(r);
}

enum flow decode_rest(struct run *r, const struct operation *o)
{
	struct err e;

	if (!r->unread)
		return FLOW_NEXT;
	r->unread = false;
	return arguments_decode(&r->call, o, &e) ? refuse_err(r, &e) : refuse_prototype(r);
}

enum flow name_operation(struct run *r)
{
	const lyre_value *body = &r->call.body;

	if (body->type < LYRE_ARRAY || !body->len)
		return refuse_long(r, status_of(LYRE_EINVAL), no_operation);
	const lyre_value *name = value_get(body, "operation");
	if (!name || name->type == LYRE_NULL)
		return refuse(r, status_of(LYRE_EINVAL), no_operation);
	if (name->type != LYRE_STRING)
		return refuse(r, status_of(LYRE_EINVAL), "'operation' must be a string");
	return FLOW_NEXT;
}

enum flow find_operation(struct run *r)
{
	const lyre_value *name = value_get(&r->call.body, "operation");

	r->call.operation = registry_find(&r->dispatch->registry, name->s, name->len);
	if (r->call.operation)
		return FLOW_NEXT;
	struct err e;
	err_set(&e, LYRE_EINVAL, "Operation '%.*s' not found", (int)utf8_cut(name->s, name->len, 900), name->s);
	return refuse_err(r, &e);
}

/* ---- permission and validation ---- */

static enum flow ask_permission(struct run *r)
{
	struct err e;

	if (!authorise(&r->call, &e))
		return FLOW_NEXT;
	charge_explain(&r->x->charge, &e);
	log_refusal(r, status_of(e.code), e.text);
	answer_refusal(r, status_of(e.code), e.text);
	return FLOW_DONE;
}

/** As far as it can be decided before the arguments are decoded. */
static enum flow permit_unread(struct run *r)
{
	return r->unread ? ask_permission(r) : FLOW_NEXT;
}

static enum flow decode_arguments(struct run *r)
{
	return decode_rest(r, r->call.operation);
}

enum flow permit(struct run *r)
{
	if (!r->labels && arguments_bind(&r->call, &r->labels))
		return out_of_memory(r);
	return ask_permission(r);
}

enum flow validate(struct run *r)
{
	struct err e;

	return arguments_check(&r->call, r->labels, &e) ? refuse_err(r, &e) : FLOW_NEXT;
}

/* ---- the work ---- */

/** A handler's snapshots are its thread's. */
static int handle(lyre_call *call, int (*handler)(lyre_call *call))
{
	int rc = handler(call);
	call_moment_end(call);
	return call->longer ? rc : call_returned(call, rc);
}

/** The same on a worker's thread. */
static int handle_there(lyre_call *call, int (*handler)(lyre_call *call))
{
	call->may_block = true;
	int rc = handle(call, handler);
	call->may_block = false;
	return rc;
}

static void work(struct pool_task *task)
{
	struct run *r = RUN_OF(task, task);

	r->rc = r->call.operation->decl->run == LYRE_RUN_JOB ? job_begin(r) :
							       handle_there(&r->call, r->call.operation->decl->handler);
	run_wake(r, r->rc == LYRE_PENDING ? 1 : 2);
}

static void work_longer(struct pool_task *task)
{
	struct run *r = RUN_OF(task, task);
	int (*longer)(lyre_call * call) = r->call.longer;

	r->call.longer = NULL;
	r->rc = handle_there(&r->call, longer);
	run_wake(r, r->rc == LYRE_PENDING ? 1 : 2);
}

/** A worker takes over. \param takes_long  one that does not delay others */
static enum flow submit(struct run *r, void (*run)(struct pool_task *task), bool takes_long)
{
	/* This thread, the worker, and the answer that comes later when the handler says so. */
	atomic_store(&r->holds, 3);
	takes_long = takes_long && run_owner(r);
	r->call.works_long = takes_long;
	r->task.run = run;
	r->task.owner = takes_long ? r->owner : NULL;
	pool_submit(takes_long ? r->dispatch->longs : r->dispatch->services.pool, &r->task);
	return FLOW_WAIT;
}

enum flow start(struct run *r)
{
	lyre_call *call = &r->call;

	buf_clear(&r->x->out);
	out_begin(&call->out, r->format->encoder, &r->x->out, &r->x->arena);
	if (call->operation->decl->run != LYRE_RUN_INLINE)
		return submit(r, work, call->operation->decl->run == LYRE_RUN_LONG);
	atomic_store(&r->holds, 2);
	r->rc = handle(call, call->operation->decl->handler);
	if (r->rc == LYRE_PENDING && call->longer)
		return submit(r, work_longer, true);
	return r->rc == LYRE_PENDING ? FLOW_WAIT : FLOW_NEXT;
}

/** Continues what was pending, as long as it reports that it is pending again. */
enum flow go_on(struct run *r)
{
	if (r->rc != LYRE_PENDING)
		return FLOW_NEXT;
	int (*again)(lyre_call * call) = r->call.again;
	r->call.again = NULL;
	atomic_store(&r->holds, 2);
	r->rc = call_returned(&r->call, again(&r->call));
	return r->rc == LYRE_PENDING ? FLOW_REPEAT : FLOW_NEXT;
}

enum flow answer(struct run *r)
{
	answer_call(r);
	return FLOW_DONE;
}

const step_function steps[] = {
	stopping,
	sign_in_header_begin,
	sign_in_header_end,
	route,
	accept,
	file_begin,
	await_body,
	stopping_meanwhile,
	sign_in_header_again,
	sign_in_header_end,
	decode,
	name_operation,
	sign_in_body_begin,
	sign_in_body_end,
	find_operation,
	sign_in_limit,
	permit_unread,
	decode_arguments,
	permit,
	validate,
	start,
	go_on,
	rows_begin,
	answer,
};

const step_function route_steps[] = {
	sign_in_route,
	sign_in_limit,
	permit,
	page_begin,
	page_await_body,
	stopping_meanwhile,
	sign_in_header_again,
	sign_in_header_end,
	sign_in_route,
	sign_in_limit,
	permit,
	page_take_body,
	start,
	go_on,
	rows_begin,
	answer,
};
