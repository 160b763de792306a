/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/chunks.h
 * \brief The framing of a chunked body, RFC 9112 section 7.1, checked byte by byte.
 *
 * Two parsers in a row that disagree on where a body ends can be made to disagree on where the next request begins
 * (request smuggling). So only one form is accepted: every line ends with CRLF, sizes are plain hexadecimal, extensions
 * and trailers are short text.
 */
#ifndef HTTP_CHUNKS_H
#define HTTP_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Extensions and trailers of one body together, in bytes. */
#define CHUNKS_EXTRA_MAX 4096

enum chunks_state {
	CHUNKS_SIZE,   /* first digit of a size */
	CHUNKS_DIGITS, /* further digits */
	CHUNKS_EXT,    /* an extension */
	CHUNKS_SIZE_LF,
	CHUNKS_DATA,
	CHUNKS_DATA_CR,
	CHUNKS_DATA_LF,
	CHUNKS_LINE, /* a trailer line, or the final empty one */
	CHUNKS_NAME,
	CHUNKS_VALUE,
	CHUNKS_VALUE_LF,
	CHUNKS_END_LF,
	CHUNKS_END,      /* the body is complete */
	CHUNKS_BAD,      /* it is not valid */
	CHUNKS_TOO_LARGE /* a size takes the body over the limit */
};

/** All zero at the beginning, except max. */
struct chunks {
	enum chunks_state state;
	unsigned digits; /* of the size being read */
	uint64_t size;   /* bytes of the current chunk still to come */
	uint64_t total;  /* sum of the sizes so far */
	uint64_t max;    /* limit of total */
	size_t extra;    /* bytes of extensions and trailers */
};

/** Continues. \return how many of the bytes belong to the body; fewer than \p len at its end or at an invalid byte */
size_t chunks_read(struct chunks *c, const char *s, size_t len);

#endif
