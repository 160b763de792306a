/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file cbor.c
 * \brief CBOR bodies; see binary.h.
 */
#include "binary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_binary(&encode_cbor, &decode_cbor, data, size);
	return 0;
}
