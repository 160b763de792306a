/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file json_grammar.h
 * \brief What JSON is, said a second time and as plainly as can be; and how far json-c goes beyond it.
 */
#ifndef JSON_GRAMMAR_H
#define JSON_GRAMMAR_H

#include <stddef.h>

/** What stands in a text that we refuse, and json-c 0.16 accepts however strict it is told to be. */
enum json_laxness {
	LAX_QUOTES = 1,     /**< a name in single quotes */
	LAX_WORDS = 2,      /**< NaN, Infinity, -Infinity */
	LAX_DIGITS = 4,     /**< a number with more zeros before it than one, or with a bare point: -01, 01.5, 1., -.5 */
	LAX_RANGE = 8,      /**< a number beyond double, which is infinite there, or cut to 64 bits */
	LAX_CONTROL = 16,   /**< a control character in a string */
	LAX_SURROGATE = 32, /**< \ud800 without the other half, for which it puts U+FFFD */
	LAX_UTF8 = 64,      /**< bytes shaped like UTF-8 for what is none: too long a form, a surrogate, above U+10FFFF */
	LAX_DEPTH = 128,    /**< one level beyond JSON_DEPTH_MAX */
	NOT_JSON = 256      /**< anything else */
};

/** \return enum json_laxness, or-ed: 0 is JSON, within our limits. */
unsigned json_grammar(const char *text, size_t len);

#endif
