/* SPDX-License-Identifier: Apache-2.0 */
/** Routes that show what they were sent, and answer as they are told. */
#include <lyre/lyre.h>

#include <stdlib.h>
#include <string.h>

static int show(void *arg, const char *name, const char *value)
{
	lyre_out *o = (lyre_out *)arg;
	lyre_out_array_begin(o);
	lyre_out_string(o, name, strlen(name));
	lyre_out_string(o, value, strlen(value));
	lyre_out_array_end(o);
	return strcmp(name, "stop") == 0;
}

/** Everything that was sent; the bytes of the body as their number and their sum. */
static int echo(lyre_call *call)
{
	size_t len;
	const char *body = lyre_page_body(call, &len), *second = lyre_page_param(call, "a", 1),
		   *signature = lyre_page_header(call, "x-signature"), *secret = lyre_page_header(call, "Authorization");
	lyre_out *o = lyre_reply(call);
	unsigned long sum = 0;
	for (size_t i = 0; i < len; i++)
		sum += (unsigned char)body[i];
	lyre_out_object_begin(o);
	lyre_out_key(o, "method");
	lyre_out_int(o, lyre_page_method(call));
	lyre_out_text(o, "rest", lyre_page_rest(call));
	lyre_out_text(o, "user", lyre_call_user(call));
	lyre_out_text(o, "second", second ? second : "none");
	lyre_out_text(o, "signature", signature ? signature : "none");
	lyre_out_text(o, "secret", secret ? secret : "none");
	lyre_out_key(o, "params");
	lyre_out_array_begin(o);
	lyre_page_params(call, show, o);
	lyre_out_array_end(o);
	lyre_out_key(o, "headers");
	lyre_out_array_begin(o);
	lyre_page_headers(call, show, o);
	lyre_out_array_end(o);
	lyre_out_key(o, "bytes");
	lyre_out_int(o, (int64_t)len);
	lyre_out_key(o, "sum");
	lyre_out_int(o, (int64_t)sum);
	lyre_out_key(o, "ended");
	lyre_out_bool(o, body[len] == '\0');
	lyre_out_object_end(o);
	return 0;
}

/** ?status=, and headers as the other parameters. */
struct adding {
	lyre_call *call;
	int rc;
};

static int add(void *arg, const char *name, const char *value)
{
	struct adding *a = (struct adding *)arg;
	if (strcmp(name, "status") == 0)
		a->rc = lyre_page_status(a->call, atoi(value));
	else if (strcmp(name, "fail") == 0)
		a->rc = lyre_fail(a->call, LYRE_ECONFLICT, "told to");
	else
		a->rc = lyre_page_add_header(a->call, name, value);
	return a->rc;
}

static int answer(lyre_call *call)
{
	struct adding a = { call, 0 };
	lyre_page_params(call, add, &a);
	if (a.rc || lyre_page_param(call, "ETag", 0))
		return a.rc;
	return lyre_reply_text(call, "text/plain", "done", 4);
}

/** In an operation there is no page. */
static int no_page(lyre_call *call)
{
	if (lyre_page_method(call) || *lyre_page_rest(call) || *lyre_page_body(call, NULL) || lyre_page_param(call, "a", 0) ||
		lyre_page_header(call, "Host") || lyre_page_params(call, show, NULL) || lyre_page_headers(call, show, NULL))
		return lyre_fail(call, LYRE_ECONFLICT, "there is a page");
	if (lyre_page_add_header(call, "a", "b") != LYRE_EINTERNAL)
		return lyre_fail(call, LYRE_ECONFLICT, "there is an answer of a page");
	return lyre_page_status(call, 200);
}

static int start(lyre_instance *self)
{
	const uint32_t all = LYRE_METHOD_GET | LYRE_METHOD_POST | LYRE_METHOD_PUT | LYRE_METHOD_PATCH | LYRE_METHOD_DELETE;
	const struct lyre_route routes[] = {
		{ .size = sizeof *routes, .access = LYRE_ACCESS_OPEN, .path = "/hooks/echo", .handler = echo, .methods = all },
		{ .size = sizeof *routes,
			.access = LYRE_ACCESS_USER,
			.path = "/hooks/in/",
			.handler = echo,
			.run = LYRE_RUN_LONG,
			.methods = LYRE_METHOD_POST,
			.flags = LYRE_ROUTE_PREFIX,
			.body_max = (uint64_t)lyre_setting_int(self, "most") },
		{ .size = sizeof *routes,
			.access = LYRE_ACCESS_SUPER_USER,
			.path = "/hooks/in/any",
			.handler = echo,
			.run = LYRE_RUN_POOL,
			.methods = LYRE_METHOD_PUT },
		{ .size = sizeof *routes, .access = LYRE_ACCESS_OPEN, .path = "/hooks/answer", .handler = answer },
		{ .size = sizeof *routes,
			.access = LYRE_ACCESS_OPEN,
			.path = lyre_setting_string(self, "last"),
			.handler = answer,
			.methods = (uint32_t)lyre_setting_int(self, "methods"),
			.flags = (uint32_t)lyre_setting_int(self, "flags") },
	};
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		int rc = lyre_route_add(self, &routes[i]);
		if (rc)
			return rc;
	}
	return 0;
}

static const struct lyre_setting settings[] = {
	{ .key = "most", .type = LYRE_S_INT, .fallback = "500000", .min = 0, .max = 1e9, .help = "Bytes of a body." },
	{ .key = "last", .type = LYRE_S_STRING, .fallback = "/hooks/answer", .help = "Path of the last route." },
	{ .key = "methods", .type = LYRE_S_INT, .fallback = "2", .min = 0, .max = 1e6, .help = "Its methods." },
	{ .key = "flags", .type = LYRE_S_INT, .fallback = "0", .min = 0, .max = 1e6, .help = "Its flags." },
};

static const struct lyre_operation operations[] = {
	{ .name = "no_page", .handler = no_page, .access = LYRE_ACCESS_USER, .help = "Not a page." },
};

LYRE_MODULE(hooks, "1.0.0", "Routes that take bodies", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations),
	.start = start);
