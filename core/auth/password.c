/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/password.c
 * \brief argon2id by libargon2.
 */
#include "auth/password.h"

#include "base/text.h"

#include <argon2.h>

#define COST_TIME 2
#define COST_MEMORY_KIB 19456
#define COST_LANES 1
#define SALT_BYTES 16
#define HASH_BYTES 32

static int fail(int rc, struct err *e)
{
	if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
		return err_nomem(e);
	return err_set(e, LYRE_EINTERNAL, "a password could not be hashed: %s", argon2_error_message(rc));
}

int password_hash(const char *password, size_t len, char out[PASSWORD_HASH_MAX], struct err *e)
{
	unsigned char salt[SALT_BYTES];

	random_bytes(salt, sizeof salt);
	int rc = argon2id_hash_encoded(COST_TIME, COST_MEMORY_KIB, COST_LANES, password, len, salt, sizeof salt, HASH_BYTES,
		out, PASSWORD_HASH_MAX);
	return rc == ARGON2_OK ? 0 : fail(rc, e);
}

int password_check(const char *hash, const char *password, size_t len, struct err *e)
{
	int rc = argon2id_verify(hash, password, len);

	if (rc == ARGON2_OK)
		return 0;
	return rc == ARGON2_VERIFY_MISMATCH ? LYRE_EUNAUTHENTICATED : fail(rc, e);
}

const char *password_nobody(void)
{
	return "$argon2id$v=19$m=19456,t=2,p=1$wB0uH5vQ1xq8Zk7dS3nLJg$kY2q8m0Jt5bV9rXcN1sWfE7uGzA4hP6oLdQiR3yTKMw";
}

void password_make(char out[32])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	unsigned char chance[24];
	size_t n = 0;

	random_bytes(chance, sizeof chance);
	for (size_t i = 0; i < sizeof chance; i++) {
		if (i && i % 6 == 0)
			out[n++] = '-';
		out[n++] = letters[chance[i] % 32];
	}
	out[n] = '\0';
	secure_clear(chance, sizeof chance);
}
