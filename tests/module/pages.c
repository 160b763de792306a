/* SPDX-License-Identifier: Apache-2.0 */
/** Adds pages and metrics: the path of the first page and the name of a metric are settings, so that they can be taken or invalid. */
#include <lyre/lyre.h>

#include <string.h>

static int text(lyre_call *call)
{
	static const char t[] = "A text, \xc3\xa4";
	return lyre_reply_text(call, "text/plain; charset=utf-8", t, sizeof t - 1);
}

static int json(lyre_call *call)
{
	const char *user = lyre_call_user(call);
	lyre_out *o = lyre_reply(call);
	lyre_out_object_begin(o);
	lyre_out_key(o, "user");
	lyre_out_string(o, user, strlen(user));
	lyre_out_object_end(o);
	return 0;
}

static int fails(lyre_call *call)
{
	lyre_reply_text(call, "text/plain", "thrown away", 11);
	return lyre_fail(call, LYRE_ECONFLICT, "this page fails");
}

static void report(lyre_instance *self, void (*take)(void *arg, const char *label_value, double value), void *arg)
{
	(void)self;
	take(arg, "even", 2);
	take(arg, "odd \"1\"", 0.5);
}

static int add_metrics(lyre_instance *self)
{
	const struct lyre_metric_source sources[] = {
		{ .size = sizeof *sources,
			.type = LYRE_GAUGE,
			.name = lyre_setting_string(self, "metric"),
			.help = "Pages.",
			.label = "page",
			.report = report },
		{ .size = sizeof *sources,
			.type = LYRE_COUNTER,
			.name = "pages_read_total",
			.help = "Pages read.",
			.label = "page",
			.report = report },
	};
	int rc = lyre_metric_add(self, &sources[0]);
	return rc ? rc : lyre_metric_add(self, &sources[1]);
}

static int start(lyre_instance *self)
{
	const struct lyre_route routes[] = {
		{ .size = sizeof *routes,
			.access = (uint32_t)lyre_setting_int(self, "access"),
			.path = lyre_setting_string(self, "first"),
			.handler = text },
		{ .size = sizeof *routes,
			.access = LYRE_ACCESS_USER,
			.path = "/pages/json",
			.handler = json,
			.run = LYRE_RUN_POOL },
		{ .size = sizeof *routes, .access = LYRE_ACCESS_OPEN, .path = "/pages/fails", .handler = fails },
	};
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		int rc = lyre_route_add(self, &routes[i]);
		if (rc)
			return rc;
	}
	int rc = add_metrics(self);
	if (rc)
		return rc;
	return lyre_setting_bool(self, "fail") ? lyre_start_fail(self, LYRE_EINVAL, "told to fail") : 0;
}

static const struct lyre_setting settings[] = {
	{ .key = "first", .type = LYRE_S_STRING, .fallback = "/pages/text", .help = "Path of the first page." },
	{ .key = "access", .type = LYRE_S_INT, .fallback = "2", .min = 0, .max = 9, .help = "Who may see it, as a number." },
	{ .key = "metric", .type = LYRE_S_STRING, .fallback = "pages", .help = "Name of the first metric." },
	{ .key = "fail", .type = LYRE_S_BOOL, .fallback = "false", .help = "Do not start, with the pages added." },
};

LYRE_MODULE(pages, "1.0.0", "Pages of a module", .settings = LYRE_LIST(settings), .start = start);
