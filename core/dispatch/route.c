/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/route.c
 * \brief The paths other than "/" that are answered.
 */
#include "dispatch/dispatch_internal.h"

#include <string.h>

/** The status for a method that a path does not answer. */
#define METHOD_NOT_ALLOWED 405

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
	p->declared = *route;
	*decl = (struct lyre_operation){
		.name = route->path,
		.handler = route->handler,
		.run = route->run,
		.access = route->access,
	};
	p->operation = (struct operation){
		.name = route->path, .decl = decl, .owner = owner, .instance = instance, .route = &p->declared
	};
	p->next = d->routes;
	d->routes = p;
	return 0;
}

/** How methods are written; GET answers HEAD too. */
static const struct {
	enum method method;
	uint32_t bit;
	const char *name;
} methods_known[] = {
	{ METHOD_GET, LYRE_METHOD_GET, "GET" },
	{ METHOD_HEAD, LYRE_METHOD_GET, "HEAD" },
	{ METHOD_POST, LYRE_METHOD_POST, "POST" },
	{ METHOD_PUT, LYRE_METHOD_PUT, "PUT" },
	{ METHOD_PATCH, LYRE_METHOD_PATCH, "PATCH" },
	{ METHOD_DELETE, LYRE_METHOD_DELETE, "DELETE" },
};
#define METHODS_KNOWN (sizeof methods_known / sizeof *methods_known)

uint32_t route_method(enum method method)
{
	for (size_t i = 0; i < METHODS_KNOWN; i++) {
		if (methods_known[i].method == method)
			return methods_known[i].bit;
	}
	return 0;
}

enum flow route_refuse_method(struct run *r, uint32_t methods)
{
	struct arena *a = &r->x->arena;
	struct page_text *allow = ARENA_NEW(a, struct page_text);
	const char *list = "";

	for (size_t i = 0; list && i < METHODS_KNOWN; i++) {
		if (methods & methods_known[i].bit)
			list = arena_printf(a, "%s%s%s", list, *list ? ", " : "", methods_known[i].name);
	}
	const char *text = list ? arena_printf(a, "This path answers %s, no other methods", list) : NULL;
	if (!allow || !text)
		return out_of_memory(r);
	*allow = (struct page_text){ "Allow", list };
	r->x->more = allow;
	r->x->more_count = 1;
	return refuse(r, METHOD_NOT_ALLOWED, text);
}

/** \return the length of a route's path, if a request's path is meant by it; else 0 */
static size_t match(const struct lyre_route *route, const char *path)
{
	size_t len = strlen(route->path);
	bool same = !strncmp(route->path, path, len) && (!path[len] || route->flags & LYRE_ROUTE_PREFIX);

	return same ? len : 0;
}

const struct operation *route_find(const struct dispatch *d, const char *path, uint32_t method, uint32_t *methods)
{
	const struct operation *found = NULL;
	size_t longest = 1;

	*methods = 0;
	for (const struct route *p = d->routes; p; p = p->next) {
		size_t len = match(&p->declared, path);

		if (len < longest)
			continue;
		if (len > longest) {
			found = NULL;
			*methods = 0;
		}
		longest = len;
		*methods |= p->declared.methods;
		if (p->declared.methods & method)
			found = &p->operation;
	}
	return found;
}
