/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/role_check.c
 * \brief Checks requests of add_role and alter_role completely, and reports all errors at once.
 */
#include "role_faults.h"
#include "users_module.h"

#include <string.h>

#define NAME_MAX_BYTES 250

/** The table being checked. */
struct table_check {
	struct role_faults *faults;
	struct table_faults *place;
	const char *database, *name;
	struct lyre_table_spec spec;
};

/* ---- names ---- */

static struct name member_name(const lyre_value *object, size_t i)
{
	struct name n = { .len = 0 };

	n.text = lyre_value_name(object, i, &n.len);
	return n;
}

static int is(struct name n, const char *text)
{
	return n.len == strlen(text) && memcmp(n.text, text, n.len) == 0;
}

/** Names of databases, tables and attributes never contain a NUL. */
static int has_nul(struct name n)
{
	return memchr(n.text, '\0', n.len) != NULL;
}

/** Makes database.table. \return whether there was memory for it */
static int full_name(struct role_faults *f, const char *database, struct name table, struct name *ret)
{
	size_t database_len = strlen(database);
	char *whole = lyre_alloc(f->call, database_len + 1 + table.len);

	if (!whole) {
		role_faults_no_memory(f);
		return 0;
	}
	memcpy(whole, database, database_len);
	whole[database_len] = '.';
	memcpy(whole + database_len + 1, table.text, table.len);
	*ret = (struct name){ whole, database_len + 1 + table.len };
	return 1;
}

static void say_of_table(struct table_check *t, const char *before, struct name n, const char *after)
{
	role_faults_add_of(t->faults, &t->place, t->database, t->name, before, n, after);
}

/* ---- permissions on a table ---- */

struct right {
	const char *key, *said, *of_attribute;
	const char *missing; /**< of an attribute; NULL: may be missing there, since it has no effect */
};

static const struct right rights[] = {
	{ "read", "READ", "READ attribute permission for '", "READ attribute permission missing for '" },
	{ "insert", "INSERT", "INSERT attribute permission for '", "INSERT attribute permission missing for '" },
	{ "update", "UPDATE", "UPDATE attribute permission for '", "UPDATE attribute permission missing for '" },
	{ "delete", "DELETE", "DELETE attribute permission for '", NULL },
};

#define RIGHT_COUNT (sizeof rights / sizeof *rights)

static int is_right(struct name n)
{
	for (size_t i = 0; i < RIGHT_COUNT; i++)
		if (is(n, rights[i].key))
			return 1;
	return 0;
}

static int is_attribute(const struct table_check *t, struct name n)
{
	const struct lyre_attribute *a;

	for (uint32_t i = 0; (a = lyre_attribute_at(&t->spec, i)); i++)
		if (is(n, a->name))
			return 1;
	return 0;
}

/** Checks one item of attribute_permissions. */
static void check_attribute(struct table_check *t, const lyre_value *v)
{
	struct name n = { .len = 0 };
	const lyre_value *named = lyre_value_get(v, "attribute_name");

	if (lyre_value_type(named) == LYRE_STRING)
		n.text = lyre_value_string(named, &n.len);
	if (!n.len) {
		say_of_table(t, "Permission object in 'attribute_permission' missing an 'attribute_name'", n, "");
		return;
	}
	if (!is_attribute(t, n))
		say_of_table(t, "Invalid attribute '", n, "' in 'attribute_permissions'");
	for (size_t i = 0; i < lyre_value_count(v); i++) {
		struct name key = member_name(v, i);
		if (!is(key, "attribute_name") && !is_right(key))
			say_of_table(t, "Invalid attribute permission key value '", key, "'");
	}
	for (size_t i = 0; i < RIGHT_COUNT; i++) {
		const lyre_value *given = lyre_value_get(v, rights[i].key);
		if (!given && rights[i].missing)
			say_of_table(t, rights[i].missing, n, "'");
		else if (given && lyre_value_type(given) != LYRE_BOOL)
			say_of_table(t, rights[i].of_attribute, n, "' must be a boolean");
	}
}

/** Whether an attribute has a permission that its table lacks. */
static int exceeds(const lyre_value *table, const lyre_value *attribute)
{
	for (size_t i = 0; i < RIGHT_COUNT; i++) {
		const lyre_value *of_table = lyre_value_get(table, rights[i].key);
		if (rights[i].missing && lyre_value_type(of_table) == LYRE_BOOL && !lyre_value_bool(of_table) &&
			lyre_value_bool(lyre_value_get(attribute, rights[i].key)))
			return 1;
	}
	return 0;
}

static void check_conflict(struct table_check *t, const lyre_value *table, const lyre_value *attributes)
{
	struct name whole;

	for (size_t i = 0; i < lyre_value_count(attributes); i++) {
		if (!exceeds(table, lyre_value_at(attributes, i)))
			continue;
		if (full_name(t->faults, t->database, (struct name){ t->name, strlen(t->name) }, &whole))
			say_of_table(t, "You have a conflict with TABLE permissions for '", whole,
				"' being false and ATTRIBUTE permissions being true");
		return;
	}
}

static void check_attributes(struct table_check *t, const lyre_value *v)
{
	if (!v)
		say_of_table(t, "Missing 'attribute_permissions' array", NO_NAME, "");
	else if (lyre_value_type(v) != LYRE_ARRAY && lyre_value_type(v) != LYRE_NULL)
		say_of_table(t, "Value for 'attribute_permissions' must be an array", NO_NAME, "");
	else
		for (size_t i = 0; i < lyre_value_count(v); i++)
			check_attribute(t, lyre_value_at(v, i));
}

static void check_table(struct table_check *t, const lyre_value *v)
{
	if (lyre_value_type(v) != LYRE_OBJECT) {
		say_of_table(t, "Table permissions must be an object", NO_NAME, "");
		return;
	}
	for (size_t i = 0; i < lyre_value_count(v); i++) {
		struct name key = member_name(v, i);
		if (!is(key, "attribute_permissions") && !is_right(key))
			say_of_table(t, "Invalid table permission key value '", key, "'");
	}
	for (size_t i = 0; i < RIGHT_COUNT; i++) {
		const struct name said = { rights[i].said, strlen(rights[i].said) };
		const lyre_value *given = lyre_value_get(v, rights[i].key);
		if (!given)
			say_of_table(t, "Missing table ", said, " permission");
		else if (lyre_value_type(given) != LYRE_BOOL)
			say_of_table(t, "Table ", said, " permission must be a boolean");
	}
	const lyre_value *attributes = lyre_value_get(v, "attribute_permissions");
	check_attributes(t, attributes);
	check_conflict(t, v, attributes);
}

/* ---- databases ---- */

/** Records a failure of the server; "not found" is not one. \return whether \p rc is success */
static int went_well(struct role_faults *f, int rc)
{
	if (rc < 0 && rc != LYRE_ENOTFOUND && !f->failure)
		f->failure = rc;
	return rc >= 0;
}

static int one_is_enough(void *arg, lyre_table *table)
{
	(void)arg;
	(void)table;
	return LYRE_END;
}

/** \return whether the database exists; adds an error if not */
static int check_exists(struct role_faults *f, struct name n)
{
	if (!has_nul(n) && went_well(f, lyre_tables(f->call, n.text, one_is_enough, NULL)))
		return 1;
	role_faults_add(f, "database '", n, "' does not exist");
	return 0;
}

/** Adds the error that there is no such table. */
static void say_no_table(struct role_faults *f, const char *database, struct name n)
{
	struct name whole;

	if (full_name(f, database, n, &whole))
		role_faults_add(f, "Table '", whole, "' does not exist");
}

static void check_table_of(struct role_faults *f, const char *database, struct name n, const lyre_value *v)
{
	struct table_check t = { .faults = f, .database = database, .name = n.text, .spec = { .size = sizeof t.spec } };
	lyre_table *table;

	if (has_nul(n) || !went_well(f, lyre_table_open(f->call, database, n.text, &table))) {
		say_no_table(f, database, n);
		return;
	}
	if (went_well(f, lyre_table_spec(f->call, table, &t.spec)))
		check_table(&t, v);
}

static void check_database(struct role_faults *f, struct name n, const lyre_value *v)
{
	if (!check_exists(f, n))
		return;
	if (lyre_value_type(v) != LYRE_OBJECT) {
		role_faults_add(f, "Value for '", n, "' permission must be an object");
		return;
	}
	for (size_t i = 0; i < lyre_value_count(v) && !f->failure; i++) {
		struct name key = member_name(v, i);
		const lyre_value *tables = lyre_value_at(v, i);
		if (!is(key, "tables")) {
			role_faults_add(f, "Invalid database permission key value '", key, "'");
			continue;
		}
		if (lyre_value_type(tables) != LYRE_OBJECT) {
			role_faults_add(f, "Value for 'tables' of database '", n, "' must be an object");
			continue;
		}
		for (size_t j = 0; j < lyre_value_count(tables) && !f->failure; j++)
			check_table_of(f, n.text, member_name(tables, j), lyre_value_at(tables, j));
	}
}

static void check_structure(struct role_faults *f, const lyre_value *v)
{
	int fits = lyre_value_type(v) == LYRE_BOOL || lyre_value_type(v) == LYRE_ARRAY;

	for (size_t i = 0; i < lyre_value_count(v) && fits; i++) {
		const lyre_value *item = lyre_value_at(v, i);
		struct name n = { .len = 0 };
		fits = lyre_value_type(item) == LYRE_STRING;
		if (!fits)
			break;
		n.text = lyre_value_string(item, &n.len);
		check_exists(f, n);
	}
	if (!fits)
		role_faults_add(f, "Value for 'structure_user' permission must be a boolean or Array", NO_NAME, "");
}

/* ---- the whole ---- */

/** Checks super_user and cluster_user: if one is true, no other permissions may be set. */
static void check_whole(struct role_faults *f, const lyre_value *permission, const char *key)
{
	const struct name n = { key, strlen(key) };
	const lyre_value *v = lyre_value_get(permission, key);

	if (!v)
		return;
	if (lyre_value_type(v) != LYRE_BOOL) {
		role_faults_add(f, "Value for '", n, "' permission must be a boolean");
		return;
	}
	for (size_t i = 0; i < lyre_value_count(permission) && lyre_value_bool(v); i++) {
		const lyre_value *other = lyre_value_at(permission, i);
		if (other != v && (lyre_value_type(other) != LYRE_BOOL || lyre_value_bool(other))) {
			role_faults_add(f, "Roles with '", n, "' set to true cannot have other permissions set.");
			return;
		}
	}
}

static void check_permission(struct role_faults *f, const lyre_value *v)
{
	if (lyre_value_type(v) == LYRE_NULL) {
		role_faults_add(f, "Permission can't be blank", NO_NAME, "");
		return;
	}
	if (lyre_value_type(v) != LYRE_OBJECT) {
		role_faults_add(f, "Permission must be an object", NO_NAME, "");
		return;
	}
	check_whole(f, v, "super_user");
	check_whole(f, v, "cluster_user");
	for (size_t i = 0; i < lyre_value_count(v) && !f->failure; i++) {
		struct name key = member_name(v, i);
		if (is(key, "structure_user"))
			check_structure(f, lyre_value_at(v, i));
		else if (!is(key, "super_user") && !is(key, "cluster_user"))
			check_database(f, key, lyre_value_at(v, i));
	}
}

static void check_text(struct role_faults *f, const char *argument, const char *said, int needed)
{
	const lyre_value *v = lyre_arg(f->call, argument);
	const struct name n = { said, strlen(said) };
	size_t len;

	if (lyre_value_type(v) == LYRE_NULL) {
		if (needed)
			role_faults_add(f, "", n, " can't be blank");
	} else if (!users_is_role_name(v)) {
		role_faults_add(f, "", n, " is invalid");
	} else if (lyre_value_string(v, &len) && len > NAME_MAX_BYTES) {
		role_faults_add(f, "", n, " is too long (maximum is 250 characters)");
	}
}

/** The members that a request may have; username and password may be its credentials. */
static int is_known(struct name n)
{
	static const char *const known[] = { "operation", "id", "role", "permission", "username", "password" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (is(n, known[i]))
			return 1;
	return 0;
}

static void check_keys(struct role_faults *f)
{
	const lyre_value *body = lyre_call_body(f->call);
	size_t unknown = 0, size = 0;

	for (size_t i = 0; i < lyre_value_count(body); i++) {
		struct name n = member_name(body, i);
		if (!is_known(n)) {
			unknown++;
			size += n.len + sizeof "'', ";
		}
	}
	if (!unknown)
		return;
	char *names = lyre_alloc(f->call, size);
	if (!names) {
		role_faults_no_memory(f);
		return;
	}
	size_t len = 0;
	for (size_t i = 0; i < lyre_value_count(body); i++) {
		struct name n = member_name(body, i);
		if (is_known(n))
			continue;
		if (len) {
			names[len++] = ',';
			names[len++] = ' ';
		}
		names[len++] = '\'';
		memcpy(names + len, n.text, n.len);
		len += n.len;
		names[len++] = '\'';
	}
	role_faults_add(
		f, unknown == 1 ? "Invalid key in JSON body - " : "Invalid keys in JSON body - ", (struct name){ names, len }, "");
}

int users_role_check(lyre_call *call, int alter)
{
	struct role_faults f;

	role_faults_init(&f, call);
	check_keys(&f);
	check_text(&f, "id", "Id", alter);
	check_text(&f, "role", "Role", !alter);
	check_permission(&f, lyre_arg(call, "permission"));
	return role_faults_answer(&f);
}
