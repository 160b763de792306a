/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What LMDB does when a page goes bad while the file is open: an assertion of its own fails, or a read of the map behind the
 * end of the file, or from a disk that fails, is a SIGBUS. Within a guard the call is left by a jump, and its database is
 * used no more: its transaction, its locks and its environment stay as they are until the process ends. Nothing else has a
 * part in them. Readers hold no lock of LMDB while they read pages; the writer holds the one of writers.
 *
 * Outside of a guard both still end the process, with a line that says which file it was.
 */
#include "log/log.h"
#include "store/store_internal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHAT_MAX 200
#define MAPS_LINE_MAX ((size_t)4400) /* of /proc/self/maps: some numbers and a path */

struct guard {
	struct guard *outer;
	struct database *db;
	jmp_buf at;
};

static _Thread_local struct guard *volatile top;
static _Thread_local char what[WHAT_MAX];

static void enter(struct guard *g, struct database *db)
{
	g->db = db;
	g->outer = top;
	top = g;
}

static void leave(const struct guard *g)
{
	top = g->outer;
}

/* After the jump. */
static int ended(void)
{
	struct database *db = top->db;
	leave(top);
	db->abandoned = true;
	db->broken = true;
	log_fatal("store", "database '%s' (%s) has failed, and is not used until the server is restarted: %s", db->name, db->file,
		what);
	return MDB_PANIC;
}

/* The call is the last thing done in the frame of its guard, so nothing there is lost by the jump. */
#define GUARDED(db, call)                                                                                              \
	do {                                                                                                           \
		struct guard g;                                                                                        \
		if (_setjmp(g.at))                                                                                     \
			return ended();                                                                                \
		enter(&g, db);                                                                                         \
		int rc = (call);                                                                                       \
		leave(&g);                                                                                             \
		return rc;                                                                                             \
	} while (0)

int guard_get(struct snapshot *s, MDB_dbi tree, MDB_val *key, MDB_val *value)
{
	GUARDED(s->db, mdb_get(s->txn, tree, key, value));
}

int guard_stat(struct snapshot *s, MDB_dbi tree, MDB_stat *ret)
{
	GUARDED(s->db, mdb_stat(s->txn, tree, ret));
}

int guard_cursor_open(struct snapshot *s, MDB_dbi tree, MDB_cursor **ret)
{
	GUARDED(s->db, mdb_cursor_open(s->txn, tree, ret));
}

int guard_cursor_get(struct snapshot *s, MDB_cursor *cursor, MDB_val *key, MDB_val *value, MDB_cursor_op op)
{
	GUARDED(s->db, mdb_cursor_get(cursor, key, value, op));
}

static int run(void (*step)(void *arg), void *arg)
{
	step(arg);
	return 0;
}

int guard_run(struct database *db, void (*step)(void *arg), void *arg)
{
	GUARDED(db, run(step, arg));
}

/* ---- an assertion ---- */

static void assertion(MDB_env *env, const char *text)
{
	if (top) {
		snprintf(what, sizeof what, "%s", text);
		_longjmp(top->at, 1);
	}
	const struct database *db = mdb_env_get_userctx(env);
	log_fatal("store", "%s is damaged, and the server cannot go on: %s", db->file, text);
}

void guard_environment(struct database *db)
{
	mdb_env_set_userctx(db->env, db);
	mdb_env_set_assert(db->env, assertion);
}

/* ---- a page that cannot be read ---- */

static void say(const char *text)
{
	ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
	(void)ignored;
}

/* Whether a line of /proc/self/maps, "from-to …", holds the address. */
static bool line_holds(const char *line, uintptr_t address)
{
	char *end;
	uintptr_t from = (uintptr_t)strtoull(line, &end, 16);
	return *end == '-' && address >= from && address < (uintptr_t)strtoull(end + 1, NULL, 16);
}

static bool say_if_mapped(const char *line, uintptr_t address)
{
	const char *file = strchr(line, '/');
	if (!file || !line_holds(line, address))
		return false;
	say("lyred: ");
	say(file);
	say(" cannot be read: it was cut off, or its disk fails; the server cannot go on\n");
	return true;
}

/* Says which file is mapped at the address. Async-signal-safe. */
static void say_file(uintptr_t address)
{
	char text[MAPS_LINE_MAX + 1];
	size_t len = 0;
	ssize_t n;
	bool said = false;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && !said && (n = read(fd, text + len, MAPS_LINE_MAX - len)) > 0) {
		char *line = text, *end;
		len += (size_t)n;
		text[len] = '\0';
		for (; !said && (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			said = say_if_mapped(line, address);
		}
		len -= (size_t)(line - text);
		memmove(text, line, len);
	}
}

static struct sigaction before;

/* Only faults of reading come here; what is done about others is not ours. */
static void bus_error(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (top && info->si_code != BUS_ADRALN) {
		strcpy(what, "a page cannot be read: the file was cut off, or its disk fails");
		_longjmp(top->at, 1);
	}
	say_file((uintptr_t)info->si_addr);
	sigaction(number, &before, NULL); /* and the same again */
}

static void install(void)
{
	struct sigaction action = { .sa_sigaction = bus_error, .sa_flags = SA_SIGINFO | SA_NODEFER };
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, &before);
}

void guard_install(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, install);
}

/* ---- what is left behind ---- */

static struct left {
	struct left *next;
	MDB_env *env;
} *_Atomic all_left;

void guard_leave_environment(MDB_env *env)
{
	struct left *l = malloc(sizeof *l);
	if (!l)
		return;
	*l = (struct left){ .next = all_left, .env = env };
	while (!atomic_compare_exchange_weak(&all_left, &l->next, l))
		;
}
