/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/authorise.c
 * \brief Checks whether the caller may do what the request asks, including what a nested request asks.
 */
#include "dispatch/dispatch_internal.h"

/** No tables are listed for callers whose permissions are not checked; only the database matters, which may be the server's own. */
static bool needs_no_list(const struct principal *who, const struct lyre_operation *decl)
{
	return decl->access == LYRE_ACCESS_OPEN || !who || !who->role || who->role->super_user || !decl->permissions;
}

static int ask(lyre_call *call, const struct operation *o, const lyre_value *body, struct err *e)
{
	struct permission_question q = { .operation = o->decl };
	size_t len;

	int rc = request_name(request_argument(o, body, "database"), call->arena, &q.database, &len);
	if (!rc && q.database && !needs_no_list(call->who, o->decl))
		rc = needs_find(o, body, q.database, call->who->role, call->arena, &q.needs);
	return rc ? err_nomem(e) : permission_check(call->who, &q, call->store, call->arena, &call->denial, e);
}

/** A request nested in another: deeper ones are checked when their own operation runs. */
static int ask_within(lyre_call *call, const lyre_value *request, struct err *e)
{
	const lyre_value *name = value_get(request, "operation");
	const struct operation *o =
		value_is(name, LYRE_STRING) ? registry_find(&call->dispatch->registry, name->s, name->len) : NULL;

	return o ? ask(call, o, request, e) : 0;
}

int authorise(struct lyre_call *call, struct err *e)
{
	const struct operation *o = call->operation;

	int rc = ask(call, o, &call->body, e);
	for (size_t i = 0; !rc && i < o->param_count; i++) {
		if (o->params[i].flags & LYRE_P_REQUEST)
			rc = ask_within(call, request_argument(o, &call->body, o->params[i].name), e);
	}
	return rc;
}
