/* SPDX-License-Identifier: Apache-2.0 */
/** Its file is named otherwise than itself. */
#include <lyre/lyre.h>

LYRE_MODULE(another_name, "1.0.0", "Named otherwise than its file");
