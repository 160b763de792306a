/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users_fixture.h
 * \brief Users and roles in a store of their own, and short functions for what tests do with them.
 */
#ifndef USERS_FIXTURE_H
#define USERS_FIXTURE_H

#include "store_fixture.h"

#include "auth/users_internal.h"

static const struct password_costs costs = { 8, 1, 1 };
static struct users *users;
static struct arena arena;

UNUSED static void begin(void)
{
	setup();
	arena_init(&arena);
	ck_assert_msg(!users_open(&users, store, &costs, &err), "%s", err.text);
}

UNUSED static void end(void)
{
	arena_free(&arena);
	users_close(users);
	teardown();
}

/** \return the code; err has the message */
UNUSED static int add(const char *name, const char *password, const char *role, bool active)
{
	const struct lyre_user_change user = {
		.size = sizeof user,
		.fields = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE,
		.name = name,
		.password = password,
		.role = role,
		.active = active,
	};

	err = (struct err){ 0 };
	return users_add(users, &user, &err);
}

UNUSED static void add_well(const char *name, const char *role, bool active)
{
	int rc = add(name, "secret", role, active);
	ck_assert_msg(!rc, "%s", err.text);
}

UNUSED static int change(struct lyre_user_change c)
{
	c.size = sizeof c;
	err = (struct err){ 0 };
	return users_change(users, &c, &err);
}

UNUSED static int set_active(const char *name, bool active)
{
	return change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_ACTIVE, .active = active });
}

UNUSED static int set_role(const char *name, const char *role)
{
	return change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_ROLE, .role = role });
}

UNUSED static int set_password(const char *name, const char *password)
{
	return change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_PASSWORD, .password = password });
}

UNUSED static int set_token(const char *name, const char *token)
{
	return change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_REFRESH_TOKEN, .refresh_token = token });
}

UNUSED static void set_well(int rc)
{
	ck_assert_msg(!rc, "%s", err.text);
}

UNUSED static int drop(const char *name)
{
	err = (struct err){ 0 };
	return users_drop(users, name, &err);
}

UNUSED static struct user user_of(const char *name)
{
	struct user user;
	int rc = users_find(users, name, strlen(name), &arena, &user, &err);
	ck_assert_int_eq(rc, 0);
	return user;
}

UNUSED static bool password_is(const char *name, const char *password)
{
	int rc = password_check(user_of(name).hash, password, strlen(password), &err);
	ck_assert(rc == 0 || rc == LYRE_EUNAUTHENTICATED);
	return rc == 0;
}

UNUSED static bool there(const char *name)
{
	struct user user;
	int rc = users_find(users, name, strlen(name), &arena, &user, &err);
	ck_assert(rc == 0 || rc == LYRE_ENOTFOUND);
	return rc == 0;
}

typedef int role_write(struct users *u, const struct lyre_role *role, struct arena *a, lyre_value *ret, struct err *e);

/** \return "id:… role:… permission:…" of the record, as JSON; or the message */
UNUSED static const char *write_role(role_write *write, const char *id, const char *name, const char *permission)
{
	lyre_value value, record;
	struct buf b;

	ck_assert_int_eq(json_read(&arena, permission, &value, &err), 0);
	const struct lyre_role role = { .size = sizeof role, .id = id, .name = name, .permission = &value };
	err = (struct err){ 0 };
	if (write(users, &role, &arena, &record, &err))
		return err.text;
	ck_assert_int_eq(err.code, 0);
	buf_init(&b);
	for (uint32_t i = 0; i < 3; i++) {
		buf_addf(&b, "%s%s:", i ? " " : "", record.members[i].name);
		json_add_value(&b, &record.members[i].value);
	}
	ck_assert_str_eq(record.members[3].name, "__updatedtime__");
	ck_assert_str_eq(record.members[4].name, "__createdtime__");
	ck_assert_uint_eq(record.len, 5);
	const char *text = arena_strndup(&arena, b.data, b.len);
	buf_free(&b);
	return text;
}

#define add_role(id, name, permission) write_role(users_add_role, id, name, permission)
#define change_role(id, name, permission) write_role(users_change_role, id, name, permission)

UNUSED static const char *drop_role(const char *id)
{
	err = (struct err){ 0 };
	return users_drop_role(users, id, &err) ? err.text : "";
}

UNUSED static const struct role *role_of(const char *id)
{
	const struct role *role = NULL;
	int rc = users_role(users, id, &role, &err);
	ck_assert(rc == 0 || rc == LYRE_ENOTFOUND);
	return rc ? NULL : role;
}

#endif
