/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users_read.c
 * \brief Reading users and roles, each time at one moment of the database.
 */
#include "auth/users_internal.h"
#include "base/text.h"

#include <string.h>

/* ---- one table ---- */

/** One of the tables at one moment. */
struct reader {
	const struct table *table; /**< a reference */
	const struct table *now;   /**< its definition at that moment */
	struct snapshot snapshot;
};

static int reader_open(struct reader *r, struct users *u, const char *table, struct err *e)
{
	int rc = store_table(u->store, SYSTEM_DATABASE, table, &r->table, e);

	if (rc)
		return rc;
	rc = snapshot_begin(&r->snapshot, r->table->db, e);
	if (!rc) {
		r->now = snapshot_table(&r->snapshot, r->table);
		if (!r->now) {
			snapshot_end(&r->snapshot);
			rc = err_set(e, LYRE_ENOTFOUND, "Table '%s.%s' does not exist", SYSTEM_DATABASE, table);
		}
	}
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
static lyre_value reader_attribute(const struct reader *r, struct record record, const char *name, struct arena *a)
{
	const struct attribute *attribute = table_attribute(r->now, name, strlen(name));
	struct field f;

	if (!attribute || !record_find(record, attribute->id, &f))
		return value_null();
	return field_value(f, a);
}

/** Finds a record by its key, a text. LYRE_ENOTFOUND without a sentence. */
static int reader_find(struct reader *r, const char *key, size_t len, struct record *ret, struct err *e)
{
	lyre_value value = value_text(key, len);

	return snapshot_get(&r->snapshot, r->now, &value, ret, e);
}

/* ---- many records ---- */

/** The records of a table by key, or those whose attribute is a text. */
struct scan {
	struct reader reader;
	struct walk walk;
	const char *attribute, *text; /**< NULL: all */
};

static int scan_open(struct scan *s, struct users *u, const char *table, const char *attribute, const char *text,
	struct err *e)
{
	struct walk_range range = { .attribute = NULL };
	lyre_value wanted = text ? value_text(text, strlen(text)) : value_null();

	s->attribute = attribute;
	s->text = text;
	int rc = reader_open(&s->reader, u, table, e);
	if (rc)
		return rc;
	const struct attribute *by = text ? table_attribute(s->reader.now, attribute, strlen(attribute)) : NULL;
	if (by && by->index && key_index_value(&range.low, &wanted)) {
		range.attribute = by;
		range.high = range.low;
	}
	rc = walk_open(&s->walk, &s->reader.snapshot, s->reader.now, &range, NULL, e);
	if (rc)
		reader_close(&s->reader);
	return rc;
}

/** The index knows the beginning of a text only. */
static bool is_wanted(const struct scan *s, struct record record, struct arena *a)
{
	if (!s->text)
		return true;
	lyre_value v = reader_attribute(&s->reader, record, s->attribute, a);
	return v.type == LYRE_STRING && value_equals_str(&v, s->text);
}

/** \p key, NUL-terminated, and what is needed for it go into \p a. \return 0, LYRE_END, a failure */
static int scan_next(struct scan *s, struct arena *a, const char **key, struct record *ret, struct err *e)
{
	for (;;) {
		lyre_value v;
		int rc = walk_next(&s->walk, e);

		if (rc)
			return rc;
		rc = walk_record(&s->walk, ret, e);
		if (rc == LYRE_ENOTFOUND || (!rc && !is_wanted(s, *ret, a)))
			continue;
		if (!rc)
			rc = record_key(s->reader.now, s->walk.key, s->walk.key_len, *ret, a, &v);
		if (rc == LYRE_ECORRUPT)
			rc = arena_failed(a) ? err_nomem(e) : err_set(e, rc, "a record of table '%s.%s' is damaged", SYSTEM_DATABASE,
				s->reader.now->name);
		if (rc)
			return rc;
		if (v.type != LYRE_STRING)
			continue;
		*key = arena_strndup(a, v.s, v.len);
		return *key ? 0 : err_nomem(e);
	}
}

static void scan_close(struct scan *s)
{
	walk_close(&s->walk);
	reader_close(&s->reader);
}

/* ---- users ---- */

static void copy_text(char *out, size_t size, const lyre_value *v)
{
	bool fits = v->type == LYRE_STRING && v->len < size;

	if (fits)
		memcpy(out, v->s, v->len);
	out[fits ? v->len : 0] = '\0';
}

static int read_user(const struct reader *r, struct record record, struct arena *a, struct user *ret, struct err *e)
{
	lyre_value active = reader_attribute(r, record, "active", a);
	lyre_value hash = reader_attribute(r, record, "password", a);
	lyre_value stamp = reader_attribute(r, record, "stamp", a);
	lyre_value role = reader_attribute(r, record, "role", a);
	lyre_value token = reader_attribute(r, record, "refresh_token", a);

	ret->active = active.type == LYRE_BOOL && active.b;
	copy_text(ret->hash, sizeof ret->hash, &hash);
	copy_text(ret->stamp, sizeof ret->stamp, &stamp);
	copy_text(ret->role_id, sizeof ret->role_id, &role);
	ret->refresh_token = token.type == LYRE_STRING ? arena_strndup(a, token.s, token.len) : "";
	ret->created = record_created(record);
	ret->updated = record_updated(record);
	return arena_failed(a) ? err_nomem(e) : 0;
}

int users_any(struct users *u, bool *any, struct err *e)
{
	const char *name;
	struct record record;
	struct arena a;
	struct scan s;

	int rc = scan_open(&s, u, USER_TABLE, NULL, NULL, e);
	if (rc)
		return rc;
	arena_init(&a);
	rc = scan_next(&s, &a, &name, &record, e);
	*any = rc == 0;
	arena_free(&a);
	scan_close(&s);
	return rc == LYRE_END ? 0 : rc;
}

int users_find(struct users *u, const char *name, size_t len, struct arena *a, struct user *ret, struct err *e)
{
	struct record record;
	struct reader r;

	int rc = reader_open(&r, u, USER_TABLE, e);
	if (rc)
		return rc;
	rc = reader_find(&r, name, len, &record, e);
	if (!rc)
		rc = read_user(&r, record, a, ret, e);
	reader_close(&r);
	return rc;
}

int users_each(struct users *u, struct arena *a, int (*visit)(void *arg, const char *name, const struct user *user),
	void *arg, struct err *e)
{
	const char *name;
	struct record record;
	struct user user;
	struct scan s;

	int rc = scan_open(&s, u, USER_TABLE, NULL, NULL, e);
	if (rc)
		return rc;
	bool more = true;
	while (!rc && more) {
		rc = scan_next(&s, a, &name, &record, e);
		more = rc != LYRE_END;
		if (!rc)
			rc = read_user(&s.reader, record, a, &user, e);
		if (!rc)
			rc = visit(arg, name, &user);
	}
	scan_close(&s);
	secure_clear(&user, sizeof user);
	return more ? rc : 0;
}

int users_have_role(struct users *u, const char *id, const char *but, bool *ret, struct err *e)
{
	const char *name;
	struct record record;
	struct arena a;
	struct scan s;

	*ret = false;
	int rc = scan_open(&s, u, USER_TABLE, "role", id, e);
	if (rc)
		return rc;
	arena_init(&a);
	while (!*ret && !(rc = scan_next(&s, &a, &name, &record, e))) {
		lyre_value active = reader_attribute(&s.reader, record, "active", &a);

		*ret = active.type == LYRE_BOOL && active.b && (!but || strcmp(name, but));
		arena_reset(&a);
	}
	arena_free(&a);
	scan_close(&s);
	return rc == LYRE_END ? 0 : rc;
}

/* ---- roles ---- */

bool permission_is_super(const lyre_value *permission)
{
	const lyre_value *super = value_get(permission, SUPER_USER);

	return value_is(super, LYRE_BOOL) && super->b;
}

/** As the API shows it, all of it in the arena. */
static int role_value(const struct reader *r, struct record record, const char *id, struct arena *a, lyre_value *ret,
	struct err *e)
{
	struct value_member *m = ARENA_ARRAY(a, struct value_member, 5);
	lyre_value name = reader_attribute(r, record, "role", a), permission = reader_attribute(r, record, "permission", a);

	if (!m)
		return err_nomem(e);
	m[0] = member_text("id", id);
	m[1] = (struct value_member){ .name = "role", .name_len = sizeof "role" - 1 };
	m[2] = (struct value_member){ .name = "permission", .name_len = sizeof "permission" - 1 };
	m[3] = (struct value_member){ "__updatedtime__", sizeof "__updatedtime__" - 1, value_double(record_updated(record)) };
	m[4] = (struct value_member){ "__createdtime__", sizeof "__createdtime__" - 1, value_double(record_created(record)) };
	bool copied = value_copy(a, &name, NULL, 0, &m[1].value) && value_copy(a, &permission, NULL, 0, &m[2].value);
	*ret = (lyre_value){ .type = LYRE_OBJECT, .len = 5, .members = m };
	return arena_failed(a) || !copied ? err_nomem(e) : 0;
}

int users_role_record(struct users *u, const char *id, struct arena *a, lyre_value *ret, struct err *e)
{
	struct record record;
	struct reader r;

	int rc = reader_open(&r, u, ROLE_TABLE, e);
	if (rc)
		return rc;
	rc = reader_find(&r, id, strlen(id), &record, e);
	if (!rc) {
		id = arena_strndup(a, id, strlen(id));
		rc = id ? role_value(&r, record, id, a, ret, e) : err_nomem(e);
	}
	reader_close(&r);
	return rc;
}

int users_each_role(struct users *u, struct arena *a, int (*visit)(void *arg, const lyre_value *role), void *arg,
	struct err *e)
{
	const char *id;
	struct record record;
	lyre_value role;
	struct scan s;

	int rc = scan_open(&s, u, ROLE_TABLE, NULL, NULL, e);
	if (rc)
		return rc;
	bool more = true;
	while (!rc && more) {
		rc = scan_next(&s, a, &id, &record, e);
		more = rc != LYRE_END;
		if (!rc)
			rc = role_value(&s.reader, record, id, a, &role, e);
		if (!rc)
			rc = visit(arg, &role);
	}
	scan_close(&s);
	return more ? rc : 0;
}

int users_role_id(struct users *u, const char *name, struct arena *a, const char **ret, struct err *e)
{
	struct record record;
	struct scan s;

	int rc = scan_open(&s, u, ROLE_TABLE, "role", name, e);
	if (rc)
		return rc;
	rc = scan_next(&s, a, ret, &record, e);
	scan_close(&s);
	return rc == LYRE_END ? LYRE_ENOTFOUND : rc;
}

int users_have_super_user(struct users *u, const char *but, const char *but_role, bool *ret, struct err *e)
{
	const char *id;
	struct record record;
	struct arena a;
	struct scan s;

	*ret = false;
	int rc = scan_open(&s, u, ROLE_TABLE, NULL, NULL, e);
	if (rc)
		return rc;
	arena_init(&a);
	while (!rc && !*ret && !(rc = scan_next(&s, &a, &id, &record, e))) {
		lyre_value permission = reader_attribute(&s.reader, record, "permission", &a);

		if (arena_failed(&a))
			rc = err_nomem(e);
		else if (permission_is_super(&permission) && (!but_role || strcmp(id, but_role)))
			rc = users_have_role(u, id, but, ret, e);
		arena_reset(&a);
	}
	arena_free(&a);
	scan_close(&s);
	return rc == LYRE_END ? 0 : rc;
}
