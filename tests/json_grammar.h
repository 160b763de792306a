/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file json_grammar.h
 * \brief The grammar of JSON, implemented a second time as plainly as possible; and what json-c accepts beyond it.
 */
#ifndef JSON_GRAMMAR_H
#define JSON_GRAMMAR_H

#include <stddef.h>

/** What a text contains that we refuse, and json-c 0.16 accepts even in its strictest mode. */
enum json_laxness {
	LAX_QUOTES = 1,     /**< a name in single quotes */
	LAX_WORDS = 2,      /**< NaN, Infinity, -Infinity */
	LAX_DIGITS = 4,     /**< a number with more than one leading zero, or with a bare point: -01, 01.5, 1., -.5 */
	LAX_RANGE = 8,      /**< a number beyond double, which becomes infinite there, or is limited to 64 bits */
	LAX_CONTROL = 16,   /**< a control character in a string */
	LAX_SURROGATE = 32, /**< \ud800 without the other half, replaced by U+FFFD */
	LAX_UTF8 = 64,      /**< invalid UTF-8 in its form: overlong, a surrogate, above U+10FFFF */
	LAX_DEPTH = 128,    /**< one level beyond JSON_DEPTH_MAX */
	NOT_JSON = 256      /**< anything else */
};

/** \return enum json_laxness, or-ed: 0 means JSON within our limits. */
unsigned json_grammar(const char *text, size_t len);

#endif
