/* SPDX-License-Identifier: Apache-2.0 */
/** An inline operation that blocks its thread. */
#include <lyre/lyre.h>
#include <time.h>

static int hang(lyre_call *call)
{
	int64_t ms = lyre_value_int(lyre_arg(call, "ms"));
	const struct timespec t = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000) };

	do
		nanosleep(&t, NULL);
	while (lyre_arg(call, "for_ever"));
	return lyre_reply_message(call, "that was long");
}

static const struct lyre_param params[] = {
	{ .name = "ms", .types = LYRE_T_NUMBER, .fallback = "1000", .help = "How long." },
	{ .name = "for_ever", .types = LYRE_T_BOOLEAN, .help = "Again and again." },
};

static const struct lyre_operation operations[] = {
	{ .name = "hang", .handler = hang, .access = LYRE_ACCESS_USER, .params = LYRE_LIST(params), .help = "Hang." },
};

LYRE_MODULE(hang, "1.0", "Threads that hang, for tests", .operations = LYRE_LIST(operations));
