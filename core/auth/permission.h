/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/permission.h
 * \brief The permission decision: who may do what to what. It is made only here.
 *
 * Asked once per request, before its arguments are checked, with everything that the operation declares to use; and again
 * by the services that open tables, with what they open.
 */
#ifndef AUTH_PERMISSION_H
#define AUTH_PERMISSION_H

#include "auth/auth.h"
#include "auth/denial.h"
#include "base/arena.h"

#include <lyre/module.h>

/** An attribute in use. */
struct permission_attribute {
	struct permission_attribute *next;
	const char *name;
	size_t len;
	uint32_t permissions; /**< enum lyre_permission, or-ed: what is done to it */
};

/** A table in use, or a database if it has no table name. */
struct permission_need {
	struct permission_need *next;
	const char *database;
	const char *table;    /**< NULL: the database as a whole */
	uint32_t permissions; /**< enum lyre_permission, or-ed: what is done to it */
	struct permission_attribute *attributes;
};

/** What a request asks permission for. */
struct permission_question {
	const struct lyre_operation *operation; /**< for its access, and its name in refusals */
	const char *database;                   /**< to which LYRE_ACCESS_STRUCTURE applies; NULL: none is named */
	struct permission_need *needs;          /**< in the order of the refusals */
};

/** Most faults reported for one request; a request may have any number, and each takes more bytes to report than to cause. */
#define PERMISSION_TOLD_MAX 100

/**
 * Decides. \return 0; LYRE_EDENIED with the message, and in \p ret what is refused, in the arena; \p ret has two empty
 * lists if the message is complete by itself. LYRE_ENOMEM. Any thread.
 */
int permission_check(const struct principal *who, const struct permission_question *q, struct store *s, struct arena *a,
	struct denial *ret, struct err *e);

/** The answer to requests without sign-in. */
#define MUST_LOGIN "Must login"

#endif
