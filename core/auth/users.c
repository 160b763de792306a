/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users.c
 * \brief The tables of users and roles, and the rules for changing users. One change at a time: what it has read stays
 * valid until the change is on disk.
 */
#include "auth/first.h"
#include "auth/users_internal.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 8

/* ---- the tables ---- */

/** The first attribute is the key. The others are indexed, except the last if \p last_bare is set. */
static int make_table(
	struct store *s, const char *name, const char *const *attributes, uint32_t count, bool last_bare, struct err *e)
{
	struct lyre_attribute list[16];

	for (uint32_t i = 0; i < count; i++) {
		list[i] = (struct lyre_attribute){
			.size = sizeof *list,
			.flags = (last_bare && i == count - 1 ? 0 : LYRE_A_INDEXED) | (i == 0 ? LYRE_A_PRIMARY_KEY : 0),
			.name = attributes[i],
		};
	}
	const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.attribute_count = count,
		.database = SYSTEM_DATABASE,
		.name = name,
		.primary_key = attributes[0],
		.attributes = list,
		.expiration = -1,
		.audit = 0, /* the audit log must not contain hashes */
	};
	return store_ensure_table(s, &spec, e);
}

static int make_tables(struct store *s, struct err *e)
{
	static const char *const user[] = { "username", "__createdtime__", "__updatedtime__", "active", "hash", "hash_function",
		"password", "refresh_token", "role", "stamp" };
	static const char *const role[] = { "id", "__createdtime__", "__updatedtime__", "permission", "role" };

	int rc = make_table(s, USER_TABLE, user, sizeof user / sizeof *user, true, e);
	return rc ? rc : make_table(s, ROLE_TABLE, role, sizeof role / sizeof *role, false, e);
}

static int watch(struct store *s, const char *table, const atomic_uint_least64_t **ret, struct err *e)
{
	const struct table *t;

	int rc = store_table(s, SYSTEM_DATABASE, table, &t, e);
	if (rc)
		return rc;
	rc = table_watch(t, ret, e);
	table_unref(t);
	return rc;
}

int users_open(struct users **ret, struct store *s, const struct password_costs *costs, struct err *e)
{
	struct users *u = calloc(1, sizeof *u);

	if (!u)
		return err_nomem(e);
	u->store = s;
	u->costs = *costs;
	pthread_mutex_init(&u->changes, NULL);
	pthread_mutex_init(&u->lock, NULL);
	int rc = make_tables(s, e);
	if (!rc)
		rc = watch(s, USER_TABLE, &u->user_commits, e);
	if (!rc)
		rc = watch(s, ROLE_TABLE, &u->role_commits, e);
	if (!rc)
		rc = users_first_role(u, e);
	if (rc) {
		users_close(u);
		return rc;
	}
	*ret = u;
	return 0;
}

void users_close(struct users *u)
{
	if (!u)
		return;
	users_forget_roles(u);
	free(u->made_up);
	pthread_mutex_destroy(&u->lock);
	pthread_mutex_destroy(&u->changes);
	free(u);
}

uint64_t users_epoch(struct users *u)
{
	return atomic_load(u->user_commits) + atomic_load(u->role_commits);
}

/* ---- writing ---- */

int users_write(struct users *u, const char *table, int mode, const lyre_value *record, struct arena *a, struct err *e)
{
	static const char *const operations[] = {
		[LYRE_INSERT] = "insert",
		[LYRE_UPDATE] = "update",
		[LYRE_UPSERT] = "upsert",
		[LYRE_DELETE] = "delete",
	};
	lyre_value records = { .type = LYRE_ARRAY, .len = 1, .items = (lyre_value *)(uintptr_t)record };
	struct record_write w = {
		.mode = mode,
		.records = &records,
		.arena = a,
		.user = "",
		.operation = operations[mode],
	};

	int rc = store_table(u->store, SYSTEM_DATABASE, table, &w.table, e);
	if (rc)
		return rc;
	rc = store_write_wait(&w, e);
	table_unref(w.table);
	return rc || w.result.done ? rc : LYRE_END;
}

bool users_name_valid(const char *name)
{
	size_t len = name ? strnlen(name, AUTH_USER_MAX + 1) : 0;

	return len > 0 && len <= AUTH_USER_MAX && utf8_valid_prefix(name, len) == len;
}

static int check_name(const char *name, struct err *e)
{
	if (users_name_valid(name))
		return strcmp(name, PRINCIPAL_SERVER) ? 0 :
							err_set(e, LYRE_EINVAL, "Username '%s' is reserved for the server", name);
	return err_set(e, LYRE_EINVAL, "Username must have 1 to %d bytes of UTF-8", AUTH_USER_MAX);
}

/** The hash of a new password. Slow: not with the lock held. */
static int hash_new(struct users *u, const char *password, char out[PASSWORD_HASH_MAX], struct err *e)
{
	size_t len = password ? strnlen(password, AUTH_PASSWORD_MAX + 1) : 0;

	if (!len || len > AUTH_PASSWORD_MAX)
		return err_set(e, LYRE_EINVAL, "Password must have 1 to %d bytes", AUTH_PASSWORD_MAX);
	return password_hash(&u->costs, password, len, out, e);
}

static void make_stamp(char out[AUTH_STAMP_MAX])
{
	unsigned char chance[(AUTH_STAMP_MAX - 1) / 2];

	random_bytes(chance, sizeof chance);
	hex_text(out, chance, sizeof chance);
}

static int role_of_name(struct users *u, const char *name, struct arena *a, const char **ret, struct err *e)
{
	int rc = users_name_valid(name) ? users_role_id(u, name, a, ret, e) : LYRE_ENOTFOUND;

	return rc == LYRE_ENOTFOUND ? err_set(e, rc, "%s role not found", name ? name : "") : rc;
}

static int no_user(const char *name, struct err *e)
{
	return err_set(e, LYRE_ENOTFOUND, "User %s does not exist", name);
}

/* ---- adding ---- */

/** With the lock held. */
static int add_locked(struct users *u, const struct lyre_user_change *user, const char *hash, struct arena *a, struct err *e)
{
	char stamp[AUTH_STAMP_MAX];
	const char *role;

	int rc = role_of_name(u, user->role, a, &role, e);
	if (rc)
		return rc;
	make_stamp(stamp);
	struct value_member members[] = {
		member_text("username", user->name),
		member_bool("active", user->active),
		member_text("password", hash),
		member_text("hash_function", PASSWORD_FUNCTION),
		member_text("role", role),
		member_text("stamp", stamp),
	};
	lyre_value record = OBJECT(members, sizeof members / sizeof *members);
	rc = users_write(u, USER_TABLE, LYRE_INSERT, &record, a, e);
	return rc == LYRE_END ? err_set(e, LYRE_ECONFLICT, "User %s already exists", user->name) : rc;
}

int users_add(struct users *u, const struct lyre_user_change *user, struct err *e)
{
	const uint32_t needed = LYRE_USER_PASSWORD | LYRE_USER_ROLE | LYRE_USER_ACTIVE;
	char hash[PASSWORD_HASH_MAX];
	struct arena a;

	if ((user->fields & needed) != needed)
		return err_set(e, LYRE_EINVAL, "password, role and active must be given");
	int rc = check_name(user->name, e);
	if (!rc)
		rc = hash_new(u, user->password, hash, e);
	if (rc)
		return rc;
	arena_init(&a);
	pthread_mutex_lock(&u->changes);
	rc = add_locked(u, user, hash, &a, e);
	pthread_mutex_unlock(&u->changes);
	secure_clear(hash, sizeof hash);
	arena_free(&a);
	return rc;
}

/* ---- changing ---- */

/** The current user, for a change. LYRE_ENOTFOUND with its message. */
static int find_for_change(struct users *u, const char *name, struct arena *a, struct user *ret, struct err *e)
{
	int rc = users_find(u, name, strlen(name), a, ret, e);

	return rc == LYRE_ENOTFOUND ? no_user(name, e) : rc;
}

static int role_is_super(struct users *u, const char *id, struct arena *a, bool *ret, struct err *e)
{
	lyre_value role;

	int rc = users_role_record(u, id, a, &role, e);
	*ret = !rc && permission_is_super(value_get(&role, "permission"));
	return rc == LYRE_ENOTFOUND ? 0 : rc;
}

/** Whether a user can stop being an active super_user: it is not one, or not the last. \p how it would be lost */
static int check_dispensable(
	struct users *u, const char *name, const struct user *now, const char *how, struct arena *a, struct err *e)
{
	bool super = false, other = false;

	int rc = now->active ? role_is_super(u, now->role_id, a, &super, e) : 0;
	if (!rc && super)
		rc = users_have_super_user(u, name, NULL, &other, e);
	if (!rc && super && !other)
		rc = err_set(e, LYRE_ECONFLICT, "User %s is the last active super_user and cannot be %s", name, how);
	return rc;
}

/** Whether a super_user remains after a change. \p role is the id of the new role, NULL: unchanged */
static int check_change(struct users *u, const struct lyre_user_change *change, const struct user *now, const char *role,
	struct arena *a, struct err *e)
{
	bool super = true;

	if (change->fields & LYRE_USER_ACTIVE && !change->active)
		return check_dispensable(u, change->name, now, "made inactive", a, e);
	int rc = role ? role_is_super(u, role, a, &super, e) : 0;
	return rc || super ? rc : check_dispensable(u, change->name, now, "given a role that is not a super_user", a, e);
}

/** With the lock held. \p hash of the new password, if one is given */
static int change_locked(struct users *u, const struct lyre_user_change *change, const char *hash, struct arena *a, struct err *e)
{
	struct user now = { .active = false };
	struct value_member members[MEMBERS_MAX];
	char stamp[AUTH_STAMP_MAX];
	const char *role = NULL;
	uint32_t n = 0;

	int rc = find_for_change(u, change->name, a, &now, e);
	if (!rc && change->fields & LYRE_USER_ROLE)
		rc = role_of_name(u, change->role, a, &role, e);
	if (!rc)
		rc = check_change(u, change, &now, role, a, e);
	if (rc)
		goto out;
	members[n++] = member_text("username", change->name);
	if (change->fields & LYRE_USER_PASSWORD) {
		members[n++] = member_text("password", hash);
		members[n++] = member_text("hash_function", PASSWORD_FUNCTION);
	}
	if (role)
		members[n++] = member_text("role", role);
	if (change->fields & LYRE_USER_ACTIVE)
		members[n++] = member_bool("active", change->active);
	bool other_credentials =
		change->fields & LYRE_USER_PASSWORD || (change->fields & LYRE_USER_ACTIVE && !change->active && now.active);
	if (other_credentials) {
		make_stamp(stamp);
		members[n++] = member_text("stamp", stamp);
	}
	if (change->fields & LYRE_USER_REFRESH_TOKEN)
		members[n++] = member_text("refresh_token", change->refresh_token ? change->refresh_token : "");
	else if (other_credentials)
		members[n++] = member_text("refresh_token", "");
	lyre_value record = OBJECT(members, n);
	rc = users_write(u, USER_TABLE, LYRE_UPDATE, &record, a, e);
	if (rc == LYRE_END)
		rc = no_user(change->name, e);
	if (!rc && change->fields & LYRE_USER_PASSWORD)
		first_forget(u, now.hash);
out:
	secure_clear(&now, sizeof now);
	return rc;
}

int users_change(struct users *u, const struct lyre_user_change *change, struct err *e)
{
	char hash[PASSWORD_HASH_MAX] = "";
	struct arena a;

	if (!change->fields)
		return err_set(e, LYRE_EINVAL, "the request does not change anything about the user");
	if (!users_name_valid(change->name))
		return no_user(change->name ? change->name : "", e);
	int rc = change->fields & LYRE_USER_PASSWORD ? hash_new(u, change->password, hash, e) : 0;
	if (rc)
		return rc;
	arena_init(&a);
	pthread_mutex_lock(&u->changes);
	rc = change_locked(u, change, hash, &a, e);
	pthread_mutex_unlock(&u->changes);
	secure_clear(hash, sizeof hash);
	arena_free(&a);
	return rc;
}

int users_drop(struct users *u, const char *name, struct err *e)
{
	struct user now = { .active = false };
	struct arena a;

	if (!users_name_valid(name))
		return no_user(name ? name : "", e);
	arena_init(&a);
	pthread_mutex_lock(&u->changes);
	int rc = find_for_change(u, name, &a, &now, e);
	if (!rc)
		rc = check_dispensable(u, name, &now, "dropped", &a, e);
	lyre_value key = value_text(name, strlen(name));
	if (!rc)
		rc = users_write(u, USER_TABLE, LYRE_DELETE, &key, &a, e);
	if (!rc)
		first_forget(u, now.hash);
	pthread_mutex_unlock(&u->changes);
	secure_clear(&now, sizeof now);
	arena_free(&a);
	return rc == LYRE_END ? no_user(name, e) : rc;
}

int users_rehash(struct users *u, const char *name, size_t len, const struct user *known, const char *password, size_t password_len,
	struct err *e)
{
	struct user now = { .active = false };
	char hash[PASSWORD_HASH_MAX];
	struct arena a;

	int rc = password_hash(&u->costs, password, password_len, hash, e);
	if (rc)
		return rc;
	arena_init(&a);
	pthread_mutex_lock(&u->changes);
	rc = users_find(u, name, len, &a, &now, e);
	if (!rc && !strcmp(now.hash, known->hash)) {
		struct value_member members[] = {
			{ "username", sizeof "username" - 1, value_text(name, len) },
			member_text("password", hash),
			member_text("hash_function", PASSWORD_FUNCTION),
		};
		lyre_value record = OBJECT(members, sizeof members / sizeof *members);
		rc = users_write(u, USER_TABLE, LYRE_UPDATE, &record, &a, e);
	}
	pthread_mutex_unlock(&u->changes);
	secure_clear(hash, sizeof hash);
	secure_clear(&now, sizeof now);
	arena_free(&a);
	return rc == LYRE_END || rc == LYRE_ENOTFOUND ? 0 : rc; /* dropped in the meantime: nothing to do */
}
