/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users.c
 * \brief The tables hdb_user and hdb_role.
 */
#include "auth/users.h"

#include "base/arena.h"
#include "base/value.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

#define DATABASE "system"
#define USER_TABLE "hdb_user"
#define ROLE_TABLE "hdb_role"
#define SUPER_USER "super_user"

static int make_table(struct store *s, const char *name, const char *const *attributes, uint32_t count, struct err *e)
{
	struct lyre_attribute list[16];

	for (uint32_t i = 0; i < count; i++) {
		list[i] = (struct lyre_attribute){
			.size = sizeof *list,
			.flags = LYRE_A_INDEXED | (i == 0 ? LYRE_A_PRIMARY_KEY : 0),
			.name = attributes[i],
		};
	}
	const struct lyre_table_spec spec = {
		.size = sizeof spec,
		.attribute_count = count,
		.database = DATABASE,
		.name = name,
		.primary_key = attributes[0],
		.attributes = list,
		.expiration = -1,
		.audit = -1,
	};
	return store_ensure_table(s, &spec, e);
}

/* ---- writing, and waiting for it ---- */

/** Inserts one record and waits until it is on the disk. LYRE_EEXISTS when its key is there. */
static int insert(struct store *s, const char *table, const lyre_value *record, struct arena *a, struct err *e)
{
	lyre_value records = { .type = LYRE_ARRAY, .len = 1, .items = (lyre_value *)record };
	struct record_write w = {
		.mode = LYRE_INSERT, .records = &records, .arena = a, .user = "", .operation = "insert",
	};

	int rc = store_table(s, DATABASE, table, &w.table, e);
	if (rc)
		return rc;
	rc = store_write_wait(&w, e);
	if (!rc && !w.result.done)
		rc = err_set(e, LYRE_EEXISTS, "there is such a record in %s already", table);
	table_unref(w.table);
	return rc;
}

static struct value_member text_member(const char *name, const char *text)
{
	return (struct value_member){ name, (uint32_t)strlen(name), value_text(text, strlen(text)) };
}

static struct value_member bool_member(const char *name, bool b)
{
	return (struct value_member){ name, (uint32_t)strlen(name), value_bool(b) };
}

#define OBJECT(list) ((lyre_value){ .type = LYRE_OBJECT, .len = sizeof(list) / sizeof *(list), .members = (list) })

static int add_role(struct store *s, struct err *e)
{
	struct value_member permission[] = { bool_member(SUPER_USER, true) };
	struct value_member members[] = {
		text_member("id", SUPER_USER),
		text_member("role", SUPER_USER),
		{ "permission", sizeof "permission" - 1, OBJECT(permission) },
	};
	lyre_value role = OBJECT(members);
	struct arena a;

	arena_init(&a);
	int rc = insert(s, ROLE_TABLE, &role, &a, e);
	arena_free(&a);
	return rc == LYRE_EEXISTS ? 0 : rc;
}

int users_add(struct store *s, const char *name, const char *password, struct err *e)
{
	char hash[PASSWORD_HASH_MAX];
	struct arena a;

	int rc = password_hash(password, strlen(password), hash, e);
	if (rc)
		return rc;
	struct value_member members[] = {
		text_member("username", name),
		bool_member("active", true),
		text_member("password", hash),
		text_member("hash_function", PASSWORD_FUNCTION),
		text_member("role", SUPER_USER),
	};
	lyre_value user = OBJECT(members);
	arena_init(&a);
	rc = insert(s, USER_TABLE, &user, &a, e);
	arena_free(&a);
	return rc;
}

/* ---- reading ---- */

struct reader {
	const struct table *table;
	struct snapshot snapshot;
};

static int reader_open(struct reader *r, struct store *s, const char *table, struct err *e)
{
	int rc = store_table(s, DATABASE, table, &r->table, e);

	if (rc)
		return rc;
	rc = snapshot_begin(&r->snapshot, r->table->db, e);
	if (rc)
		table_unref(r->table);
	return rc;
}

static void reader_close(struct reader *r)
{
	snapshot_end(&r->snapshot);
	table_unref(r->table);
}

/** An attribute of a record; null where it has none, or arena_failed(). Lives as long as the snapshot and the arena. */
static lyre_value attribute_of(const struct reader *r, struct record record, const char *name, struct arena *a)
{
	const struct attribute *attribute = table_attribute(r->table, name, strlen(name));
	struct field f;

	if (!attribute || !record_find(record, attribute->id, &f))
		return value_null();
	return field_value(f, a);
}

/** Finds a record by its key, a text. */
static int find(struct reader *r, const char *key, size_t len, struct record *ret, struct err *e)
{
	lyre_value value = value_text(key, len);

	return snapshot_get(&r->snapshot, r->table, &value, ret, e);
}

int users_any(struct store *s, bool *any, struct err *e)
{
	struct walk_range all = { .attribute = NULL };
	struct reader r;
	struct walk w;

	int rc = reader_open(&r, s, USER_TABLE, e);
	if (rc)
		return rc;
	rc = walk_open(&w, &r.snapshot, r.table, &all, NULL, e);
	if (!rc) {
		rc = walk_next(&w, e);
		*any = rc == 0;
		if (rc == LYRE_END)
			rc = 0;
		walk_close(&w);
	}
	reader_close(&r);
	return rc;
}

/** Whether a role makes super_users. An unknown role does not. */
static int role_is_super(struct store *s, const char *role, bool *ret, struct err *e)
{
	struct record record;
	struct reader r;
	struct arena a;

	*ret = false;
	int rc = reader_open(&r, s, ROLE_TABLE, e);
	if (rc)
		return rc;
	arena_init(&a);
	rc = find(&r, role, strlen(role), &record, e);
	if (!rc) {
		lyre_value permission = attribute_of(&r, record, "permission", &a);
		const lyre_value *super = value_get(&permission, SUPER_USER);

		*ret = value_is(super, LYRE_BOOL) && super->b;
	}
	if (arena_failed(&a))
		rc = err_nomem(e);
	arena_free(&a);
	reader_close(&r);
	return rc == LYRE_ENOTFOUND ? 0 : rc;
}

int users_find(struct store *s, const char *name, size_t len, struct user *ret, struct err *e)
{
	char role[256] = "";
	struct record record;
	struct reader r;
	struct arena a;

	int rc = reader_open(&r, s, USER_TABLE, e);
	if (rc)
		return rc;
	arena_init(&a);
	rc = find(&r, name, len, &record, e);
	if (!rc) {
		lyre_value active = attribute_of(&r, record, "active", &a);
		lyre_value hash = attribute_of(&r, record, "password", &a);
		lyre_value role_value = attribute_of(&r, record, "role", &a);

		*ret = (struct user){ .active = active.type == LYRE_BOOL && active.b };
		if (hash.type == LYRE_STRING && hash.len < sizeof ret->hash)
			memcpy(ret->hash, hash.s, hash.len);
		if (role_value.type == LYRE_STRING && role_value.len < sizeof role)
			memcpy(role, role_value.s, role_value.len);
	}
	if (arena_failed(&a))
		rc = err_nomem(e);
	arena_free(&a);
	reader_close(&r);
	if (!rc)
		rc = role_is_super(s, role, &ret->super_user, e);
	return rc;
}

int users_open(struct store *s, struct err *e)
{
	static const char *const user[] = { "username", "__createdtime__", "__updatedtime__", "active", "hash",
		"hash_function", "password", "refresh_token", "role" };
	static const char *const role[] = { "id", "__createdtime__", "__updatedtime__", "permission", "role" };

	int rc = make_table(s, USER_TABLE, user, sizeof user / sizeof *user, e);
	if (!rc)
		rc = make_table(s, ROLE_TABLE, role, sizeof role / sizeof *role, e);
	bool there = false;
	if (!rc)
		rc = role_is_super(s, SUPER_USER, &there, e);
	return rc || there ? rc : add_role(s, e);
}
