/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/auth.c
 * \brief From a user name and a password to an identity.
 */
#include "auth/auth.h"

#include "auth/first.h"
#include "auth/memory.h"
#include "auth/users.h"
#include "base/text.h"
#include "config/config.h"
#include "log/log.h"

#include <stdlib.h>
#include <string.h>

struct auth {
	struct store *store;
	struct memory *memory;
	bool log_failed;
	bool log_successful;
};

int auth_open(struct auth **ret, struct store *s, const struct config *c, struct err *e)
{
	struct auth *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(e);
	a->store = s;
	a->log_failed = config_bool(c, "logging.auditAuthEvents.logFailed");
	a->log_successful = config_bool(c, "logging.auditAuthEvents.logSuccessful");
	int rc = memory_open(&a->memory, config_int(c, "authentication.cacheTTL"), e);
	if (!rc)
		rc = users_open(s, e);
	if (!rc)
		rc = first_user(s, c, e);
	if (rc) {
		auth_close(a);
		return rc;
	}
	*ret = a;
	return 0;
}

void auth_close(struct auth *a)
{
	if (!a)
		return;
	memory_close(a->memory);
	free(a);
}

static int login_failed(struct err *e)
{
	return err_set(e, LYRE_EUNAUTHENTICATED, "Login failed");
}

/** Whether there can be such credentials at all: what is asked here does not depend on the users that there are. */
static bool plausible(const char *user, size_t user_len, size_t password_len)
{
	return user_len > 0 && user_len <= AUTH_USER_MAX && password_len <= AUTH_PASSWORD_MAX && !memchr(user, '\0', user_len);
}

static int identify(struct identity *ret, const char *user, size_t user_len, bool super_user, struct arena *arena,
	struct err *e)
{
	const char *name = arena_strndup(arena, user, user_len);

	if (!name)
		return err_nomem(e);
	*ret = (struct identity){ .user = name, .super_user = super_user };
	return 0;
}

int auth_remembered(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	struct arena *arena, struct identity *ret, struct err *e)
{
	bool super_user;

	if (!plausible(user, user_len, password_len))
		return login_failed(e);
	struct fingerprint f = memory_fingerprint(a->memory, user, user_len, password, password_len);
	if (!memory_find(a->memory, f, monotonic_ms(), &super_user))
		return LYRE_PENDING;
	return identify(ret, user, user_len, super_user, arena, e);
}

int auth_verify(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	struct arena *arena, struct identity *ret, struct err *e)
{
	struct user known = { .active = false };

	int rc = auth_remembered(a, user, user_len, password, password_len, arena, ret, e);
	if (rc != LYRE_PENDING)
		return rc; /* somebody was here while this waited for its turn */

	rc = users_find(a->store, user, user_len, &known, e);
	if (rc && rc != LYRE_ENOTFOUND)
		return rc;
	bool found = rc == 0;
	rc = password_check(found ? known.hash : password_nobody(), password, password_len, e);
	secure_clear(known.hash, sizeof known.hash);
	if (rc == LYRE_EUNAUTHENTICATED || (!rc && !found))
		return login_failed(e);
	if (rc)
		return rc;
	if (!known.active)
		return err_set(e, LYRE_EUNAUTHENTICATED, "Cannot complete request: User is inactive");
	struct fingerprint f = memory_fingerprint(a->memory, user, user_len, password, password_len);
	memory_keep(a->memory, f, monotonic_ms(), known.super_user);
	return identify(ret, user, user_len, known.super_user, arena, e);
}

/** The address stands first, where no name that a client makes up can take its place. */
void auth_audit(const struct auth *a, bool right, const char *user, const char *peer)
{
	const char *from = peer && *peer ? peer : "-";
	int shown = (int)utf8_cut(user, strlen(user), AUTH_USER_MAX);

	if (right && a->log_successful)
		log_info("auth", "%s: credentials of '%.*s' are right", from, shown, user);
	else if (!right && a->log_failed)
		log_warn("auth", "%s: credentials of '%.*s' are wrong", from, shown, user);
}
