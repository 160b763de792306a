/* SPDX-License-Identifier: Apache-2.0 */
/** Fails to start, and says why. */
#include <lyre/lyre.h>

static int start(lyre_instance *self)
{
	return lyre_start_fail(self, LYRE_EINVAL, "the strings of %d are out of tune", 7);
}

static int handler(lyre_call *call)
{
	return lyre_reply_message(call, "never heard");
}

static const struct lyre_operation operations[] = {
	{ .name = "never_heard", .handler = handler, .access = LYRE_ACCESS_USER, .help = "Of a module that does not start." },
};

LYRE_MODULE(start_fails, "1.0.0", "Does not start", .start = start, .operations = LYRE_LIST(operations));
