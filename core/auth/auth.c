/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/auth.c
 * \brief From credentials to a principal, and how long a principal is valid.
 */
#include "auth/auth.h"

#include "auth/first.h"
#include "auth/remembered.h"
#include "auth/principal.h"
#include "auth/recent.h"
#include "auth/throttle.h"
#include "auth/users.h"
#include "base/round.h"
#include "base/text.h"
#include "config/config.h"
#include "log/log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct auth {
	struct users *users;
	struct memory *memory;
	struct throttle *throttle;
	struct recent *recent;
	struct password_costs costs;
	char nobody[PASSWORD_HASH_MAX]; /**< the hash against which passwords of unknown users are checked */
	bool log_failed;
	bool log_successful;
	atomic_uint refused;               /**< attempts since the last report */
	atomic_int_least64_t refused_told; /**< time of the last report, monotonic_ms() */
};

/** ms between two log lines about attempts refused unchecked. */
#define REFUSED_PAUSE 60000

/* ---- opening ---- */

static int read_costs(struct password_costs *ret, const struct config *c, struct err *e)
{
	*ret = (struct password_costs){
		.memory_kib = (uint32_t)(config_int(c, "authentication.argon2.memory") / 1024),
		.iterations = (uint32_t)config_int(c, "authentication.argon2.iterations"),
		.lanes = (uint32_t)config_int(c, "authentication.argon2.lanes"),
	};
	if (ret->memory_kib >= 8 * ret->lanes)
		return 0;
	return err_set(
		e, LYRE_EINVAL, "authentication.argon2.memory must be at least %uK for %u lanes", 8 * ret->lanes, ret->lanes);
}

static int open_throttle(struct throttle **ret, const struct config *c, struct err *e)
{
	const struct throttle_options o = {
		.free = (unsigned)config_int(c, "authentication.failures.free"),
		.delay = config_int(c, "authentication.failures.delay"),
		.max_delay = config_int(c, "authentication.failures.maxDelay"),
		.memory = config_int(c, "authentication.failures.memory"),
	};
	return throttle_open(ret, &o, e);
}

int auth_check(const struct config *c, struct err *e)
{
	struct password_costs costs;

	return read_costs(&costs, c, e);
}

int auth_open(struct auth **ret, struct store *s, const struct config *c, struct err *e)
{
	struct auth *a = calloc(1, sizeof *a);

	if (!a)
		return err_nomem(e);
	a->log_failed = config_bool(c, "logging.auditAuthEvents.logFailed");
	a->log_successful = config_bool(c, "logging.auditAuthEvents.logSuccessful");
	int rc = read_costs(&a->costs, c, e);
	if (!rc)
		rc = memory_open(&a->memory, config_int(c, "authentication.cacheTTL"), e);
	if (!rc)
		rc = open_throttle(&a->throttle, c, e);
	if (!rc)
		rc = recent_open(&a->recent, e);
	if (!rc)
		rc = users_open(&a->users, s, &a->costs, e);
	if (!rc)
		rc = first_user(a->users, c, e);
	if (rc) {
		auth_close(a);
		return rc;
	}
	password_nobody(&a->costs, a->nobody);
	*ret = a;
	return 0;
}

void auth_close(struct auth *a)
{
	if (!a)
		return;
	memory_close(a->memory);
	recent_close(a->recent);
	throttle_close(a->throttle);
	users_close(a->users);
	free(a);
}

struct users *auth_users(struct auth *a)
{
	return a->users;
}

/* ---- principals ---- */

/** The principal of a user that was read at this epoch or later. */
static int make_principal(struct auth *a, const struct user *user, uint64_t epoch, const char *name, size_t len, const char *only,
	const struct principal **ret, struct err *e)
{
	struct principal p = { .name = name, .only = only, .epoch = epoch };

	int rc = users_role(a->users, user->role_id, &p.role, e);
	if (rc && rc != LYRE_ENOTFOUND)
		return rc;
	if (rc)
		p.role = NULL; /* the permission decision reports it */
	memcpy(p.stamp, user->stamp, sizeof p.stamp);
	rc = principal_make(ret, &p, len, e);
	role_unref(p.role);
	return rc;
}

/** Reads a user. LYRE_ENOTFOUND without a message. */
static int find_user(struct auth *a, const char *name, size_t len, struct user *ret, uint64_t *epoch, struct err *e)
{
	struct arena arena;

	*epoch = users_epoch(a->users); /* before reading the user, so that it is not newer than what was read */
	arena_init(&arena);
	int rc = users_find(a->users, name, len, &arena, ret, e);
	ret->refresh_token = NULL;
	arena_free(&arena);
	return rc;
}

int auth_refresh(struct auth *a, const struct principal *p, const struct principal **ret, struct err *e)
{
	struct user user = { .active = false };
	uint64_t epoch;

	if (p == principal_server() || p->epoch == users_epoch(a->users)) {
		*ret = principal_ref(p);
		return 0;
	}
	size_t len = strlen(p->name);
	int rc = find_user(a, p->name, len, &user, &epoch, e);
	if (rc == LYRE_ENOTFOUND)
		rc = err_set(e, LYRE_EUNAUTHENTICATED, "User %s does not exist", p->name);
	else if (!rc && !user.active)
		rc = err_set(e, LYRE_EUNAUTHENTICATED, "Cannot complete request: User is inactive");
	else if (!rc && strcmp(user.stamp, p->stamp) != 0)
		rc = err_set(e, LYRE_EUNAUTHENTICATED, "User %s has new credentials: sign in again", p->name);
	if (!rc)
		rc = make_principal(a, &user, epoch, p->name, len, p->only, ret, e);
	secure_clear(&user, sizeof user);
	return rc;
}

int auth_renew(struct auth *a, const struct principal **p, struct err *e)
{
	const struct principal *now;

	int rc = auth_refresh(a, *p, &now, e);
	if (rc)
		return rc;
	principal_unref(*p);
	*p = now;
	return 0;
}

/* ---- remembered credentials ---- */

/** A principal of an older epoch is read again, and forgotten if its user may no longer sign in. */
static int recall(struct auth *a, struct fingerprint f, uint64_t *began, const struct principal **ret, struct err *e)
{
	const struct principal *p = memory_find(a->memory, f, monotonic_ms(), began), *fresh = NULL;

	if (!p)
		return LYRE_PENDING;
	if (p->epoch == users_epoch(a->users)) {
		*ret = p;
		return 0;
	}
	int rc = auth_refresh(a, p, &fresh, e);
	if (!rc || rc == LYRE_EUNAUTHENTICATED)
		memory_replace(a->memory, f, p, fresh);
	principal_unref(p);
	if (!rc)
		*ret = fresh;
	return rc == LYRE_EUNAUTHENTICATED ? LYRE_PENDING : rc;
}

/* ---- user name and password ---- */

static int login_failed(struct err *e)
{
	return err_set(e, LYRE_EUNAUTHENTICATED, LOGIN_FAILED);
}

static bool name_plausible(const char *name, size_t len)
{
	return len > 0 && len <= AUTH_USER_MAX && !memchr(name, '\0', len);
}

/** Whether such credentials can exist at all, regardless of which users exist. */
static bool plausible(const char *user, size_t user_len, size_t password_len)
{
	return name_plausible(user, user_len) && password_len <= AUTH_PASSWORD_MAX;
}

int auth_remembered(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	const struct principal **ret, struct err *e)
{
	if (!plausible(user, user_len, password_len))
		return login_failed(e);
	return recall(a, memory_password(a->memory, user, user_len, password, password_len), NULL, ret, e);
}

/** Replaces a hash made with other costs than today's; on failure the old one stays, which does not affect the sign-in. */
static void hash_anew(
	struct auth *a, const char *name, size_t len, const struct user *known, const char *password, size_t password_len)
{
	struct err e;

	if (password_outdated(known->hash, &a->costs) && users_rehash(a->users, name, len, known, password, password_len, &e))
		log_warn("auth", "the password of '%.*s' could not be hashed again: %s", (int)len, name, e.text);
}

int auth_verify(struct auth *a, const char *user, size_t user_len, const char *password, size_t password_len,
	const struct principal **ret, struct err *e)
{
	struct user known = { .active = false };
	uint64_t epoch;

	int rc = auth_remembered(a, user, user_len, password, password_len, ret, e);
	if (rc != LYRE_PENDING)
		return rc; /* verified by another thread while this one waited */

	rc = find_user(a, user, user_len, &known, &epoch, e);
	if (rc && rc != LYRE_ENOTFOUND)
		return rc;
	bool found = rc == 0;
	rc = password_check(found ? known.hash : a->nobody, password, password_len, e);
	if (rc == LYRE_EUNAUTHENTICATED || (!rc && !found))
		rc = login_failed(e);
	else if (!rc && !known.active)
		rc = err_set(e, LYRE_EDENIED, "Cannot complete request: User is inactive");
	if (!rc)
		rc = make_principal(a, &known, epoch, user, user_len, NULL, ret, e);
	if (!rc) {
		memory_keep(a->memory, memory_password(a->memory, user, user_len, password, password_len), monotonic_ms(),
			INT64_MAX, NULL, *ret);
		hash_anew(a, user, user_len, &known, password, password_len);
	}
	secure_clear(&known, sizeof known);
	return rc;
}

/* ---- credentials of other kinds ---- */

int auth_remembered_text(
	struct auth *a, unsigned kind, const char *text, size_t len, uint64_t *began, const struct principal **ret, struct err *e)
{
	if (len > AUTH_CREDENTIAL_MAX)
		return login_failed(e);
	return recall(a, memory_text(a->memory, kind, text, len), began, ret, e);
}

/** When an identity ends, on monotonic_ms()'s clock; at once if its time is not a number. */
static int64_t end_of(const struct identity *c, int64_t now)
{
	double left = c->until - now_ms();

	if (c->until == 0)
		return INT64_MAX;
	if (!(left > 0))
		return now;
	return left < 1e15 ? now + (int64_t)round_up(left) : INT64_MAX;
}

int auth_accept(struct auth *a, unsigned kind, const char *text, size_t len, uint64_t began, const struct identity *c,
	const struct principal **ret, struct err *e)
{
	struct user user = { .active = false };
	int64_t now = monotonic_ms(), until = end_of(c, now);
	size_t name_len = c->user ? strlen(c->user) : 0;
	uint64_t epoch;

	if (len > AUTH_CREDENTIAL_MAX || !c->stamp || !c->user || !name_plausible(c->user, name_len) || until <= now)
		return LYRE_EUNAUTHENTICATED;
	int rc = find_user(a, c->user, name_len, &user, &epoch, e);
	if (rc == LYRE_ENOTFOUND || (!rc && (!user.active || strcmp(user.stamp, c->stamp) != 0)))
		rc = LYRE_EUNAUTHENTICATED;
	if (!rc)
		rc = make_principal(a, &user, epoch, c->user, name_len, c->only, ret, e);
	/* Credentials for one operation may be valid only once: the authenticator is asked each time. */
	if (!rc && !c->only)
		memory_keep(a->memory, memory_text(a->memory, kind, text, len), now, until, &began, *ret);
	secure_clear(&user, sizeof user);
	return rc;
}

/** Certificates among the kinds of credentials: authenticators count from 1 on. */
#define KIND_CERTIFICATE 0

int auth_certified(struct auth *a, const char *name, const struct principal **ret, struct err *e)
{
	struct user user = { .active = false };
	size_t len = strlen(name);
	uint64_t epoch, began;

	if (!name_plausible(name, len))
		return LYRE_EUNAUTHENTICATED;
	const struct fingerprint f = memory_text(a->memory, KIND_CERTIFICATE, name, len);
	int rc = recall(a, f, &began, ret, e);
	if (rc != LYRE_PENDING)
		return rc;
	rc = find_user(a, name, len, &user, &epoch, e);
	if (rc == LYRE_ENOTFOUND || (!rc && !user.active))
		rc = LYRE_EUNAUTHENTICATED;
	if (!rc)
		rc = make_principal(a, &user, epoch, name, len, NULL, ret, e);
	if (!rc)
		memory_keep(a->memory, f, monotonic_ms(), INT64_MAX, &began, *ret);
	secure_clear(&user, sizeof user);
	return rc;
}

void auth_forget(struct auth *a, unsigned kind, const char *text, size_t len)
{
	if (len <= AUTH_CREDENTIAL_MAX)
		memory_forget(a->memory, memory_text(a->memory, kind, text, len));
}

/* ---- failed attempts ---- */

int64_t auth_delay(struct auth *a, const struct attempt *attempt)
{
	int64_t now = monotonic_ms();

	return recent_is(a->recent, attempt, now) ? 0 : throttle_delay(a->throttle, attempt, now);
}

void auth_count(struct auth *a, bool right, const struct attempt *attempt)
{
	int64_t now = monotonic_ms();
	bool known = recent_note(a->recent, attempt, right, now);

	/* A sign-in that did not have to wait must not reset the delays of others who are guessing. */
	if (!right || !known)
		throttle_note(a->throttle, attempt, right, now);
}

/** Comes first in the line, where no user name made up by a client can imitate it. */
static const char *shown_peer(const char *peer)
{
	return peer && *peer ? peer : "-";
}

/** Number of bytes of a name shown in the log. */
static int shown_length(const char *user)
{
	return (int)utf8_cut(user, strlen(user), AUTH_USER_MAX);
}

void auth_audit(struct auth *a, int outcome, const char *user, const char *peer)
{
	const char *from = shown_peer(peer);
	int shown = shown_length(user);

	if (!outcome && a->log_successful)
		log_info("auth", "%s: sign-in as '%.*s' succeeded", from, shown, user);
	else if (outcome == LYRE_EDENIED && a->log_failed)
		log_warn("auth", "%s: sign-in as '%.*s' refused: the user is inactive", from, shown, user);
	else if (outcome && a->log_failed && !*user)
		log_warn("auth", "%s: sign-in failed with credentials that name no user (a token)", from);
	else if (outcome && a->log_failed)
		log_warn("auth", "%s: sign-in as '%.*s' failed", from, shown, user);
}

void auth_refused(struct auth *a, const char *user, const char *peer, const char *why)
{
	int64_t now = monotonic_ms(), told = atomic_load(&a->refused_told);

	atomic_fetch_add(&a->refused, 1);
	if (!a->log_failed || (told && now - told < REFUSED_PAUSE) || !atomic_compare_exchange_strong(&a->refused_told, &told, now))
		return;
	log_warn("auth", "%s: sign-ins as '%.*s' refused without checking the password (%s); %u since the last report",
		shown_peer(peer), shown_length(user), user, why, atomic_exchange(&a->refused, 0));
}
