/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/memory.h
 * \brief Credentials verified not long ago: what a request with the right password pays instead of a password hash.
 *
 * Holds keyed fingerprints, no passwords; the key is random and dies with the process. Of a fixed size: a new entry
 * takes the place of the oldest of its set. Looking something up writes nothing that threads share.
 */
#ifndef AUTH_MEMORY_H
#define AUTH_MEMORY_H

#include "base/err.h"

#include <stdbool.h>

/** Longest user name and password, in bytes; longer ones cannot be right. */
#define AUTH_USER_MAX 250
#define AUTH_PASSWORD_MAX 1024

struct memory;

struct fingerprint {
	uint64_t half[2];
};

/** \param ttl_ms  how long an entry holds; 0 or less: nothing is remembered */
int memory_open(struct memory **ret, int64_t ttl_ms, struct err *e);
void memory_close(struct memory *m);

/** Of credentials within the limits above; the name holds no NUL. */
struct fingerprint memory_fingerprint(const struct memory *m, const char *user, size_t user_len, const char *password,
	size_t password_len);
/** \return whether it is known at \p now (monotonic_ms()); then \p super_user is what was remembered with it */
bool memory_find(struct memory *m, struct fingerprint f, int64_t now, bool *super_user);
void memory_keep(struct memory *m, struct fingerprint f, int64_t now, bool super_user);

#endif
