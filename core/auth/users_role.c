/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/users_role.c
 * \brief The rules for changing roles, and the compiled roles that users share.
 */
#include "auth/users_internal.h"
#include "base/arena.h"

#include <string.h>

/* ---- compiled roles ---- */

static struct kept_role *kept_of(struct users *u, const char *id)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *id; id++)
		h = (h ^ (unsigned char)*id) * 16777619u;
	return &u->roles[h % ROLES_KEPT];
}

/** A reference to the kept role with an id, if it is of this epoch or was made from this version of the record. */
static const struct role *kept_find(struct users *u, const char *id, uint64_t epoch, const double *updated)
{
	const struct role *role = NULL;

	pthread_mutex_lock(&u->lock);
	struct kept_role *k = kept_of(u, id);
	if (k->role && !strcmp(k->role->id, id) && (k->epoch == epoch || (updated && k->updated == *updated))) {
		role = role_ref(k->role);
		if (k->epoch < epoch)
			k->epoch = epoch;
	}
	pthread_mutex_unlock(&u->lock);
	return role;
}

static void kept_put(struct users *u, const struct role *role, uint64_t epoch, double updated)
{
	const struct role *old = NULL;

	pthread_mutex_lock(&u->lock);
	struct kept_role *k = kept_of(u, role->id);
	if (!k->role || k->epoch <= epoch) {
		old = k->role;
		*k = (struct kept_role){ role_ref(role), epoch, updated };
	}
	pthread_mutex_unlock(&u->lock);
	role_unref(old);
}

void users_forget_roles(struct users *u)
{
	for (size_t i = 0; i < ROLES_KEPT; i++)
		role_unref(u->roles[i].role);
}

int users_role(struct users *u, const char *id, const struct role **ret, struct err *e)
{
	uint64_t epoch = users_epoch(u); /* before reading the role, so that it is not newer than what was read */
	lyre_value record;
	struct arena a;

	*ret = kept_find(u, id, epoch, NULL);
	if (*ret)
		return 0;
	arena_init(&a);
	int rc = users_role_record(u, id, &a, &record, e);
	if (!rc) {
		double updated = value_number(value_get(&record, "__updatedtime__"));

		*ret = kept_find(u, id, epoch, &updated);
		if (!*ret && !(rc = role_make(ret, &record, e)))
			kept_put(u, *ret, epoch, updated);
	}
	arena_free(&a);
	return rc;
}

/* ---- writing ---- */

/** \p name and \p permission NULL: unchanged. LYRE_END if it was not done. */
static int put(
	struct users *u, int mode, const char *id, const char *name, const lyre_value *permission, struct arena *a, struct err *e)
{
	struct value_member members[3];
	uint32_t n = 0;

	members[n++] = member_text("id", id);
	if (name)
		members[n++] = member_text("role", name);
	if (permission)
		members[n++] = (struct value_member){ "permission", sizeof "permission" - 1, *permission };
	lyre_value record = OBJECT(members, n);
	return users_write(u, ROLE_TABLE, mode, &record, a, e);
}

static int found_role(void *arg, const lyre_value *role)
{
	*(bool *)arg = true;
	(void)role;
	return 1;
}

int users_first_role(struct users *u, struct err *e)
{
	struct value_member members[] = { member_bool(SUPER_USER, true) };
	lyre_value permission = OBJECT(members, 1);
	bool any = false;
	struct arena a;

	int rc = users_each_role(u, found_role, &any, e);
	if (rc < 0 || any)
		return rc < 0 ? rc : 0;
	arena_init(&a);
	rc = put(u, LYRE_INSERT, SUPER_USER, SUPER_USER, &permission, &a, e);
	arena_free(&a);
	return rc;
}

static int check_role(const struct lyre_role *role, const char *id, struct err *e)
{
	if (role->name && !users_name_valid(role->name))
		return err_set(e, LYRE_EINVAL, "The name of a role must have 1 to %d bytes", AUTH_USER_MAX);
	if (!users_name_valid(id))
		return err_set(e, LYRE_EINVAL, "The id of a role must have 1 to %d bytes", AUTH_USER_MAX);
	if (!value_is(role->permission, LYRE_OBJECT))
		return err_set(e, LYRE_EINVAL, "The permission of a role must be an object");
	return 0;
}

static int taken(const char *name, struct err *e)
{
	return err_set(e, LYRE_ECONFLICT, "A role with name '%s' already exists", name);
}

/** Whether no role other than \p id (NULL for none) has the name. */
static int check_free(struct users *u, const char *name, const char *id, struct arena *a, struct err *e)
{
	const char *owner;

	int rc = users_role_id(u, name, a, &owner, e);
	if (rc)
		return rc == LYRE_ENOTFOUND ? 0 : rc;
	return id && !strcmp(owner, id) ? 0 : taken(name, e);
}

int users_add_role(struct users *u, const struct lyre_role *role, struct arena *a, lyre_value *ret, struct err *e)
{
	const char *id = role->id ? role->id : role->name;

	int rc = role->name ? check_role(role, id, e) : err_set(e, LYRE_EINVAL, "The name of a role must be given");
	if (rc)
		return rc;
	pthread_mutex_lock(&u->changes);
	rc = check_free(u, role->name, NULL, a, e);
	if (!rc)
		rc = put(u, LYRE_INSERT, id, role->name, role->permission, a, e);
	if (rc == LYRE_END)
		rc = err_set(e, LYRE_ECONFLICT, "A role with id '%s' already exists", id);
	if (!rc && ret)
		rc = users_role_record(u, id, a, ret, e);
	pthread_mutex_unlock(&u->changes);
	return rc;
}

/** Whether a super_user remains if the permission of a role changes. */
static int check_demotion(struct users *u, const lyre_value *now, const struct lyre_role *change, struct err *e)
{
	bool users = false, other = false;

	if (!permission_is_super(value_get(now, "permission")) || permission_is_super(change->permission))
		return 0;
	int rc = users_have_role(u, change->id, NULL, &users, e);
	if (!rc && users)
		rc = users_have_super_user(u, NULL, change->id, &other, e);
	if (!rc && users && !other)
		rc = err_set(
			e, LYRE_ECONFLICT, "Role %s must remain a super_user: there is no other active super_user", change->id);
	return rc;
}

int users_change_role(struct users *u, const struct lyre_role *role, struct arena *a, lyre_value *ret, struct err *e)
{
	lyre_value now;

	if (!users_name_valid(role->id))
		return err_set(e, LYRE_ENOTFOUND, "Invalid role id");
	int rc = check_role(role, role->id, e);
	if (rc)
		return rc;
	pthread_mutex_lock(&u->changes);
	rc = users_role_record(u, role->id, a, &now, e);
	if (!rc && role->name)
		rc = check_free(u, role->name, role->id, a, e);
	if (!rc)
		rc = check_demotion(u, &now, role, e);
	if (!rc)
		rc = put(u, LYRE_UPDATE, role->id, role->name, role->permission, a, e);
	if (!rc && ret)
		rc = users_role_record(u, role->id, a, ret, e);
	pthread_mutex_unlock(&u->changes);
	return rc == LYRE_ENOTFOUND || rc == LYRE_END ? err_set(e, LYRE_ENOTFOUND, "Invalid role id") : rc;
}

/** With the lock held. */
static int drop_locked(struct users *u, const char *id, struct arena *a, struct err *e)
{
	lyre_value now, key = value_text(id, strlen(id));
	bool users;

	int rc = users_role_record(u, id, a, &now, e);
	if (!rc)
		rc = users_have_role(u, id, NULL, &users, e);
	if (rc)
		return rc;
	if (users) {
		const lyre_value *name = value_get(&now, "role");

		return err_set(e, LYRE_ECONFLICT, "Cannot drop role %s as it has active user(s) tied to this role",
			value_is(name, LYRE_STRING) ? name->s : id);
	}
	return users_write(u, ROLE_TABLE, LYRE_DELETE, &key, a, e);
}

int users_drop_role(struct users *u, const char *id, struct err *e)
{
	int rc = LYRE_ENOTFOUND;
	struct arena a;

	if (users_name_valid(id)) {
		arena_init(&a);
		pthread_mutex_lock(&u->changes);
		rc = drop_locked(u, id, &a, e);
		pthread_mutex_unlock(&u->changes);
		arena_free(&a);
	}
	return rc == LYRE_ENOTFOUND || rc == LYRE_END ? err_set(e, LYRE_ENOTFOUND, "Role not found") : rc;
}
