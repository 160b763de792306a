/* SPDX-License-Identifier: Apache-2.0 */
/** Has its own credentials, a scheme and a cookie, whose text selects what verify() returns. */
#include <lyre/lyre.h>

#include <string.h>

static int asked; /* calls of verify(); tests send requests one by one */

static int is_good(lyre_call *call, const char *name, struct lyre_identity *ret)
{
	struct lyre_user user = { .size = sizeof user };
	int rc = lyre_user(call, name, &user);
	if (rc)
		return lyre_fail(call, LYRE_EUNAUTHENTICATED, "nobody has this badge");
	ret->user = user.name;
	ret->stamp = user.stamp;
	return 0;
}

/* Misbehaves: the server must close what it leaves open. */
static int leave_open(lyre_call *call)
{
	lyre_server_rights_begin(call);
	lyre_scope_begin(call);
	lyre_scope_begin(call);
	lyre_reply_message(call, "never sent");
	return 0;
}

static int verify(lyre_call *call, const char *text, size_t len, struct lyre_identity *ret)
{
	char *word = lyre_alloc(call, len + 1);
	if (!word)
		return lyre_fail(call, LYRE_ENOMEM, "out of memory");
	memcpy(word, text, len);
	char *name = strchr(word, ':');
	if (name)
		*name++ = '\0';
	asked++;
	if (!strcmp(word, "over"))
		return lyre_fail(call, LYRE_EUNAUTHENTICATED, "the badge is over"), LYRE_END;
	if (!strcmp(word, "mute"))
		return LYRE_EUNAUTHENTICATED;
	if (!strcmp(word, "broken"))
		return lyre_fail(call, LYRE_EIO, "the list of badges cannot be read");
	if (!strcmp(word, "unknown"))
		return lyre_user(call, "nobody", &(struct lyre_user){ .size = sizeof(struct lyre_user) });
	if (!strcmp(word, "busy"))
		return lyre_fail(call, LYRE_EBUSY, "too many badges");
	if (!strcmp(word, "pending"))
		return LYRE_PENDING;
	if (!strcmp(word, "nobody"))
		return 0;
	if (!strcmp(word, "open"))
		leave_open(call);
	int rc = name ? is_good(call, name, ret) : lyre_fail(call, LYRE_EUNAUTHENTICATED, "this is no badge");
	if (!rc && !strcmp(word, "old"))
		ret->stamp = "another";
	if (!rc && !strcmp(word, "only"))
		ret->only = "badge_only";
	if (!rc && !strcmp(word, "past"))
		ret->until = 1;
	return rc;
}

/* ---- operations ---- */

static int who(lyre_call *call)
{
	const char *user = lyre_call_user(call), *cookie = lyre_call_cookie(call, "badge");
	lyre_out *o = lyre_reply(call);
	lyre_out_object_begin(o);
	lyre_out_text(o, "user", user);
	lyre_out_key(o, "limited");
	lyre_out_bool(o, lyre_call_limited(call));
	lyre_out_key(o, "may");
	lyre_out_int(o, lyre_call_permissions(call, "system", "hdb_user"));
	lyre_out_text(o, "cookie", cookie);
	lyre_out_key(o, "asked");
	lyre_out_int(o, asked);
	lyre_out_object_end(o);
	return 0;
}

static int set_cookie(lyre_call *call)
{
	const char *value = lyre_arg_string(call, "value");
	const lyre_value *age = lyre_arg(call, "age");
	int rc = lyre_reply_cookie(call, lyre_arg_string(call, "name"), value, lyre_value_int(age));
	return rc ? rc : lyre_reply_message(call, "set");
}

static int set_cookie_and_fail(lyre_call *call)
{
	lyre_reply_cookie(call, "badge", "x", 10);
	if (lyre_reply_cookie(call, "badge", NULL, 10) != LYRE_EINVAL || lyre_reply_cookie(call, NULL, "x", 10) != LYRE_EINVAL)
		return lyre_fail(call, LYRE_EINTERNAL, "nothing was taken for something");
	return lyre_fail(call, LYRE_ECONFLICT, "this fails");
}

static int forget(lyre_call *call)
{
	size_t len;
	const char *text = lyre_value_string(lyre_arg(call, "badge"), &len);
	lyre_credentials_forget(call, LYRE_CREDENTIAL_SCHEME, "Badge", text, len);
	return lyre_reply_message(call, "forgotten");
}

static const struct lyre_param cookie_params[] = {
	{ .name = "name", .types = LYRE_T_STRING, .fallback = "\"badge\"" },
	{ .name = "value", .types = LYRE_T_STRING, .fallback = "\"value\"" },
	{ .name = "age", .types = LYRE_T_NUMBER, .fallback = "60" },
};
static const struct lyre_param forget_params[] = {
	{ .name = "badge", .types = LYRE_T_STRING, .flags = LYRE_P_REQUIRED },
};

static const struct lyre_param read_params[] = {
	{ .name = "database", .types = LYRE_T_STRING },
	{ .name = "table", .types = LYRE_T_STRING },
};

#define SIGNED_IN .access = LYRE_ACCESS_USER, .handler

static const struct lyre_operation operations[] = {
	{ .name = "badge_who", SIGNED_IN = who },
	{ .name = "badge_only", SIGNED_IN = who, .run = LYRE_RUN_POOL },
	{ .name = "badge_read",
		SIGNED_IN = who,
		.permissions = LYRE_PERMIT_READ | LYRE_PERMIT_DESCRIBE,
		.params = LYRE_LIST(read_params) },
	{ .name = "badge_read_in_a_job",
		SIGNED_IN = who,
		.permissions = LYRE_PERMIT_READ,
		.run = LYRE_RUN_JOB,
		.params = LYRE_LIST(read_params) },
	{ .name = "badge_open", .access = LYRE_ACCESS_OPEN, .handler = who },
	{ .name = "badge_cookie", .access = LYRE_ACCESS_OPEN, .handler = set_cookie, .params = LYRE_LIST(cookie_params) },
	{ .name = "badge_cookie_job", SIGNED_IN = set_cookie, .run = LYRE_RUN_JOB, .params = LYRE_LIST(cookie_params) },
	{ .name = "badge_cookie_fails", .access = LYRE_ACCESS_OPEN, .handler = set_cookie_and_fail },
	{ .name = "badge_forget", SIGNED_IN = forget, .params = LYRE_LIST(forget_params) },
};

static int start(lyre_instance *self)
{
	const struct lyre_route page = { .size = sizeof page, .access = LYRE_ACCESS_USER, .path = "/badge", .handler = who };
	const struct lyre_authenticator all[] = {
		{ .size = sizeof *all,
			.source = LYRE_CREDENTIAL_SCHEME,
			.name = lyre_setting_string(self, "scheme"),
			.verify = verify },
		{ .size = sizeof *all,
			.source = LYRE_CREDENTIAL_COOKIE,
			.name = lyre_setting_string(self, "cookie"),
			.verify = verify },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		int rc = lyre_authenticator_add(self, &all[i]);
		if (rc)
			return rc;
	}
	return lyre_route_add(self, &page);
}

static const struct lyre_setting settings[] = {
	{ .key = "scheme", .type = LYRE_S_STRING, .fallback = "Badge", .help = "Scheme of its credentials." },
	{ .key = "cookie", .type = LYRE_S_STRING, .fallback = "badge", .help = "Cookie of its credentials." },
};

LYRE_MODULE(badges, "1.0.0", "Its own credentials", .settings = LYRE_LIST(settings), .operations = LYRE_LIST(operations),
	.start = start);
