/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file msgpack.c
 * \brief MessagePack bodies; see binary.h.
 */
#include "binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_binary(&encode_msgpack, &decode_msgpack, data, size);
	return 0;
}
