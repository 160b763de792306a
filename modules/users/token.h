/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/token.h
 * \brief Tokens: JWT signed with RS256, and the key they are signed with.
 *
 * Nothing here depends on calls, so that a fuzzer can drive it.
 */
#ifndef USERS_TOKEN_H
#define USERS_TOKEN_H

#include <lyre/user.h>

/** Maximum length of a token, bytes. */
#define TOKEN_MAX LYRE_CREDENTIAL_MAX
/** Maximum length of a role's name in a token, bytes. */
#define TOKEN_ROLE_MAX 255
/** Random bytes in a token's id, which is twice as long in hexadecimal. */
#define TOKEN_ID_BYTES 16

/** The key, in PEM as libjwt needs it. */
struct token_key {
	char *private_pem, *public_pem;   /**< NUL-terminated */
	size_t private_size, public_size; /**< without the NUL */
};

enum token_subject { TOKEN_OPERATION, TOKEN_REFRESH };

/** The claims of a token. */
struct token_claims {
	enum token_subject subject;
	char id[2 * TOKEN_ID_BYTES + 1]; /**< unique, even among tokens of the same second; "" for none */
	char user[LYRE_USER_NAME_MAX + 1];
	char stamp[LYRE_STAMP_MAX + 1]; /**< of the user's credentials when it was created */
	char role[TOKEN_ROLE_MAX + 1];  /**< "" for none */
	int super_user;
	int64_t issued, expires; /**< seconds since the epoch */
};

/** The result of reading a token. TOKEN_EXPIRED: otherwise valid. */
enum token_verdict { TOKEN_VALID, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_NO_MEMORY };

/**
 * Reads the key in \p path; if there is no file, creates one with mode 0600, and its folder. Blocks.
 * \return NULL with the error in \p why; otherwise \p why is a warning or ""
 */
struct token_key *token_key_open(const char *path, char *why, size_t size);
/** NULL is allowed. */
void token_key_close(struct token_key *k);

/** Any thread; takes milliseconds. \return the token, for free(); NULL when out of memory */
char *token_make(const struct token_key *k, const struct token_claims *c);
/**
 * Reads an untrusted token: any bytes. Any thread; one that is not signed with the key costs no more than a check of the
 * signature. \p now in seconds since the epoch. \p ret is defined only if the verdict is TOKEN_VALID.
 */
enum token_verdict token_read(const struct token_key *k, const char *text, size_t len, int64_t now, struct token_claims *ret);

#endif
