/* SPDX-License-Identifier: Apache-2.0 */
/** Needs cycle_a, which needs this. */
#include <lyre/lyre.h>

LYRE_MODULE(cycle_b, "1.0.0", "Half of a circle", .needs = "cycle_a");
