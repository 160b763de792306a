/* SPDX-License-Identifier: Apache-2.0 */
/** Declares a setting twice. */
#include <lyre/lyre.h>

static const struct lyre_setting settings[] = {
	{ .key = "a.b", .type = LYRE_S_INT, .fallback = "1", .help = "A number." },
	{ .key = "a.c", .type = LYRE_S_INT, .fallback = "1", .help = "Another." },
	{ .key = "a.b", .type = LYRE_S_STRING, .fallback = "x", .help = "The first again." },
};

LYRE_MODULE(dup_setting, "1.0.0", "A setting declared twice", .settings = LYRE_LIST(settings));
