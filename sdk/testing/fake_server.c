/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_server.c
 * \brief lyre/server.h, lyre/user.h and lyre/tls.h: what the module adds, and who calls.
 */
#include "fake_internal.h"

#include <math.h>

int fake_start_fail(const char *fmt, ...)
{
	va_list ap;
	int rc;
	va_start(ap, fmt);
	rc = fake_module_api.start_vfail(&fake, LYRE_EINVAL, fmt, ap);
	va_end(ap);
	return rc;
}

static int metric_add(lyre_instance *self, const struct lyre_metric_source *source)
{
	if (!self->starting)
		fake_die("lyre_metric_add() outside start()");
	if (source->size < sizeof *source || !source->name || !source->help || !source->report)
		return fake_start_fail("a metric needs its size, a name, help and report");
	if (!*source->name || source->name[strspn(source->name, "abcdefghijklmnopqrstuvwxyz0123456789_")])
		return fake_start_fail("the name of the metric '%s' is not one of a to z, 0 to 9 and _", source->name);
	if (self->metric_count == FAKE_METRICS)
		fake_die("more than %d metrics", FAKE_METRICS);
	self->metrics[self->metric_count++] = *source;
	return 0;
}

static int route_add(lyre_instance *self, const struct lyre_route *route)
{
	if (!self->starting)
		fake_die("lyre_route_add() outside start()");
	if (route->size < sizeof *route || !route->access || !route->path || route->path[0] != '/' || !route->handler)
		return fake_start_fail("a route needs its size, access, a path that begins with '/', and a handler");
	if (self->route_count == FAKE_ROUTES)
		fake_die("more than %d routes", FAKE_ROUTES);
	self->routes[self->route_count++] = *route;
	return 0;
}

struct wanted {
	const char *label_value;
	double value;
};

static void take_metric(void *arg, const char *label_value, double value)
{
	struct wanted *w = arg;
	if (w->label_value ? label_value && strcmp(w->label_value, label_value) == 0 : !label_value)
		w->value = value;
}

double lyre_fake_metric(const char *name, const char *label_value)
{
	struct wanted w = { label_value, NAN };

	for (size_t i = 0; i < fake.metric_count; i++)
		if (strcmp(fake.metrics[i].name, name) == 0)
			fake.metrics[i].report(&fake, take_metric, &w);
	return w.value;
}

void lyre_fake_user(const char *name, int super_user)
{
	fake.user = fake_copy(&fake.memory, name, strlen(name));
	fake.super_user = super_user;
}

static int call_super_user(lyre_call *call)
{
	return call->module->super_user;
}

static uint32_t call_permissions(lyre_call *call, const char *database, const char *table)
{
	(void)call;
	(void)database;
	(void)table;
	return LYRE_PERMIT_READ | LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE | LYRE_PERMIT_DELETE | LYRE_PERMIT_DESCRIBE;
}

static int call_limited(lyre_call *call)
{
	(void)call;
	return 0;
}

static int call_by_password(lyre_call *call)
{
	(void)call;
	return 1;
}

static void rights(lyre_call *call)
{
	(void)call; /* the caller may do everything anyway */
}

static int tls_available(void)
{
	return 0;
}

static int tls_wanted(lyre_instance *self)
{
	(void)self;
	return 0;
}

/* ---- what it does not have ---- */

#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
FAKE_LACKS(configuration_reply, (lyre_call * call, int effective))
FAKE_LACKS(configuration_set, (lyre_call * call, const lyre_value *settings, int unknown))
FAKE_LACKS(restart, (lyre_call * call))
FAKE_LACKS(restart_workers, (lyre_call * call))
FAKE_LACKS(log_read,
	(lyre_call * call, const struct lyre_log_query *query, int (*visit)(void *arg, const struct lyre_log_entry *entry),
		void *arg))
FAKE_LACKS(metrics, (lyre_call * call, int (*visit)(void *arg, const struct lyre_metric *metric), void *arg))
FAKE_LACKS(settings, (lyre_call * call, int (*visit)(void *arg, const struct lyre_setting_entry *entry), void *arg))
FAKE_LACKS(user, (lyre_call * call, const char *name, struct lyre_user *ret))
FAKE_LACKS(users, (lyre_call * call, int (*visit)(void *arg, const struct lyre_user *user), void *arg))
FAKE_LACKS(user_add, (lyre_call * call, const struct lyre_user_change *user))
FAKE_LACKS(user_change, (lyre_call * call, const struct lyre_user_change *change))
FAKE_LACKS(user_drop, (lyre_call * call, const char *name))
FAKE_LACKS(roles, (lyre_call * call, int (*visit)(void *arg, const lyre_value *role), void *arg))
FAKE_LACKS(role_find, (lyre_call * call, const char *id, const lyre_value **ret))
FAKE_LACKS(role_add, (lyre_call * call, const struct lyre_role *role, const lyre_value **ret))
FAKE_LACKS(role_change, (lyre_call * call, const struct lyre_role *role, const lyre_value **ret))
FAKE_LACKS(role_drop, (lyre_call * call, const char *id))
FAKE_ENDS(int, authenticator_add, (lyre_instance * self, const struct lyre_authenticator *a))
FAKE_VOID_ENDS(credentials_forget, (lyre_call * call, int source, const char *name, const char *text, size_t len))
FAKE_ENDS(const char *, call_cookie, (lyre_call * call, const char *name))
FAKE_LACKS(reply_cookie, (lyre_call * call, const char *name, const char *value, int64_t max_age))
FAKE_LACKS(tls_set, (lyre_call * call, const struct lyre_tls *tls))
FAKE_ENDS(int, tls_try, (lyre_instance * self, const struct lyre_tls *tls))

const struct lyre_server_api fake_server_api = {
	.size = sizeof fake_server_api,
	.configuration_reply = configuration_reply,
	.configuration_set = configuration_set,
	.restart = restart,
	.restart_workers = restart_workers,
	.log_read = log_read,
	.metrics = metrics,
	.settings = settings,
	.metric_add = metric_add,
	.route_add = route_add,
};

const struct lyre_user_api fake_user_api = {
	.size = sizeof fake_user_api,
	.server_rights_begin = rights,
	.server_rights_end = rights,
	.call_super_user = call_super_user,
	.call_permissions = call_permissions,
	.call_limited = call_limited,
	.call_by_password = call_by_password,
	.user = user,
	.users = users,
	.user_add = user_add,
	.user_change = user_change,
	.user_drop = user_drop,
	.roles = roles,
	.role_find = role_find,
	.role_add = role_add,
	.role_change = role_change,
	.role_drop = role_drop,
	.authenticator_add = authenticator_add,
	.credentials_forget = credentials_forget,
	.call_cookie = call_cookie,
	.reply_cookie = reply_cookie,
};

const struct lyre_tls_api fake_tls_api = {
	.size = sizeof fake_tls_api,
	.tls_available = tls_available,
	.tls_wanted = tls_wanted,
	.tls_set = tls_set,
	.tls_try = tls_try,
};
