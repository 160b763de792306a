/* SPDX-License-Identifier: Apache-2.0 */
/** Its file name differs from the module's name. */
#include <lyre/lyre.h>

LYRE_MODULE(another_name, "1.0.0", "Named otherwise than its file");
