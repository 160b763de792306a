/* SPDX-License-Identifier: Apache-2.0 */
/** Does not declare who may call its operation. */
#include <lyre/lyre.h>

static int handler(lyre_call *call)
{
	return lyre_reply_message(call, "for whom?");
}

static const struct lyre_operation operations[] = {
	{ .name = "for_whom", .handler = handler, .help = "Nobody knows." },
};

LYRE_MODULE(undeclared, "1.0.0", "An operation without an access", .operations = LYRE_LIST(operations));
