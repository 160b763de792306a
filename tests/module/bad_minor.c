/* SPDX-License-Identifier: Apache-2.0 */
/** Built for an ABI minor that the server does not have yet. */
#include <lyre/lyre.h>

#undef LYRE_ABI_MINOR
#define LYRE_ABI_MINOR 999

LYRE_MODULE(bad_minor, "1.0.0", "Built for a later minor");
