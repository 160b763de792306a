/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file route.c
 * \brief A request to a module's route: "POST /route/rest?name=value", lines of headers, an empty line, the body. Its handler sees
 * valid text, a path that leads nowhere else, no credentials, and the body as it was sent.
 */
#include "fuzz.h"

#include "base/text.h"
#include "dispatch/dispatch_internal.h"
#include "dispatch/page.h"

#include <strings.h>

#define TEXTS 32

/** Pieces of the input. */
struct texts {
	size_t count;
	struct {
		const char *name, *value;
		size_t name_len, len;
	} of[TEXTS];
};

static struct texts headers, params;
static const char *sent;
static size_t sent_len;

static void each(const struct texts *t, take_text take, void *arg)
{
	for (size_t i = 0; i < t->count; i++)
		if (!take(arg, t->of[i].name, t->of[i].name_len, t->of[i].value, t->of[i].len))
			return;
}

static void each_header(const struct exchange *x, take_text take, void *arg)
{
	(void)x;
	each(&headers, take, arg);
}

static void each_param(const struct exchange *x, take_text take, void *arg)
{
	(void)x;
	each(&params, take, arg);
}

/** \param between  what is between name and value */
static void add(struct texts *t, const char *piece, size_t len, char between)
{
	if (t->count == TEXTS)
		return;
	const char *at = memchr(piece, between, len);
	size_t name = at ? (size_t)(at - piece) : len, skip = at ? name + 1 : len;
	while (between == ':' && skip < len && piece[skip] == ' ')
		skip++;
	t->of[t->count].name = piece;
	t->of[t->count].name_len = name;
	t->of[t->count].value = piece + skip;
	t->of[t->count++].len = len - skip;
}

/* ---- the handler ---- */

static bool is_text(const char *s)
{
	return utf8_valid_prefix(s, strlen(s)) == strlen(s);
}

static void check_rest(const char *rest)
{
	must(is_text(rest));
	for (const char *p = rest; *p; p++)
		must((unsigned char)*p >= ' ' && *p != 0x7f);
	for (const char *part = rest;; part++) {
		size_t len = strcspn(part, "/");
		must(!(len == 1 && part[0] == '.') && !(len == 2 && part[0] == '.' && part[1] == '.'));
		part += len;
		if (!*part)
			break;
	}
}

static int handler(lyre_call *call)
{
	const struct page *page = call->page;
	check_rest(page->rest);
	for (size_t i = 0; i < page->headers.count; i++) {
		const struct page_text *h = &page->headers.list[i];
		must(strcasecmp(h->name, "Authorization") && strcasecmp(h->name, "Cookie") && is_text(h->value));
	}
	for (size_t i = 0; i < page->params.count; i++)
		must(is_text(page->params.list[i].name) && is_text(page->params.list[i].value));
	if (page->method == LYRE_METHOD_POST)
		must(page->body_len == sent_len && !memcmp(page->body, sent, sent_len));
	must(!page->body[page->body_len]);
	out_object_begin(&call->out);
	out_key(&call->out, "rest");
	out_string(&call->out, page->rest, strlen(page->rest));
	out_object_end(&call->out);
	return 0;
}

/* ---- the request ---- */

static struct dispatch *dispatch;

static void open_dispatch(void)
{
	const struct lyre_route route = { .size = sizeof route,
		.access = LYRE_ACCESS_OPEN,
		.path = "/route/",
		.handler = handler,
		.methods = LYRE_METHOD_GET | LYRE_METHOD_POST,
		.flags = LYRE_ROUTE_PREFIX };
	struct dispatch_services services = { 0 };
	struct err e;
	must(dispatch_open(&dispatch, &services, &e) == 0);
	must(dispatch_add_route(dispatch, "fuzz", NULL, &route, &e) == 0);
}

/** Splits a line off; without its end. */
static size_t line_of(const char **at, const char *end, const char **line)
{
	size_t left = (size_t)(end - *at);
	const char *stop = left ? memchr(*at, '\n', left) : NULL;
	*line = *at;
	*at = stop ? stop + 1 : end;
	return stop ? (size_t)(stop - *line) : left;
}

/** \return the path */
static char *read_head(const char **at, const char *end, struct exchange *x)
{
	const char *line;
	size_t len = line_of(at, end, &line);
	x->method = len > 4 && !memcmp(line, "GET ", 4) ? METHOD_GET : METHOD_POST;
	size_t skip = len ? (size_t)strcspn(line, " \n") + 1 : 0;
	skip = skip < len ? skip : len;
	const char *target = line + skip, *mark = memchr(target, '?', len - skip);
	size_t path = mark ? (size_t)(mark - target) : len - skip;
	for (const char *p = mark ? mark + 1 : line + len; p < line + len;) {
		const char *stop = memchr(p, '&', (size_t)(line + len - p));
		size_t n = stop ? (size_t)(stop - p) : (size_t)(line + len - p);
		add(&params, p, n, '=');
		p += n + 1;
	}
	while ((len = line_of(at, end, &line)))
		add(&headers, line, len, ':');
	return fuzz_copy(target, path, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange x = {
		.trusted = true, .peer = "fuzz", .body_max = UINT64_MAX, .each_header = each_header, .each_param = each_param
	};
	char *input = fuzz_copy(data, size, 1);
	const char *at = input;
	if (!dispatch)
		open_dispatch();
	headers.count = params.count = 0;
	arena_init(&x.arena);
	buf_init(&x.body);
	buf_init(&x.out);
	char *path = read_head(&at, input + size, &x);
	x.path = path;
	sent = at;
	sent_len = (size_t)(input + size - at);
	x.body.data = fuzz_copy(sent, sent_len, 1);
	x.body.len = sent_len;
	x.body.cap = sent_len + 1;
	must(dispatch_begin(dispatch, &x) == DISPATCH_DONE);
	must(x.status == 200 || (x.status >= 400 && x.status < 500));
	lyre_value answer;
	struct err e;
	if (x.status == 200 && !strncmp(path, "/route/", 7))
		must(json_decode_copy(&x.arena, x.out.data, x.out.len, &answer, &e) == 0 && answer.type == LYRE_OBJECT);
	dispatch_end(&x);
	buf_free(&x.out);
	buf_free(&x.body);
	arena_free(&x.arena);
	free(path);
	free(input);
	return 0;
}
