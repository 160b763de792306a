/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/write_request.h
 * \brief Writes the JSON of a request piece by piece: values that are already JSON are sent unchanged.
 */
#ifndef CTL_WRITE_REQUEST_H
#define CTL_WRITE_REQUEST_H

#include "base/buf.h"

/** Begins the request, with its operation. \p b must be initialised. */
void request_begin(struct buf *b, const char *operation);
/** The name of a parameter; its value must follow. */
void request_name(struct buf *b, const char *name);
/** A string value. */
void request_text(struct buf *b, const char *s, size_t len);
/** A parameter with a string value. */
void request_member(struct buf *b, const char *name, const char *text);
void request_end(struct buf *b);

#endif
