/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/text.h
 * \brief Small functions for text, time and random numbers that several rooms need.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <lyre/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** Length of the longest valid UTF-8 prefix: \p len if all is valid. Surrogates and overlong forms are invalid. */
size_t utf8_valid_prefix(const char *s, size_t len);
/** The largest number of bytes <= max that ends at a character boundary of valid UTF-8. */
size_t utf8_cut(const char *s, size_t len, size_t max);
/** \return the length, in bytes, of the control character at \p s, which a terminal would obey; 0: there is none */
size_t utf8_control(const char *s, size_t len);

/** Whether a name of a module, task and the like is valid: 1 to \p max of a to z, 0 to 9, _ and -. */
bool word_valid(const char *s, size_t max);

/** The closest of \p count names to \p word by edit distance, NULL if none is near: for "did you mean". */
const char *closest_word(const char *word, const char *const *names, size_t count);

/** Milliseconds since the epoch, with microsecond resolution. */
double now_ms(void);
/** Milliseconds of the monotonic clock, for intervals. */
int64_t monotonic_ms(void);
int64_t monotonic_ns(void);
/** A time or interval for system calls; if time_t cannot hold it, its last second. */
struct timespec timespec_of_ms(int64_t ms);
struct timespec timespec_of_ns(int64_t ns);
/** "2026-11-21T21:58:53.123Z"; \p out has 32 bytes. \return its length; 0 if the time is outside years 0 to 9999 */
size_t iso_time(char out[32], double ms);
/** Reads an ISO 8601 date, or date and time; without a time zone it is UTC. \return false if invalid */
bool iso_time_parse(const char *s, size_t len, double *ms);

/** Bytes from the system's generator; ends the process if it fails, as nothing safe can follow. */
void random_bytes(void *out, size_t len);
/** Writes bytes as lower-case hexadecimal, and a NUL. \return the end, where the NUL is */
char *hex_text(char *out, const void *bytes, size_t len);
/** A random (version 4) UUID, 36 characters and NUL. */
void uuid_text(char out[37]);

/** SipHash-2-4 with 128 bits: a keyed fingerprint. */
void siphash128(const uint8_t key[16], const void *data, size_t len, uint8_t out[16]);
/** Overwrites a secret; not optimised away. \p p may be NULL if \p len is 0. */
void secure_clear(void *p, size_t len);

/** Decodes base64 with or without padding. \return bytes written, or -1 if it is not base64. \p out has room for len bytes */
long base64_decode(const char *s, size_t len, unsigned char *out);

/** \return the value of a hexadecimal digit in either case; -1 if \p c is not one */
int hex_digit(char c);

/**
 * Decodes the %XX of an address; malformed ones are kept as they are. \p out has room for len bytes.
 * \param plus  whether + is a blank, as in the query strings of forms
 * \return bytes written
 */
size_t percent_decode(char *out, const char *s, size_t len, bool plus);

#endif
