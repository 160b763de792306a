/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/user.c
 * \brief add_user, alter_user, drop_user.
 */
#include "users_module.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum text users_argument_text(lyre_call *call, const char *name, const char **ret)
{
	const lyre_value *v = lyre_arg(call, name);
	enum lyre_type type = lyre_value_type(v);
	size_t len = 0;

	*ret = NULL;
	if (type == LYRE_NULL)
		return TEXT_BLANK;
	if (type != LYRE_STRING && type != LYRE_INT && type != LYRE_DOUBLE && type != LYRE_BIGINT)
		return TEXT_INVALID;
	if (type == LYRE_STRING) {
		const char *text = lyre_value_string(v, &len);
		if (!len)
			return TEXT_BLANK;
		if (strlen(text) != len)
			return TEXT_INVALID;
	}
	*ret = lyre_arg_string(call, name);
	return *ret ? TEXT_GIVEN : TEXT_NO_MEMORY;
}

/** Keys that the store rejects as mistakes of the client. */
static int is_no_key(const char *text)
{
	return strcmp(text, "null") == 0 || strcmp(text, "undefined") == 0;
}

int users_is_role_name(const lyre_value *v)
{
	size_t len;
	const char *s = lyre_value_type(v) == LYRE_STRING ? lyre_value_string(v, &len) : NULL;

	if (!s || !len || is_no_key(s))
		return 0;
	for (size_t i = 0; i < len; i++) {
		char c = s[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
			return 0;
	}
	return 1;
}

/** The errors of a request. Large enough for all errors in this file together. */
struct faults {
	char text[512];
	size_t len;
};

static void fault(struct faults *f, const char *fmt, ...) LYRE_PRINTF(2, 3);
static void fault(struct faults *f, const char *fmt, ...)
{
	size_t room = sizeof f->text - f->len;
	va_list ap;

	if (f->len && room > 1) {
		f->text[f->len++] = ',';
		room--;
	}
	va_start(ap, fmt);
	int n = vsnprintf(f->text + f->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		f->len += (size_t)n < room ? (size_t)n : room - 1;
}

/** The arguments of a request that describe a user. */
struct request {
	const char *username, *password, *role;
	enum text has_username, has_password, has_role;
	const lyre_value *active;
};

/** Checks that a new user is complete. */
static void check_given(const struct request *q, struct faults *f)
{
	if (q->has_username == TEXT_BLANK)
		fault(f, "Username can't be blank");
	if (q->has_password == TEXT_BLANK)
		fault(f, "Password can't be blank");
	if (q->has_role == TEXT_BLANK)
		fault(f, "Role can't be blank");
	if (!q->active)
		fault(f, "Active can't be blank");
}

/** Checks values, whether a user is added or altered. */
static void check_values(const struct request *q, struct faults *f)
{
	if (q->has_username == TEXT_INVALID)
		fault(f, "Username is invalid");
	else if (q->username && strlen(q->username) > LYRE_USER_NAME_MAX)
		fault(f, "Username is too long (maximum is %d bytes)", LYRE_USER_NAME_MAX);
	if (q->has_password == TEXT_INVALID)
		fault(f, "Password is invalid");
	else if (q->password && strlen(q->password) > LYRE_PASSWORD_MAX)
		fault(f, "Password is too long (maximum is %d bytes)", LYRE_PASSWORD_MAX);
	if (q->has_role == TEXT_INVALID)
		fault(f, "Role is invalid");
	if (q->active && lyre_value_type(q->active) != LYRE_BOOL)
		fault(f, "Active must be a boolean");
}

/** Whether a password consists of white space only. */
static int is_blank(const char *text)
{
	return !text[strspn(text, " \t\r\n")];
}

/** Checks what must not be empty if given: an altered user keeps what is not given. */
static void check_changed(lyre_call *call, const struct request *q, struct faults *f)
{
	const lyre_value *password = lyre_arg(call, "password");

	if (q->has_username == TEXT_BLANK)
		fault(f, "username is required");
	if (q->has_password == TEXT_GIVEN && lyre_value_type(password) != LYRE_STRING)
		fault(f, "Password must be a string");
	else if (q->password ? is_blank(q->password) : q->has_password == TEXT_BLANK && lyre_value_type(password) == LYRE_STRING)
		fault(f, "Password can't be blank");
	if (q->has_role == TEXT_BLANK && lyre_value_type(lyre_arg(call, "role")) == LYRE_STRING)
		fault(f, "Role can't be blank");
}

/** Reads and checks a request. \param whole  all arguments must be given, for a new user. \return 0; a failure with all errors */
static int read_request(lyre_call *call, int whole, struct request *q, struct lyre_user_change *change)
{
	struct faults f = { .len = 0 };

	q->has_username = users_argument_text(call, "username", &q->username);
	if (q->has_username == TEXT_GIVEN && is_no_key(q->username))
		q->has_username = TEXT_INVALID;
	q->has_password = users_argument_text(call, "password", &q->password);
	q->has_role = users_argument_text(call, "role", &q->role);
	if (q->has_role == TEXT_GIVEN && !users_is_role_name(lyre_arg(call, "role")))
		q->has_role = TEXT_INVALID;
	q->active = lyre_arg(call, "active");
	if (q->has_username == TEXT_NO_MEMORY || q->has_password == TEXT_NO_MEMORY || q->has_role == TEXT_NO_MEMORY)
		return lyre_fail_no_memory(call);
	if (whole)
		check_given(q, &f);
	else
		check_changed(call, q, &f);
	check_values(q, &f);
	if (!whole && q->username && q->has_password == TEXT_BLANK && q->has_role == TEXT_BLANK && !q->active)
		return lyre_fail(call, LYRE_EINVAL, "nothing to update, must supply active, role or password to update");
	if (f.len)
		return lyre_fail(call, LYRE_EINVAL, "%s", f.text);
	*change = (struct lyre_user_change){
		.size = sizeof *change,
		.fields = (q->password ? LYRE_USER_PASSWORD : 0u) | (q->role ? LYRE_USER_ROLE : 0u) |
			(q->active ? LYRE_USER_ACTIVE : 0u),
		.name = q->username,
		.password = q->password,
		.role = q->role,
		.active = (uint32_t)lyre_value_bool(q->active),
	};
	return 0;
}

void users_log_change(lyre_call *call, const char *did, const char *name)
{
	lyre_log(lyre_call_module(call), LYRE_NOTIFY, "'%s' %s '%s'", lyre_call_user(call), did, name);
}

int users_password_user(lyre_call *call, const char *what, struct lyre_user *ret)
{
	int rc = lyre_user(call, NULL, ret);

	if (rc)
		return rc;
	if (!*ret->stamp) /* the server itself, for a peer on its socket */
		return lyre_fail(
			call, LYRE_EINVAL, "%s belong to a user: send 'username' and 'password', or sign in as the user", what);
	if (!lyre_call_by_password(call))
		return lyre_fail(call, LYRE_EINVAL, "%s require a password: send 'username' and 'password'", what);
	return 0;
}

int users_add_user(lyre_call *call)
{
	struct lyre_user_change user;
	struct request q;
	int rc = read_request(call, 1, &q, &user);

	if (rc < 0)
		return rc;
	/* The name is reserved for the server; clients expect this error. */
	if (strcmp(q.username, "system") == 0)
		return lyre_fail(call, LYRE_EINVAL, "Username You cannot create tables within the system schema");
	rc = lyre_user_add(call, &user);
	if (rc == 0)
		users_log_change(call, "added the user", q.username);
	return rc < 0 ? rc : lyre_reply_message(call, "%s successfully added", q.username);
}

static void write_names(lyre_out *o, const char *key, const char *name)
{
	lyre_out_key(o, key);
	lyre_out_array_begin(o);
	if (name)
		lyre_out_string(o, name, strlen(name));
	lyre_out_array_end(o);
}

/** Answers in the form of an update. */
static int reply_updated(lyre_call *call, const char *name, int updated)
{
	const char *message = updated ? "updated 1 of 1 records" : "updated 0 of 1 records";
	lyre_out *o = lyre_reply(call);

	lyre_out_object_begin(o);
	lyre_out_text(o, "message", message);
	lyre_out_key(o, "txn_time");
	lyre_out_int(o, 0);
	write_names(o, "update_hashes", updated ? name : NULL);
	write_names(o, "skipped_hashes", updated ? NULL : name);
	lyre_out_object_end(o);
	return 0;
}

int users_alter_user(lyre_call *call)
{
	struct lyre_user_change change;
	struct request q;
	int rc = read_request(call, 0, &q, &change);

	if (rc < 0)
		return rc;
	/* An unknown role is "not found", too: look for the user first. */
	struct lyre_user user = { .size = sizeof user };
	rc = lyre_user(call, q.username, &user);
	if (rc == LYRE_ENOTFOUND)
		return reply_updated(call, q.username, 0);
	if (rc == 0)
		rc = lyre_user_change(call, &change);
	if (rc == LYRE_ENOTFOUND && q.role)
		return lyre_fail(call, rc, "Update failed.  Requested '%s' role not found.", q.role);
	if (rc < 0)
		return rc;
	if (q.password)
		users_log_change(call, "changed the password of the user", q.username);
	if (q.role)
		users_log_change(call, "changed the role of the user", q.username);
	if (q.active)
		users_log_change(call, change.active ? "activated the user" : "deactivated the user", q.username);
	return reply_updated(call, q.username, 1);
}

int users_drop_user(lyre_call *call)
{
	const char *name;
	enum text has = users_argument_text(call, "username", &name);

	if (has == TEXT_NO_MEMORY)
		return lyre_fail_no_memory(call);
	if (has == TEXT_BLANK)
		return lyre_fail(call, LYRE_EINVAL, "Username can't be blank");
	if (has == TEXT_INVALID)
		return lyre_fail(call, LYRE_EINVAL, "Username is invalid");
	int rc = lyre_user_drop(call, name);
	if (rc == 0)
		users_log_change(call, "dropped the user", name);
	return rc < 0 ? rc : lyre_reply_message(call, "%s successfully deleted", name);
}
