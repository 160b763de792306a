/* SPDX-License-Identifier: Apache-2.0 */
/** Built for an ABI that did not ask who may call an operation, or see a page: every user may. */
#include <lyre/lyre.h>

#undef LYRE_ABI_MINOR
#define LYRE_ABI_MINOR 1

static int handler(lyre_call *call)
{
	return lyre_reply_message(call, "for every user");
}

static int page(lyre_call *call)
{
	static const char text[] = "for every user";
	return lyre_reply_text(call, "text/plain", text, sizeof text - 1);
}

static int start(lyre_instance *self)
{
	const struct lyre_route route = { .size = sizeof route, .path = "/old", .handler = page };
	return lyre_route_add(self, &route);
}

static const struct lyre_operation operations[] = {
	{ .name = "old", .handler = handler, .help = "Answer." },
};

LYRE_MODULE(old_minor, "1.0.0", "Built for an earlier minor", .operations = LYRE_LIST(operations), .start = start);
