/* SPDX-License-Identifier: Apache-2.0 */
/** Needs a later version of a module than the available one: 1.10 is later than 1.9. */
#include <lyre/lyre.h>

LYRE_MODULE(newer_need, "1.0.0", "Needs a later version", .needs = "good>=1.10");
