/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/token_operations.c
 * \brief create_authentication_tokens, refresh_operation_token, and signing in with a bearer token.
 *
 * A token carries its user's stamp, so that a change of the password ends all tokens. Only the last refresh token issued is
 * valid; the user's record has its digest.
 */
#include "token.h"
#include "users_module.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LONGEST (INT64_C(36500) * 86400)

static struct token_key *key;

/* Not time(), which may lag slightly behind the server's clock. */
static time_t now_seconds(void)
{
	return (time_t)(lyre_time_now() / 1000);
}

/* ---- creating ---- */

static bool role_is_super(const lyre_value *role)
{
	return lyre_value_bool(lyre_value_get(lyre_value_get(role, "permission"), "super_user"));
}

/* \param role  "" for none. \return the token, of the call; NULL with the failure set */
static const char *make_token(
	lyre_call *call, const struct lyre_user *user, enum token_subject subject, int64_t seconds, const char *role)
{
	struct token_claims c = { .subject = subject, .super_user = role_is_super(user->role), .issued = now_seconds() };
	char *token, *kept = NULL;

	if (strlen(user->name) >= sizeof c.user || strlen(user->stamp) >= sizeof c.stamp || strlen(role) >= sizeof c.role) {
		lyre_fail(call, LYRE_EINTERNAL, "the user's name, role or stamp is too long for a token");
		return NULL;
	}
	strcpy(c.user, user->name);
	strcpy(c.stamp, user->stamp);
	strcpy(c.role, role);
	if (users_random_text(call, c.id, TOKEN_ID_BYTES))
		return NULL;
	c.expires = c.issued + seconds;
	token = token_make(key, &c);
	if (token)
		kept = lyre_alloc(call, strlen(token) + 1);
	if (kept)
		strcpy(kept, token);
	else
		lyre_fail_no_memory(call);
	free(token);
	return kept;
}

static int64_t setting_seconds(lyre_call *call, const char *setting)
{
	return lyre_setting_int(lyre_call_module(call), setting) / 1000;
}

static const struct unit {
	char letter;
	int64_t seconds;
} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };

/* The largest unit that divides it. */
static const struct unit *unit_of(int64_t seconds)
{
	size_t i = sizeof units / sizeof *units - 1;

	while (seconds % units[i].seconds)
		i--;
	return &units[i];
}

/* Reads digits with an optional s, m, h or d. \return -1 for anything else */
static int64_t read_seconds(const char *s, size_t len)
{
	size_t digits = strspn(s, "0123456789");
	int64_t n;

	if (!digits || digits > 12 || strlen(s) != len)
		return -1;
	n = strtoll(s, NULL, 10);
	if (digits == len)
		return n;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (digits + 1 == len && s[digits] == units[i].letter)
			return n > LONGEST ? -1 : n * units[i].seconds;
	return -1;
}

/* Reads the requested lifetime of the operation token. */
static int get_expires_in(lyre_call *call, int64_t *seconds)
{
	const lyre_value *v = lyre_arg(call, "expires_in");
	size_t len;

	if (!v) {
		*seconds = setting_seconds(call, "/authentication.operationTokenTimeout");
		return 0;
	}
	if (lyre_value_type(v) == LYRE_STRING) {
		const char *s = lyre_value_string(v, &len);

		*seconds = read_seconds(s, len);
	} else {
		double d = lyre_value_double(v);

		*seconds = d >= 1 && d <= (double)LONGEST && d == (double)(int64_t)d ? (int64_t)d : -1;
	}
	int64_t longest = setting_seconds(call, "/authentication.operationTokenMaxTimeout");
	if (*seconds >= 1 && *seconds <= longest)
		return 0;
	const struct unit *u = unit_of(longest);
	return lyre_fail(call, LYRE_EINVAL,
		"'expires_in' must be a whole number of seconds, or one with s, m, h or d as in 30m, "
		"2h, 1d; from 1s to %" PRId64 "%c",
		longest / u->seconds, u->letter);
}

static int get_role(lyre_call *call, const char **role)
{
	const lyre_value *v = lyre_arg(call, "role");
	size_t len = 0;

	*role = v ? lyre_value_string(v, &len) : "";
	if (v && (!len || len > TOKEN_ROLE_MAX || strlen(*role) != len))
		return lyre_fail(call, LYRE_EINVAL, "'role' must be a string of 1 to %d bytes", TOKEN_ROLE_MAX);
	return 0;
}

/* Makes this the user's refresh token. */
static int keep_refresh_token(lyre_call *call, const char *user, const char *token)
{
	char digest[DIGEST_MAX];
	const struct lyre_user_change change = {
		.size = sizeof change, .fields = LYRE_USER_REFRESH_TOKEN, .name = user, .refresh_token = digest
	};
	int rc = users_digest_of(call, token, strlen(token), digest);

	return rc ? rc : lyre_user_change(call, &change);
}

int users_create_authentication_tokens(lyre_call *call)
{
	struct lyre_user user = { .size = sizeof user };
	const char *role, *operation, *refresh;
	lyre_out *out = lyre_reply(call);
	int64_t seconds;
	int rc = get_expires_in(call, &seconds);

	if (!rc)
		rc = get_role(call, &role);
	if (rc)
		return rc;
	rc = users_password_user(call, "Tokens", &user);
	if (rc)
		return rc;
	operation = make_token(call, &user, TOKEN_OPERATION, seconds, role);
	refresh = make_token(call, &user, TOKEN_REFRESH, setting_seconds(call, "/authentication.refreshTokenTimeout"), role);
	if (!operation || !refresh)
		return lyre_failure(call);
	/* A token that names a role is not valid here, and does not replace another. */
	rc = *role ? 0 : keep_refresh_token(call, user.name, refresh);
	if (rc)
		return rc;
	lyre_out_object_begin(out);
	lyre_out_text(out, "operation_token", operation);
	lyre_out_text(out, "refresh_token", refresh);
	lyre_out_object_end(out);
	return 0;
}

/* ---- reading ---- */

static int invalid(lyre_call *call)
{
	return lyre_fail(call, LYRE_EUNAUTHENTICATED, "invalid token");
}

/* Checks that a refresh token is the last one issued. */
static int check_is_last(lyre_call *call, const struct lyre_user *user, const char *text, size_t len)
{
	char digest[DIGEST_MAX];
	int rc = users_digest_of(call, text, len, digest);

	return rc || !strcmp(digest, user->refresh_token) ? rc : invalid(call);
}

/* Finds the user of a token. \return 0; LYRE_EUNAUTHENTICATED or, if it has expired, LYRE_END, with a message */
static int check_token(lyre_call *call, const char *text, size_t len, struct token_claims *c, struct lyre_user *user)
{
	int rc;

	switch (token_read(key, text, len, now_seconds(), c)) {
	case TOKEN_VALID:
		break;
	case TOKEN_EXPIRED:
		lyre_fail(call, LYRE_EUNAUTHENTICATED, "token expired");
		return LYRE_END;
	case TOKEN_NO_MEMORY:
		return lyre_fail_no_memory(call);
	case TOKEN_INVALID:
	default:
		return invalid(call);
	}
	if (*c->role)
		return invalid(call);
	user->size = sizeof *user;
	rc = lyre_user(call, c->user, user);
	if (rc)
		return rc == LYRE_ENOTFOUND ? invalid(call) : rc;
	if (!user->active || strcmp(user->stamp, c->stamp))
		return invalid(call);
	return c->subject == TOKEN_REFRESH ? check_is_last(call, user, text, len) : 0;
}

static int get_refresh_token_user(lyre_call *call, const lyre_value *token, struct lyre_user *user)
{
	struct token_claims c;
	size_t len;
	const char *text = lyre_value_string(token, &len);
	int rc = check_token(call, text, len, &c, user);

	if (!rc && c.subject != TOKEN_REFRESH)
		return invalid(call);
	return rc == LYRE_END ? LYRE_EUNAUTHENTICATED : rc;
}

int users_refresh_operation_token(lyre_call *call)
{
	const lyre_value *given = lyre_arg(call, "refresh_token");
	struct lyre_user user = { .size = sizeof user };
	lyre_out *out = lyre_reply(call);
	const char *token;
	int rc;

	if (given)
		rc = get_refresh_token_user(call, given, &user);
	else if (lyre_call_limited(call)) /* the caller came with the refresh token */
		rc = lyre_user(call, NULL, &user);
	else
		rc = lyre_fail(call, LYRE_EINVAL, "'refresh_token' is required");
	if (rc)
		return rc;
	token = make_token(call, &user, TOKEN_OPERATION, setting_seconds(call, "/authentication.operationTokenTimeout"), "");
	if (!token)
		return lyre_failure(call);
	lyre_out_object_begin(out);
	lyre_out_text(out, "operation_token", token);
	lyre_out_object_end(out);
	return 0;
}

/* ---- signing in ---- */

static int verify(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret)
{
	struct lyre_user user;
	struct token_claims c;
	int rc = check_token(call, text, len, &c, &user);

	if (rc)
		return rc;
	ret->user = user.name;
	ret->stamp = user.stamp;
	ret->until = (double)c.expires * 1000;
	ret->only = c.subject == TOKEN_REFRESH ? "refresh_operation_token" : NULL;
	return 0;
}

/* The path of the key. */
static int key_path(lyre_instance *self, char out[PATH_MAX])
{
	if (snprintf(out, PATH_MAX, "%s/keys/jwt.pem", lyre_setting_string(self, "/rootPath")) < PATH_MAX)
		return 0;
	return lyre_start_fail(self, LYRE_EINVAL, "The path of the token key is too long: choose a shorter rootPath");
}

int users_token_check(lyre_instance *self)
{
	char path[PATH_MAX], why[PATH_MAX + 512];
	int rc = key_path(self, path);

	if (rc || (access(path, F_OK) < 0 && errno == ENOENT)) /* the start will create it */
		return rc;
	struct token_key *k = token_key_open(path, why, sizeof why);
	token_key_close(k);
	return k ? 0 : lyre_start_fail(self, LYRE_EIO, "%s", why);
}

int users_token_start(lyre_instance *self)
{
	static const struct lyre_authenticator bearer = {
		.size = sizeof bearer, .source = LYRE_CREDENTIAL_SCHEME, .name = "Bearer", .verify = verify
	};
	char path[PATH_MAX], why[PATH_MAX + 512];

	int rc = key_path(self, path);

	if (rc)
		return rc;
	key = token_key_open(path, why, sizeof why);
	if (!key)
		return lyre_start_fail(self, LYRE_EIO, "%s", why);
	if (*why)
		lyre_log(self, LYRE_WARN, "%s", why);
	return lyre_authenticator_add(self, &bearer);
}

void users_token_stop(lyre_instance *self)
{
	(void)self;
	token_key_close(key);
	key = NULL;
}
