/* SPDX-License-Identifier: Apache-2.0 */
/** Its descriptor claims to be larger than it is. */
#include <lyre/lyre.h>

const struct lyre_host *lyre_host;

LYRE_EXPORT extern const struct lyre_module lyre_module;
LYRE_EXPORT const struct lyre_module lyre_module = {
	.magic = LYRE_MODULE_MAGIC,
	.abi_major = LYRE_ABI_MAJOR,
	.abi_minor = LYRE_ABI_MINOR,
	.struct_size = 4096,
	.name = "bad_size",
	.version = "1.0.0",
	.summary = "Says a wrong size",
	.host = &lyre_host,
};
