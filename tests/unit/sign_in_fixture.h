/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sign_in_fixture.h
 * \brief Users who sign in, in a store of their own, and short functions for what tests do with them.
 */
#ifndef SIGN_IN_FIXTURE_H
#define SIGN_IN_FIXTURE_H

#include "store_fixture.h"

#include "auth/auth.h"
#include "auth/principal.h"
#include "auth/users.h"
#include "config/config.h"

static struct config *config;
static struct auth *auth;
static const struct principal *who; /**< of the last user signed in */

UNUSED static int open_auth(const char *set)
{
	const char *sets[] = { "authentication.argon2.memory=8K", "authentication.argon2.iterations=1", set };
	struct config_sources s = { .root = folder, .sets = sets, .set_count = set ? 3 : 2 };

	ck_assert_msg(!config_load(&config, &s, &err), "%s", err.text);
	setenv("LYRE_ADMIN_USERNAME", "admin", 1);
	setenv("LYRE_ADMIN_PASSWORD", "Abc1234!", 1);
	return auth_open(&auth, store, config, &err);
}

UNUSED static void close_auth(void)
{
	principal_unref(who);
	who = NULL;
	auth_close(auth);
	auth = NULL;
	config_free(config);
}

UNUSED static void begin(void)
{
	setup();
	ck_assert_msg(!open_auth(NULL), "%s", err.text);
}

UNUSED static void end(void)
{
	close_auth();
	teardown();
}

UNUSED static int took(int rc, const struct principal *p)
{
	principal_unref(who);
	who = rc ? NULL : p;
	return rc;
}

UNUSED static int remembered(const char *name, const char *password)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_remembered(auth, name, strlen(name), password, strlen(password), &p, &err);
	return took(rc, p);
}

UNUSED static int verify(const char *name, const char *password)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_verify(auth, name, strlen(name), password, strlen(password), &p, &err);
	return took(rc, p);
}

static uint64_t began;

UNUSED static int remembered_text(unsigned kind, const char *text)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_remembered_text(auth, kind, text, strlen(text), &began, &p, &err);
	return took(rc, p);
}

UNUSED static int claim(unsigned kind, const char *text, struct identity c)
{
	const struct principal *p = NULL;

	err = (struct err){ 0 };
	int rc = auth_accept(auth, kind, text, strlen(text), began, &c, &p, &err);
	return took(rc, p);
}

UNUSED static void add(const char *name, const char *role)
{
	const struct lyre_user_change user = {
		.size = sizeof user,
		.fields = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE,
		.name = name,
		.password = "secret",
		.role = role,
		.active = 1,
	};

	ck_assert_msg(!users_add(auth_users(auth), &user, &err), "%s", err.text);
}

UNUSED static void change(struct lyre_user_change c)
{
	c.size = sizeof c;
	ck_assert_msg(!users_change(auth_users(auth), &c, &err), "%s", err.text);
}

UNUSED static void set_active(const char *name, bool active)
{
	change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_ACTIVE, .active = active });
}

UNUSED static void set_password(const char *name, const char *password)
{
	change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_PASSWORD, .password = password });
}

UNUSED static void add_role(const char *id, bool structure)
{
	struct value_member member = { "structure_user", sizeof "structure_user" - 1, value_bool(structure) };
	lyre_value permission = { .type = LYRE_OBJECT, .len = 1, .members = &member };
	const struct lyre_role role = { .size = sizeof role, .id = id, .name = id, .permission = &permission };
	struct arena a;

	arena_init(&a);
	int rc = users_change_role(auth_users(auth), &role, &a, NULL, &err);
	if (rc == LYRE_ENOTFOUND)
		rc = users_add_role(auth_users(auth), &role, &a, NULL, &err);
	ck_assert_msg(!rc, "%s", err.text);
	arena_free(&a);
}

UNUSED static const char *stamp_of(const char *name)
{
	static struct user user;
	struct arena a;

	arena_init(&a);
	ck_assert_int_eq(users_find(auth_users(auth), name, strlen(name), &a, &user, &err), 0);
	arena_free(&a);
	return user.stamp;
}

#endif
