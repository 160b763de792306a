/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/remembered.h
 * \brief Credentials that were good not long ago: what a request pays instead of a password hash or a signature.
 *
 * Holds keyed fingerprints of credentials, and references to whom they let in; no passwords. The key is random and dies
 * with the process. Of a fixed size: a new entry takes the place of the one in its set that ends first. Any thread.
 */
#ifndef AUTH_REMEMBERED_H
#define AUTH_REMEMBERED_H

#include "auth/auth.h"

struct memory;

struct fingerprint {
	uint64_t half[2];
};

/** \param ttl_ms  how long an entry holds; 0 or less: nothing is remembered */
int memory_open(struct memory **ret, int64_t ttl_ms, struct err *e);
void memory_close(struct memory *m);

/** Of a user name and a password within their limits. */
struct fingerprint memory_password(const struct memory *m, const char *user, size_t user_len, const char *password,
	size_t password_len);
/** Of a text of some kind, within AUTH_CREDENTIAL_MAX. */
struct fingerprint memory_text(const struct memory *m, unsigned kind, const char *text, size_t len);

/**
 * \param began  set to what memory_keep() wants; NULL when that does not matter
 * \return a reference to whom the credentials let in, as known at \p now (monotonic_ms()); NULL when they are not known
 */
const struct principal *memory_find(struct memory *m, struct fingerprint f, int64_t now, uint64_t *began);
/**
 * Takes a reference of its own. \param until  when it ends at the latest, on monotonic_ms()'s clock
 * \param began  of the memory_find() before; nothing is kept when memory_forget() came since. NULL: always
 */
void memory_keep(struct memory *m, struct fingerprint f, int64_t now, int64_t until, const uint64_t *began,
	const struct principal *who);
/** Puts \p who, NULL for nobody, in the place of \p old where that is still there; nothing else changes. */
void memory_replace(struct memory *m, struct fingerprint f, const struct principal *old, const struct principal *who);
void memory_forget(struct memory *m, struct fingerprint f);

#endif
