/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/sign_in.c
 * \brief The steps that identify the caller: by header, cookie or socket, or by the request's parameters.
 */
#include "dispatch/dispatch_internal.h"

#include <string.h>

/** The status for attempts that come too fast (RFC 6585). */
#define TOO_MANY_REQUESTS 429

/* ---- checking credentials, now or later ---- */

static void verified(struct verification *v)
{
	run_wake(RUN_OF(v, verification), 1);
}

/** Checks r->credentials; the outcome goes to r->verification, now or later. */
static enum flow verify(struct run *r)
{
	const struct credentials *c = &r->credentials;
	struct verification *v = &r->verification;
	struct auth *auth = r->dispatch->services.auth;

	v->rc = auth_remembered(auth, c->user, c->user_len, c->password, c->password_len, &v->who, &v->err);
	if (v->rc == LYRE_EUNAUTHENTICATED)
		auth_audit(auth, v->rc, c->user, r->x->peer);
	if (v->rc != LYRE_PENDING) {
		if (!v->rc)
			metric_add(&counts_here(r->dispatch)->credential_hits, 1);
		return FLOW_NEXT;
	}
	metric_add(&counts_here(r->dispatch)->credential_misses, 1);
	v->retry_after = 0;
	v->credentials = c;
	v->peer = r->x->peer;
	source_of(v->peer, v->source);
	v->done = verified;
	atomic_store(&r->holds, 2);
	int rc = gate_submit(r->dispatch->gate, v, &v->err);
	if (!rc)
		return FLOW_WAIT; /* the gate owns the verification from here */
	v->rc = rc;
	return FLOW_NEXT;
}

static void work_authentication(struct pool_task *task)
{
	struct run *r = RUN_OF(task, task);
	struct verification *v = &r->verification;

	v->rc = authentication_verify(&r->authentication, r, &v->who, &v->err);
	run_wake(r, 1);
}

/** The same for r->authentication. */
static enum flow verify_authentication(struct run *r)
{
	struct authentication *f = &r->authentication;
	struct verification *v = &r->verification;

	v->rc = auth_remembered_text(r->dispatch->services.auth, f->by->kind, f->text, f->len, &f->began, &v->who, &v->err);
	if (v->rc == LYRE_EUNAUTHENTICATED)
		err_set(&v->err, v->rc, INVALID_TOKEN);
	if (v->rc != LYRE_PENDING) {
		if (!v->rc)
			metric_add(&counts_here(r->dispatch)->credential_hits, 1);
		return FLOW_NEXT;
	}
	metric_add(&counts_here(r->dispatch)->credential_misses, 1);
	atomic_store(&r->holds, 2);
	r->task.run = work_authentication;
	pool_submit(r->dispatch->services.pool, &r->task);
	return FLOW_WAIT;
}

/** The status of a failed check, and when to retry, if clients are told. */
static int failure_status(struct run *r)
{
	const struct verification *v = &r->verification;

	r->x->retry_after = v->retry_after;
	return v->retry_after ? TOO_MANY_REQUESTS : status_of(v->err.code);
}

/** Takes over the outcome. \return 0, or why it failed */
static int sign_in(struct run *r)
{
	struct verification *v = &r->verification;

	credentials_clear(&r->credentials);
	if (v->rc == LYRE_EUNAUTHENTICATED || v->rc == LYRE_END)
		metric_add(&counts_here(r->dispatch)->sign_in_failures, 1);
	if (v->rc)
		return v->rc;
	principal_unref(r->call.who);
	r->call.who = v->who;
	r->x->charge.known = true;
	v->who = NULL;
	r->call.by_password = true;
	r->by_cookie = r->by_certificate = false;
	return 0;
}

/** Signs in a peer that needs no credentials. */
static void trust(struct run *r)
{
	r->call.who = principal_server();
	r->call.by_password = true;
}

/** Signs in by the client's certificate, which was verified. If it names no active user, nobody is signed in. */
static int certify(struct run *r)
{
	struct auth *auth = r->dispatch->services.auth;
	const struct principal *who;
	struct err *e = &r->verification.err;

	int rc = auth_certified(auth, r->x->certified, &who, e);
	if (rc == LYRE_EUNAUTHENTICATED) {
		auth_audit(auth, rc, r->x->certified, r->x->peer);
		return 0;
	}
	if (rc)
		return rc;
	principal_unref(r->call.who);
	r->call.who = who;
	r->call.by_password = false;
	r->by_certificate = true;
	r->x->charge.known = true;
	return 0;
}

/* ---- the steps ---- */

enum flow sign_in_header_begin(struct run *r)
{
	struct err e;

	int rc = credentials_read(&r->credentials, r->x->authorization, &r->x->arena, &e);
	if (rc) {
		metric_add(&counts_here(r->dispatch)->sign_in_failures, rc == LYRE_EUNAUTHENTICATED);
		answer_login_failed(r->x, status_of(rc), e.text);
		return FLOW_DONE;
	}
	if (r->credentials.user)
		return verify(r);
	if (r->x->certified && !r->x->authorization && certify(r))
		return refuse_err(r, &r->verification.err);
	if (r->by_certificate)
		return FLOW_NEXT;
	authentication_find(&r->authentication, r->dispatch, r->x);
	return r->authentication.by ? verify_authentication(r) : FLOW_NEXT;
}

/** Browsers keep sending a cookie, even along with new credentials: a refused one is ignored. */
static enum flow cookie_refused(struct run *r)
{
	if (!authentication_find_next(&r->authentication, r->x))
		return FLOW_NEXT;
	return verify_authentication(r) == FLOW_WAIT ? FLOW_REPEAT : sign_in_header_end(r);
}

static enum flow authentication_sign_in(struct run *r)
{
	struct err *e = &r->verification.err;
	bool cookie = r->authentication.by->source == LYRE_CREDENTIAL_COOKIE;

	int rc = sign_in(r);
	if (cookie && (rc == LYRE_EUNAUTHENTICATED || rc == LYRE_END))
		return cookie_refused(r);
	r->authentication.by = NULL;
	if (!rc) {
		r->call.by_password = false;
		r->by_cookie = cookie;
		if (cookie)
			r->x->cookie_used = r->authentication.text;
		return FLOW_NEXT;
	}
	if (rc != LYRE_EUNAUTHENTICATED && rc != LYRE_END)
		return refuse_err(r, e);
	auth_audit(r->dispatch->services.auth, rc, "", r->x->peer);
	if (rc == LYRE_END)
		return refuse_err(r, e);
	answer_login_failed(r->x, status_of(rc), e->text);
	return FLOW_DONE;
}

/** Whether the caller is still the same user, without checking the credentials again. */
static enum flow still_known(struct run *r)
{
	struct err e;

	int rc = auth_renew(r->dispatch->services.auth, &r->call.who, &e);
	if (rc == LYRE_EUNAUTHENTICATED) {
		answer_login_failed(r->x, status_of(rc), e.text);
		return FLOW_DONE;
	}
	return rc ? refuse_err(r, &e) : FLOW_NEXT;
}

enum flow sign_in_header_again(struct run *r)
{
	const struct principal *who = r->call.who;

	if (!r->x->body_later || !who)
		return FLOW_NEXT;
	/* A password stays valid while its user's stamp is the same; other credentials may be limited to one purpose or one use. */
	if (r->call.by_password || who->only)
		return still_known(r);
	r->call.who = NULL;
	r->by_cookie = r->by_certificate = false;
	principal_unref(who);
	return sign_in_header_begin(r);
}

enum flow sign_in_header_end(struct run *r)
{
	if (r->authentication.by)
		return authentication_sign_in(r);
	if (!r->credentials.user || sign_in(r) == 0)
		return FLOW_NEXT;
	answer_login_failed(r->x, failure_status(r), r->verification.err.text);
	return FLOW_DONE;
}

static enum flow verify_body(struct run *r, const lyre_value *user, const lyre_value *password)
{
	struct arena *a = &r->x->arena;

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

/** The answer to wrong credentials, for an operation that users sign in with. */
static enum flow refuse_credentials(struct run *r)
{
	bool plain = r->call.operation->decl->flags & LYRE_O_INVALID_CREDENTIALS;

	return refuse(r, status_of(LYRE_EUNAUTHENTICATED), plain ? "invalid credentials" : LOGIN_FAILED);
}

/** An operation that users sign in with: its arguments identify the caller, whoever is signed in already. */
static enum flow arguments_sign_in(struct run *r, const lyre_value *user, const lyre_value *password)
{
	struct err e;

	enum flow flow = decode_rest(r, r->call.operation);
	if (flow != FLOW_NEXT)
		return flow;
	if (arguments_bind(&r->call, &r->labels))
		return out_of_memory(r);
	if (arguments_check(&r->call, r->labels, &e))
		return refuse_err(r, &e);
	if (!value_is(user, LYRE_STRING) || !value_is(password, LYRE_STRING))
		return refuse_credentials(r);
	return verify_body(r, user, password);
}

/** If the header identified nobody: a trusted peer, or credentials among the parameters. */
enum flow sign_in_body_begin(struct run *r)
{
	const lyre_value *user = value_get(&r->call.body, "username");
	const lyre_value *password = value_get(&r->call.body, "password");

	if (r->call.who && !user && !password)
		return FLOW_NEXT;
	const lyre_value *name = value_get(&r->call.body, "operation");
	const struct operation *o = registry_find(&r->dispatch->registry, name->s, name->len);
	r->body_secret = password != NULL;
	if (o && o->decl->flags & LYRE_O_SIGN_IN && (user || password)) {
		r->call.operation = o;
		return arguments_sign_in(r, user, password);
	}
	if (!r->call.who && r->x->trusted)
		trust(r);
	if (r->call.who || (o && o->decl->access == LYRE_ACCESS_OPEN))
		return FLOW_NEXT;
	if (!value_is(user, LYRE_STRING) || !value_is(password, LYRE_STRING) || !(user->len || password->len))
		return refuse(r, status_of(LYRE_EUNAUTHENTICATED), MUST_LOGIN);
	return verify_body(r, user, password);
}

enum flow sign_in_body_end(struct run *r)
{
	if (!r->credentials.user || sign_in(r) == 0)
		return FLOW_NEXT;
	struct err *e = &r->verification.err;
	bool by_arguments = r->call.operation != NULL;
	if (by_arguments && e->code == LYRE_EUNAUTHENTICATED)
		return refuse_credentials(r);
	return refuse(r, failure_status(r), e->text);
}

enum flow sign_in_sender(struct run *r)
{
	if (!r->call.who && r->x->trusted)
		trust(r);
	return r->call.who ? FLOW_NEXT : refuse(r, status_of(LYRE_EUNAUTHENTICATED), MUST_LOGIN);
}

enum flow sign_in_route(struct run *r)
{
	if (r->call.operation->decl->access == LYRE_ACCESS_OPEN && !r->x->trusted)
		return FLOW_NEXT;
	return sign_in_sender(r);
}

/** Whether the request only reads. */
static bool only_reads(const struct run *r)
{
	const struct operation *o = r->call.operation;
	const uint32_t reads = LYRE_PERMIT_READ | LYRE_PERMIT_DESCRIBE, permissions = o->decl->permissions;

	if (o->route)
		return r->x->method == METHOD_GET || r->x->method == METHOD_HEAD;
	return (permissions && !(permissions & ~reads) && o->decl->run != LYRE_RUN_JOB);
}

enum flow sign_in_limit(struct run *r)
{
	const struct principal *who = r->call.who;
	const struct operation *o = r->call.operation;

	if (who && who->only && strcmp(who->only, o->name))
		return refuse(r, status_of(LYRE_EUNAUTHENTICATED), INVALID_TOKEN);
	/* A foreign page must not make its visitor's browser change or read what the visitor may. */
	bool named = r->x->origin || !only_reads(r);
	if (r->by_cookie && named && !origin_is_own(r->x))
		return refuse(r, status_of(LYRE_EDENIED),
			"A session cookie is accepted for this operation only with an Origin header that names this server");
	/* Browsers send a certificate automatically, like a cookie; other clients, which send no Origin header, do so
	 * deliberately. */
	if (r->by_certificate && r->x->origin && !origin_is_own(r->x))
		return refuse(r, status_of(LYRE_EDENIED),
			"A client certificate is not accepted with an Origin header that names another server");
	return FLOW_NEXT;
}
