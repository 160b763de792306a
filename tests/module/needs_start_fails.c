/* SPDX-License-Identifier: Apache-2.0 */
/** Needs the module that does not start. */
#include <lyre/lyre.h>

LYRE_MODULE(needs_start_fails, "1.0.0", "Needs one that does not start", .needs = "start_fails");
