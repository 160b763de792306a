/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/route.c
 * \brief The paths other than "/" that are answered.
 */
#include "dispatch/dispatch_internal.h"

#include <string.h>

static const char *const own_paths[] = { "/", HEALTH_PATH };

bool dispatch_answers(const char *path)
{
	for (size_t i = 0; i < sizeof own_paths / sizeof *own_paths; i++) {
		if (!strcmp(path, own_paths[i]))
			return true;
	}
	return false;
}

int dispatch_add_route(
	struct dispatch *d, const char *owner, lyre_instance *instance, const struct lyre_route *route, struct err *e)
{
	struct route *p = ARENA_NEW(&d->registry.arena, struct route);
	struct lyre_operation *decl = ARENA_NEW(&d->registry.arena, struct lyre_operation);

	if (!p || !decl)
		return err_nomem(e);
	*decl = (struct lyre_operation){
		.name = route->path,
		.handler = route->handler,
		.run = route->run,
		.access = route->access,
	};
	p->operation = (struct operation){ .name = route->path, .decl = decl, .owner = owner, .instance = instance };
	p->next = d->routes;
	d->routes = p;
	return 0;
}

const struct operation *route_find(const struct dispatch *d, const char *path)
{
	for (const struct route *p = d->routes; p; p = p->next) {
		if (!strcmp(p->operation.name, path))
			return &p->operation;
	}
	return NULL;
}
