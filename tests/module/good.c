/* SPDX-License-Identifier: Apache-2.0 */
/** A correct module: the others deviate from it. */
#include <lyre/lyre.h>

static int good(lyre_call *call)
{
	lyre_out *o = lyre_reply(call);
	lyre_out_object_begin(o);
	lyre_out_key(o, "rounds");
	lyre_out_int(o, lyre_setting_int(lyre_call_module(call), "rounds"));
	lyre_out_key(o, "read_only_core_setting");
	lyre_out_bool(o, lyre_setting_bool(lyre_call_module(call), "/logging.auditLog"));
	lyre_out_object_end(o);
	return 0;
}

static const struct lyre_operation operations[] = {
	{ .name = "good", .handler = good, .access = LYRE_ACCESS_USER, .help = "Answer the setting." },
};

static const struct lyre_setting settings[] = {
	{ .key = "rounds", .type = LYRE_S_INT, .fallback = "3", .min = 1, .max = 9, .help = "A number." },
};

LYRE_MODULE(good, "1.9.0", "Nothing wrong with it", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations));
