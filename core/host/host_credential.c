/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_credential.c
 * \brief Credentials of a module's own kind, and cookies: lyre/user.h. Like routes, authenticators are attached to the
 * module until it has started.
 */
#include "host/host_user.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define NAME_LENGTH_MAX 100
#define VALUE_LENGTH_MAX 4096
#define AUTHENTICATOR_SIZE SIZE_UP_TO(struct lyre_authenticator, verify)
/** The latest expiry time of a cookie: the last second of the year 9999, or of this machine's time_t. */
#define TIME_END (sizeof(time_t) < sizeof(int64_t) ? (int64_t)INT32_MAX : INT64_C(253402300799))

static bool made_of(const char *s, size_t max, const char *marks)
{
	size_t len = strnlen(s, max + 1);

	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(marks, c)))
			return false;
	}
	return len <= max;
}

bool host_token_valid(const char *name)
{
	return name && *name && made_of(name, NAME_LENGTH_MAX, "!#$%&'*+-.^_`|~");
}

/* ---- authenticators ---- */

static const char *kind_of(const struct lyre_authenticator *a)
{
	return a->source == LYRE_CREDENTIAL_COOKIE ? "cookie" : "scheme";
}

static int check(lyre_instance *self, const struct lyre_authenticator *a)
{
	if (!host_token_valid(a->name) || !a->verify || a->source > LYRE_CREDENTIAL_COOKIE)
		return err_set(&self->err, LYRE_EINVAL,
			"the credentials '%.100s' have a name that is invalid in a header, no verify(), or an unknown source: "
			"this is a bug in the module",
			a->name ? a->name : "");
	if (a->source == LYRE_CREDENTIAL_SCHEME && strcasecmp(a->name, "Basic") == 0)
		return err_set(&self->err, LYRE_EEXISTS,
			"the scheme '%s' of module '%s' is not allowed: the server handles it itself", a->name, self->name);
	for (size_t n = 0; n < self->modules->count; n++) {
		const lyre_instance *other = self->modules->list[n];
		for (const struct module_authenticator *o = other->authenticators; o; o = o->next)
			if (o->authenticator.source == a->source && strcmp(o->authenticator.name, a->name) == 0)
				return err_set(&self->err, LYRE_EEXISTS,
					"the %s '%s' of module '%s' is not allowed: module '%s' already handles it", kind_of(a),
					a->name, self->name, other->name);
	}
	return 0;
}

int host_authenticator_add(lyre_instance *self, const struct lyre_authenticator *a)
{
	struct lyre_authenticator full;
	int rc = host_take_at_start(self, "credentials", &full, sizeof full, a, AUTHENTICATOR_SIZE, "lyre_authenticator");
	if (rc == 0)
		rc = check(self, &full);
	if (rc < 0)
		return rc;
	struct module_authenticator *m = ARENA_NEW(&self->modules->arena, struct module_authenticator);
	if (!m)
		return err_nomem(&self->err);
	*m = (struct module_authenticator){ .authenticator = full, .next = self->authenticators };
	self->authenticators = m;
	return 0;
}

void host_credentials_forget(lyre_call *call, int source, const char *name, const char *text, size_t len)
{
	dispatch_forget(call->dispatch, (enum lyre_credential_source)source, name, text, len);
}

int host_call_by_password(lyre_call *call)
{
	return call->by_password;
}

int host_call_limited(lyre_call *call)
{
	return call->who && call->who->only;
}

/* ---- cookies ---- */

const char *host_call_cookie(lyre_call *call, const char *name)
{
	size_t len;
	const char *value = call->x ? cookie_of(call->x, name, &len) : NULL;

	return value ? arena_strndup(call->arena, value, len) : NULL;
}

/** The expiry as a date, for old clients that know no other form. */
static void expires(char out[40], int64_t max_age)
{
	int64_t now = (int64_t)(now_ms() / 1e3);
	time_t end = (time_t)(max_age <= 0 ? 0 : max_age < TIME_END - now ? now + max_age : TIME_END);
	struct tm t;

	*out = '\0';
	if (gmtime_r(&end, &t))
		strftime(out, 40, "; Expires=%a, %d %b %Y %H:%M:%S GMT", &t);
}

int host_reply_cookie(lyre_call *call, const char *name, const char *value, int64_t max_age)
{
	char date[40];

	if (!call->x)
		return err_set(&call->err, LYRE_EINTERNAL, "a job cannot set a cookie: its client has already been answered");
	if (!name || !value)
		return err_set(
			&call->err, LYRE_EINVAL, "module '%s' sets a cookie without a name or a value", call->operation->owner);
	if (!host_token_valid(name) || !made_of(value, VALUE_LENGTH_MAX, "-._~"))
		return err_set(&call->err, LYRE_EINTERNAL, "module '%s' sets a cookie whose name or value is invalid in a header",
			call->operation->owner);
	if (!*value || max_age < 0)
		max_age = 0;
	expires(date, max_age);
	/* Pages of a named origin belong to another site: browsers keep its cookie only over TLS and, if the user
	 * blocks third-party cookies, only if it is partitioned by the page's site. */
	const char *reach = !call->x->secure ? "Strict" : call->x->origin_named ? "None; Secure; Partitioned" : "Strict; Secure";
	const char *text = arena_printf(&call->x->arena, "%s=%s; Path=/; Max-Age=%lld%s; HttpOnly; SameSite=%s", name, value,
		(long long)max_age, date, reach);
	if (!text)
		return err_nomem(&call->err);
	call->set_cookie = text;
	return 0;
}
