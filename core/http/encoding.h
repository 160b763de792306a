/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/encoding.h
 * \brief Bodies that a client sends compressed (Content-Encoding): gzip and deflate, where the build has zlib.
 */
#ifndef HTTP_ENCODING_H
#define HTTP_ENCODING_H

#include <stddef.h>

/** What zlib takes for one body, in bytes. */
#define DECODER_MEMORY ((size_t)48 << 10)

enum encoding {
	ENCODING_NONE,
	ENCODING_GZIP,
	ENCODING_DEFLATE,
	ENCODING_OTHER /**< one that is not taken, or several */
};

struct decoder;

/** \param value  of a Content-Encoding header; NULL when there is none */
enum encoding encoding_of(const char *value);
/** The encodings that are taken, as Accept-Encoding lists them. */
const char *encodings_taken(void);

/** \param e  GZIP or DEFLATE. \return NULL: out of memory */
struct decoder *decoder_new(enum encoding e);
void decoder_free(struct decoder *d);
/** Gives the next bytes, which must stay until decoder_read() has no more. */
void decoder_feed(struct decoder *d, const char *s, size_t len);
/**
 * Decodes on.
 * \param len  in: room at \p to; out: bytes that were put there, 0 when all that was fed is read
 * \return 0; LYRE_EINVAL: the bytes are not valid; LYRE_ENOMEM
 */
int decoder_read(struct decoder *d, char *to, size_t *len);
/** Whether what was fed is whole. LYRE_EINVAL */
int decoder_end(const struct decoder *d);

#endif
