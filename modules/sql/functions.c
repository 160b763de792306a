/* SPDX-License-Identifier: Apache-2.0 */
#include "functions.h"

int sql_functions_add(sqlite3 *db)
{
	(void)db;
	return SQLITE_OK;
}
