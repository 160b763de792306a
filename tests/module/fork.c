/* SPDX-License-Identifier: Apache-2.0 */
/** Built for a server with an ABI of its own. */
#include <lyre/lyre.h>

LYRE_MODULE(fork, "1.0.0", "Built for a fork", .extra = "lute");
