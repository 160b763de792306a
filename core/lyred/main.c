/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/main.c
 * \brief lyred: reads its command line, opens the rooms in order, waits for a signal, drains, closes.
 */
#include <config.h>

#include "base/buf.h"
#include "base/text.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "lyred/inspect.h"
#include "job/jobs.h"
#include "job/tasks.h"
#include "lyred/load_all.h"
#include "log/log.h"
#include "module/module.h"
#include "lyred/options.h"
#include "lyred/process.h"
#include "lyred/server.h"
#include "lyred/watchdog.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/** Poll interval: whether clients of old workers have gone; whether requests before a restart have ended. */
#define OLD_WORKERS_MS 50
#define SETTLE_MS 3
/** How long a thread may take at shutdown to show that it does not hang. */
#define HANGING_MS 5000
/** How long queries may take to end when told to: their threads have the lowest priority on a busy machine. */
#define CUT_MS 5000

/* ---- end ---- */

static int64_t drain_deadline(const struct server *s)
{
	return monotonic_ms() + config_int(s->config, "operationsApi.network.drainTimeout");
}

/** Jobs and tasks; waits for them until \p deadline. \return how many are still running */
static unsigned background_left(struct server *s, int64_t deadline)
{
	return jobs_left(s->jobs, deadline) + tasks_left(s->tasks, deadline);
}

static void stop_background(struct server *s)
{
	jobs_stop(s->jobs);
	tasks_stop(s->tasks);
}

/** Ends searches when the time is up: they leave nothing half done. */
static void cut_queries(struct server *s)
{
	int64_t end = monotonic_ms() + CUT_MS;

	dispatch_cut(s->dispatch);
	while ((dispatch_waiting(s->dispatch) || jobs_left(s->jobs, 0)) && monotonic_ms() < end)
		dispatch_drain(s->dispatch, monotonic_ms() + SETTLE_MS);
}

/** Logs how much is still in progress. \return whether that is nothing */
static bool log_left(struct server *s)
{
	unsigned waiting = dispatch_waiting(s->dispatch), jobs = jobs_left(s->jobs, 0), tasks = tasks_left(s->tasks, 0);

	log_warn("main", "cutting off what is still in progress; requests: %u, jobs: %u, tasks: %u", waiting, jobs, tasks);
	return waiting == 0 && jobs == 0 && tasks == 0;
}

/** Lets requests, jobs and tasks in progress end. \return false if some did not and still need what would be closed */
static bool drain(struct server *s, const sigset_t *signals)
{
	int64_t deadline = drain_deadline(s);

	while (!dispatch_drain(s->dispatch, monotonic_ms() + 100) || background_left(s, monotonic_ms() + 100)) {
		int sig = process_wait_signal(signals, 0);

		if (monotonic_ms() < deadline && sig != SIGTERM && sig != SIGINT)
			continue;
		cut_queries(s);
		return log_left(s);
	}
	return true;
}

/** \return false if a thread hangs, so that waiting for it is pointless */
static bool threads_turn(struct server *s)
{
	const struct timespec pause = { .tv_nsec = 1000 * 1000 };
	int64_t deadline = monotonic_ms() + HANGING_MS;
	struct http_silent silent;

	workers_pulse(&s->workers, &silent);
	for (;;) {
		bool late = monotonic_ms() >= deadline;
		workers_pulse(&s->workers, &silent);
		if (!silent.missed)
			return true;
		if (late)
			break;
		nanosleep(&pause, NULL);
	}
	log_warn("main", "the thread %s (%d) hangs", silent.name, silent.tid);
	return false;
}

/** \return the shorter time; negative: no limit */
static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/** \return how long to wait for a signal; negative: no limit */
static int tend(struct server *s, struct watchdog *dog)
{
	int due = sooner(jobs_tend(s->jobs), tasks_tend(s->tasks)), old = workers_tend(&s->workers) ? OLD_WORKERS_MS : -1;

	return sooner(sooner(due, old), watchdog_tend(dog, &s->workers));
}

static void renew_workers(struct server *s, const struct options *o)
{
	struct err e = { .code = 0 };

	log_notify("main", "renewing listeners and connection threads");
	if (workers_renew(&s->workers, s->config, &o->sources, s->dispatch, &e))
		log_error("main", "listeners not renewed: %s", e.text);
	restart_answer(&s->restart, &e);
}

/** \return whether the server may stop, because another would start in its place */
static bool try_restart(struct server *s, const struct options *o)
{
	struct err e = { .code = 0 };
	char why[sizeof e.text];

	if (server_try(s, &o->sources, &e)) {
		memcpy(why, e.text, sizeof why);
		err_set(&e, e.code, "No restart: %.900s", why);
	}
	restart_answer(&s->restart, &e);
	return e.code == 0;
}

/** Applies settings that need no restart, and reopens the log file. */
static void reload(struct server *s)
{
	struct err e = { .code = 0 };
	struct buf waiting, warnings;

	buf_init(&waiting);
	buf_init(&warnings);
	process_notify_reloading();
	const char *logged = log_reopen() ? "log file reopened" : "log file not reopened";
	if (config_reload_live(s->config, &waiting, &warnings, &e))
		log_error("main", "SIGHUP: %s; settings unchanged: %s", logged, e.text);
	else
		log_notify("main", "SIGHUP: %s; settings that need no restart applied%s%.*s", logged,
			waiting.len ? "; these need one: " : "", (int)waiting.len, waiting.len ? waiting.data : "");
	if (warnings.len)
		log_warn("config", "%.*s", (int)warnings.len, warnings.data);
	buf_free(&waiting);
	buf_free(&warnings);
	process_notify("READY=1");
}

/** Runs until the server must end. \return whether it must start again */
static bool serve(struct server *s, const struct options *o, const sigset_t *signals)
{
	struct watchdog dog;

	watchdog_init(&dog, s->config);
	for (;;) {
		enum restart_wish wish = restart_next(&s->restart);

		if (wish == WISH_RESTART && try_restart(s, o))
			return true;
		if (wish == WISH_WORKERS)
			renew_workers(s, o);
		int sig = process_wait_signal(signals, tend(s, &dog));
		if (sig == SIGHUP) {
			reload(s);
		} else if (sig && sig != PROCESS_WAKE_SIGNAL) {
			log_notify("main", "%s: stopping after the requests in progress", strsignal(sig));
			return false;
		}
	}
}

/* ---- restart ---- */

static bool requests_settled(struct server *s)
{
	return workers_settled(&s->workers);
}

static bool background_settled(struct server *s)
{
	return background_left(s, 0) == 0;
}

/** \return false if a signal asks the server to stop */
static bool wait_until(struct server *s, bool (*settled)(struct server *s), const sigset_t *signals, int64_t deadline)
{
	while (!settled(s) && monotonic_ms() < deadline) {
		int sig = process_wait_signal(signals, SETTLE_MS);

		if (sig == SIGTERM || sig == SIGINT)
			return false;
	}
	return true;
}

/** Lets requests finish while new ones wait in the kernel, then jobs. \return false if the server must stop instead */
static bool settle(struct server *s, const sigset_t *signals, bool *orderly)
{
	int64_t deadline = drain_deadline(s);

	workers_pause(&s->workers);
	dispatch_hurry(s->dispatch);
	if (!wait_until(s, requests_settled, signals, deadline))
		return false;
	/* Not earlier: a request that creates a job must not be refused. */
	stop_background(s);
	if (!wait_until(s, background_settled, signals, deadline))
		return false;
	/* The body of a request may still be arriving: dispatch does not know that request, but it would find dispatch closed. */
	if (!requests_settled(s) || !background_settled(s)) {
		cut_queries(s);
		if (!wait_until(s, requests_settled, signals, monotonic_ms() + CUT_MS))
			return false;
	}
	*orderly = requests_settled(s) && dispatch_drain(s->dispatch, deadline) && background_settled(s);
	if (!*orderly)
		(void)log_left(s);
	return true;
}

/**
 * Replaces this program with the one on the disk, passing on the sockets, the lock and signals received meanwhile. This
 * ends all threads; if some are still working, nothing is closed under them.
 * \return only on failure
 */
static void replace(struct server *s, bool orderly)
{
	struct handover h = HANDOVER_NONE;
	struct err e = { .code = 0 };

	h.lock = s->lock;
	if (workers_hand_over(&s->workers, &h.sockets, &e))
		log_error("main", "some sockets could not be passed on: %s", e.text);
	workers_freeze(&s->workers);
	log_notify("main", "%s takes over, with %zu idle connections", s->restart.binary, h.sockets.connection_count);
	if (orderly)
		server_close_rooms(s);
	if (!handover_leave(&h, &e)) {
		execv(s->restart.binary, s->restart.argv);
		err_errno(&e, errno, "run", s->restart.binary);
	}
	log_fatal("main", "the restart failed, and the server has stopped: %s", e.text);
	if (!log_on_streams())
		complain(e.text);
	log_close();
}

/** Reports why the server is not running, and further faults, to the log and to the person who started it. */
static void report(const struct server *s, const struct err *why)
{
	struct fault_list faults = { .count = 0 };
	struct err busy;

	faults_add(&faults, why);
	server_try_host(NULL, s->config, &faults, &busy);
	for (size_t i = 0; s->logging && i < faults_told(&faults); i++)
		log_fatal("main", "%s", faults.told[i].text);
	if (!s->logging || !log_on_streams())
		complain_of(&faults);
}

/** \return whether settings and modules are fine */
static bool load_or_complain(struct server *s, const struct options *o)
{
	struct fault_list faults = { .count = 0 };
	struct err busy;
	bool fine = load(&s->config, &s->modules, &o->sources, &faults);

	if (!fine && s->config)
		server_try_host(NULL, s->config, &faults, &busy);
	complain_of(&faults);
	return fine;
}

static int run(const struct options *o, char *const *argv)
{
	struct server s = { .lock = -1 };
	struct err e = { .code = 0 };
	sigset_t signals;

	if (handover_take(&s.given, &e)) {
		complain(e.text);
		return EXIT_REFUSED;
	}
	if (!load_or_complain(&s, o)) {
		unload(s.config, s.modules);
		return EXIT_REFUSED;
	}
	process_block_signals(&signals);
	restart_init(&s.restart, argv);
	if (server_start(&s, &e)) {
		report(&s, &e);
		server_stop(&s);
		return EXIT_FAILED;
	}
	process_settle_memory();
	process_notify("READY=1");
	bool again = serve(&s, o, &signals), orderly;
	restart_end(&s.restart);
	modules_tell_stopping(s.modules);
	if (again) {
		process_notify_reloading();
		log_notify("main", "restarting after the requests in progress; new ones wait");
		if (settle(&s, &signals, &orderly)) {
			replace(&s, orderly);
			_exit(EXIT_FAILED);
		}
	}
	process_notify("STOPPING=1");
	workers_quiesce(&s.workers);
	stop_background(&s);
	if (!drain(&s, &signals) || !threads_turn(&s)) {
		/* Data on disk is always consistent; data in memory is still in use. */
		log_fatal("main", "stopping with work still in progress");
		log_close();
		_exit(EXIT_FAILED);
	}
	log_notify("main", "the server has stopped");
	server_stop(&s);
	return EXIT_FINE;
}

int main(int argc, char **argv)
{
	struct options o;

	process_keep_standard_streams();
	umask(027);
	process_tune_memory();
	int code = options_read(&o, argc, argv);
	if (code < 0) {
		process_raise_file_limit();
		code = o.action == RUN ? run(&o, argv) : inspect(&o);
	}
	options_free(&o);
	return code;
}
