/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_calls.c
 * \brief What clients write of functions, and SQLite's grammar has not.
 */
#include "sql_parser.h"

int sql_take_call(struct sql_parser *p)
{
	static const char *const now[] = { "current_date", "current_time", "current_timestamp", NULL };
	struct sql_statement *s = p->s;
	struct sql_token open = sql_token_read(p->next), close = sql_token_read(open.text + open.len);
	if (!sql_token_is_sign(&open, '('))
		return 0;
	if (sql_token_is_any(&p->t, now) && sql_token_is_sign(&close, ')')) {
		p->next = close.text + close.len;
		return sql_edit_text(s, open.text, (size_t)(p->next - open.text), "");
	}
	bool nested = sql_token_is(&p->t, "array") && sql_token_is_sign(&p->before, '(') &&
		sql_token_is(&p->before_that, "distinct_array");
	return nested ? sql_edit_text(s, p->t.text, p->t.len, "") : 0;
}
