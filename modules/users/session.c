/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/session.c
 * \brief login, logout, and signing in with a session cookie.
 *
 * A session is a record of system.hdb_session whose key is the digest of the cookie's value, so that the database file does
 * not allow anyone to sign in. It has its user's stamp, so that a change of the password ends it.
 */
#include "users_module.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DATABASE "system"
#define TABLE "hdb_session"
/* The cookie's value: 256 bits, in hexadecimal. */
#define VALUE_BYTES 32
#define VALUE_MAX (2 * VALUE_BYTES + 1)
#define REMOVED_AT_ONCE 16
/* Per user. */
#define SESSIONS_MAX 1000

static bool enabled;
static int64_t lasts; /* lifetime of a session, seconds */
static char cookie[40];

/* ---- the table ---- */

/* Each session expires at the time in its record. The table has no expiration of its own, because that would keep the
 * setting's value from when the table was created. */
static int open_for_login(lyre_call *call, lyre_table **ret)
{
	static const struct lyre_attribute attributes[] = {
		{ .size = sizeof *attributes, .flags = LYRE_A_PRIMARY_KEY, .name = "id", .type = "ID" },
		{ .size = sizeof *attributes, .flags = LYRE_A_NOT_NULL | LYRE_A_INDEXED, .name = "user", .type = "String" },
		{ .size = sizeof *attributes, .flags = LYRE_A_NOT_NULL, .name = "stamp", .type = "String" },
		{ .size = sizeof *attributes, .flags = LYRE_A_NOT_NULL | LYRE_A_INDEXED, .name = "expires", .type = "Float" },
	};
	const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.attribute_count = sizeof attributes / sizeof *attributes,
		.database = DATABASE,
		.name = TABLE,
		.primary_key = "id",
		.attributes = attributes,
		.expiration = -1,
		.audit = 0,
	};
	return lyre_table_ensure(call, &spec, ret);
}

/* Removes the first few records that match a condition. */
static int remove_some(
	lyre_call *call, struct lyre_query *query, const char *attribute, const char *comparator, const lyre_value *value)
{
	const lyre_value *ids[REMOVED_AT_ONCE], *record;
	const struct lyre_write_result *result;
	lyre_cursor *cursor;
	size_t count = 0;

	query->size = (uint32_t)sizeof *query;
	query->conditions = lyre_make_condition(call, attribute, comparator, value);
	query->limit = REMOVED_AT_ONCE;
	int rc = lyre_query_open(call, query, &cursor);
	while (!rc && count < REMOVED_AT_ONCE) {
		rc = lyre_cursor_next(call, cursor, &record);
		if (!rc) /* the row lives only until the next one */
			ids[count++] = lyre_make_copy(call, lyre_value_get(record, "id"));
	}
	if (rc < 0 || !count)
		return rc < 0 ? rc : 0;
	return lyre_write_wait(call, query->table, LYRE_DELETE, lyre_make_array(call, ids, count), &result);
}

/* Each login removes some expired sessions: more than it adds. */
static int remove_ended(lyre_call *call, lyre_table *table)
{
	struct lyre_query query = { .table = table };

	return remove_some(call, &query, "expires", "less_than", lyre_make_double(call, lyre_time_now()));
}

/* Ends the sessions beyond a user's limit that would expire first; the cache may keep them valid for cacheTTL.
 * Without this limit anyone with a password could fill the disk. */
static int remove_surplus(lyre_call *call, lyre_table *table, const char *user)
{
	static const char *const names[] = { "attribute", "descending" };
	const lyre_value *newest_first[] = { lyre_make_text(call, "expires"), lyre_make_bool(call, 1) };
	struct lyre_query query = {
		.table = table, .sort = lyre_make_object(call, names, newest_first, 2), .offset = SESSIONS_MAX - 1
	};

	return remove_some(call, &query, "user", "equals", lyre_make_text(call, user));
}

/* ---- a session ---- */

static int write_session(lyre_call *call, const char *id, const struct lyre_user *user)
{
	static const char *const names[] = { "id", "user", "stamp", "expires" };
	const lyre_value *values[] = {
		lyre_make_text(call, id),
		lyre_make_text(call, user->name),
		lyre_make_text(call, user->stamp),
		lyre_make_double(call, lyre_time_now() + (double)lasts * 1000),
	};
	const lyre_value *record = lyre_make_object(call, names, values, sizeof values / sizeof *values);
	const struct lyre_write_result *result;
	lyre_table *table;
	int rc = open_for_login(call, &table);

	if (!rc)
		rc = remove_ended(call, table);
	if (!rc)
		rc = remove_surplus(call, table, user->name);
	return rc ? rc : lyre_write_wait(call, table, LYRE_INSERT, lyre_make_array(call, &record, 1), &result);
}

/* Whether a text has the form of our cookies' values. */
static bool is_value(const char *text, size_t len)
{
	size_t right = 0;

	while (right < len && ((text[right] >= '0' && text[right] <= '9') || (text[right] >= 'a' && text[right] <= 'f')))
		right++;
	return right == len && len == VALUE_MAX - 1;
}

/* Ends the session that the request's cookie names, if there is one. */
static int end_session(lyre_call *call, const char *value)
{
	const struct lyre_write_result *result;
	const lyre_value *key;
	char id[DIGEST_MAX];
	lyre_table *table;
	size_t len = strlen(value);
	int rc = users_digest_of(call, value, len, id);

	if (rc || !is_value(value, len))
		return rc;
	rc = lyre_table_open(call, DATABASE, TABLE, &table);
	if (rc)
		return rc == LYRE_ENOTFOUND ? 0 : rc;
	key = lyre_make_text(call, id);
	rc = lyre_write_wait(call, table, LYRE_DELETE, lyre_make_array(call, &key, 1), &result);
	/* After the removal, or it could be cached again. */
	if (!rc)
		lyre_credentials_forget(call, LYRE_CREDENTIAL_COOKIE, cookie, value, len);
	return rc;
}

static int begin_session(lyre_call *call, const struct lyre_user *user)
{
	char value[VALUE_MAX], id[DIGEST_MAX];
	int rc = users_random_text(call, value, VALUE_BYTES);

	if (!rc)
		rc = users_digest_of(call, value, strlen(value), id);
	if (!rc)
		rc = write_session(call, id, user);
	return rc ? rc : lyre_reply_cookie(call, cookie, value, lasts);
}

/* ---- operations ---- */

int users_login(lyre_call *call)
{
	struct lyre_user user = { .size = sizeof user };
	const char *earlier = lyre_call_cookie(call, cookie);
	int rc;

	if (!enabled)
		return lyre_fail(call, LYRE_EINVAL, "Sessions are disabled: authentication.enableSessions is false");
	rc = users_password_user(call, "Sessions", &user);
	if (rc)
		return rc;
	lyre_server_rights_begin(call);
	if (earlier)
		rc = end_session(call, earlier);
	if (!rc)
		rc = begin_session(call, &user);
	lyre_server_rights_end(call);
	return rc ? rc : lyre_reply_message(call, "Login successful");
}

int users_logout(lyre_call *call)
{
	const char *value = lyre_call_cookie(call, cookie);
	int rc = 0;

	if (value) {
		lyre_server_rights_begin(call);
		rc = end_session(call, value);
		lyre_server_rights_end(call);
		if (!rc)
			rc = lyre_reply_cookie(call, cookie, "", 0);
	}
	return rc ? rc : lyre_reply_message(call, "Logout successful");
}

/* ---- signing in ---- */

static int invalid(lyre_call *call)
{
	return lyre_fail(call, LYRE_EUNAUTHENTICATED, "invalid session");
}

/* \return 0; LYRE_END if there is none */
static int find_session(lyre_call *call, const char *id, const lyre_value **ret)
{
	const lyre_value *key = lyre_make_text(call, id);
	lyre_cursor *cursor;
	lyre_table *table;
	int rc = lyre_table_open(call, DATABASE, TABLE, &table);

	if (rc)
		return rc == LYRE_ENOTFOUND ? LYRE_END : rc;
	rc = lyre_lookup(call, table, lyre_make_array(call, &key, 1), NULL, &cursor);
	return rc ? rc : lyre_cursor_next(call, cursor, ret);
}

static int verify(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret)
{
	const lyre_value *record;
	char id[DIGEST_MAX];
	int rc = is_value(text, len) ? users_digest_of(call, text, len, id) : invalid(call);

	if (!rc)
		rc = find_session(call, id, &record);
	if (rc)
		return rc == LYRE_END ? invalid(call) : rc;
	ret->user = lyre_value_string(lyre_value_get(record, "user"), NULL);
	ret->stamp = lyre_value_string(lyre_value_get(record, "stamp"), NULL);
	ret->until = lyre_value_double(lyre_value_get(record, "expires"));
	if (!ret->user || !ret->stamp)
		return invalid(call);
	if (ret->until > lyre_time_now())
		return 0;
	lyre_fail(call, LYRE_EUNAUTHENTICATED, "session expired");
	return LYRE_END;
}

int users_session_start(lyre_instance *self)
{
	static const struct lyre_authenticator sessions = {
		.size = sizeof sessions, .source = LYRE_CREDENTIAL_COOKIE, .name = cookie, .verify = verify
	};

	enabled = lyre_setting_bool(self, "/authentication.enableSessions");
	lasts = lyre_setting_int(self, "/authentication.sessionTimeout") / 1000;
	/* For browsers, only the names of cookies distinguish servers on one host. */
	snprintf(cookie, sizeof cookie, "hdb-session-%" PRId64, lyre_setting_int(self, "/operationsApi.network.port"));
	return enabled ? lyre_authenticator_add(self, &sessions) : 0;
}
