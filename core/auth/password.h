/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/password.h
 * \brief Password hashes: argon2id, as an encoded string that includes its parameters.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include "base/err.h"

#include <stdbool.h>

/** Room for an encoded hash, with the NUL. */
#define PASSWORD_HASH_MAX 160

/** Name of the function, as stored with a hash. */
#define PASSWORD_FUNCTION "argon2id"

/** The cost of a hash: authentication.argon2. */
struct password_costs {
	uint32_t memory_kib;
	uint32_t iterations;
	uint32_t lanes;
};

/** LYRE_ENOMEM. */
int password_hash(const struct password_costs *costs, const char *password, size_t len, char out[PASSWORD_HASH_MAX], struct err *e);
/**
 * Takes the same effort for correct and wrong passwords.
 * \return 0; LYRE_EUNAUTHENTICATED, without a message; LYRE_ENOMEM; LYRE_EINTERNAL
 */
int password_check(const char *hash, const char *password, size_t len, struct err *e);
/** Whether a hash was made with other costs. */
bool password_outdated(const char *hash, const struct password_costs *costs);
/** A hash with these costs that no password matches, for unknown users. */
void password_nobody(const struct password_costs *costs, char out[PASSWORD_HASH_MAX]);
/** Generates a password of about 120 bits that can be read aloud. */
void password_make(char out[32]);

#endif
