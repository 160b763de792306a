/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/permission.h
 * \brief The permission decision: who may do what to what. Asked once a request, before its arguments are checked.
 */
#ifndef AUTH_PERMISSION_H
#define AUTH_PERMISSION_H

#include "auth/auth.h"

#include <lyre/module.h>

/** What a request wants. */
struct permission_question {
	uint32_t access;       /**< enum lyre_access, as the operation declares it */
	uint32_t permissions;  /**< enum lyre_permission, or-ed: what it does to the table */
	const char *database;  /**< as the request names it; NULL where it names none */
	const char *table;     /**< the same */
};

/** \return 0, or LYRE_EDENIED with the sentence for the client. Any thread. */
int permission_check(const struct identity *who, const struct permission_question *q, struct err *e);

#endif
