/* SPDX-License-Identifier: Apache-2.0 */
/** The right symbol, but without the magic of a module. */
#include <lyre/lyre.h>

#undef LYRE_MODULE_MAGIC
#define LYRE_MODULE_MAGIC "FIDDLE1"

LYRE_MODULE(bad_magic, "1.0.0", "Not marked as a module");
