/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/token.c
 * \brief Creating and reading tokens.
 *
 * libjwt signs and verifies. It trusts the algorithm that a token names, so that an unsigned token, or one with an HMAC whose
 * secret is our public key, would pass. So only tokens with one of the headers of our own tokens reach libjwt, and nothing in
 * a header is ever interpreted.
 */
#include "token.h"

#include <errno.h>
#include <inttypes.h>
#include <jwt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {"alg":"RS256","typ":"JWT"}, as written by the current libjwt; the other order, and no typ, as by other versions. */
static const char *const headers[] = {
	"eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9",
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9",
	"eyJhbGciOiJSUzI1NiJ9",
};

static const char *const subjects[] = { [TOKEN_OPERATION] = "operation", [TOKEN_REFRESH] = "refresh" };

static int add_claims(jwt_t *jwt, const struct token_claims *c)
{
	char times[80];
	int rc;

	/* As text: libjwt's integers are long, which overflows in 2038 if it has 32 bits. */
	snprintf(times, sizeof times, "{\"iat\":%" PRId64 ",\"exp\":%" PRId64 "}", c->issued, c->expires);
	rc = jwt_add_grants_json(jwt, times);
	if (!rc)
		rc = jwt_add_grant(jwt, "username", c->user);
	if (!rc)
		rc = jwt_add_grant_bool(jwt, "super_user", c->super_user);
	if (!rc && *c->role)
		rc = jwt_add_grant(jwt, "role", c->role);
	if (!rc && *c->id)
		rc = jwt_add_grant(jwt, "jti", c->id);
	if (!rc)
		rc = jwt_add_grant(jwt, "sub", subjects[c->subject]);
	return rc ? rc : jwt_add_grant(jwt, "stamp", c->stamp);
}

char *token_make(const struct token_key *k, const struct token_claims *c)
{
	jwt_t *jwt;
	char *token = NULL;

	if (jwt_new(&jwt))
		return NULL;
	if (!add_claims(jwt, c) && !jwt_set_alg(jwt, JWT_ALG_RS256, (const unsigned char *)k->private_pem, (int)k->private_size))
		token = jwt_encode_str(jwt);
	jwt_free(jwt);
	return token;
}

/* The value of a base64url character, -1 for others. */
static int letter(char c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* Whether a segment is canonical base64url: unused bits of the last character must be zero, so that a token cannot be
 * written in several ways. */
static bool segment_is_right(const char *s, size_t len)
{
	static const int unused[] = { 0, -1, 15, 3 };

	for (size_t i = 0; i < len; i++)
		if (letter(s[i]) < 0)
			return false;
	return len && unused[len % 4] >= 0 && !(letter(s[len - 1]) & unused[len % 4]);
}

static bool header_is_ours(const char *s, size_t len)
{
	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
		if (strlen(headers[i]) == len && !memcmp(s, headers[i], len))
			return true;
	return false;
}

/* Whether the text has the shape of our tokens: three segments, the first one of our headers. */
static bool shape_is_right(const char *text, size_t len)
{
	const char *end = text + len, *first, *second;

	if (len > TOKEN_MAX)
		return false;
	first = memchr(text, '.', len);
	if (!first || !header_is_ours(text, (size_t)(first - text)))
		return false;
	first++;
	second = memchr(first, '.', (size_t)(end - first));
	return second && segment_is_right(first, (size_t)(second - first)) &&
		segment_is_right(second + 1, (size_t)(end - second - 1));
}

/* Reads a claim that is a text of 1 to size - 1 bytes. */
static bool get_text(jwt_t *jwt, const char *name, char *out, size_t size)
{
	const char *s = jwt_get_grant(jwt, name);
	size_t len = s ? strlen(s) : 0;

	if (!len || len >= size)
		return false;
	memcpy(out, s, len + 1);
	return true;
}

/* Not jwt_get_grant_bool(), which accepts numbers, too. */
static bool get_truth(jwt_t *jwt, const char *name, int *out)
{
	char *s = jwt_get_grants_json(jwt, name);
	bool right = s && (!strcmp(s, "true") || !strcmp(s, "false"));

	if (right)
		*out = *s == 't';
	free(s);
	return right;
}

/* Reads a claim that is a time, an integer. */
static bool get_time(jwt_t *jwt, const char *name, int64_t *out)
{
	char *s = jwt_get_grants_json(jwt, name);
	size_t digits = s ? strspn(s, "0123456789") : 0;
	bool right = digits && digits <= 15 && !s[digits];

	if (right)
		*out = strtoll(s, NULL, 10);
	free(s);
	return right;
}

/* Reads an optional text: "" if it is missing. */
static bool get_optional(jwt_t *jwt, const char *name, char *out, size_t size)
{
	char *there = jwt_get_grants_json(jwt, name);

	*out = '\0';
	free(there);
	return !there || get_text(jwt, name, out, size);
}

static bool get_claims(jwt_t *jwt, struct token_claims *c)
{
	char subject[16];

	if (!get_text(jwt, "sub", subject, sizeof subject) || !get_truth(jwt, "super_user", &c->super_user))
		return false;
	if (strcmp(subject, subjects[TOKEN_OPERATION]) && strcmp(subject, subjects[TOKEN_REFRESH]))
		return false;
	c->subject = strcmp(subject, subjects[TOKEN_REFRESH]) ? TOKEN_OPERATION : TOKEN_REFRESH;
	return get_text(jwt, "username", c->user, sizeof c->user) && get_text(jwt, "stamp", c->stamp, sizeof c->stamp) &&
		get_optional(jwt, "role", c->role, sizeof c->role) && get_optional(jwt, "jti", c->id, sizeof c->id) &&
		get_time(jwt, "iat", &c->issued) && get_time(jwt, "exp", &c->expires);
}

enum token_verdict token_read(const struct token_key *k, const char *text, size_t len, int64_t now, struct token_claims *ret)
{
	enum token_verdict verdict = TOKEN_INVALID;
	jwt_t *jwt = NULL;
	char *token;
	int rc;

	if (!shape_is_right(text, len))
		return TOKEN_INVALID;
	token = strndup(text, len);
	if (!token)
		return TOKEN_NO_MEMORY;
	rc = jwt_decode(&jwt, token, (const unsigned char *)k->public_pem, (int)k->public_size);
	free(token);
	if (rc)
		return rc == ENOMEM ? TOKEN_NO_MEMORY : TOKEN_INVALID;
	if (jwt_get_alg(jwt) == JWT_ALG_RS256 && get_claims(jwt, ret))
		verdict = now < ret->expires ? TOKEN_VALID : TOKEN_EXPIRED;
	jwt_free(jwt);
	return verdict;
}
