/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_page.c
 * \brief The request of a route, and what its answer has beside a body: lyre/page.h.
 */
#include "host/host_internal.h"

#include "dispatch/page.h"

#include <string.h>
#include <strings.h>

/* ---- the request ---- */

static uint32_t host_page_method(lyre_call *call)
{
	return call->page ? call->page->method : 0;
}

static const char *host_page_rest(lyre_call *call)
{
	return call->page ? call->page->rest : "";
}

static const char *host_page_param(lyre_call *call, const char *name, size_t nth)
{
	const struct page_texts *t = call->page ? &call->page->params : NULL;
	for (size_t i = 0; t && i < t->count; i++)
		if (strcmp(t->list[i].name, name) == 0 && nth-- == 0)
			return t->list[i].value;
	return NULL;
}

static int each(const struct page_texts *t, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	int rc = 0;
	for (size_t i = 0; i < t->count && rc == 0; i++)
		rc = visit(arg, t->list[i].name, t->list[i].value);
	return rc;
}

static int host_page_params(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	return call->page ? each(&call->page->params, visit, arg) : 0;
}

static const char *host_page_header(lyre_call *call, const char *name)
{
	const struct page_texts *t = call->page ? &call->page->headers : NULL;
	for (size_t i = 0; t && i < t->count; i++)
		if (strcasecmp(t->list[i].name, name) == 0)
			return t->list[i].value;
	return NULL;
}

static int host_page_headers(lyre_call *call, int (*visit)(void *arg, const char *name, const char *value), void *arg)
{
	return call->page ? each(&call->page->headers, visit, arg) : 0;
}

static const char *host_page_body(lyre_call *call, size_t *len)
{
	if (len)
		*len = call->page ? call->page->body_len : 0;
	return call->page ? call->page->body : "";
}

/* ---- the answer ---- */

/** What the server sends by itself, and what must agree with it. */
static bool is_own_header(const char *name)
{
	static const char *const own[] = { "connection", "content-encoding", "content-length", "content-type", "date", "keep-alive",
		"server", "set-cookie", "trailer", "transfer-encoding", "upgrade" };
	static const char cors[] = "access-control-";
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcasecmp(own[i], name) == 0)
			return true;
	return strncasecmp(name, cors, sizeof cors - 1) == 0;
}

static bool is_printable(const char *s)
{
	while (*s >= ' ' && *s <= '~')
		s++;
	return !*s;
}

static int no_page(lyre_call *call)
{
	return err_set(&call->err, LYRE_EINTERNAL, "'%s' is not a route: its answer has no status or headers of its own",
		call->operation->name);
}

static int host_page_status(lyre_call *call, int status)
{
	if (!call->page)
		return no_page(call);
	if (status < 200 || status > 499)
		return err_set(&call->err, LYRE_EINTERNAL, "module '%s' answers with the status %d, which is not one of 200 to 499",
			call->operation->owner, status);
	call->page->status = status;
	return 0;
}

static int host_page_add_header(lyre_call *call, const char *name, const char *value)
{
	struct page *page = call->page;
	if (!page)
		return no_page(call);
	if (!host_token_valid(name) || is_own_header(name))
		return err_set(&call->err, LYRE_EINVAL, "a page cannot have the header '%.100s': %s", name ? name : "",
			name && is_own_header(name) ? "the server sends it itself" : "its name is not valid");
	if (!value || !is_printable(value))
		return err_set(&call->err, LYRE_EINVAL, "the value of the header '%s' is not printable ASCII", name);
	size_t bytes = page->answer_bytes + strlen(name) + strlen(value);
	if (page->answer.count == LYRE_PAGE_HEADERS_MAX || bytes > LYRE_PAGE_HEADER_BYTES_MAX)
		return err_set(&call->err, LYRE_EINVAL, "a page cannot have more than %d headers, of %d bytes together",
			LYRE_PAGE_HEADERS_MAX, LYRE_PAGE_HEADER_BYTES_MAX);
	struct arena *a = call_arena(call);
	const char *key = arena_strndup(a, name, strlen(name)), *text = arena_strndup(a, value, strlen(value));
	if (!key || !text || !page_texts_add(&page->answer, a, key, text))
		return err_nomem(&call->err);
	page->answer_bytes = bytes;
	return 0;
}

const struct lyre_page_api host_page_api = {
	.size = (uint32_t)sizeof(struct lyre_page_api),

	.page_method = host_page_method,
	.page_rest = host_page_rest,
	.page_param = host_page_param,
	.page_params = host_page_params,
	.page_header = host_page_header,
	.page_headers = host_page_headers,
	.page_body = host_page_body,

	.page_status = host_page_status,
	.page_add_header = host_page_add_header,
};
