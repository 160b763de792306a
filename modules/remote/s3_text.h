/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file remote/s3_text.h
 * \brief A text that grows. Internal.
 */
#ifndef S3_TEXT_H
#define S3_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/** Starts as { 0 }. Once memory ran out, nothing is added any more. */
struct s3_text {
	char *s; /**< NUL-terminated; NULL: empty */
	size_t len, room;
	bool failed;
};

void s3_text_add(struct s3_text *t, const char *s, size_t len);
/** Each of \p parts up to NULL: s3_text_adds(t, "a", "b", NULL). */
void s3_text_adds(struct s3_text *t, ...) __attribute__((sentinel));
/** Overwrites a NUL-terminated text that may be secret, and frees it. NULL is allowed. */
void s3_text_erase(char *s);
/** \return the text, for free(); NULL if memory ran out */
char *s3_text_take(struct s3_text *t);

#endif
