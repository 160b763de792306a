/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/encoder.h
 * \brief Sends files compressed with gzip, piece by piece, if the client accepts it and the build has zlib.
 */
#ifndef HTTP_ENCODER_H
#define HTTP_ENCODER_H

#include <stdbool.h>
#include <sys/types.h>

/** Memory of one encoder, in bytes. */
#define ENCODER_MEMORY ((size_t)336 << 10)

struct encoder;

/** Whether an Accept-Encoding header accepts gzip and does not prefer the uncompressed file. NULL: there is no header. */
bool encoder_is_accepted(const char *accept);
/** Compresses what is read from \p fd, which the caller still owns. NULL: out of memory, or the build has no zlib. */
struct encoder *encoder_new(int fd);
/** NULL is allowed. */
void encoder_free(struct encoder *e);
/**
 * Reads and compresses, for no longer than a few milliseconds.
 * \return bytes put at \p to, at least 1; 0: everything was sent; -1: the file cannot be read
 */
ssize_t encoder_read(struct encoder *e, char *to, size_t max);

#endif
