/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/decode_json.c
 * \brief Bodies in JSON; see base/json.h.
 */
#include "base/json.h"
#include "encode/decode.h"

static int decode(struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e)
{
	return (outer ? json_decode_outer : json_decode)(a, body, len, ret, e);
}

const struct decoder decode_json = { .decode = decode, .rest = json_decode_rest };
