/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/page.c
 * \brief The steps of a request to a module's route: it is copied, as the connection may end while its handler runs, and
 * its body is awaited up to the route's limit.
 */
#include "dispatch/page.h"

#include "base/text.h"
#include "dispatch/dispatch_internal.h"

#include <string.h>
#include <strings.h>

/** Headers with credentials: only the server and authenticators see them. */
static const char *const secrets[] = { "authorization", "cookie", "proxy-authorization" };

bool page_texts_add(struct page_texts *t, struct arena *a, const char *name, const char *value)
{
	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 16;
		struct page_text *list = ARENA_ARRAY(a, struct page_text, room);
		if (!list)
			return false;
		if (t->count)
			memcpy(list, t->list, t->count * sizeof *list);
		t->list = list;
		t->room = room;
	}
	t->list[t->count++] = (struct page_text){ name, value };
	return true;
}

/* ---- the request ---- */

struct reading {
	struct arena *arena;
	struct page *page;
	int rc;
};

static bool take_header(void *arg, const char *name, size_t name_len, const char *value, size_t len)
{
	struct reading *g = arg;
	size_t ignored;

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		if (strlen(secrets[i]) == name_len && !strncasecmp(secrets[i], name, name_len))
			return true;
	}
	const char *key = arena_strndup(g->arena, name, name_len);
	const char *text = from_latin1(g->arena, (const unsigned char *)value, len, &ignored);
	if (!key || !text || !page_texts_add(&g->page->headers, g->arena, key, text))
		g->rc = LYRE_ENOMEM;
	return !g->rc;
}

/** A part of the address, which must be UTF-8 text. \return NULL with \p rc set */
static const char *decoded(struct arena *a, const char *s, size_t len, bool plus, int *rc)
{
	char *text = arena_alloc(a, len + 1);

	*rc = LYRE_ENOMEM;
	if (!text)
		return NULL;
	size_t n = percent_decode(text, s, len, plus);
	text[n] = '\0';
	*rc = memchr(text, '\0', n) || utf8_valid_prefix(text, n) < n ? LYRE_EINVAL : 0;
	return *rc ? NULL : text;
}

static bool take_param(void *arg, const char *name, size_t name_len, const char *value, size_t len)
{
	struct reading *g = arg;

	const char *key = decoded(g->arena, name, name_len, true, &g->rc);
	const char *text = key ? decoded(g->arena, value, len, true, &g->rc) : NULL;
	if (text && !page_texts_add(&g->page->params, g->arena, key, text))
		g->rc = LYRE_ENOMEM;
	return !g->rc;
}

/** Whether a decoded path can be looked up somewhere without leaving that place. */
static bool is_inside(const char *path)
{
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	}
	for (const char *part = path;; part++) {
		size_t len = strcspn(part, "/");
		if (len && len <= 2 && !strncmp(part, "..", len))
			return false;
		part += len;
		if (!*part)
			return true;
	}
}

static int read_rest(struct page *page, struct arena *a, const char *rest)
{
	int rc;

	page->rest = decoded(a, rest, strlen(rest), false, &rc);
	return rc ? rc : is_inside(page->rest) ? 0 : LYRE_EINVAL;
}

enum flow page_begin(struct run *r)
{
	struct exchange *x = r->x;
	struct arena *a = &x->arena;
	struct page *page = ARENA_NEW(a, struct page);
	struct reading g = { .arena = a, .page = page };

	if (!page)
		return out_of_memory(r);
	*page = (struct page){ .method = route_method(x->method), .body = "", .status = 200 };
	x->each_header(x, take_header, &g);
	if (!g.rc)
		x->each_param(x, take_param, &g);
	if (g.rc == LYRE_EINVAL)
		return refuse(r, status_of(g.rc), "The query string is not UTF-8 text");
	if (!g.rc)
		g.rc = read_rest(page, a, r->x->path + strlen(r->call.operation->name));
	if (g.rc == LYRE_EINVAL)
		return refuse(r, status_of(g.rc), "The path is not valid");
	if (g.rc)
		return out_of_memory(r);
	r->call.page = page;
	return FLOW_NEXT;
}

/* ---- its body ---- */

static bool has_body(const struct exchange *x)
{
	return x->method != METHOD_GET && x->method != METHOD_HEAD;
}

static enum flow refuse_size(struct run *r)
{
	return refuse(r, status_of(LYRE_ETOOBIG), "Request body is too large");
}

enum flow page_await_body(struct run *r)
{
	struct exchange *x = r->x;
	const struct lyre_route *route = r->call.operation->route;

	if (!has_body(x))
		return FLOW_NEXT;
	uint64_t most = route->body_max;
	if (!most)
		most = route->access == LYRE_ACCESS_OPEN ? DISPATCH_OPEN_BODY : UINT64_MAX;
	if (x->body_max > most)
		x->body_max = most;
	if (x->body.len > x->body_max || (x->body_later && x->body_size != UINT64_MAX && x->body_size > x->body_max))
		return refuse_size(r);
	return x->body_later ? FLOW_BODY : FLOW_NEXT;
}

enum flow page_take_body(struct run *r)
{
	struct exchange *x = r->x;

	if (has_body(x) && x->body.len) {
		r->call.page->body = x->body.data;
		r->call.page->body_len = x->body.len;
	}
	return FLOW_NEXT;
}
