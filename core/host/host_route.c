/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_route.c
 * \brief Paths served by modules: lyre/server.h. They are attached to the module until it has started, and removed with it if
 * it does not start.
 */
#include "host/host_server.h"

#include <string.h>

#define PATH_LENGTH_MAX 250
#define ROUTE_SIZE SIZE_UP_TO(struct lyre_route, methods)
#define METHODS (2 * LYRE_METHOD_DELETE - 1u)

/** Paths are compared as sent by clients: characters that clients would escape or interpret are not allowed. */
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

/** A module may divide a path's methods among several routes. */
static int check_taken(lyre_instance *self, const struct lyre_route *r)
{
	if (dispatch_answers(r->path))
		return err_set(&self->err, LYRE_EEXISTS, "the route '%s' of module '%s' is not allowed: the server uses this path",
			r->path, self->name);
	for (size_t n = 0; n < self->modules->count; n++) {
		const lyre_instance *other = self->modules->list[n];
		for (const struct module_route *o = other->routes; o; o = o->next) {
			bool apart = other == self && !(o->route.methods & r->methods) && o->route.flags == r->flags;
			if (strcmp(o->route.path, r->path) == 0 && !apart)
				return err_set(&self->err, LYRE_EEXISTS,
					"the route '%s' of module '%s' is not allowed: module '%s' already uses this path", r->path,
					self->name, other->name);
		}
	}
	return 0;
}

/** Whether the module declares only what this server knows. */
static bool is_known(const struct lyre_route *r)
{
	return r->handler && r->access <= LYRE_ACCESS_USER && r->run <= LYRE_RUN_LONG && r->run != LYRE_RUN_JOB &&
		!(r->methods & ~METHODS) && !(r->flags & ~LYRE_ROUTE_PREFIX);
}

static int check(lyre_instance *self, const struct lyre_route *r)
{
	if (!path_valid(r->path))
		return err_set(&self->err, LYRE_EINVAL,
			"'%.100s' is not a valid path for a route: it must start with / and have up to %d letters, digits or marks "
			"that need no escaping in a URL",
			r->path ? r->path : "", PATH_LENGTH_MAX);
	if (!r->access)
		return err_set(&self->err, LYRE_EINVAL,
			"the route '%s' does not declare its access: set it to LYRE_ACCESS_USER, LYRE_ACCESS_SUPER_USER or, for "
			"anyone, LYRE_ACCESS_OPEN",
			r->path);
	if (!is_known(r))
		return err_set(&self->err, LYRE_EINVAL,
			"the route '%s' has no handler, or an unknown access or way to run, method or flag: this is a bug in the module",
			r->path);
	if (r->flags & LYRE_ROUTE_PREFIX && r->path[strlen(r->path) - 1] != '/')
		return err_set(&self->err, LYRE_EINVAL, "the route '%s' is the beginning of others: it must end with /", r->path);
	return check_taken(self, r);
}

int host_route_add(lyre_instance *self, const struct lyre_route *route)
{
	struct lyre_route full;
	int rc = host_take_at_start(self, "a route", &full, sizeof full, route, ROUTE_SIZE, "lyre_route");
	if (rc < 0)
		return rc;
	if (!full.methods)
		full.methods = LYRE_METHOD_GET;
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
