/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/steps.c
 * \brief The one way of a request, step by step. The order is the wire's: clients see which check speaks first.
 */
#include "dispatch/dispatch_internal.h"

#include "auth/permission.h"
#include "base/text.h"

#include <string.h>

static const char must_login[] = "Must login";

static enum flow refuse(struct run *r, int status, const char *text)
{
	log_refusal(r, status, text);
	answer_error(r->x, r->format, status, text);
	return FLOW_DONE;
}

static enum flow refuse_long(struct run *r, int status, const char *text)
{
	answer_long(r->x, status, text);
	return FLOW_DONE;
}

static enum flow refuse_err(struct run *r, const struct err *e)
{
	return refuse(r, status_of(e->code), e->text);
}

static enum flow out_of_memory(struct run *r)
{
	struct err e;

	err_nomem(&e);
	return refuse_err(r, &e);
}

static enum flow stopping(struct run *r)
{
	if (!atomic_load(&r->dispatch->draining))
		return FLOW_NEXT;
	return refuse(r, status_of(LYRE_EBUSY), "The server is stopping");
}

/* ---- who is asking ---- */

static void verified(struct verification *v)
{
	run_wake((struct run *)((char *)v - offsetof(struct run, verification)), 1);
}

/** Puts the outcome for r->credentials into r->verification, now or later. */
static enum flow verify(struct run *r)
{
	const struct credentials *c = &r->credentials;
	struct verification *v = &r->verification;
	struct auth *auth = r->dispatch->services.auth;

	v->rc = auth_remembered(auth, c->user, c->user_len, c->password, c->password_len, &r->x->arena, &v->identity, &v->err);
	if (v->rc != LYRE_PENDING) {
		if (!v->rc)
			metric_add(&figures_here(r->dispatch)->credential_hits, 1);
		return FLOW_NEXT;
	}
	metric_add(&figures_here(r->dispatch)->credential_misses, 1);
	v->credentials = c;
	v->arena = &r->x->arena;
	v->done = verified;
	atomic_store(&r->holds, 2);
	int rc = gate_submit(&r->dispatch->gate, v, &v->err);
	if (!rc)
		return FLOW_WAIT; /* the verification is the worker's from here */
	v->rc = rc;
	return FLOW_NEXT;
}

/** Takes the outcome over. \return 0 or its failure */
static int sign_in(struct run *r)
{
	struct verification *v = &r->verification;

	if (!v->rc || v->rc == LYRE_EUNAUTHENTICATED)
		auth_audit(r->dispatch->services.auth, !v->rc, r->credentials.user, r->x->peer);
	credentials_clear(&r->credentials);
	if (v->rc == LYRE_EUNAUTHENTICATED)
		metric_add(&figures_here(r->dispatch)->sign_in_failures, 1);
	if (v->rc)
		return v->rc;
	r->call.identity = v->identity;
	r->signed_in = true;
	return 0;
}

static enum flow header_credentials(struct run *r)
{
	struct err e;

	int rc = credentials_read(&r->credentials, r->x->authorization, &r->x->arena, &e);
	if (rc) {
		metric_add(&figures_here(r->dispatch)->sign_in_failures, rc == LYRE_EUNAUTHENTICATED);
		answer_login_failed(r->x, status_of(rc), e.text);
		return FLOW_DONE;
	}
	return r->credentials.user ? verify(r) : FLOW_NEXT;
}

static enum flow header_sign_in(struct run *r)
{
	if (!r->credentials.user || sign_in(r) == 0)
		return FLOW_NEXT;
	answer_login_failed(r->x, status_of(r->verification.err.code), r->verification.err.text);
	return FLOW_DONE;
}

/* ---- what is asked ---- */

static enum flow route(struct run *r)
{
	struct exchange *x = r->x;

	if (x->method == METHOD_POST && !strcmp(x->path, "/"))
		return FLOW_NEXT;
	bool get = x->method == METHOD_GET || x->method == METHOD_HEAD;
	const struct operation *page = get ? page_find(r->dispatch, x->path) : NULL;
	if (page) {
		/* What a page is made of is not negotiated: only its refusals, and what it answers in JSON. */
		enum format format = format_accepted(x->accept);
		r->format = format == FORMAT_NONE ? FORMAT_JSON : format;
		r->call.operation = page;
		r->next = page_steps;
		return FLOW_NEXT;
	}
	if (get && !strcmp(x->path, HEALTH_PATH))
		answer_text(x, 200, "text/plain; charset=utf-8", "HarperDB is running.");
	else
		answer_text(x, 404, NULL, "Not found\n");
	return FLOW_DONE;
}

/** A peer that needs no credentials. */
static void trust(struct run *r)
{
	r->call.identity = (struct identity){ .user = "", .super_user = true };
	r->signed_in = true;
}

static enum flow permit_page(struct run *r)
{
	const struct permission_question q = { .access = r->call.operation->decl->access };
	struct err e;

	if (q.access == LYRE_ACCESS_OPEN)
		return FLOW_NEXT;
	if (!r->signed_in && r->x->trusted)
		trust(r);
	if (!r->signed_in)
		return refuse(r, status_of(LYRE_EUNAUTHENTICATED), must_login);
	return permission_check(&r->call.identity, &q, &e) ? refuse_err(r, &e) : FLOW_NEXT;
}

static enum flow accept(struct run *r)
{
	r->format = format_accepted(r->x->accept);
	if (r->format != FORMAT_NONE)
		return FLOW_NEXT;
	const char *text = arena_printf(&r->x->arena,
		"No supported content types found in Accept header, supported types include: %s", formats_supported());
	return text ? refuse_long(r, status_of(LYRE_ENOTACCEPTABLE), text) : out_of_memory(r);
}

/** A large body is read only of those who are known by their header or their socket. */
static enum flow await_body(struct run *r)
{
	if (!r->x->body_later)
		return FLOW_NEXT;
	if (!r->signed_in && !r->x->trusted)
		return refuse(r, status_of(LYRE_EUNAUTHENTICATED), must_login);
	return FLOW_BODY;
}

static enum flow stopping_meanwhile(struct run *r)
{
	return r->x->body_later ? stopping(r) : FLOW_NEXT;
}

static const char no_operation[] = "Request body must include an 'operation' property.";

/** Names that could change every object of a client written in JavaScript; refused there as here. */
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

/** Whether a body can hold such names at all: most do not, and need no walk through their values. */
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

static enum flow decode(struct run *r)
{
	struct exchange *x = r->x;
	enum media media = media_of(x->content_type);
	struct err e;

	if (media == MEDIA_OTHER && (x->content_type || x->body.len)) {
		const char *sent = x->content_type ? x->content_type : "undefined";
		size_t len;
		const char *type = from_latin1(&x->arena, (const unsigned char *)sent, strlen(sent), &len);
		const char *text = type ? arena_printf(&x->arena, "Unsupported Media Type: %s", type) : NULL;
		return text ? refuse(r, status_of(LYRE_EMEDIA), text) : out_of_memory(r);
	}
	if (media != MEDIA_JSON)
		return refuse_long(r, status_of(LYRE_EINVAL), no_operation);
	if (!x->body.len)
		return refuse(r, status_of(LYRE_EINVAL), "Body cannot be empty when content-type is set to 'application/json'");

	bool suspect = may_have_prototype(&x->body);
	if (json_decode(&x->arena, x->body.data, x->body.len, &r->call.body, &e))
		return refuse_err(r, &e);
	if (suspect && has_prototype(&r->call.body))
		return refuse(r, status_of(LYRE_EINVAL), "Object contains forbidden prototype property");
	return FLOW_NEXT;
}

static enum flow name_operation(struct run *r)
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

/** Where the header brought nobody: a trusted peer, or credentials among the parameters. */
static enum flow body_credentials(struct run *r)
{
	const lyre_value *user = value_get(&r->call.body, "username");
	const lyre_value *password = value_get(&r->call.body, "password");
	struct arena *a = &r->x->arena;

	if (r->signed_in)
		return FLOW_NEXT;
	if (r->x->trusted) {
		trust(r);
		return FLOW_NEXT;
	}
	if (!value_is(user, LYRE_STRING) || !value_is(password, LYRE_STRING) || !(user->len || password->len))
		return refuse(r, status_of(LYRE_EUNAUTHENTICATED), must_login);
	r->body_secret = true;
	r->credentials = (struct credentials){
		.user = arena_strndup(a, user->s, user->len),
		.password = arena_strndup(a, password->s, password->len),
		.user_len = user->len,
		.password_len = password->len,
	};
	if (!r->credentials.user || !r->credentials.password)
		return out_of_memory(r);
	return verify(r);
}

static enum flow body_sign_in(struct run *r)
{
	if (r->signed_in || sign_in(r) == 0)
		return FLOW_NEXT;
	return refuse_err(r, &r->verification.err);
}

static enum flow find_operation(struct run *r)
{
	const lyre_value *name = value_get(&r->call.body, "operation");

	r->call.operation = registry_find(&r->dispatch->registry, name->s, name->len);
	if (r->call.operation)
		return FLOW_NEXT;
	struct err e;
	err_set(&e, LYRE_EINVAL, "Operation '%.*s' not found", (int)utf8_cut(name->s, name->len, 900), name->s);
	return refuse_err(r, &e);
}

/* ---- whether it may, and makes sense ---- */

static const char *text_argument(const lyre_call *call, const char *name)
{
	for (size_t i = 0; i < call->operation->param_count; i++) {
		if (!strcmp(call->operation->params[i].name, name))
			return call->args[i].type == LYRE_STRING ? call->args[i].s : NULL;
	}
	return NULL;
}

static enum flow authorise(struct run *r)
{
	lyre_call *call = &r->call;
	struct err e;

	if (arguments_bind(call, &r->labels))
		return out_of_memory(r);
	const struct permission_question q = {
		.access = call->operation->decl->access,
		.permissions = call->operation->decl->permissions,
		.database = text_argument(call, "database"),
		.table = text_argument(call, "table"),
	};
	return permission_check(&call->identity, &q, &e) ? refuse_err(r, &e) : FLOW_NEXT;
}

static enum flow validate(struct run *r)
{
	struct err e;

	return arguments_check(&r->call, r->labels, &e) ? refuse_err(r, &e) : FLOW_NEXT;
}

/* ---- the work ---- */

static void work(struct pool_task *task)
{
	struct run *r = (struct run *)((char *)task - offsetof(struct run, task));

	r->rc = r->call.operation->decl->run == LYRE_RUN_JOB ? job_begin(r) : r->call.operation->decl->handler(&r->call);
	run_wake(r, r->rc == LYRE_PENDING ? 1 : 2);
}

static enum flow start(struct run *r)
{
	lyre_call *call = &r->call;

	buf_clear(&r->x->out);
	out_init(&call->out, &r->x->out);
	if (call->operation->decl->run != LYRE_RUN_INLINE) {
		/* This thread, the worker, and the answer that comes later when the handler says so. */
		atomic_store(&r->holds, 3);
		r->task.run = work;
		pool_submit(r->dispatch->services.pool, &r->task);
		return FLOW_WAIT;
	}
	atomic_store(&r->holds, 2);
	r->rc = call->operation->decl->handler(call);
	return r->rc == LYRE_PENDING ? FLOW_WAIT : FLOW_NEXT;
}

/** What was pending goes on, as often as it says that it is pending again. */
static enum flow go_on(struct run *r)
{
	if (r->rc != LYRE_PENDING)
		return FLOW_NEXT;
	int (*again)(lyre_call *call) = r->call.again;
	r->call.again = NULL;
	atomic_store(&r->holds, 2);
	r->rc = again ? again(&r->call) : err_set(&r->call.err, LYRE_EINTERNAL, "the operation waited for nothing");
	return r->rc == LYRE_PENDING ? FLOW_REPEAT : FLOW_NEXT;
}

static enum flow answer(struct run *r)
{
	answer_call(r);
	return FLOW_DONE;
}

const step_function steps[] = {
	stopping,
	header_credentials,
	header_sign_in,
	route,
	accept,
	await_body,
	stopping_meanwhile,
	decode,
	name_operation,
	body_credentials,
	body_sign_in,
	find_operation,
	authorise,
	validate,
	start,
	go_on,
	answer,
};

const step_function page_steps[] = {
	permit_page,
	start,
	go_on,
	answer,
};
