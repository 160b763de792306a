/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_route.c
 * \brief Paths that modules answer: lyre/server.h. They hang off the module until it has started, and go with it when it does not.
 */
#include "host/host_server.h"

#include <string.h>

#define PATH_LENGTH_MAX 250
#define ROUTE_SIZE SIZE_UP_TO(struct lyre_route, reserved)

/** Paths are compared as clients send them, so that what they would escape, or take for something else, cannot be. */
static bool path_valid(const char *path)
{
	if (!path || *path != '/')
		return false;
	size_t len = strlen(path);
	for (size_t i = 0; i < len; i++)
		if (path[i] <= ' ' || path[i] > '~' || strchr("\"#%<>?\\^`{|}", path[i]))
			return false;
	return len <= PATH_LENGTH_MAX;
}

static int check(lyre_instance *self, const struct lyre_route *r)
{
	if (!path_valid(r->path))
		return err_set(&self->err, LYRE_EINVAL,
			"'%.100s' cannot be the path of a route: it begins with / and has at most %d letters, digits and marks, "
			"but none that is escaped in an address", r->path ? r->path : "", PATH_LENGTH_MAX);
	if (!r->access)
		return err_set(&self->err, LYRE_EINVAL,
			"the route '%s' does not say who may ask for it: set its access to LYRE_ACCESS_USER, LYRE_ACCESS_SUPER_USER or, for "
			"anybody, LYRE_ACCESS_OPEN", r->path);
	if (!r->handler || r->access > LYRE_ACCESS_USER || r->run > LYRE_RUN_POOL)
		return err_set(&self->err, LYRE_EINVAL,
			"the route '%s' has no handler, or an access or a way to run that there is not: a fault of the module", r->path);
	if (dispatch_answers(r->path))
		return err_set(&self->err, LYRE_EEXISTS, "the route '%s' of module '%s' cannot be: the server itself answers this path",
			r->path, self->name);
	for (size_t n = 0; n < self->modules->count; n++) {
		const lyre_instance *other = self->modules->list[n];
		for (const struct module_route *o = other->routes; o; o = o->next)
			if (strcmp(o->route.path, r->path) == 0)
				return err_set(&self->err, LYRE_EEXISTS,
					"the route '%s' of module '%s' cannot be: module '%s' answers this path already", r->path,
					self->name, other->name);
	}
	return 0;
}

int host_route_add(lyre_instance *self, const struct lyre_route *route)
{
	struct lyre_route full;
	int rc = host_take_at_start(self, "a route", &full, sizeof full, route, ROUTE_SIZE, "lyre_route");
	if (rc < 0)
		return rc;
	rc = check(self, &full);
	if (rc < 0)
		return rc;
	struct module_route *r = ARENA_NEW(&self->modules->arena, struct module_route);
	if (!r)
		return err_nomem(&self->err);
	*r = (struct module_route){ .route = full, .next = self->routes };
	self->routes = r;
	return 0;
}
