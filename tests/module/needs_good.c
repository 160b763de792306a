/* SPDX-License-Identifier: Apache-2.0 */
/** Needs the module good, and starts after it. */
#include <lyre/lyre.h>

static int start(lyre_instance *self)
{
	lyre_log(self, LYRE_WARN, "started, after good");
	return 0;
}

LYRE_MODULE(needs_good, "1.0.0", "Needs another module", .needs = "good>=1.9", .start = start);
