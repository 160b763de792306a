/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/decode.h
 * \brief Turns request bodies of any format into values.
 *
 * Clients may send anything: all memory is charged through the arena and proportional to the body. JSON's limits apply to
 * all formats (base/json.h), and values that JSON cannot express are refused.
 */
#ifndef ENCODE_DECODE_H
#define ENCODE_DECODE_H

#include "base/err.h"
#include "base/value.h"

struct decoder {
	/**
	 * Decodes one value, which must be the whole body. Strings are decoded in place, so \p body changes and must live
	 * as long as the values; it has one spare byte after \p len. With \p outer, what is inside the outermost object,
	 * or an outermost array, is only checked and left as VALUE_UNREAD.
	 * \return 0; LYRE_EINVAL, LYRE_ETOOBIG or LYRE_ENOMEM, with a message
	 */
	int (*decode)(struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e);
	/** Decodes a value left as VALUE_UNREAD; others are unchanged. \return 0, LYRE_ENOMEM */
	int (*rest)(struct arena *a, lyre_value *v, struct err *e);
};

extern const struct decoder decode_json, decode_cbor, decode_msgpack;

#endif
