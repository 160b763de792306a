/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_edit.c
 * \brief Growing lists of a statement that is being read: its edits, and names in it.
 */
#include "sql_parser.h"

#include <string.h>

/** Makes room for one more of \p count items of \p size bytes. */
static void *grow(lyre_call *call, void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	size_t more = *room ? *room * 2 : 16;
	void *moved = lyre_alloc(call, more * size);
	if (moved && count)
		memcpy(moved, items, count * size);
	if (moved)
		*room = more;
	return moved;
}

const char *sql_statement_word(struct sql_statement *s, const struct sql_token *t)
{
	char *name = lyre_alloc(s->call, t->len + 1);
	if (name)
		sql_token_name(t, name);
	return name;
}

struct sql_edit *sql_edit_add(struct sql_statement *s, const char *from, size_t len, const char *text)
{
	struct sql_edit *edits = grow(s->call, s->edits, s->edit_count, &s->edit_room, sizeof *edits);
	if (!edits)
		return NULL;
	s->edits = edits;
	struct sql_edit *e = &edits[s->edit_count++];
	*e = (struct sql_edit){ .at = (size_t)(from - s->text), .len = len, .text = text };
	return e;
}

int sql_edit_text(struct sql_statement *s, const char *from, size_t len, const char *text)
{
	return sql_edit_add(s, from, len, text) ? 0 : lyre_fail_no_memory(s->call);
}

int sql_statement_add_name(struct sql_statement *s, const char ***list, size_t *count, size_t *room, const struct sql_token *t)
{
	const char **names = grow(s->call, *list, *count, room, sizeof *names);
	const char *name = names ? sql_statement_word(s, t) : NULL;
	if (!name)
		return lyre_fail_no_memory(s->call);
	*list = names;
	names[(*count)++] = name;
	return 0;
}

int sql_statement_unsupported(struct sql_statement *s, const char *what)
{
	return lyre_fail(s->call, LYRE_EINVAL, "%s is not supported in SQL", what);
}
