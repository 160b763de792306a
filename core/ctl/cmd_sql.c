/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "ctl/ctl.h"
#include "ctl/write_request.h"

#include <string.h>

int command_sql(struct client *c, struct arena *a, const struct options *o, const char *statement)
{
	struct buf json;
	buf_init(&json);
	request_text(&json, statement, strlen(statement));
	/* as JSON, so that a statement is never taken for a file's name */
	char *word = buf_cstr(&json) ? arena_printf(a, "sql:=%s", json.data) : NULL;
	buf_free(&json);
	return word ? command_operation(c, a, o, "sql", &word, 1) : complain(CTL_REFUSED, "out of memory");
}
