/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/authenticator.c
 * \brief Credentials that modules verify: finds them in a request and asks the module.
 */
#include "dispatch/dispatch_internal.h"

#include "log/log.h"

#include <string.h>

#define BLANKS " \t"

/* Any host of a domain can set cookies for it, so other hosts' cookies may precede the right one. */
#define COOKIES_TRIED 4

int dispatch_add_authenticator(
	struct dispatch *d, const char *owner, lyre_instance *instance, const struct lyre_authenticator *a, struct err *e)
{
	struct authenticator *n = ARENA_NEW(&d->registry.arena, struct authenticator);
	struct lyre_operation *decl = ARENA_NEW(&d->registry.arena, struct lyre_operation);

	if (!n || !decl)
		return err_nomem(e);
	*decl = (struct lyre_operation){ .name = a->name, .run = LYRE_RUN_POOL, .access = LYRE_ACCESS_OPEN };
	*n = (struct authenticator){
		.operation = { .name = a->name, .decl = decl, .owner = owner, .instance = instance },
		.source = (enum lyre_credential_source)a->source,
		.name = a->name,
		.verify = a->verify,
		.kind = d->authenticators ? d->authenticators->kind + 1 : 1,
		.next = d->authenticators,
	};
	d->authenticators = n;
	return 0;
}

void dispatch_forget(struct dispatch *d, enum lyre_credential_source source, const char *name, const char *text, size_t len)
{
	for (const struct authenticator *a = d->authenticators; a; a = a->next) {
		if (a->source == source && !strcmp(a->name, name))
			auth_forget(d->services.auth, a->kind, text, len);
	}
}

/** What follows the scheme in an Authorization header; NULL if the scheme differs. */
static const char *after_scheme(const char *authorization, const char *scheme, size_t *len)
{
	size_t n = strlen(scheme);

	if (strncmp(authorization, scheme, n) || (authorization[n] && !strchr(BLANKS, authorization[n])))
		return NULL;
	const char *value = authorization + n + strspn(authorization + n, BLANKS);
	*len = strlen(value);
	while (*len && strchr(BLANKS, value[*len - 1]))
		--*len;
	return value;
}

/** The first non-empty cookie of that name, from \p header on. */
static const char *cookie_with_value(const char *header, const char *name, size_t *len)
{
	const char *value = cookie_find(header, name, len);

	while (value && !*len)
		value = cookie_find(value, name, len);
	return value;
}

/** Looks in the cookies for credentials of \p a, starting at \p from, then of its successors in the list. */
static void find_cookie(struct authentication *ret, const struct authenticator *a, const char *from, const struct exchange *x)
{
	ret->by = NULL;
	for (; a && !ret->by; a = a->next, from = x->cookie) {
		if (a->source != LYRE_CREDENTIAL_COOKIE)
			continue;
		ret->text = cookie_with_value(from, a->name, &ret->len);
		if (ret->text)
			ret->by = a;
	}
}

void authentication_find(struct authentication *ret, const struct dispatch *d, const struct exchange *x)
{
	*ret = (struct authentication){ .by = NULL };
	if (!x->authorization) {
		if (x->cookie)
			find_cookie(ret, d->authenticators, x->cookie, x);
		return;
	}
	for (const struct authenticator *a = d->authenticators; a && !ret->by; a = a->next) {
		if (a->source == LYRE_CREDENTIAL_SCHEME)
			ret->text = after_scheme(x->authorization, a->name, &ret->len);
		if (ret->len)
			ret->by = a;
	}
}

bool authentication_find_next(struct authentication *f, const struct exchange *x)
{
	if (++f->refused < COOKIES_TRIED)
		find_cookie(f, f->by, f->text + f->len, x);
	else
		f->by = NULL;
	return f->by != NULL;
}

/** Passes the module's answer to auth. \return as authentication_verify() */
static int accept(const struct authentication *f, const struct run *r, const struct lyre_identity *who,
	const struct principal **ret, struct err *e)
{
	const struct identity c = { .user = who->user, .stamp = who->stamp, .until = who->until, .only = who->only };

	int rc = auth_accept(r->dispatch->services.auth, f->by->kind, f->text, f->len, f->began, &c, ret, e);
	return rc == LYRE_EUNAUTHENTICATED ? err_set(e, rc, INVALID_TOKEN) : rc;
}

/** The credentials were refused by the module, with its message. */
static int refused(const struct authentication *f, const struct err *said, int rc, struct err *e)
{
	bool spoke = said->code && *said->text;

	if (rc == LYRE_END || rc == LYRE_EUNAUTHENTICATED) {
		err_set(e, LYRE_EUNAUTHENTICATED, "%s", spoke ? said->text : INVALID_TOKEN);
		return rc;
	}
	/* Anything more, such as that the user does not exist, is not for clients that have not signed in. */
	if (rc < 0 && status_of(rc) < 500) {
		log_debug("dispatch", "module '%s' refused credentials: %s", f->by->operation.owner,
			spoke ? said->text : "without giving a reason");
		return err_set(e, LYRE_EUNAUTHENTICATED, INVALID_TOKEN);
	}
	if (rc > 0)
		return err_set(e, LYRE_EINTERNAL, "module '%s' did not say whether credentials are valid", f->by->operation.owner);
	return err_set(e, rc, "%s", spoke ? said->text : "The credentials could not be checked");
}

int authentication_verify(const struct authentication *f, struct run *r, const struct principal **ret, struct err *e)
{
	lyre_call *call = &r->call;
	struct call_scope *outer = call->scope;
	struct lyre_identity who = { .size = sizeof who };

	call->err.code = 0;
	int rc = call_scope_begin(call);
	if (rc)
		return err_nomem(e);
	const struct operation *operation = call->operation;
	unsigned rights = call->server_rights;
	call->operation = &f->by->operation;
	call->server_rights = rights + 1;
	out_init(&call->out, &r->x->out);

	rc = f->by->verify(call, f->text, f->len, &who);
	rc = rc ? refused(f, &call->err, rc, e) : accept(f, r, &who, ret, e);

	while (call->scope != outer)
		call_scope_end(call);
	call->operation = operation;
	call->server_rights = rights;
	call->err.code = 0;
	buf_clear(&r->x->out);
	return rc;
}
