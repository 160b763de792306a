/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/view.h
 * \brief What a principal can see of a database, a table and its attributes. Any thread; does not block.
 */
#ifndef AUTH_VIEW_H
#define AUTH_VIEW_H

#include "auth/auth.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What a principal can see of a table: for the services that read and write it. */
struct permission_view {
	uint32_t permissions;           /**< enum lyre_permission, or-ed, LYRE_PERMIT_DESCRIBE if it is visible; 0: nothing */
	const struct role_table *table; /**< the permitted attributes; NULL: all */
	bool structure;                 /**< all attributes are visible, because the table may be changed */
	bool secret;                    /**< passwords and tokens in the server's own tables are hidden */
	const char *const *secrets;     /**< with secret: their attributes, NULL-terminated */
};

/** \p server_rights: a module acts for itself, everything is permitted. */
struct permission_view permission_view(const struct principal *who, bool server_rights, const char *database, const char *table);
/** What the view permits on an attribute, the primary key if \p key is set. */
uint32_t permission_attribute(const struct permission_view *v, const char *name, size_t len, bool key);
/** Whether every attribute is visible. */
static inline bool permission_sees_all(const struct permission_view *v)
{
	return !v->table && !v->secret;
}
/** Whether a database is visible. */
bool permission_sees_database(const struct principal *who, bool server_rights, const char *database);

#endif
