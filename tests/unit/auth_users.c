/* SPDX-License-Identifier: Apache-2.0 */
#include "store_fixture.h"

#include "auth/users_internal.h"

#include <pthread.h>

static const struct password_costs costs = { 8, 1, 1 };
static struct users *users;
static struct arena arena;

static void begin(void)
{
	setup();
	arena_init(&arena);
	ck_assert_msg(!users_open(&users, store, &costs, &err), "%s", err.text);
}

static void end(void)
{
	arena_free(&arena);
	users_close(users);
	teardown();
}

/* ---- short words ---- */

/** \return the code; its sentence is in err */
static int add(const char *name, const char *password, const char *role, bool active)
{
	const struct lyre_user_change user = {
		.size = sizeof user, .fields = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE, .name = name,
		.password = password, .role = role, .active = active,
	};

	err = (struct err){ 0 };
	return users_add(users, &user, &err);
}

static void add_well(const char *name, const char *role, bool active)
{
	int rc = add(name, "secret", role, active);
	ck_assert_msg(!rc, "%s", err.text);
}

static int change(struct lyre_user_change c)
{
	c.size = sizeof c;
	err = (struct err){ 0 };
	return users_change(users, &c, &err);
}

static int set_active(const char *name, bool active)
{
	return change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_ACTIVE, .active = active });
}

static int set_role(const char *name, const char *role)
{
	return change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_ROLE, .role = role });
}

static int set_token(const char *name, const char *token)
{
	return change((struct lyre_user_change){ .name = name, .fields = LYRE_USER_REFRESH_TOKEN, .refresh_token = token });
}

static int drop(const char *name)
{
	err = (struct err){ 0 };
	return users_drop(users, name, &err);
}

static struct user user_of(const char *name)
{
	struct user user;
	int rc = users_find(users, name, strlen(name), &arena, &user, &err);
	ck_assert_int_eq(rc, 0);
	return user;
}

static bool there(const char *name)
{
	struct user user;
	int rc = users_find(users, name, strlen(name), &arena, &user, &err);
	ck_assert(rc == 0 || rc == LYRE_ENOTFOUND);
	return rc == 0;
}

typedef int role_write(struct users *u, const struct lyre_role *role, struct arena *a, lyre_value *ret, struct err *e);

/** \p permission in JSON. \return the record in JSON, or the sentence */
static const char *write_role(role_write *write, const char *id, const char *name, const char *permission)
{
	lyre_value value, record;
	struct buf b;

	ck_assert_int_eq(json_decode_copy(&arena, permission, strlen(permission), &value, &err), 0);
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

static const char *drop_role(const char *id)
{
	err = (struct err){ 0 };
	return users_drop_role(users, id, &err) ? err.text : "";
}

static const struct role *role_of(const char *id)
{
	const struct role *role = NULL;
	int rc = users_role(users, id, &role, &err);
	ck_assert(rc == 0 || rc == LYRE_ENOTFOUND);
	return rc ? NULL : role;
}

/* ---- users ---- */

START_TEST(test_open)
{
	bool any = true;

	ck_assert_int_eq(users_any(users, &any, &err), 0);
	ck_assert(!any);
	const struct role *role = role_of("super_user");
	ck_assert(role && role->super_user);
	ck_assert_str_eq(role->name, "super_user");
	role_unref(role);
	const struct table *t = table_of("system", "hdb_user");
	ck_assert(!t->audit);
	table_unref(t);

	add_well("ann", "super_user", true);
	ck_assert_int_eq(users_any(users, &any, &err), 0);
	ck_assert(any);
	ck_assert_str_eq(add_role(NULL, "su2", "{\"super_user\":true}"), "id:\"su2\" role:\"su2\" permission:{\"super_user\":true}");
	ck_assert_int_eq(set_role("ann", "su2"), 0);
	ck_assert_str_eq(drop_role("super_user"), "");
	users_close(users);
	ck_assert_int_eq(users_open(&users, store, &costs, &err), 0);
	ck_assert_ptr_null(role_of("super_user")); /* it does not come back */
}
END_TEST

START_TEST(test_add)
{
	add_well("ann", "super_user", true);
	struct user ann = user_of("ann");
	ck_assert(ann.active);
	ck_assert_uint_eq(strlen(ann.stamp), 32);
	ck_assert_str_eq(ann.role_id, "super_user");
	ck_assert_str_eq(ann.refresh_token, "");
	ck_assert(ann.created > 0 && ann.created == ann.updated);
	ck_assert_int_eq(password_check(ann.hash, "secret", 6, &err), 0);
	ck_assert_int_eq(password_check(ann.hash, "Secret", 6, &err), LYRE_EUNAUTHENTICATED);

	add_well("bob", "super_user", false);
	struct user bob = user_of("bob");
	ck_assert(!bob.active);
	ck_assert_str_ne(bob.stamp, ann.stamp);
	ck_assert_str_ne(bob.hash, ann.hash);

	ck_assert_int_eq(add("bob", "other", "super_user", true), LYRE_ECONFLICT);
	ck_assert_str_eq(err.text, "User bob already exists");
	ck_assert_str_eq(user_of("bob").hash, bob.hash);
	ck_assert_int_eq(add("carl", "secret", "nope", true), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "nope role not found");
	ck_assert(!there("carl"));
	const struct lyre_user_change half = { .name = "carl", .fields = LYRE_USER_ROLE, .role = "super_user" };
	ck_assert_int_eq(users_add(users, &half, &err), LYRE_EINVAL);
}
END_TEST

START_TEST(test_names)
{
	char name[AUTH_USER_MAX + 2], password[AUTH_PASSWORD_MAX + 2];
	static const char *const right[] = { "a:b", "j\xc3\xbcrgen", " ", "5", "\n", "Ann", "ann" };
	static const char *const wrong[] = { "", "j\xfcrgen", "\xed\xa0\x80", "\xc0\x80" };

	for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
		add_well(right[i], "super_user", true);
		ck_assert(there(right[i]));
	}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		ck_assert_int_eq(add(wrong[i], "secret", "super_user", true), LYRE_EINVAL);
		ck_assert_int_eq(drop(wrong[i]), LYRE_ENOTFOUND);
		ck_assert_int_eq(set_active(wrong[i], false), LYRE_ENOTFOUND);
	}
	ck_assert_int_eq(add(NULL, "secret", "super_user", true), LYRE_EINVAL);
	memset(name, 'u', sizeof name);
	name[AUTH_USER_MAX + 1] = '\0';
	ck_assert_int_eq(add(name, "secret", "super_user", true), LYRE_EINVAL);
	name[AUTH_USER_MAX] = '\0';
	add_well(name, "super_user", true);
	ck_assert(there(name));
	name[AUTH_USER_MAX - 1] = 'v';
	ck_assert(!there(name));
	add_well(name, "super_user", true);
	ck_assert_int_eq(drop(name), 0);
	name[AUTH_USER_MAX - 1] = 'u';
	ck_assert(there(name));

	memset(password, 'p', sizeof password);
	password[AUTH_PASSWORD_MAX + 1] = '\0';
	ck_assert_int_eq(add("x", password, "super_user", true), LYRE_EINVAL);
	ck_assert_int_eq(add("x", "", "super_user", true), LYRE_EINVAL);
	password[AUTH_PASSWORD_MAX] = '\0';
	ck_assert_int_eq(add("x", password, "super_user", true), 0);
	ck_assert_int_eq(password_check(user_of("x").hash, password, AUTH_PASSWORD_MAX, &err), 0);
}
END_TEST

START_TEST(test_change)
{
	add_role(NULL, "reader", "{}");
	add_role("other-id", "writer", "{}");
	add_well("ann", "reader", true);
	struct user before = user_of("ann");

	ck_assert_int_eq(set_token("ann", "digest"), 0);
	struct user now = user_of("ann");
	ck_assert_str_eq(now.refresh_token, "digest");
	ck_assert_str_eq(now.stamp, before.stamp);
	ck_assert(now.created == before.created && now.updated > before.updated);

	ck_assert_int_eq(set_role("ann", "writer"), 0);
	ck_assert_int_eq(set_active("ann", true), 0);
	now = user_of("ann");
	ck_assert_str_eq(now.role_id, "other-id");
	ck_assert_str_eq(now.stamp, before.stamp);
	ck_assert_str_eq(now.refresh_token, "digest");
	ck_assert_str_eq(now.hash, before.hash);

	ck_assert_int_eq(set_active("ann", false), 0);
	now = user_of("ann");
	ck_assert(!now.active);
	ck_assert_str_ne(now.stamp, before.stamp);
	ck_assert_str_eq(now.refresh_token, "");
	ck_assert_str_eq(now.hash, before.hash);
	before = now;
	ck_assert_int_eq(set_active("ann", true), 0);
	ck_assert_str_eq(user_of("ann").stamp, before.stamp);

	set_token("ann", "digest");
	ck_assert_int_eq(change((struct lyre_user_change){ .name = "ann", .fields = LYRE_USER_PASSWORD, .password = "new" }), 0);
	now = user_of("ann");
	ck_assert_str_ne(now.stamp, before.stamp);
	ck_assert_str_eq(now.refresh_token, "");
	ck_assert_int_eq(password_check(now.hash, "new", 3, &err), 0);
	ck_assert_int_eq(password_check(now.hash, "secret", 6, &err), LYRE_EUNAUTHENTICATED);

	ck_assert_int_eq(change((struct lyre_user_change){ .name = "ann",
		.fields = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE | LYRE_USER_REFRESH_TOKEN, .password = "newer",
		.role = "reader", .active = 1, .refresh_token = "fresh" }), 0);
	now = user_of("ann");
	ck_assert_str_eq(now.refresh_token, "fresh");
	ck_assert_str_eq(now.role_id, "reader");

	ck_assert_int_eq(change((struct lyre_user_change){ .name = "ann" }), LYRE_EINVAL);
	ck_assert_int_eq(change((struct lyre_user_change){ .name = "ann", .fields = LYRE_USER_PASSWORD, .password = "" }), LYRE_EINVAL);
	ck_assert_int_eq(set_role("ann", "nope"), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "nope role not found");
	ck_assert_int_eq(set_active("x", true), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "User x does not exist");
	ck_assert_int_eq(drop("x"), LYRE_ENOTFOUND);
	ck_assert_str_eq(err.text, "User x does not exist");
	ck_assert_int_eq(drop("ann"), 0);
	ck_assert(!there("ann"));
}
END_TEST

static int note(void *arg, const char *name, const struct user *user)
{
	struct buf *b = arg;

	buf_addf(b, "%s(%s%s) ", name, user->role_id, user->active ? "" : ", inactive");
	return strcmp(name, "stop") == 0 ? 7 : 0;
}

START_TEST(test_each)
{
	struct buf b;

	buf_init(&b);
	ck_assert_int_eq(users_each(users, note, &b, &err), 0);
	ck_assert_uint_eq(b.len, 0);
	add_role("r", "reader", "{}");
	add_well("carl", "super_user", true);
	add_well("ann", "reader", false);
	add_well("bob", "reader", true);
	ck_assert_int_eq(users_each(users, note, &b, &err), 0);
	ck_assert_str_eq(buf_cstr(&b), "ann(r, inactive) bob(r) carl(super_user) ");
	buf_clear(&b);
	add_well("stop", "reader", true);
	add_well("walter", "reader", true);
	ck_assert_int_eq(users_each(users, note, &b, &err), 7);
	ck_assert_str_eq(buf_cstr(&b), "ann(r, inactive) bob(r) carl(super_user) stop(r) ");
	buf_free(&b);
}
END_TEST

/** What an older version wrote has no stamp. */
START_TEST(test_without_a_stamp)
{
	ck_assert_str_eq(upsert("system", "hdb_user", "[{\"username\":\"old\",\"active\":true,\"role\":\"super_user\",\"password\":5},"
		"{\"username\":\"odd\",\"active\":\"yes\",\"role\":[1],\"stamp\":{\"a\":1},\"refresh_token\":null},"
		"{\"username\":5,\"active\":true,\"role\":\"super_user\"}]"), "\"old\" \"odd\" 5");
	struct user user = user_of("old");
	ck_assert_str_eq(user.stamp, "");
	ck_assert_str_eq(user.hash, "");
	ck_assert_str_eq(user.refresh_token, "");
	ck_assert(user.active);
	user = user_of("odd");
	ck_assert(!user.active && !*user.role_id && !*user.stamp);
	ck_assert_int_eq(set_active("old", false), LYRE_ECONFLICT);
	add_well("ann", "super_user", true);
	ck_assert_int_eq(set_active("old", false), 0);
	ck_assert_uint_eq(strlen(user_of("old").stamp), 32);
}
END_TEST

START_TEST(test_rehash)
{
	const struct password_costs dearer = { 16, 2, 2 };

	add_well("ann", "super_user", true);
	struct user known = user_of("ann");
	ck_assert(!password_outdated(known.hash, &costs));
	users_close(users);
	ck_assert_int_eq(users_open(&users, store, &dearer, &err), 0);
	ck_assert(password_outdated(known.hash, &dearer));
	ck_assert_int_eq(users_rehash(users, "ann", 3, &known, "secret", 6, &err), 0);
	struct user now = user_of("ann");
	ck_assert(!password_outdated(now.hash, &dearer));
	ck_assert_int_eq(password_check(now.hash, "secret", 6, &err), 0);
	ck_assert_str_eq(now.stamp, known.stamp);

	/* changed since: the new password stays */
	ck_assert_int_eq(change((struct lyre_user_change){ .name = "ann", .fields = LYRE_USER_PASSWORD, .password = "new" }), 0);
	ck_assert_int_eq(users_rehash(users, "ann", 3, &now, "secret", 6, &err), 0);
	ck_assert_int_eq(password_check(user_of("ann").hash, "new", 3, &err), 0);
	ck_assert_int_eq(users_rehash(users, "gone", 4, &now, "secret", 6, &err), 0);
	ck_assert(!there("gone"));
}
END_TEST

/* ---- the last super_user ---- */

START_TEST(test_last_super_user)
{
	add_role(NULL, "reader", "{\"super_user\":false}");
	add_role("s2", "su2", "{\"super_user\":true}");
	add_well("ann", "super_user", true);
	add_well("bob", "reader", true);
	add_well("sleepy", "super_user", false);

	ck_assert_int_eq(drop("ann"), LYRE_ECONFLICT);
	ck_assert_str_eq(err.text, "User ann is the last active super_user and cannot be dropped");
	ck_assert_int_eq(set_active("ann", false), LYRE_ECONFLICT);
	ck_assert_str_eq(err.text, "User ann is the last active super_user and cannot be made inactive");
	ck_assert_int_eq(set_role("ann", "reader"), LYRE_ECONFLICT);
	ck_assert_str_eq(err.text, "User ann is the last active super_user and cannot be given a role that is not a super_user");
	ck_assert_str_eq(change_role("super_user", NULL, "{}"), "Role super_user must remain a super_user: there is no other active super_user");
	ck_assert_int_eq(change((struct lyre_user_change){ .name = "ann", .fields = LYRE_USER_ROLE | LYRE_USER_ACTIVE,
		.role = "su2", .active = 0 }), LYRE_ECONFLICT);
	ck_assert(user_of("ann").active);
	ck_assert_str_eq(user_of("ann").role_id, "super_user");

	/* what takes nothing away is allowed */
	ck_assert_int_eq(set_role("ann", "su2"), 0);
	ck_assert_str_eq(change_role("super_user", NULL, "{}"), "id:\"super_user\" role:\"super_user\" permission:{}");
	ck_assert_str_eq(change_role("s2", "su3", "{\"super_user\":true}"), "id:\"s2\" role:\"su3\" permission:{\"super_user\":true}");
	ck_assert_str_eq(change_role("s2", NULL, "{\"super_user\":\"true\"}"), "Role s2 must remain a super_user: there is no other active super_user");
	ck_assert_int_eq(set_active("sleepy", true), 0);
	ck_assert_int_eq(drop("ann"), LYRE_ECONFLICT);
	ck_assert_int_eq(drop("bob"), 0);
	ck_assert_int_eq(set_role("sleepy", "su3"), 0);
	ck_assert_int_eq(drop("ann"), 0);
	ck_assert_int_eq(drop("sleepy"), LYRE_ECONFLICT);
}
END_TEST

static void *drop_one(void *arg)
{
	struct err e;

	return (void *)(intptr_t)users_drop(users, arg, &e);
}

START_TEST(test_two_drops_at_once)
{
	for (int i = 0; i < 50; i++) {
		pthread_t threads[2];
		void *rc[2];
		char *names[2] = { "ann", "bob" };

		for (int j = 0; j < 2; j++)
			if (!there(names[j]))
				add_well(names[j], "super_user", true);
		for (int j = 0; j < 2; j++)
			ck_assert_int_eq(pthread_create(&threads[j], NULL, drop_one, names[j]), 0);
		for (int j = 0; j < 2; j++)
			pthread_join(threads[j], &rc[j]);
		ck_assert_int_eq(there("ann") + there("bob"), 1);
		ck_assert_int_eq((intptr_t)rc[0] + (intptr_t)rc[1], LYRE_ECONFLICT);
	}
}
END_TEST

/* ---- roles ---- */

START_TEST(test_roles)
{
	ck_assert_str_eq(add_role(NULL, "dev", "{\"a\":{\"tables\":{}}}"), "id:\"dev\" role:\"dev\" permission:{\"a\":{\"tables\":{}}}");
	ck_assert_str_eq(add_role("id", "ided", "{}"), "id:\"id\" role:\"ided\" permission:{}");
	ck_assert_str_eq(add_role(NULL, "dev", "{}"), "A role with name 'dev' already exists");
	ck_assert_int_eq(err.code, LYRE_ECONFLICT);
	ck_assert_str_eq(add_role("other", "dev", "{}"), "A role with name 'dev' already exists");
	ck_assert_str_eq(add_role("id", "free", "{}"), "A role with id 'id' already exists");
	ck_assert_int_eq(err.code, LYRE_ECONFLICT);
	ck_assert_ptr_null(role_of("free"));
	add_role(NULL, "", "{}");
	ck_assert_int_eq(err.code, LYRE_EINVAL);
	add_role("", "x", "{}");
	ck_assert_int_eq(err.code, LYRE_EINVAL);
	add_role("x", NULL, "{}");
	ck_assert_int_eq(err.code, LYRE_EINVAL);
	add_role(NULL, "x", "[]");
	ck_assert_int_eq(err.code, LYRE_EINVAL);

	ck_assert_str_eq(change_role("id", "renamed", "{\"structure_user\":true}"),
		"id:\"id\" role:\"renamed\" permission:{\"structure_user\":true}");
	ck_assert_str_eq(change_role("id", NULL, "{}"), "id:\"id\" role:\"renamed\" permission:{}");
	ck_assert_str_eq(change_role("id", "renamed", "{}"), "id:\"id\" role:\"renamed\" permission:{}");
	ck_assert_str_eq(change_role("id", "dev", "{}"), "A role with name 'dev' already exists");
	ck_assert_str_eq(change_role("nope", NULL, "{}"), "Invalid role id");
	ck_assert_int_eq(err.code, LYRE_ENOTFOUND);
	ck_assert_str_eq(change_role("", NULL, "{}"), "Invalid role id");
	ck_assert_str_eq(add_role(NULL, "ided", "{}"), "id:\"ided\" role:\"ided\" permission:{}"); /* the name is free again */

	ck_assert_str_eq(drop_role("nope"), "Role not found");
	ck_assert_int_eq(err.code, LYRE_ENOTFOUND);
	ck_assert_str_eq(drop_role(""), "Role not found");
	add_well("ann", "renamed", true);
	ck_assert_str_eq(drop_role("id"), "Cannot drop role renamed as it has active user(s) tied to this role");
	ck_assert_int_eq(err.code, LYRE_ECONFLICT);
	ck_assert_int_eq(set_active("ann", false), 0);
	ck_assert_str_eq(drop_role("id"), "");
	ck_assert_str_eq(drop_role("id"), "Role not found");
	ck_assert_int_eq(set_active("ann", true), 0);
	ck_assert_ptr_null(role_of(user_of("ann").role_id));
}
END_TEST

/** Of names that an index tells apart only by their record. */
START_TEST(test_long_role_names)
{
	char one[AUTH_USER_MAX + 1], two[AUTH_USER_MAX + 1];

	memset(one, 'r', AUTH_USER_MAX);
	one[AUTH_USER_MAX] = '\0';
	memcpy(two, one, sizeof two);
	two[AUTH_USER_MAX - 1] = 's';
	ck_assert_ptr_nonnull(strstr(add_role("1", one, "{}"), "id:\"1\""));
	ck_assert_int_eq(add("ann", "secret", two, true), LYRE_ENOTFOUND);
	ck_assert_ptr_nonnull(strstr(add_role(two, two, "{\"super_user\":true}"), "permission:{\"super_user\":true}"));
	add_well("ann", two, true);
	add_well("bob", one, true);
	ck_assert_str_eq(user_of("ann").role_id, two);
	ck_assert_str_eq(user_of("bob").role_id, "1");
	ck_assert_int_eq(drop("ann"), LYRE_ECONFLICT);
	ck_assert_int_eq(drop("bob"), 0);
	ck_assert_str_eq(drop_role("1"), "");
	ck_assert_int_eq(strncmp(drop_role(two), "Cannot drop role rrr", 20), 0);
}
END_TEST

static int count_role(void *arg, const lyre_value *role)
{
	ck_assert(value_is(value_get(role, "permission"), LYRE_OBJECT));
	return ++*(int *)arg == 3 ? 9 : 0;
}

START_TEST(test_each_role)
{
	int count = 0;

	add_role(NULL, "a", "{}");
	ck_assert_int_eq(users_each_role(users, count_role, &count, &err), 0);
	ck_assert_int_eq(count, 2);
	add_role(NULL, "b", "{}");
	add_role(NULL, "c", "{}");
	count = 0;
	ck_assert_int_eq(users_each_role(users, count_role, &count, &err), 9);
}
END_TEST

START_TEST(test_compiled_roles_are_shared)
{
	add_role("r", "reader", "{\"structure_user\":[\"dev\"]}");
	const struct role *one = role_of("r"), *two = role_of("r");
	ck_assert_ptr_eq(one, two);
	role_unref(two);

	add_well("ann", "reader", true); /* another epoch, the same record */
	two = role_of("r");
	ck_assert_ptr_eq(one, two);
	role_unref(two);

	change_role("r", NULL, "{\"structure_user\":true}");
	two = role_of("r");
	ck_assert_ptr_ne(one, two);
	ck_assert(two->structure_all && !one->structure_all);
	role_unref(one);
	role_unref(two);

	set_active("ann", false);
	ck_assert_str_eq(drop_role("r"), "");
	ck_assert_ptr_null(role_of("r"));
	add_role("r", "reader", "{}");
	one = role_of("r");
	ck_assert(one && !one->structure_all);
	role_unref(one);

	/* more than are kept */
	for (int i = 0; i < 2 * ROLES_KEPT; i++) {
		char id[16];
		snprintf(id, sizeof id, "many%d", i);
		add_role(NULL, id, i % 2 ? "{\"structure_user\":true}" : "{}");
	}
	for (int i = 0; i < 2 * ROLES_KEPT; i++) {
		char id[16];
		snprintf(id, sizeof id, "many%d", i);
		one = role_of(id);
		ck_assert_str_eq(one->id, id);
		ck_assert_int_eq(one->structure_all, i % 2);
		role_unref(one);
	}
}
END_TEST

/* ---- the epoch ---- */

static bool grew(uint64_t *epoch)
{
	uint64_t before = *epoch;

	*epoch = users_epoch(users);
	ck_assert_uint_ge(*epoch, before);
	return *epoch > before;
}

START_TEST(test_epoch)
{
	uint64_t epoch = users_epoch(users), before, after;

	make_table("system", "other");
	epoch = users_epoch(users);
	insert("system", "other", "[{\"id\":1,\"new\":2}]");
	ck_assert(!grew(&epoch));
	add_well("ann", "super_user", true);
	ck_assert(grew(&epoch));
	ck_assert(there("ann"));
	ck_assert_int_eq(drop("ann"), LYRE_ECONFLICT);
	ck_assert(!grew(&epoch));
	set_token("ann", "x");
	ck_assert(grew(&epoch));
	add_role(NULL, "r", "{}");
	ck_assert(grew(&epoch));
	change_role("r", NULL, "{\"a\":{}}");
	ck_assert(grew(&epoch));
	drop_role("r");
	ck_assert(grew(&epoch));

	/* written by somebody else, with attributes that make new definitions */
	for (int i = 0; i < 3; i++) {
		char json[100];
		snprintf(json, sizeof json, "[{\"username\":\"ann\",\"extra%d\":1}]", i);
		ck_assert_str_eq(upsert("system", "hdb_user", json), "\"ann\"");
		ck_assert(grew(&epoch));
		ck_assert_str_eq(upsert("system", "hdb_user", json), "\"ann\"");
		ck_assert(grew(&epoch));
	}

	/* another file */
	ck_assert_msg(!store_compact(store, "system", &before, &after, &err), "%s", err.text);
	epoch = users_epoch(users);
	set_token("ann", "y");
	ck_assert(grew(&epoch));
	ck_assert_str_eq(user_of("ann").refresh_token, "y");
	ck_assert(!grew(&epoch));
}
END_TEST

/** What was answered is seen by whoever looks then, also by those who read again only in another epoch. */
static atomic_int answered;

static void *read_in_epochs(void *arg)
{
	struct arena a;
	uint64_t epoch = 0;
	int number = -1;
	struct err e;

	(void)arg;
	arena_init(&a);
	for (int must = 0; must < 300;) {
		must = atomic_load(&answered);
		uint64_t now = users_epoch(users);
		if (number < 0 || epoch != now) {
			struct user user;

			epoch = now;
			if (users_find(users, "ann", 3, &a, &user, &e))
				ck_abort_msg("the user is gone");
			number = atoi(user.refresh_token);
			arena_reset(&a);
		}
		if (number < must)
			ck_abort_msg("%d was answered, %d was seen", must, number);
	}
	arena_free(&a);
	return NULL;
}

START_TEST(test_epoch_is_never_newer_than_what_is_read)
{
	pthread_t threads[2];
	char text[16];

	add_well("ann", "super_user", true);
	set_token("ann", "0");
	atomic_store(&answered, 0);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_in_epochs, NULL), 0);
	for (int i = 1; i <= 300; i++) {
		snprintf(text, sizeof text, "%d", i);
		ck_assert_int_eq(set_token("ann", text), 0);
		atomic_store(&answered, i);
	}
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("auth_users");
	TCase *t = tcase_create("users");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, begin, end);
	tcase_add_test(t, test_open);
	tcase_add_test(t, test_add);
	tcase_add_test(t, test_names);
	tcase_add_test(t, test_change);
	tcase_add_test(t, test_each);
	tcase_add_test(t, test_without_a_stamp);
	tcase_add_test(t, test_rehash);
	tcase_add_test(t, test_last_super_user);
	tcase_add_test(t, test_two_drops_at_once);
	tcase_add_test(t, test_roles);
	tcase_add_test(t, test_long_role_names);
	tcase_add_test(t, test_each_role);
	tcase_add_test(t, test_compiled_roles_are_shared);
	tcase_add_test(t, test_epoch);
	tcase_add_test(t, test_epoch_is_never_newer_than_what_is_read);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
