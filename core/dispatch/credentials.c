/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/credentials.c
 * \brief User name and password from an Authorization header.
 */
#include "dispatch/dispatch_internal.h"

#include "base/text.h"

#include <string.h>

#define SCHEME "Basic"

char *from_latin1(struct arena *a, const unsigned char *s, size_t len, size_t *ret_len)
{
	char *out = arena_alloc(a, 2 * len + 1);
	size_t n = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < 0x80) {
			out[n++] = (char)s[i];
		} else {
			out[n++] = (char)(0xc0 | s[i] >> 6);
			out[n++] = (char)(0x80 | (s[i] & 0x3f));
		}
	}
	out[n] = '\0';
	*ret_len = n;
	return out;
}

/** A part of the decoded header, as UTF-8. */
static char *part_of(struct arena *a, const unsigned char *s, size_t len, bool utf8, size_t *ret_len)
{
	*ret_len = len;
	return utf8 ? arena_strndup(a, (const char *)s, len) : from_latin1(a, s, len, ret_len);
}

int credentials_read(struct credentials *ret, const char *authorization, struct arena *a, struct err *e)
{
	*ret = (struct credentials){ .user = NULL };
	if (!authorization || strncmp(authorization, SCHEME, sizeof SCHEME - 1))
		return 0;
	const char *value = authorization + sizeof SCHEME - 1;
	if (*value && *value != ' ')
		return 0;
	value += strspn(value, " ");
	size_t len = strlen(value);
	while (len && value[len - 1] == ' ')
		len--;
	if (!len)
		return 0;

	unsigned char *plain = arena_alloc(a, len + 1);
	if (!plain)
		return err_nomem(e);
	long n = base64_decode(value, len, plain);
	if (n < 0) {
		secure_clear(plain, len + 1);
		return err_set(e, LYRE_EUNAUTHENTICATED, "Invalid character");
	}
	const unsigned char *colon = memchr(plain, ':', (size_t)n);
	size_t user_len = colon ? (size_t)(colon - plain) : (size_t)n;
	size_t password_at = colon ? user_len + 1 : user_len;
	bool any = user_len || password_at < (size_t)n;
	/* Some clients send UTF-8 (RFC 7617), others ISO 8859-1, whose non-ASCII letters rarely form valid UTF-8. */
	bool utf8 = utf8_valid_prefix((const char *)plain, (size_t)n) == (size_t)n;
	if (any) {
		ret->user = part_of(a, plain, user_len, utf8, &ret->user_len);
		ret->password = part_of(a, plain + password_at, (size_t)n - password_at, utf8, &ret->password_len);
	}
	secure_clear(plain, (size_t)n);
	return any && (!ret->user || !ret->password) ? err_nomem(e) : 0;
}

void credentials_clear(struct credentials *c)
{
	if (c->password)
		secure_clear(c->password, c->password_len);
	*c = (struct credentials){ .user = NULL };
}
