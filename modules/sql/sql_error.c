/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_error.c
 * \brief SQLite's errors, in the words that clients expect.
 */
#include "sql_connection.h"

#include <string.h>
#include <time.h>

int64_t sql_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** What follows \p begin in a message; NULL: the message begins differently. */
static const char *behind(const char *sentence, const char *begin)
{
	size_t len = strlen(begin);
	return strncmp(sentence, begin, len) == 0 ? sentence + len : NULL;
}

/** The column that SQLite reports as unknown; NULL: the message is a different one. */
static const char *unknown_column(const char *sentence)
{
	static const char in[] = " has no column named ";
	const char *name = behind(sentence, "no such column: ");
	const char *at = name ? NULL : strstr(sentence, in);
	return at ? at + sizeof in - 1 : name;
}

/**
 * Callers who may see only some attributes get the same message for the others as for attributes that do not exist. In a
 * statement on several tables, the message does not tell which table is meant.
 */
static int fail_column(struct sql_run *run, const char *name)
{
	const char *dot = strrchr(name, '.');
	const struct sql_statement *s = &run->statement;
	if (s->table_count != 1 || lyre_call_super_user(run->call))
		return lyre_fail(run->call, LYRE_EINVAL, "unknown column %s", name);
	if (dot)
		name = dot + 1;
	uint32_t needed = s->verb == SQL_INSERT ? LYRE_PERMIT_INSERT :
		s->verb == SQL_UPDATE           ? LYRE_PERMIT_UPDATE :
						  LYRE_PERMIT_READ;
	int rc = lyre_table_refuse(run->call, s->tables[0].database, s->tables[0].name, needed, &name, 1);
	return lyre_attribute_permissions(run->tables[0].table, name) & needed ?
		lyre_fail(run->call, LYRE_EINVAL, "unknown column %s", name) :
		rc;
}

/** Whether it is a function of the API's SQL that this build lacks. */
static bool is_missing(const char *function)
{
	static const char *const names[] = { "geoarea", "geolength", "geocircle", "geodifference", "geodistance", "geonear",
		"geocontains", "geoequal", "geocrosses", "geoconvert" };
	for (size_t i = 0; function && i < sizeof names / sizeof *names; i++) {
		if (sqlite3_stricmp(function, names[i]) == 0)
			return true;
	}
	return false;
}

static bool is_syntax(const char *sentence)
{
	return strstr(sentence, "syntax error") || behind(sentence, "incomplete input") || behind(sentence, "unrecognized token");
}

static int fail_sentence(struct sql_run *run, const char *sentence, bool preparing)
{
	const char *column = unknown_column(sentence), *function = behind(sentence, "no such function: ");
	int offset = sqlite3_error_offset(run->connection->db);
	if (column)
		return fail_column(run, column);
	if (is_missing(function))
		return lyre_fail(run->call, LYRE_EINVAL, "The function %s() needs a build with GEOS", function);
	if (preparing && is_syntax(sentence))
		return sql_statement_wrong(
			&run->statement, offset < 0 ? run->statement.len : sql_statement_place(&run->statement, (size_t)offset));
	return lyre_fail(run->call, LYRE_EINVAL, "%s", sentence);
}

static int fail_memory(struct sql_run *run)
{
	if (!run->limits.refused)
		return lyre_fail_no_memory(run->call);
	return lyre_fail(run->call, LYRE_ETOOBIG, "The statement needs more than %lld bytes of memory (modules.sql.memory)",
		(long long)sql_settings.memory);
}

int sql_fail(struct sql_run *run, int code, bool preparing)
{
	if (run->failed < 0)
		return run->failed;
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return fail_memory(run);
	case SQLITE_AUTH:
		return lyre_fail(run->call, LYRE_EINVAL, "%s is not permitted in SQL", run->refused ? run->refused : "This");
	case SQLITE_TOOBIG:
		return lyre_fail(run->call, LYRE_ETOOBIG,
			"A string or the statement is longer than %d bytes (modules.sql.maxLength)", sql_settings.length);
	default:
		return fail_sentence(run, sqlite3_errmsg(run->connection->db), preparing);
	}
}
