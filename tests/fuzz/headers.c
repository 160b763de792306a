/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file headers.c
 * \brief One header's value as Accept, Content-Type, Authorization, Cookie, Origin and Host.
 */
#include "fuzz.h"

#include "dispatch/dispatch_internal.h"

#include <strings.h>

#define SCHEME "Bearer"
#define COOKIE "hdb-session-9925"
#define HOST "lyre.example:9925"

static void check_password(const char *text)
{
	struct arena a;
	struct err e = { 0 };
	struct credentials c;

	arena_init(&a);
	int rc = credentials_read(&c, text, &a, &e);
	must(rc == e.code && (rc == 0 || rc == LYRE_EUNAUTHENTICATED));
	if (!rc && c.user) {
		must(c.password && !c.user[c.user_len] && !c.password[c.password_len]);
		must(c.user_len || c.password_len);
	}
	credentials_clear(&c);
	arena_free(&a);
}

/* What a module is asked about is a part of the header, after its name, and never a user and a password. */
static void check_authentication(const char *text)
{
	struct authenticator cookie = { .source = LYRE_CREDENTIAL_COOKIE, .name = COOKIE, .kind = 1 };
	struct authenticator scheme = { .source = LYRE_CREDENTIAL_SCHEME, .name = SCHEME, .kind = 2, .next = &cookie };
	struct dispatch d = { .authenticators = &scheme };
	struct exchange header = { .authorization = text }, cookies = { .cookie = text };
	const char *end = text + strlen(text);
	struct authentication f;

	authentication_find(&f, &d, &header);
	must(!f.by || f.by == &scheme);
	if (f.by) {
		must(!strncmp(text, SCHEME, strlen(SCHEME)) && strncmp(text, "Basic", 5) != 0);
		must(f.text > text + strlen(SCHEME) && f.len && f.text + f.len <= end);
	}
	authentication_find(&f, &d, &cookies);
	must(!f.by || f.by == &cookie);
	if (f.by) {
		size_t name = strlen(COOKIE "=");
		must(f.text >= text + name && f.len && f.text + f.len <= end && !memchr(f.text, ';', f.len));
		must(!memcmp(f.text - name, COOKIE "=", name));
		/* It is at the start of the header, or after a semicolon. */
		const char *before = f.text - name;
		while (before > text && (before[-1] == ' ' || before[-1] == '\t'))
			before--;
		must(before == text || before[-1] == ';');
	}
	cookies.authorization = "Basic eDp5";
	authentication_find(&f, &d, &cookies);
	must(!f.by);
}

/* A page is the server's own only if its origin has nothing but the host. */
static void check_origin(const char *text)
{
	struct exchange x = { .origin = text, .host = HOST };

	if (origin_is_own(&x)) {
		const char *p = strstr(text, "://");
		must(p && (!strncasecmp(text, "http:", 5) || !strncasecmp(text, "https:", 6)));
		p += 3;
		must(!strncasecmp(p, "lyre.example:", 13));
		p += 13 + strspn(p + 13, "0");
		must(!strcmp(p, "9925"));
	}
	must(!origin_is_own(&(struct exchange){ .origin = text }));
	must(!origin_is_own(&(struct exchange){ .host = text }));
	/* Both from a foreign page: the same names, or none is own. */
	x = (struct exchange){ .origin = "https://lyre.example", .host = text };
	if (origin_is_own(&x))
		must(!strncasecmp(text, "lyre.example", 12) && (!text[12] || text[12] == ':'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size, 1);

	const struct format *f = format_accepted(text);
	must(!f || f->encoder);
	f = format_sent(text);
	must(!f || (f->decoder && f->encoder && !is_plain_text(text)));
	check_password(text);
	check_authentication(text);
	check_origin(text);
	free(text);
	return 0;
}
