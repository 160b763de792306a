/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file encode/decode.h
 * \brief Bodies of requests to values, whatever format they come in.
 *
 * Clients may send what they like: nothing is taken from the heap but what the arena is charged, and no more than in
 * proportion to the body; JSON's limits hold for all formats (base/json.h), and what JSON cannot say is refused.
 */
#ifndef ENCODE_DECODE_H
#define ENCODE_DECODE_H

#include "base/err.h"
#include "base/value.h"

struct decoder {
	/**
	 * Decodes one value, which is all there is. Texts are made ready in place, so \p body changes and has to live as long as
	 * the values; it has one spare byte behind \p len. With \p outer what is within the outermost object, or an outermost
	 * array, is checked only and left as VALUE_UNREAD.
	 * \return 0; LYRE_EINVAL, LYRE_ETOOBIG or LYRE_ENOMEM, with the sentence
	 */
	int (*decode)(struct arena *a, char *body, size_t len, bool outer, lyre_value *ret, struct err *e);
	/** Decodes a value left as VALUE_UNREAD; others are unchanged. \return 0, LYRE_ENOMEM */
	int (*rest)(struct arena *a, lyre_value *v, struct err *e);
};

extern const struct decoder decode_json, decode_cbor, decode_msgpack;

#endif
