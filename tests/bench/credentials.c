/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file credentials.c
 * \brief The cost of signing in per request: reading its Authorization header, and finding it among those already verified.
 *
 * usage: credentials FOLDER REQUESTS
 *
 * Prints the nanoseconds per request, and those of the lower limit: one keyed hash of the same bytes. With
 * CREDENTIALS_ONLY in the environment the limit is left out, for tools that count instructions.
 */
#include "auth/auth.h"
#include "base/arena.h"
#include "base/text.h"
#include "config/config.h"
#include "dispatch/dispatch_internal.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USER "admin"
#define PASSWORD "a password of some length"
#define HEADER "Basic YWRtaW46YSBwYXNzd29yZCBvZiBzb21lIGxlbmd0aA=="

static void must(int rc, const struct err *e)
{
	if (rc) {
		fprintf(stderr, "credentials: %s\n", e->text);
		exit(1);
	}
}

static struct auth *open_auth(const char *folder, struct store **store, struct err *e)
{
	const char *sets[] = { "authentication.cacheTTL=1d" };
	const struct config_sources sources = { .root = folder, .sets = sets, .set_count = 1 };
	const struct store_options options = {
		.path = folder,
		.map_size = 1 << 20,
		.max_trees = 100,
		.max_readers = 16,
		.audit_retention = 1e15,
		.node = "bench",
	};
	struct config *config;
	struct auth *auth;

	setenv("LYRE_ADMIN_USERNAME", USER, 1);
	setenv("LYRE_ADMIN_PASSWORD", PASSWORD, 1);
	must(config_load(&config, &sources, e), e);
	must(store_open(store, &options, e), e);
	must(auth_open(&auth, *store, config, e), e);
	return auth;
}

static void sign_in(struct auth *auth, struct arena *a)
{
	const struct principal *who;
	struct credentials c;
	struct err e;

	must(credentials_read(&c, HEADER, a, &e), &e);
	must(auth_remembered(auth, c.user, c.user_len, c.password, c.password_len, &who, &e), &e);
	credentials_clear(&c);
	principal_unref(who);
	arena_reset(a);
}

int main(int argc, char **argv)
{
	long requests = argc == 3 ? atol(argv[2]) : 0;
	const struct principal *who;
	struct store *store;
	struct arena a;
	struct err e;

	if (requests <= 0) {
		fputs("usage: credentials FOLDER REQUESTS\n", stderr);
		return 2;
	}
	arena_init(&a);
	struct auth *auth = open_auth(argv[1], &store, &e);
	must(auth_verify(auth, USER, strlen(USER), PASSWORD, strlen(PASSWORD), &who, &e), &e);
	principal_unref(who);

	int64_t begun = monotonic_ns();
	for (long i = 0; i < requests; i++)
		sign_in(auth, &a);
	printf("%.1f", (double)(monotonic_ns() - begun) / (double)requests);

	if (!getenv("CREDENTIALS_ONLY")) {
		static const char text[] = USER "\0" PASSWORD;
		uint8_t key[16] = { 0 };

		begun = monotonic_ns();
		for (long i = 0; i < requests; i++)
			siphash128(key, text, sizeof text - 1, key);
		printf(" %.1f", (double)(monotonic_ns() - begun) / (double)requests);
	}
	putchar('\n');
	auth_close(auth);
	store_close(store);
	arena_free(&a);
	return 0;
}
