/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/write_request.h
 * \brief The JSON of a request, written piece by piece: values that are JSON already go to the server as they are.
 */
#ifndef CTL_WRITE_REQUEST_H
#define CTL_WRITE_REQUEST_H

#include "base/buf.h"

/** Opens it, with its operation. \p b was initialised. */
void request_begin(struct buf *b, const char *operation);
/** The name of a parameter; its value is to follow. */
void request_name(struct buf *b, const char *name);
/** A value that is a text. */
void request_text(struct buf *b, const char *s, size_t len);
/** A parameter that is a text. */
void request_member(struct buf *b, const char *name, const char *text);
void request_end(struct buf *b);

#endif
