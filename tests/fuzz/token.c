/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file token.c
 * \brief Tokens: any bytes, mutations of ours, and tokens that could be made with the key or its public half.
 *
 * The first letter says what the rest is: m, mutations of our token; p, the payload of a token signed with the key; h,
 * the header of a token signed with the key; k, the header of one with an HMAC by the public key. Anything else is the
 * token itself.
 */
#include "fuzz.h"
#include "unit/token_forge.h"

#include <stdbool.h>

#define NOW 1800000000

static struct token_key *key;
static char *ours[2];

static void set_up(void)
{
	char folder[] = "/tmp/lyre-token-XXXXXX", path[64], why[256];
	struct token_claims c = { .user = "bob", .stamp = "0123456789abcdef0123456789abcdef", .issued = NOW, .expires = NOW + 9 };

	must(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/jwt.pem", folder);
	key = token_key_open(path, why, sizeof why);
	must(key && unlink(path) == 0 && rmdir(folder) == 0);
	for (int i = 0; i < 2; i++) {
		c.subject = i ? TOKEN_REFRESH : TOKEN_OPERATION;
		ours[i] = token_make(key, &c);
		must(ours[i]);
	}
}

/* Only token_make() makes tokens that are accepted, unchanged to the letter. */
static void must_be_ours(const char *text, size_t size)
{
	struct token_claims c;
	enum token_verdict verdict = token_read(key, text, size, NOW, &c);

	for (int i = 0; i < 2; i++)
		if (strlen(ours[i]) == size && !memcmp(text, ours[i], size)) {
			must(verdict == TOKEN_VALID && c.subject == (i ? TOKEN_REFRESH : TOKEN_OPERATION));
			must(!strcmp(c.user, "bob") && !c.super_user && !*c.role && c.expires == NOW + 9);
			return;
		}
	must(verdict == TOKEN_INVALID);
}

/* Four bytes per change: kind, position (two), value. */
static void change(const uint8_t *data, size_t size)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t len = strlen(ours[0]);
	char *text = fuzz_copy(ours[0], len, size + 1);

	for (; size >= 4 && len; data += 4, size -= 4) {
		size_t at = (size_t)(data[1] << 8 | data[2]) % len;

		if (data[0] % 5 == 0) {
			text[at] = (char)data[3];
		} else if (data[0] % 5 == 1) {
			memmove(text + at + 1, text + at, len++ - at);
			text[at] = (char)data[3];
		} else if (data[0] % 5 == 2) {
			memmove(text + at, text + at + 1, --len - at);
		} else if (data[0] % 5 == 4) {
			/* Some bits of a letter, counted from the end. */
			const char *letter = memchr(letters, text[len - 1 - at], 64);
			if (letter)
				text[len - 1 - at] = letters[(letter - letters) ^ (data[3] & 63)];
		} else {
			/* Replaces a stretch with that of the other token. */
			size_t end = at + data[3], other = strlen(ours[1]);

			for (; at < end && at < len && at < other; at++)
				text[at] = ours[1][at];
		}
	}
	must_be_ours(text, len);
	free(text);
}

/* An accepted payload can be encoded again, and then says the same. */
static void check_payload(const char *payload, size_t size)
{
	char *text = forge_signed(key, FORGE_HEADER, strlen(FORGE_HEADER), payload, size), *again;
	struct token_claims c, d;

	if (token_read(key, text, strlen(text), NOW, &c) == TOKEN_VALID) {
		must(*c.user && *c.stamp && c.expires > NOW && c.issued >= 0);
		again = token_make(key, &c);
		must(again && token_read(key, again, strlen(again), NOW, &d) == TOKEN_VALID);
		must(!strcmp(c.user, d.user) && !strcmp(c.stamp, d.stamp) && !strcmp(c.role, d.role));
		must(c.subject == d.subject && c.issued == d.issued && c.expires == d.expires && !c.super_user == !d.super_user);
		free(again);
	}
	free(text);
}

static void check_header(const char *header, size_t size, bool hmac)
{
	static const char payload[] = "{\"username\":\"bob\",\"super_user\":true,\"iat\":1,\"exp\":1900000000,"
				      "\"sub\":\"operation\",\"stamp\":\"s\"}";
	static const char *const right[] = { FORGE_HEADER, "{\"typ\":\"JWT\",\"alg\":\"RS256\"}", "{\"alg\":\"RS256\"}" };
	struct token_claims c;
	char *text = (hmac ? forge_hmac : forge_signed)(key, header, size, payload, strlen(payload));
	enum token_verdict verdict = token_read(key, text, strlen(text), NOW, &c);
	bool known = false;

	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		known |= size == strlen(right[i]) && !memcmp(header, right[i], size);
	must(verdict == (known && !hmac ? TOKEN_VALID : TOKEN_INVALID));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *rest;

	if (!key)
		set_up();
	rest = fuzz_copy(size ? data + 1 : data, size ? size - 1 : 0, 0);
	switch (size ? *data : 0) {
	case 'm':
		change((const uint8_t *)rest, size - 1);
		break;
	case 'p':
		check_payload(rest, size - 1);
		break;
	case 'h':
	case 'k':
		check_header(rest, size - 1, *data == 'k');
		break;
	default:
		free(rest);
		rest = fuzz_copy(data, size, 0);
		must_be_ours(rest, size);
	}
	free(rest);
	return 0;
}
