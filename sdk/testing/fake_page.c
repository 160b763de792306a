/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fake_page.c
 * \brief lyre/page.h: requests of routes.
 */
#include "fake_internal.h"

#include <ctype.h>
#include <stdlib.h>

/* Headers that the next request sends. */
static struct fake_texts next_headers;

static void add_text(struct fake_texts *t, const char *name, const char *value)
{
	if (t->count == FAKE_TEXTS)
		fake_die("more than %d headers or parameters", FAKE_TEXTS);
	t->names[t->count] = name;
	t->values[t->count++] = value;
}

static int same_name(const char *a, const char *b)
{
	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b))
		a++, b++;
	return *a == *b;
}

static const char *find_header(const struct fake_texts *t, const char *name)
{
	for (size_t i = 0; i < t->count; i++)
		if (same_name(t->names[i], name))
			return t->values[i];
	return NULL;
}

void lyre_fake_header(const char *name, const char *value)
{
	add_text(&next_headers, fake_copy(&fake.memory, name, strlen(name)), fake_copy(&fake.memory, value, strlen(value)));
}

/** A part of the query string, decoded. */
static const char *decoded(lyre_call *call, const char *s, size_t len)
{
	char *out = fake_copy(&call->memory, s, len), *to = out;

	for (size_t i = 0; i < len; i++) {
		char digits[3] = "", *end = digits;
		long c = 0;
		if (s[i] == '%' && len - i > 2) {
			memcpy(digits, s + i + 1, 2);
			c = strtol(digits, &end, 16);
		}
		if (end == digits + 2)
			i += 2;
		*to++ = end == digits + 2 ? (char)c : s[i] == '+' ? ' ' : s[i];
	}
	*to = '\0';
	return out;
}

static void read_query(lyre_call *call, const char *query)
{
	while (*query) {
		size_t len = strcspn(query, "&"), name = strcspn(query, "&=");
		if (len > 0)
			add_text(&call->params, decoded(call, query, name),
				decoded(call, query + name + (name < len), len - name - (name < len)));
		query += len + (query[len] == '&');
	}
}

int fake_page_begin(lyre_call *call, uint32_t method, const char *target, const char *body)
{
	size_t path = strcspn(target, "?");
	const struct lyre_route *best = NULL;

	call->method = method;
	call->status = 200;
	call->page_body = body ? body : "";
	call->headers = next_headers;
	memset(&next_headers, 0, sizeof next_headers);
	if (target[path])
		read_query(call, target + path + 1);
	for (size_t i = 0; i < fake.route_count; i++) {
		const struct lyre_route *r = &fake.routes[i];
		size_t len = strlen(r->path);
		if (r->flags & LYRE_ROUTE_PREFIX ? len > path : len != path)
			continue;
		if (memcmp(r->path, target, len) == 0 && (r->methods ? r->methods : (uint32_t)LYRE_METHOD_GET) & method &&
			(!best || len > strlen(best->path)))
			best = r;
	}
	if (!best)
		fake_die("the module has no route for this method of '%s'", target);
	call->rest = fake_copy(&call->memory, target + strlen(best->path), path - strlen(best->path));
	return fake_run(call, best->handler, best->run);
}

static uint32_t page_method(lyre_call *call)
{
	return call->method;
}

static const char *page_rest(lyre_call *call)
{
	return call->rest ? call->rest : "";
}

static const char *page_param(lyre_call *call, const char *name, size_t nth)
{
	for (size_t i = 0; i < call->params.count; i++)
		if (strcmp(call->params.names[i], name) == 0 && nth-- == 0)
			return call->params.values[i];
	return NULL;
}

static int each(const struct fake_texts *t, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < t->count; i++)
		rc = visit(arg, t->names[i], t->values[i]);
	return rc;
}

static int page_params(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	return each(&call->params, visit, arg);
}

static const char *page_header(lyre_call *call, const char *name)
{
	return find_header(&call->headers, name);
}

static int page_headers(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	return each(&call->headers, visit, arg);
}

static const char *page_body(lyre_call *call, size_t *len)
{
	const char *body = call->page_body ? call->page_body : "";
	if (len)
		*len = strlen(body);
	return body;
}

static int page_status(lyre_call *call, int status)
{
	if (!call->method || status < 200 || status > 499)
		return fake_fail(call, LYRE_EINTERNAL, "lyre_page_status(): not a route, or %d is not one of 200 to 499", status);
	call->status = status;
	return 0;
}

static int page_add_header(lyre_call *call, const char *name, const char *value)
{
	if (!call->method)
		return fake_fail(call, LYRE_EINTERNAL, "lyre_page_add_header(): not a route");
	add_text(&call->answer_headers, fake_copy(&call->memory, name, strlen(name)),
		fake_copy(&call->memory, value, strlen(value)));
	return 0;
}

const char *fake_answer_header(const lyre_call *call, const char *name)
{
	return find_header(&call->answer_headers, name);
}

const struct lyre_page_api fake_page_api = {
	.size = sizeof fake_page_api,
	.page_method = page_method,
	.page_rest = page_rest,
	.page_param = page_param,
	.page_params = page_params,
	.page_header = page_header,
	.page_headers = page_headers,
	.page_body = page_body,
	.page_status = page_status,
	.page_add_header = page_add_header,
};
