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
#include "auth/denial.h"
#include "base/arena.h"

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

/**
 * Decides. \return 0; LYRE_EDENIED with the sentence, and in \p ret what is refused, in the arena; \p ret has two empty
 * lists where the sentence says all. LYRE_ENOMEM. Any thread.
 */
int permission_check(const struct principal *who, const struct permission_question *q, struct store *s, struct arena *a,
	struct denial *ret, struct err *e);

/** What is said to who has not signed in. */
#define MUST_LOGIN "Must login"

#endif
