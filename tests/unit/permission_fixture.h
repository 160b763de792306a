/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file permission_fixture.h
 * \brief Questions to the permission decision in a short form, and its answers as clients get them.
 */
#ifndef PERMISSION_FIXTURE_H
#define PERMISSION_FIXTURE_H

#include "store_fixture.h"

#include "auth/permission.h"
#include "auth/view.h"

#define REFUSED                                                                                               \
	"{'error':'This operation is not authorized due to role restrictions and/or invalid database items'," \
	"'unauthorized_access':"
#define SAYS(unauthorized, invalid) REFUSED "[" unauthorized "],'invalid_schema_items':[" invalid "]}"
#define LACKS(database, table, permissions, attributes)                                           \
	"{'schema':'" database "','table':'" table "','required_table_permissions':[" permissions \
	"],'required_attribute_permissions':[" attributes "]}"
#define RESTRICTED(name) SAYS("'Operation `" name "` is restricted to `super_user` roles'", "")
#define CLOSED "The `system` database, tables and records are used internally by HarperDB and cannot be updated or removed."

#define READ LYRE_PERMIT_READ
#define INSERT LYRE_PERMIT_INSERT
#define UPDATE LYRE_PERMIT_UPDATE
#define DELETE LYRE_PERMIT_DELETE
#define DESCRIBE LYRE_PERMIT_DESCRIBE
#define USER LYRE_ACCESS_USER
#define STRUCTURE LYRE_ACCESS_STRUCTURE
#define ALL LYRE_ACCESS_STRUCTURE_ALL
#define SUPER LYRE_ACCESS_SUPER_USER

static struct arena arena;

static void set_up(void)
{
	setup();
	arena_init(&arena);
	make_table("dev", "dog");
	make_table("dev", "cat");
	make_table("dev", "bird");
	make_table("other", "t");
	make_table("system", "hdb_user");
}

static void tear_down(void)
{
	arena_free(&arena);
	teardown();
}

/* ---- asking ---- */

static const struct role *role_of(const char *permission)
{
	const struct role *r = NULL;
	struct err e = { 0 };
	lyre_value record;

	const char *text = arena_printf(&arena, "{'id':'r','role':'r','permission':%s}", permission);
	ck_assert_int_eq(json_read(&arena, text, &record, &e), 0);
	ck_assert_int_eq(role_make(&r, &record, &e), 0);
	return r;
}

/** "name:ru name …": permissions on attributes; ri: read and insert. */
static struct permission_attribute *attributes_of(const char *text)
{
	static const char letters[] = "riud";
	struct permission_attribute *first = NULL, **end = &first;

	for (const char *p = text; p && *p; p += strspn(p, " ")) {
		struct permission_attribute *at = ARENA_NEW(&arena, struct permission_attribute);
		at->name = p;
		at->len = strcspn(p, ":");
		for (p += at->len + 1; *p && *p != ' '; p++)
			at->permissions |= 1u << (unsigned)(strchr(letters, *p) - letters);
		*end = at;
		end = &at->next;
	}
	return first;
}

/** The answer: "ok", the two lists as JSON, or only the message. */
static const char *decide(const struct principal *who, const struct permission_question *q)
{
	struct err e = { 0 };
	struct denial d;
	struct buf b;
	lyre_out out;

	int rc = permission_check(who, q, store, &arena, &d, &e);
	ck_assert(rc == 0 || e.code == rc);
	ck_assert(d.unauthorized.type == LYRE_ARRAY && d.invalid.type == LYRE_ARRAY);
	if (!rc) {
		ck_assert(!d.unauthorized.len && !d.invalid.len);
		return "ok";
	}
	ck_assert_int_eq(rc, LYRE_EDENIED);
	if (!denial_has_lists(&d, e.text))
		return arena_strndup(&arena, e.text, strlen(e.text));
	buf_init(&b);
	out_init(&out, &b);
	denial_write(&out, e.text, &d);
	const char *text = arena_strndup(&arena, b.data, b.len);
	buf_free(&b);
	return text;
}

#endif
