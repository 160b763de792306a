/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/remembered.h
 * \brief Recently verified credentials, which save a request from computing a password hash or checking a signature.
 *
 * Holds keyed fingerprints of credentials, and references to their principals; no passwords. The key is random and dies
 * with the process. The table has a fixed size: a new entry replaces the one in its set that expires first. Any thread.
 */
#ifndef AUTH_REMEMBERED_H
#define AUTH_REMEMBERED_H

#include "auth/auth.h"

struct memory;

struct fingerprint {
	uint64_t half[2];
};

/** \param ttl_ms  lifetime of an entry; 0 or less: nothing is remembered */
int memory_open(struct memory **ret, int64_t ttl_ms, struct err *e);
void memory_close(struct memory *m);

/** For a user name and a password within their limits. */
struct fingerprint memory_password(
	const struct memory *m, const char *user, size_t user_len, const char *password, size_t password_len);
/** For a string of some kind, within AUTH_CREDENTIAL_MAX. */
struct fingerprint memory_text(const struct memory *m, unsigned kind, const char *text, size_t len);

/**
 * \param began  set to the value that memory_keep() needs; may be NULL
 * \return a reference to the principal of the credentials, as known at \p now (monotonic_ms()); NULL if they are unknown
 */
const struct principal *memory_find(struct memory *m, struct fingerprint f, int64_t now, uint64_t *began);
/**
 * Takes a reference of its own. \param until  latest end of the entry, on monotonic_ms()'s clock
 * \param began  from the preceding memory_find(); nothing is kept if memory_forget() was called since. NULL: always kept
 */
void memory_keep(
	struct memory *m, struct fingerprint f, int64_t now, int64_t until, const uint64_t *began, const struct principal *who);
/** Replaces \p old, if it is still there, with \p who, NULL for none; nothing else changes. */
void memory_replace(struct memory *m, struct fingerprint f, const struct principal *old, const struct principal *who);
void memory_forget(struct memory *m, struct fingerprint f);

#endif
