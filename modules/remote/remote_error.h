/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/remote_error.h
 * \brief Filling struct remote_error, and making text from elsewhere fit to be shown. Internal. Any thread.
 */
#ifndef REMOTE_ERROR_H
#define REMOTE_ERROR_H

#include "remote.h"

/** Sets code and text, and clears the rest. \return \p code */
int remote_fail(struct remote_error *error, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int remote_fail_memory(struct remote_error *error);
/** "storage.example answered with status 404 Not Found", or with \p why in place of the host and the words. \return REMOTE_STATUS */
int remote_fail_status(struct remote_error *error, int status, const char *reason, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** Copies as much as fits and ends with NUL; bytes that are not UTF-8, and control characters, become "?". */
void remote_text_copy(char *out, size_t size, const char *s, size_t len);
/** "ECONNREFUSED", or "error 123". */
const char *remote_errno_name(int error, char room[32]);
/** The usual words for a status of HTTP; "" for one without. */
const char *remote_status_words(int status);

#endif
