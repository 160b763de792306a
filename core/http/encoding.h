/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/encoding.h
 * \brief Decodes compressed request bodies (Content-Encoding): gzip and deflate, if the build has zlib.
 */
#ifndef HTTP_ENCODING_H
#define HTTP_ENCODING_H

#include <stddef.h>

/** Memory that zlib uses for one body, in bytes. */
#define DECODER_MEMORY ((size_t)48 << 10)

enum encoding {
	ENCODING_NONE,
	ENCODING_GZIP,
	ENCODING_DEFLATE,
	ENCODING_OTHER /**< unsupported, or more than one */
};

struct decoder;

/** \param value  of a Content-Encoding header; NULL if absent */
enum encoding encoding_of(const char *value);
/** The supported encodings, as Accept-Encoding lists them. */
const char *encodings_taken(void);

/** \param e  GZIP or DEFLATE. \return NULL: out of memory */
struct decoder *decoder_new(enum encoding e);
void decoder_free(struct decoder *d);
/** Supplies the next bytes, which must stay valid until decoder_read() returns no more. */
void decoder_feed(struct decoder *d, const char *s, size_t len);
/**
 * Decodes more.
 * \param len  in: room at \p to; out: bytes written there, 0 when all input is consumed
 * \return 0; LYRE_EINVAL: the bytes are not valid; LYRE_ENOMEM
 */
int decoder_read(struct decoder *d, char *to, size_t *len);
/** Checks that the stream is complete: 0 or LYRE_EINVAL */
int decoder_end(const struct decoder *d);

#endif
