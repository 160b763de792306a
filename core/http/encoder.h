/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/encoder.h
 * \brief Files that are sent compressed with gzip, piece by piece, where the client takes that and the build has zlib.
 */
#ifndef HTTP_ENCODER_H
#define HTTP_ENCODER_H

#include <stdbool.h>
#include <sys/types.h>

/** What one takes, in bytes. */
#define ENCODER_MEMORY ((size_t)336 << 10)

struct encoder;

/** Whether an Accept-Encoding header takes gzip, and does not rather have what is not compressed; NULL: there is none. */
bool encoder_is_accepted(const char *accept);
/** Of what is read from \p fd, which stays the caller's. NULL: out of memory, or the build has no zlib. */
struct encoder *encoder_new(int fd);
/** NULL is nothing to free. */
void encoder_free(struct encoder *e);
/**
 * Reads on and compresses, for no longer than a few milliseconds.
 * \return bytes put at \p to, at least 1; 0: all is sent; -1: the file cannot be read
 */
ssize_t encoder_read(struct encoder *e, char *to, size_t max);

#endif
