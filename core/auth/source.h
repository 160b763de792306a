/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/source.h
 * \brief Attempts to sign in, and what counts as one sender when they are counted.
 */
#ifndef AUTH_SOURCE_H
#define AUTH_SOURCE_H

#include <stddef.h>
#include <stdint.h>

/** Size of the longest source, with its NUL. */
#define SOURCE_MAX 64

/**
 * The peer itself; for an IPv6 address its /64, all of which one host may use (RFC 4291 2.5.4, RFC 8981), so that
 * changing addresses does not evade a limit. NULL is "".
 */
void source_of(const char *peer, char ret[SOURCE_MAX]);

/** The strings belong to the caller. */
struct attempt {
	const char *user, *password;
	size_t user_len, password_len;
	const char *source; /**< source_of() */
};

/** The keyed fingerprint of an attempt's user and source. */
void attempt_print(const uint8_t key[16], const struct attempt *a, uint64_t ret[2]);

#endif
