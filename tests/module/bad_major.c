/* SPDX-License-Identifier: Apache-2.0 */
/** Built for the next ABI major. It aborts the process if it is mapped. */
#include <lyre/lyre.h>

#include <stdlib.h>

#undef LYRE_ABI_MAJOR
#define LYRE_ABI_MAJOR 2

__attribute__((constructor)) static void never(void)
{
	abort();
}

LYRE_MODULE(bad_major, "3.1", "Built for the next ABI");
