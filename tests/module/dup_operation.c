/* SPDX-License-Identifier: Apache-2.0 */
/** Declares an operation that the module good declares too. */
#include <lyre/lyre.h>

static int handler(lyre_call *call)
{
	return lyre_reply_message(call, "not the good one");
}

static const struct lyre_operation operations[] = {
	{ .name = "good_too", .handler = handler, .access = LYRE_ACCESS_USER, .aliases = "good", .help = "Taken." },
};

LYRE_MODULE(dup_operation, "1.0.0", "An operation that is taken", .operations = LYRE_LIST(operations));
