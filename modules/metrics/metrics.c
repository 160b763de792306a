/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file metrics/metrics.c
 * \brief GET /metrics: the metrics of the server in the text format of Prometheus.
 */
#include "metrics.h"

#include <stdlib.h>

#define CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

static int metrics_route(lyre_call *call)
{
	char *text = NULL;
	size_t len = 0;
	struct exposition x = { .out = open_memstream(&text, &len) };
	if (!x.out)
		return lyre_fail_no_memory(call);
	lyre_server_rights_begin(call); /* the route's access has decided who may read them */
	int rc = lyre_metrics(call, metrics_write, &x);
	lyre_server_rights_end(call);
	int failed = ferror(x.out);
	failed = fclose(x.out) || failed;
	if (rc == 0)
		rc = failed ? lyre_fail_no_memory(call) : lyre_reply_text(call, CONTENT_TYPE, text, len);
	free(text);
	return rc;
}

static const struct lyre_setting settings[] = {
	{ .key = "open",
		.type = LYRE_S_BOOL,
		.fallback = "false",
		.help = "Whether the metrics can be read without a password; otherwise they are for super users only." },
	{ .key = "route",
		.type = LYRE_S_STRING,
		.fallback = "/metrics",
		.help = "Path of the metrics, on the operations API's port." },
};

static int start(lyre_instance *self)
{
	const struct lyre_route route = {
		.size = sizeof route,
		.access = lyre_setting_bool(self, "open") ? LYRE_ACCESS_OPEN : LYRE_ACCESS_SUPER_USER,
		.path = lyre_setting_string(self, "route"),
		.handler = metrics_route,
		.run = LYRE_RUN_POOL, /* database metrics are read from files */
	};
	return lyre_route_add(self, &route);
}

LYRE_MODULE(metrics, "1.0.0", "Metrics of the server for Prometheus", .settings = LYRE_LIST(settings), .start = start);
