/* SPDX-License-Identifier: Apache-2.0 */
/** Needs a module that does not exist. */
#include <lyre/lyre.h>

LYRE_MODULE(missing_need, "1.0.0", "Needs what is not there", .needs = "nowhere");
