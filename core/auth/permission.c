/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/permission.c
 * \brief Super_users may do everything but write where the server keeps its own records; nobody else may do anything.
 */
#include "auth/permission.h"

#include <string.h>

#define WRITES (LYRE_PERMIT_INSERT | LYRE_PERMIT_UPDATE | LYRE_PERMIT_DELETE)

int permission_check(const struct identity *who, const struct permission_question *q, struct err *e)
{
	if (!who->super_user)
		return err_set(e, LYRE_EDENIED,
			"This operation is not authorized due to role restrictions and/or invalid database items");
	if (q->permissions & WRITES && q->database && !strcmp(q->database, "system"))
		return err_set(e, LYRE_EDENIED,
			"The 'system' database, tables and records are used internally by HarperDB and cannot be updated or removed.");
	return 0;
}
