/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/password.c
 * \brief argon2id by libargon2, each hash in one thread regardless of its lanes, and its encoded form.
 */
#include "auth/password.h"

#include "base/text.h"

#include <argon2.h>
#include <stdio.h>
#include <string.h>

#define SALT_BYTES 16
#define HASH_BYTES 32
/** Longest salt and hash that are accepted, and their base64. */
#define PART_MAX 64
#define PART_TEXT_MAX 88

/** A decoded hash. */
struct encoded {
	struct password_costs costs;
	uint32_t version;
	unsigned char salt[PART_MAX], hash[PART_MAX];
	size_t salt_len, hash_len;
};

/* ---- the encoded form ---- */

/** base64 without padding. \return the end */
static char *base64_add(char *out, const unsigned char *bytes, size_t len)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (have += 8; have >= 6; have -= 6)
			*out++ = alphabet[bits >> (have - 6) & 63];
	}
	if (have)
		*out++ = alphabet[bits << (6 - have) & 63];
	return out;
}

static void encode(char out[PASSWORD_HASH_MAX], const struct password_costs *costs, const unsigned char salt[SALT_BYTES],
	const unsigned char hash[HASH_BYTES])
{
	int n = snprintf(out, PASSWORD_HASH_MAX, "$argon2id$v=%d$m=%u,t=%u,p=%u$", ARGON2_VERSION_13, costs->memory_kib,
		costs->iterations, costs->lanes);
	char *end = base64_add(out + n, salt, SALT_BYTES);

	*end++ = '$';
	end = base64_add(end, hash, HASH_BYTES);
	*end = '\0';
}

/** Reads digits after a fixed text. \return false if they are missing */
static bool take_number(const char **s, const char *before, uint32_t *ret)
{
	size_t len = strlen(before);
	uint64_t n = 0;

	if (strncmp(*s, before, len) != 0)
		return false;
	*s += len;
	const char *first = *s;
	for (; **s >= '0' && **s <= '9' && n <= UINT32_MAX; ++*s)
		n = n * 10 + (uint64_t)(**s - '0');
	*ret = (uint32_t)n;
	return *s > first && n <= UINT32_MAX;
}

/** Reads a base64 part after a '$'. */
static bool take_part(const char **s, unsigned char out[PART_MAX], size_t *len)
{
	unsigned char bytes[PART_TEXT_MAX];

	if (*(*s)++ != '$')
		return false;
	size_t n = strcspn(*s, "$");
	if (n > PART_TEXT_MAX)
		return false;
	long got = base64_decode(*s, n, bytes);
	if (got <= 0 || got > PART_MAX)
		return false;
	memcpy(out, bytes, (size_t)got);
	secure_clear(bytes, sizeof bytes);
	*s += n;
	*len = (size_t)got;
	return true;
}

static bool take_costs(const char **s, struct encoded *ret)
{
	return take_number(s, "$argon2id$v=", &ret->version) && take_number(s, "$m=", &ret->costs.memory_kib) &&
		take_number(s, ",t=", &ret->costs.iterations) && take_number(s, ",p=", &ret->costs.lanes);
}

static bool decode(struct encoded *ret, const char *s)
{
	return take_costs(&s, ret) && take_part(&s, ret->salt, &ret->salt_len) && take_part(&s, ret->hash, &ret->hash_len) && !*s;
}

/* ---- the function ---- */

static argon2_context context_of(const struct password_costs *costs, const char *password, size_t len, unsigned char *salt,
	size_t salt_len, unsigned char *out, size_t out_len)
{
	return (argon2_context){
		.out = out,
		.outlen = (uint32_t)out_len,
		.pwd = (uint8_t *)(uintptr_t)password,
		.pwdlen = (uint32_t)len,
		.salt = salt,
		.saltlen = (uint32_t)salt_len,
		.t_cost = costs->iterations,
		.m_cost = costs->memory_kib,
		.lanes = costs->lanes,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.flags = ARGON2_DEFAULT_FLAGS,
	};
}

static int fail(int rc, struct err *e)
{
	if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
		return err_nomem(e);
	return err_set(e, LYRE_EINTERNAL, "a password could not be hashed: %s", argon2_error_message(rc));
}

int password_hash(const struct password_costs *costs, const char *password, size_t len, char out[PASSWORD_HASH_MAX], struct err *e)
{
	unsigned char salt[SALT_BYTES], hash[HASH_BYTES];

	random_bytes(salt, sizeof salt);
	argon2_context c = context_of(costs, password, len, salt, sizeof salt, hash, sizeof hash);
	int rc = argon2id_ctx(&c);
	if (rc == ARGON2_OK)
		encode(out, costs, salt, hash);
	secure_clear(hash, sizeof hash);
	return rc == ARGON2_OK ? 0 : fail(rc, e);
}

int password_check(const char *hash, const char *password, size_t len, struct err *e)
{
	unsigned char made[PART_MAX];
	struct encoded kept = { 0 };

	if (!decode(&kept, hash)) {
		secure_clear(&kept, sizeof kept);
		return fail(ARGON2_DECODING_FAIL, e);
	}
	argon2_context c = context_of(&kept.costs, password, len, kept.salt, kept.salt_len, made, kept.hash_len);
	c.version = kept.version;
	int rc = argon2id_verify_ctx(&c, (const char *)kept.hash);
	secure_clear(made, sizeof made);
	secure_clear(&kept, sizeof kept);
	if (rc == ARGON2_OK)
		return 0;
	return rc == ARGON2_VERIFY_MISMATCH ? LYRE_EUNAUTHENTICATED : fail(rc, e);
}

bool password_outdated(const char *hash, const struct password_costs *costs)
{
	struct encoded kept = { 0 };

	return !take_costs(&hash, &kept) || kept.version != ARGON2_VERSION_13 || kept.costs.memory_kib != costs->memory_kib ||
		kept.costs.iterations != costs->iterations || kept.costs.lanes != costs->lanes;
}

void password_nobody(const struct password_costs *costs, char out[PASSWORD_HASH_MAX])
{
	unsigned char salt[SALT_BYTES], hash[HASH_BYTES];

	random_bytes(salt, sizeof salt);
	random_bytes(hash, sizeof hash);
	encode(out, costs, salt, hash);
}

/* ---- generated passwords ---- */

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
