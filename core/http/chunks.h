/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/chunks.h
 * \brief The framing of a chunked body, RFC 9112 section 7.1, to the byte.
 *
 * Two parsers in a row that disagree on where a body ends can be made to disagree on where the next request begins
 * (request smuggling). So there is one way to write a body: every line ends with CRLF, sizes are plain hexadecimal,
 * extensions and trailers are short text.
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
	CHUNKS_DIGITS, /* further ones */
	CHUNKS_EXT,    /* an extension */
	CHUNKS_SIZE_LF,
	CHUNKS_DATA,
	CHUNKS_DATA_CR,
	CHUNKS_DATA_LF,
	CHUNKS_LINE, /* a trailer line, or the empty one */
	CHUNKS_NAME,
	CHUNKS_VALUE,
	CHUNKS_VALUE_LF,
	CHUNKS_END_LF,
	CHUNKS_END,      /* the body is whole */
	CHUNKS_BAD,      /* it is not valid */
	CHUNKS_TOO_LARGE /* a size takes the body over the limit */
};

/** All zero but for max at the beginning. */
struct chunks {
	enum chunks_state state;
	unsigned digits; /* of the size that is being read */
	uint64_t size;   /* of the chunk: what is still to come of it */
	uint64_t total;  /* of all sizes so far */
	uint64_t max;    /* limit of total */
	size_t extra;    /* bytes of extensions and trailers */
};

/** Reads on. \return how many of the bytes belong to the body; fewer than \p len at its end, or at what is not valid */
size_t chunks_read(struct chunks *c, const char *s, size_t len);

#endif
