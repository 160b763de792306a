/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/permission.h
 * \brief The permission decision: who may do what to what. The one place where it is made.
 *
 * Asked once a request, before its arguments are checked, with all that the operation's declaration says it touches; and
 * once more by the services that open tables, with what they open.
 */
#ifndef AUTH_PERMISSION_H
#define AUTH_PERMISSION_H

#include "auth/auth.h"
#include "base/arena.h"
#include "base/json.h"

#include <lyre/module.h>

/** An attribute that is touched. */
struct permission_attribute {
	struct permission_attribute *next;
	const char *name;
	size_t len;
	uint32_t permissions; /**< enum lyre_permission, or-ed: what is done to it */
};

/** A table, or without a name a database, that is touched. */
struct permission_need {
	struct permission_need *next;
	const char *database;
	const char *table;     /**< NULL: the database as a whole */
	uint32_t permissions;  /**< enum lyre_permission, or-ed: what is done to it */
	struct permission_attribute *attributes;
};

/** What a request wants. */
struct permission_question {
	const struct lyre_operation *operation; /**< its access, its name in refusals */
	const char *database;                   /**< that LYRE_ACCESS_STRUCTURE is about; NULL: none is named */
	struct permission_need *needs;          /**< in the order of the refusals */
};

/** So many faults of one request are told; a request may bring any number, and each is told in more bytes than it took. */
#define PERMISSION_TOLD_MAX 100

/** What is told with LYRE_EDENIED beside the sentence: two lists of what is wrong, as the API answers them. */
struct denial {
	lyre_value unauthorized; /**< array */
	lyre_value invalid;      /**< array */
};

/**
 * Decides. \return 0; LYRE_EDENIED with the sentence, and in \p ret what is refused, in the arena; \p ret has two empty
 * lists where the sentence says all. LYRE_ENOMEM. Any thread.
 */
int permission_check(const struct principal *who, const struct permission_question *q, struct store *s, struct arena *a,
	struct denial *ret, struct err *e);

/** Refuses with the general sentence and two empty lists. \return LYRE_EDENIED */
int permission_refuse(struct denial *ret, struct err *e);

/** What a principal sees of a table: for the services that read and write it. */
struct permission_view {
	uint32_t permissions;           /**< enum lyre_permission, or-ed, LYRE_PERMIT_DESCRIBE where it may be known of; 0: nothing */
	const struct role_table *table; /**< which attributes; NULL: all */
	bool structure;                 /**< all attributes may be known of, for the table may be changed */
	bool secret;                    /**< passwords and tokens of the server's own tables are hidden */
	const char *const *secrets;     /**< with secret: their attributes, ended by NULL */
};

/** \p server_rights: a module asks for itself, everything is permitted. Any thread; does not block. */
struct permission_view permission_view(const struct principal *who, bool server_rights, const char *database, const char *table);
/** What the view permits on an attribute, the primary key where \p key is set. */
uint32_t permission_attribute(const struct permission_view *v, const char *name, size_t len, bool key);
/** Whether every attribute is seen. */
static inline bool permission_sees_all(const struct permission_view *v) { return !v->table && !v->secret; }
/** Whether a database may be known of. */
bool permission_sees_database(const struct principal *who, bool server_rights, const char *database);

/** What is said to who has not signed in. */
#define MUST_LOGIN "Must login"
/** What is said of a refusal whose reasons stand in the two lists. */
extern const char permission_refused[];
/** Whether a refusal with this sentence is answered with its lists. */
bool denial_has_lists(const struct denial *d, const char *sentence);
/** The answer's object: error, unauthorized_access, invalid_schema_items. */
void denial_write(lyre_out *o, const char *sentence, const struct denial *d);

#endif
