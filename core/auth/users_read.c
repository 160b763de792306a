/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users_read.c
 * \brief Reading users and roles, each time from one snapshot of the database.
 */
#include "auth/users_internal.h"
#include "base/text.h"

#include <string.h>

/* ---- one table ---- */

/** One of the tables in one snapshot. */
struct reader {
	const struct table *table; /**< a reference */
	const struct table *now;   /**< its definition in that snapshot */
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

/** An attribute of a record; null if it has none, or if arena_failed(). Lives as long as the snapshot and the arena. */
static lyre_value reader_attribute(const struct reader *r, struct record record, const char *name, struct arena *a)
{
	const struct attribute *attribute = table_attribute(r->now, name, strlen(name));
	struct field f;

	if (!attribute || !record_find(record, attribute->id, &f))
		return value_null();
	return field_value(f, a);
}

/** Finds a record by its key, a string. LYRE_ENOTFOUND without a message. */
static int reader_find(struct reader *r, const char *key, size_t len, struct record *ret, struct err *e)
{
	lyre_value value = value_text(key, len);

	return snapshot_get(&r->snapshot, r->now, &value, ret, e);
}

/* ---- many records ---- */

/** A record visited by a scan. It, and what is read of it into the arena, lives until the scan moves on. */
struct seen {
	const struct reader *reader;
	const char *key;
	struct record record;
	struct arena *arena;
	struct err *err;
};

/** Called for each record: \return 0 to continue; any other value ends the scan, which returns it */
typedef int see_record(void *arg, const struct seen *seen);

static lyre_value seen_attribute(const struct seen *s, const char *name)
{
	return reader_attribute(s->reader, s->record, name, s->arena);
}

/** Opens a walk over the records by key or, by an index, over those whose attribute may be \p text. */
static int walk_table(struct walk *w, struct reader *r, const char *attribute, const char *text, struct err *e)
{
	struct walk_range range = { .attribute = NULL };
	lyre_value wanted = text ? value_text(text, strlen(text)) : value_null();
	const struct attribute *by = text ? table_attribute(r->now, attribute, strlen(attribute)) : NULL;

	if (by && by->index && key_index_value(&range.low, &wanted)) {
		range.attribute = by;
		range.high = range.low;
	}
	return walk_open(w, &r->snapshot, r->now, &range, NULL, e);
}

/** Reads the current record of a walk. LYRE_ENOTFOUND if the scan does not want it. */
static int read_seen(struct seen *s, struct walk *w, const char *attribute, const char *text)
{
	lyre_value v;

	int rc = walk_record(w, &s->record, s->err);
	if (rc)
		return rc;
	if (text) { /* the index has only its beginning */
		v = seen_attribute(s, attribute);
		if (arena_failed(s->arena))
			return err_nomem(s->err);
		if (v.type != LYRE_STRING || !value_equals_str(&v, text))
			return LYRE_ENOTFOUND;
	}
	rc = record_key(s->reader->now, w->key, w->key_len, s->record, s->arena, &v);
	if (rc == LYRE_ECORRUPT)
		return arena_failed(s->arena) ?
			err_nomem(s->err) :
			err_set(s->err, rc, "a record of table '%s.%s' is damaged", SYSTEM_DATABASE, s->reader->now->name);
	if (rc || v.type != LYRE_STRING)
		return rc ? rc : LYRE_ENOTFOUND;
	s->key = arena_strndup(s->arena, v.s, v.len);
	return s->key ? 0 : err_nomem(s->err);
}

/**
 * Calls \p see for each record whose key is a string, by key; with \p text for those whose attribute is that string, in any
 * order, until it returns nonzero. \return what it returned, 0 at the end, or a failure
 */
static int scan_each(
	struct users *u, const char *table, const char *attribute, const char *text, see_record *see, void *arg, struct err *e)
{
	struct reader r;
	struct arena a;
	struct walk w;

	int rc = reader_open(&r, u, table, e);
	if (rc)
		return rc;
	arena_init(&a);
	rc = walk_table(&w, &r, attribute, text, e);
	if (!rc) {
		struct seen seen = { .reader = &r, .arena = &a, .err = e };
		bool more = true;
		while (!rc && more) {
			rc = walk_next(&w, e);
			more = rc != LYRE_END;
			if (!rc)
				rc = read_seen(&seen, &w, attribute, text);
			if (rc == LYRE_ENOTFOUND)
				rc = 0;
			else if (!rc)
				rc = see(arg, &seen);
			arena_reset(&a);
		}
		rc = more ? rc : 0;
		walk_close(&w);
	}
	arena_free(&a);
	reader_close(&r);
	return rc;
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

static int see_any(void *arg, const struct seen *s)
{
	(void)s;
	*(bool *)arg = true;
	return LYRE_END;
}

int users_any(struct users *u, bool *any, struct err *e)
{
	*any = false;
	int rc = scan_each(u, USER_TABLE, NULL, NULL, see_any, any, e);
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

struct user_visit {
	int (*visit)(void *arg, const char *name, const struct user *user);
	void *arg;
};

static int see_user(void *arg, const struct seen *s)
{
	const struct user_visit *v = arg;
	struct user user;

	int rc = read_user(s->reader, s->record, s->arena, &user, s->err);
	if (!rc)
		rc = v->visit(v->arg, s->key, &user);
	secure_clear(&user, sizeof user);
	return rc;
}

int users_each(struct users *u, int (*visit)(void *arg, const char *name, const struct user *user), void *arg, struct err *e)
{
	struct user_visit v = { visit, arg };

	return scan_each(u, USER_TABLE, NULL, NULL, see_user, &v, e);
}

/** \p arg is the name of a user to ignore; NULL: none. */
static int see_active(void *arg, const struct seen *s)
{
	const char *but = arg;
	lyre_value active = seen_attribute(s, "active");

	return active.type == LYRE_BOOL && active.b && (!but || strcmp(s->key, but)) ? LYRE_END : 0;
}

int users_have_role(struct users *u, const char *id, const char *but, bool *ret, struct err *e)
{
	int rc = scan_each(u, USER_TABLE, "role", id, see_active, (void *)(uintptr_t)but, e);

	*ret = rc == LYRE_END;
	return *ret ? 0 : rc;
}

/* ---- roles ---- */

bool permission_is_super(const lyre_value *permission)
{
	const lyre_value *super = value_get(permission, SUPER_USER);

	return value_is(super, LYRE_BOOL) && super->b;
}

/** A role as the API shows it, all in the arena. */
static int role_value(const struct reader *r, struct record record, const char *id, struct arena *a, lyre_value *ret, struct err *e)
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

struct role_visit {
	int (*visit)(void *arg, const lyre_value *role);
	void *arg;
};

static int see_role(void *arg, const struct seen *s)
{
	const struct role_visit *v = arg;
	lyre_value role;

	int rc = role_value(s->reader, s->record, s->key, s->arena, &role, s->err);
	return rc ? rc : v->visit(v->arg, &role);
}

int users_each_role(struct users *u, int (*visit)(void *arg, const lyre_value *role), void *arg, struct err *e)
{
	struct role_visit v = { visit, arg };

	return scan_each(u, ROLE_TABLE, NULL, NULL, see_role, &v, e);
}

/** A string that is kept beyond the scan. */
struct kept_text {
	struct arena *arena;
	const char *text;
};

static int see_id(void *arg, const struct seen *s)
{
	struct kept_text *kept = arg;

	kept->text = arena_strndup(kept->arena, s->key, strlen(s->key));
	return kept->text ? LYRE_END : err_nomem(s->err);
}

int users_role_id(struct users *u, const char *name, struct arena *a, const char **ret, struct err *e)
{
	struct kept_text kept = { .arena = a };

	int rc = scan_each(u, ROLE_TABLE, "role", name, see_id, &kept, e);
	*ret = kept.text;
	return rc == LYRE_END ? 0 : rc ? rc : LYRE_ENOTFOUND;
}

/** Searches for a user whose role is a super_user. */
struct super_search {
	struct users *users;
	const char *but, *but_role;
};

static int see_super_role(void *arg, const struct seen *s)
{
	const struct super_search *search = arg;
	lyre_value permission = seen_attribute(s, "permission");
	bool found = false;

	if (arena_failed(s->arena))
		return err_nomem(s->err);
	if (!permission_is_super(&permission) || (search->but_role && !strcmp(s->key, search->but_role)))
		return 0;
	int rc = users_have_role(search->users, s->key, search->but, &found, s->err);
	return rc ? rc : found ? LYRE_END : 0;
}

int users_have_super_user(struct users *u, const char *but, const char *but_role, bool *ret, struct err *e)
{
	struct super_search search = { u, but, but_role };

	int rc = scan_each(u, ROLE_TABLE, NULL, NULL, see_super_role, &search, e);
	*ret = rc == LYRE_END;
	return *ret ? 0 : rc;
}
