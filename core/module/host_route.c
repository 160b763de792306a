/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/host_route.c
 * \brief Pages of modules: lyre/server.h. They hang off the module until it has started, and go with it when it does not.
 */
#include "module/host.h"
#include "module/internal.h"

#include <string.h>

#define PATH_LENGTH_MAX 250
#define ROUTE_1_1 SIZE_UP_TO(struct lyre_route, reserved)

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
			"'%.100s' cannot be the path of a page: it begins with / and has at most %d letters, digits and marks, "
			"but none that is escaped in an address", r->path ? r->path : "", PATH_LENGTH_MAX);
	if (r->access == LYRE_ACCESS_UNDECLARED)
		return err_set(&self->err, LYRE_EINVAL,
			"the page '%s' does not say who may see it: set its access to LYRE_ACCESS_USER, LYRE_ACCESS_SUPER_USER or, for "
			"anybody, LYRE_ACCESS_OPEN", r->path);
	if (!r->handler || r->access > LYRE_ACCESS_USER || r->run > LYRE_RUN_POOL)
		return err_set(&self->err, LYRE_EINVAL,
			"the page '%s' has no handler, or an access or a way to run that there is not: a fault of the module", r->path);
	if (dispatch_answers(r->path))
		return err_set(&self->err, LYRE_EEXISTS, "the page '%s' of module '%s' cannot be: the server itself answers this path",
			r->path, self->name);
	for (size_t n = 0; n < self->modules->count; n++) {
		const lyre_instance *other = self->modules->list[n];
		for (const struct module_route *o = other->routes; o; o = o->next)
			if (strcmp(o->route.path, r->path) == 0)
				return err_set(&self->err, LYRE_EEXISTS,
					"the page '%s' of module '%s' cannot be: module '%s' answers this path already", r->path,
					self->name, other->name);
	}
	return 0;
}

int host_route_add(lyre_instance *self, const struct lyre_route *route)
{
	struct lyre_route full;
	int rc = host_take_at_start(self, "a page", &full, sizeof full, route, ROUTE_1_1, "lyre_route");
	if (rc < 0)
		return rc;
	if (full.access == LYRE_ACCESS_UNDECLARED && self->descriptor->abi_minor < DISPATCH_ACCESS_MINOR)
		full.access = LYRE_ACCESS_USER;
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

int host_reply_text(lyre_call *call, const char *content_type, const char *text, size_t len)
{
	if (call->job)
		return err_set(&call->err, LYRE_EINTERNAL, "a job cannot answer a text: what it answers is kept as JSON");
	for (const char *p = content_type; *p; p++)
		if (*p < ' ' || *p > '~')
			return err_set(&call->err, LYRE_EINTERNAL, "module '%s' answers a content type that cannot stand in a header",
				call->operation->owner);
	const char *type = arena_strndup(call->arena, content_type, strlen(content_type));
	if (!type)
		return err_nomem(&call->err);
	buf_clear(call->out.buf);
	buf_add(call->out.buf, text, len);
	if (call->out.buf->failed)
		return err_nomem(&call->err);
	call->text_type = type;
	return 0;
}
