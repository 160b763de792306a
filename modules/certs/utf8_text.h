/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file certs/utf8_text.h
 * \brief A text that grows, in UTF-8 whatever it is made of.
 */
#ifndef CERTS_UTF8_TEXT_H
#define CERTS_UTF8_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *s;
	size_t len, room;
	bool failed; /**< there was no memory */
};

void text_add(struct text *t, const char *s, size_t len);
void text_addf(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/** What is not a character of Unicode becomes U+FFFD. */
void text_add_character(struct text *t, uint32_t c);
/** The next character of UTF-8, U+FFFD for a byte that begins none. \return how many bytes it has; \p len must not be 0 */
size_t text_read_character(const char *s, size_t len, uint32_t *ret);
/** Whether nothing was added; something that there was no memory for was. */
bool text_is_empty(const struct text *t);
/** \return the text, NUL-terminated, for free(); NULL when there was no memory. \p t is empty then */
char *text_take(struct text *t);
/** Erases it first: for texts with secrets. */
void text_erase(struct text *t);

#endif
