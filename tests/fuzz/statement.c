/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file statement.c
 * \brief Statements: parses any text and makes SQLite's text of it, whose places and names lead back into the first.
 */
#include "fuzz.h"
#include "sql/sql_statement.h"

#include <stdarg.h>

/** Memory of the call: this file is the host. */
struct piece {
	struct piece *next;
	max_align_t bytes[];
};

static struct piece *pieces;
static int failure;

static void *piece_alloc(lyre_call *call, size_t size)
{
	struct piece *p = calloc(1, sizeof *p + size);
	(void)call;
	must(p);
	p->next = pieces;
	pieces = p;
	return p->bytes;
}

static int note_failure(lyre_call *call, int code, const char *format, va_list ap)
{
	char text[4096];
	(void)call;
	must(vsnprintf(text, sizeof text, format, ap) > 0);
	failure = code;
	return code;
}

static int failure_of(lyre_call *call)
{
	(void)call;
	return failure;
}

static const struct lyre_call_api calls = {
	.size = sizeof calls, .alloc = piece_alloc, .vfail = note_failure, .failure = failure_of
};
static const struct lyre_host host = { .size = sizeof host, .call = &calls };
const struct lyre_host *lyre_host = &host;

static void check_text(struct sql_statement *s)
{
	static char names[SQL_TABLES_MAX][4];
	for (size_t i = 0; i < s->table_count; i++) {
		snprintf(names[i], sizeof names[i], "%u", (unsigned)i & 63);
		s->tables[i].as = names[i];
	}
	const char *sql = sql_statement_text(s);
	must(sql != NULL);
	size_t len = strlen(sql), before = 0;
	for (size_t i = 0; i <= len; i++) {
		size_t at = sql_statement_place(s, i);
		must(at >= before && at <= s->len);
		before = at;
	}
	for (size_t i = 0; i < s->column_count; i++)
		must(s->columns[i] && sql_statement_name(s, sql, s->columns[i]));
	must(sql_statement_name(s, sql, sql) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sql_statement s;
	char *text = fuzz_copy(data, size, 1);
	failure = 0;
	int rc = sql_statement_read(&s, NULL, text);
	must(rc == failure && s.len <= strlen(text) && s.table_count <= SQL_TABLES_MAX);
	if (rc == 0)
		check_text(&s);
	if (rc == 0 && s.light) {
		sql_statement_take_literals(&s);
		check_text(&s);
	}
	must(sql_statement_wrong(&s, size / 2 < s.len ? size / 2 : s.len) == LYRE_EINVAL);
	free(text);
	for (struct piece *next; pieces; pieces = next) {
		next = pieces->next;
		free(pieces);
	}
	return 0;
}
