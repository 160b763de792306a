/* SPDX-License-Identifier: Apache-2.0 */
/** Built for a server with its own ABI. */
#include <lyre/lyre.h>

LYRE_MODULE(fork, "1.0.0", "Built for a fork", .extra = "lute");
