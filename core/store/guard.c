/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles pages that go bad while the file is open: an assertion in LMDB fails, or reading the map beyond the end of the
 * file, or from a failing disk, raises SIGBUS. Within a guard the call is abandoned with a longjmp, and its database is
 * no longer used: its transaction, locks and environment stay as they are until the process ends. Nothing else depends on
 * them. Readers hold no lock of LMDB while they read pages; the writer holds that of writers. Every read of the map is
 * within a guard, including the heads, read when transactions begin, and large values, which are read ahead for the
 * callers that decode them.
 *
 * Outside a guard both still end the process, with a message that names the file.
 */
#include "base/thread.h"
#include "log/log.h"
#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHAT_MAX 200
#define TOUCH_STEP ((size_t)4096)    /* no page of the system is smaller */
#define IN_LEAF_MAX ((size_t)1024)   /* values up to this size have no pages of their own */
#define MAPS_LINE_MAX ((size_t)4400) /* longest line of /proc/self/maps: some numbers and a path */

struct copying {
	struct database *db;
	int fd;
	unsigned flags;
	int rc;
	bool stuck;
	char what[WHAT_MAX];
	sem_t done;
};

struct guard {
	struct guard *outer;
	struct database *db;
	struct copying *copying; /* NULL: the call is abandoned with a longjmp */
	jmp_buf at;
};

static _Thread_local struct guard *volatile top;
static _Thread_local char what[WHAT_MAX];

static void enter(struct guard *g, struct database *db)
{
	g->db = db;
	g->copying = NULL;
	g->outer = top;
	top = g;
}

static void leave(const struct guard *g)
{
	top = g->outer;
}

static int end_database(struct database *db, const char *why)
{
	db->abandoned = true;
	db->broken = true;
	log_fatal("store", "database '%s' (%s) has failed and cannot be used until the server is restarted: %s", db->name, db->file,
		why);
	return MDB_PANIC;
}

/* After the longjmp. */
static int ended(void)
{
	struct database *db = top->db;
	leave(top);
	return end_database(db, what);
}

/* The call is the last step in the frame of its guard, so the jump loses nothing there. */
#define GUARDED(db, call)               \
	do {                            \
		struct guard g;         \
		if (_setjmp(g.at))      \
			return ended(); \
		enter(&g, db);          \
		int rc = (call);        \
		leave(&g);              \
		return rc;              \
	} while (0)

/* The map is never smaller than the pages in use: a head that says so was not written by LMDB. */
int guard_head(struct database *db, int rc)
{
	return rc == MDB_MAP_RESIZED ? end_database(db, "the meta pages of the file were overwritten") : rc;
}

/* LMDB only returns the position of a large value: its pages are read here, as the caller reads them outside a guard. */
static int reach(int rc, const MDB_val *value)
{
	if (rc || !value || value->mv_size <= IN_LEAF_MAX)
		return rc;
	const volatile char *at = value->mv_data;
	for (size_t i = 0; i < value->mv_size; i += TOUCH_STEP)
		(void)at[i];
	(void)at[value->mv_size - 1];
	return 0;
}

int guard_get(struct snapshot *s, MDB_dbi tree, MDB_val *key, MDB_val *value)
{
	GUARDED(s->db, reach(mdb_get(s->txn, tree, key, value), value));
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
	GUARDED(s->db, reach(mdb_cursor_get(cursor, key, value, op), value));
}

int guard_begin(struct database *db, MDB_txn **ret)
{
	GUARDED(db, guard_head(db, mdb_txn_begin(db->env, NULL, MDB_RDONLY, ret)));
}

int guard_renew(struct database *db, MDB_txn *txn)
{
	GUARDED(db, guard_head(db, mdb_txn_renew(txn)));
}

int guard_info(struct database *db, MDB_envinfo *ret)
{
	GUARDED(db, mdb_env_info(db->env, ret));
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

/* ---- a copy of the file ---- */

/*
 * LMDB uses one thread to write while another reads, and their shared state is on the reader's stack: so the reader
 * cannot leave by longjmp. A separate thread reads; if a page goes bad it stops where it is, and so does the writing one.
 */
static void *copy(void *arg)
{
	struct copying *c = arg;
	struct guard g;
	enter(&g, c->db);
	g.copying = c;
	c->rc = mdb_env_copyfd2(c->db->env, c->fd, c->flags);
	leave(&g);
	sem_post(&c->done);
	return NULL;
}

static void copying_free(struct copying *c)
{
	if (c->fd >= 0)
		close(c->fd);
	sem_destroy(&c->done);
	free(c);
}

int guard_copy(struct database *db, int fd, unsigned flags)
{
	pthread_t thread;
	struct copying *c = calloc(1, sizeof *c);
	if (!c)
		return ENOMEM;
	c->db = db;
	c->flags = flags;
	c->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	sem_init(&c->done, 0, 0);
	int rc = c->fd < 0 ? errno : thread_start(copy, c, &thread);
	if (!rc) {
		while (sem_wait(&c->done))
			; /* interrupted */
		if (c->stuck) {
			pthread_detach(thread);
			return end_database(db, c->what); /* the rest is still in use */
		}
		pthread_join(thread, NULL);
		rc = c->rc;
	}
	copying_free(c);
	return rc;
}

/* ---- abandoning a call ---- */

static void keep_text(char *to, const char *text)
{
	size_t len = strnlen(text, WHAT_MAX - 1);
	memcpy(to, text, len);
	to[len] = '\0';
}

/* Within a guard. Async-signal-safe; does not return. */
static void leave_call(const char *why)
{
	struct copying *c = top->copying;
	if (!c) {
		keep_text(what, why);
		_longjmp(top->at, 1);
	}
	keep_text(c->what, why);
	c->stuck = true;
	sem_post(&c->done);
	for (;;)
		pause();
}

/* ---- an assertion ---- */

static void assertion(MDB_env *env, const char *text)
{
	if (top)
		leave_call(text);
	const struct database *db = mdb_env_get_userctx(env);
	log_fatal("store", "%s is damaged, and the server cannot continue: %s", db->file, text);
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

/* Whether a line of /proc/self/maps, "from-to …", contains the address. */
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
	say(" cannot be read: it was truncated, or its disk is failing; the server cannot continue\n");
	return true;
}

/* Prints which file is mapped at the address. Async-signal-safe. */
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

/* Only read faults are handled here; others keep their previous handling. */
static void bus_error(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (top && info->si_code != BUS_ADRALN)
		leave_call("a page cannot be read: the file was truncated, or its disk is failing");
	say_file((uintptr_t)info->si_addr);
	sigaction(number, &before, NULL); /* the fault then repeats */
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

/* ---- abandoned environments ---- */

static struct left {
	struct left *next;
	MDB_env *env;
} * _Atomic all_left;

void guard_leave_environment(MDB_env *env)
{
	struct left *l = malloc(sizeof *l);
	if (!l)
		return;
	*l = (struct left){ .next = all_left, .env = env };
	while (!atomic_compare_exchange_weak(&all_left, &l->next, l))
		;
}
