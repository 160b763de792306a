/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file sql/sql_connection.c
 * \brief Connections: opened once, limited, and with an authorizer that checks what a statement may do.
 */
#include "sql_connection.h"

#include "functions.h"
#include "sql_value.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Maximum number of idle connections kept; a statement takes one, or opens another. */
#define KEPT_MAX 16
/** Virtual machine instructions of SQLite between two checks of the clock: each may call a function that takes a while. */
#define STEPS 500
/** Interval between checks that the client is still connected, ms. */
#define ASK_MS 100

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sql_connection *kept;
static unsigned kept_count;

/* ---- what a statement may do ---- */

static bool is_own(const char *name)
{
	return sqlite3_strnicmp(name, SQL_OWN_FUNCTIONS, sizeof SQL_OWN_FUNCTIONS - 1) == 0;
}

/** Whether the name of one of the module's own functions occurs in the client's text, quoted or not. */
static bool names_own(const struct sql_statement *s)
{
	char found[sizeof SQL_KNOWN_FUNCTION + 2]; /* the longest of the names, quoted */
	struct sql_token t = sql_token_read(s->text);
	for (; t.kind != SQL_END && t.kind != SQL_WRONG; t = sql_token_behind(&t)) {
		if (t.kind == SQL_NUMBER || t.kind == SQL_SIGN || t.len >= sizeof found)
			continue;
		sql_token_name(&t, found);
		if (is_own(found))
			return true;
	}
	return false;
}

/** Clients may not call the functions that the module itself inserts into statements. */
static bool is_function_permitted(struct sql_run *run, const char *name)
{
	if (!is_own(name))
		return sql_functions_permit(name);
	if (!run->own_named) /* SQLite asks for each written value */
		run->own_named = names_own(&run->statement) ? 1 : -1;
	return run->own_named < 0;
}

static int refuse(struct sql_run *run, const char *what)
{
	run->refused = what;
	return SQLITE_DENY;
}

/** A table that the statement defines with WITH, or a table-valued function that stores nothing: json_each. */
static bool is_harmless(const struct sql_run *run, const char *table, const char *column)
{
	if (sqlite3_stricmp(table, "json_each") == 0 || sqlite3_stricmp(table, "json_tree") == 0)
		return true;
	if (*column || sqlite3_strnicmp(table, "sqlite_", 7) == 0 || sqlite3_strnicmp(table, "pragma_", 7) == 0)
		return false;
	for (size_t i = 0; i < run->statement.inner_count; i++) {
		if (sqlite3_stricmp(run->statement.inner[i], table) == 0)
			return true; /* SQLite asks about the table itself when only its rows are counted */
	}
	return false;
}

/** A column that the caller may not read is reported like one that does not exist. */
static int permit_read(struct sql_connection *c, const char *table, const char *column)
{
	struct sql_run *run = c->run;
	struct sql_table *t = sql_connection_table(c, table);
	if (!t)
		return is_harmless(run, table, column) ? SQLITE_OK : refuse(run, "Reading SQLite's own tables");
	for (size_t i = 0; i < t->count; i++) {
		const struct sql_column *at = &t->columns[i];
		if (at->readable || sqlite3_stricmp(at->declared, column) != 0)
			continue;
		run->failed = lyre_table_refuse(run->call, t->named->database, t->named->name, LYRE_PERMIT_READ, &at->name, 1);
		return SQLITE_DENY;
	}
	return SQLITE_OK;
}

/** The permissions on the tables have been checked already: this makes sure that it is one of those tables. */
static int permit_write(struct sql_connection *c, const char *table)
{
	struct sql_run *run = c->run;
	const struct sql_table *t = sql_connection_table(c, table);
	return t && t == run->tables && run->statement.verb != SQL_SELECT ? SQLITE_OK : refuse(run, "Writing to another table");
}

static int authorize(void *arg, int action, const char *first, const char *second, const char *database, const char *view)
{
	struct sql_connection *c = arg;
	(void)database;
	(void)view;
	if (c->declaring)
		return SQLITE_OK;
	if (!c->run)
		return SQLITE_DENY;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return is_function_permitted(c->run, second) ? SQLITE_OK : refuse(c->run, "This function");
	case SQLITE_READ:
		return permit_read(c, first, second);
	case SQLITE_INSERT:
	case SQLITE_UPDATE:
	case SQLITE_DELETE:
		return permit_write(c, first);
	default:
		return refuse(c->run, "This kind of statement");
	}
}

/** Ends a statement whose time is up, or for which no client waits any more. */
static int look(void *arg)
{
	struct sql_connection *c = arg;
	struct sql_run *run = c->run;
	int64_t now = sql_now();
	if (!run)
		return 0;
	if (run->until && now > run->until) {
		run->failed = lyre_fail(run->call, LYRE_EBUSY,
			"The statement was stopped: it ran for more than %lld ms (modules.sql.timeout)",
			(long long)sql_settings.timeout_ms);
		return 1;
	}
	if (now - run->asked < ASK_MS)
		return 0;
	run->asked = now;
	int rc = lyre_call_wanted(run->call);
	if (rc < 0)
		run->failed = rc;
	return rc < 0;
}

int sql_connection_look(struct sql_run *run)
{
	return look(run->connection) ? run->failed : 0;
}

/* ---- connections ---- */

static void set_limits(sqlite3 *db)
{
	sqlite3_limit(db, SQLITE_LIMIT_LENGTH, sql_settings.length);
	sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, sql_settings.length);
	sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_limit(db, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000);
	sqlite3_limit(db, SQLITE_LIMIT_VARIABLE_NUMBER, SQL_LITERALS_MAX);
	sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 0);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
}

static int set_up(struct sql_connection *c)
{
	int rc = sqlite3_open_v2(":memory:", &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(c->db, "PRAGMA temp_store=MEMORY; PRAGMA journal_mode=OFF", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_module_v2(c->db, "lyre", &sql_vtab_module, c, NULL);
	if (rc == SQLITE_OK) /* SQLite creates these tables at first use, which the authorizer would refuse later */
		rc = sqlite3_exec(c->db, "SELECT 1 FROM json_each('[]'), json_tree('[]')", NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sql_value_functions(c->db);
	if (rc == SQLITE_OK)
		rc = sql_search_functions(c->db);
	if (rc == SQLITE_OK)
		rc = sql_functions_add(c->db);
	if (rc != SQLITE_OK)
		return rc;
	set_limits(c->db);
	sqlite3_progress_handler(c->db, STEPS, look, c);
	return sqlite3_set_authorizer(c->db, authorize, c);
}

static void connection_close(struct sql_connection *c)
{
	if (!c)
		return;
	c->declaring = true;
	sql_prepared_drop(c);
	sqlite3_close(c->db);
	for (size_t i = 0; i < c->count; i++) {
		free(c->declared[i].as);
		free(c->declared[i].signature);
	}
	free(c);
}

static struct sql_connection *connection_new(void)
{
	struct sql_connection *c = calloc(1, sizeof *c);
	if (c && set_up(c) != SQLITE_OK) {
		connection_close(c);
		return NULL;
	}
	return c;
}

static struct sql_connection *kept_one(void)
{
	pthread_mutex_lock(&lock);
	struct sql_connection *c = kept;
	if (c) {
		kept = c->next;
		kept_count--;
	}
	pthread_mutex_unlock(&lock);
	return c;
}

struct sql_connection *sql_connection_take(struct sql_run *run)
{
	struct sql_connection *c = kept_one();
	if (!c)
		c = connection_new();
	if (!c) {
		lyre_fail_no_memory(run->call);
		return NULL;
	}
	run->limits = (struct sql_limits){ .look = look, .arg = c, .memory = sql_settings.memory };
	if (!sql_limits_set(&run->limits)) {
		connection_close(c);
		lyre_fail_no_memory(run->call);
		return NULL;
	}
	sqlite3_limit(c->db, SQLITE_LIMIT_EXPR_DEPTH, sql_nesting_expressions(&run->statement));
	c->run = run;
	run->connection = c;
	return c;
}

void sql_connection_release(struct sql_run *run)
{
	struct sql_connection *c = run->connection;
	if (!c)
		return;
	run->connection = NULL;
	if (run->keeps)
		sql_prepared_keep(c, run->stmt);
	else
		sqlite3_finalize(run->stmt);
	run->stmt = NULL;
	bool spoiled = run->limits.refused || run->limits.lacking; /* running out of memory may have left its schema incomplete */
	sql_limits_set(NULL);
	for (size_t i = 0; i < c->count; i++)
		c->declared[i].bound = NULL;
	c->run = NULL;
	pthread_mutex_lock(&lock);
	bool keep = kept_count < KEPT_MAX && !spoiled;
	if (keep) {
		c->next = kept;
		kept = c;
		kept_count++;
	}
	pthread_mutex_unlock(&lock);
	if (!keep)
		connection_close(c);
}

void sql_connections_close(void)
{
	for (struct sql_connection *c; (c = kept_one());)
		connection_close(c);
}

/* ---- the declared tables ---- */

static char *put(char *out, char kind, const char *name)
{
	size_t size = strlen(name) + 1;
	*out++ = kind;
	memcpy(out, name, size);
	return out + size;
}

/** A table's database, name, key and columns, each preceded by a mark of its kind and terminated by NUL, which no name contains. */
static char *signature_of(const struct sql_table *t, size_t *len)
{
	size_t n = strlen(t->named->database) + strlen(t->named->name) + 4;
	for (size_t i = 0; i < t->count; i++)
		n += strlen(t->columns[i].declared) + 2;
	char *s = malloc(n), *p = s;
	if (!s)
		return NULL;
	p = put(p, 'd', t->named->database);
	p = put(p, 't', t->named->name);
	for (size_t i = 0; i < t->count; i++)
		p = put(p, i == t->key ? 'k' : t->columns[i].readable ? 'r' : 'h', t->columns[i].declared);
	*len = n;
	return s;
}

/** database.table and a number that cannot be guessed: no statement can name a table that another has left here. */
static char *name_for(const struct sql_named *n)
{
	size_t room = strlen(n->database) + strlen(n->name) + 24;
	char *as = malloc(room);
	uint64_t number;
	sqlite3_randomness(sizeof number, &number);
	if (as)
		sqlite3_snprintf((int)room, as, "%s.%s#%016llx", n->database, n->name, (unsigned long long)number);
	return as;
}

static int run_own(struct sql_connection *c, const char *format, const char *name)
{
	char *sql = sqlite3_mprintf(format, name);
	if (!sql)
		return SQLITE_NOMEM;
	sql_prepared_drop(c);
	c->declaring = true;
	int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
	c->declaring = false;
	sqlite3_free(sql);
	return rc;
}

static void forget(struct sql_connection *c, size_t i)
{
	(void)run_own(c, "DROP TABLE IF EXISTS \"%w\"", c->declared[i].as);
	free(c->declared[i].as);
	free(c->declared[i].signature);
	c->declared[i] = c->declared[--c->count];
}

/** Makes room for one more, by dropping tables that the statement does not name. */
static void make_room(struct sql_connection *c)
{
	for (size_t i = c->count; c->count == SQL_DECLARED_MAX && i-- > 0;) {
		if (!c->declared[i].bound)
			forget(c, i);
	}
}

static struct sql_declared *find_declared(struct sql_connection *c, const char *signature, size_t len)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->declared[i].signature_len == len && !memcmp(c->declared[i].signature, signature, len))
			return &c->declared[i];
	}
	return NULL;
}

static int declare(struct sql_connection *c, struct sql_table *t)
{
	size_t len;
	char *signature = signature_of(t, &len);
	struct sql_declared *d = signature ? find_declared(c, signature, len) : NULL;
	if (d) {
		free(signature);
		d->bound = t;
		t->named->as = d->as;
		return SQLITE_OK;
	}
	make_room(c);
	char *as = signature ? name_for(t->named) : NULL;
	if (!as) {
		free(signature);
		return SQLITE_NOMEM;
	}
	d = &c->declared[c->count++];
	*d = (struct sql_declared){ .as = as, .signature = signature, .signature_len = len, .bound = t };
	t->named->as = as;
	int rc = run_own(c, "CREATE VIRTUAL TABLE \"%w\" USING lyre", as);
	if (rc != SQLITE_OK)
		forget(c, (size_t)(d - c->declared));
	return rc;
}

int sql_connection_declare(struct sql_run *run)
{
	struct sql_connection *c = run->connection;
	int rc = SQLITE_OK;
	for (size_t i = 0; rc == SQLITE_OK && i < run->statement.table_count; i++)
		rc = declare(c, &run->tables[i]);
	return rc == SQLITE_OK ? 0 : sql_fail(run, rc, true);
}

struct sql_table *sql_connection_table(const struct sql_connection *c, const char *as)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->declared[i].bound && sqlite3_stricmp(c->declared[i].as, as) == 0)
			return c->declared[i].bound;
	}
	return NULL;
}
