/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file main.c
 * \brief lyred: reads its command line, opens the rooms in their order, waits for a signal, drains, closes.
 */
#include <config.h>

#include "auth/auth.h"
#include "base/folder.h"
#include "base/text.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "http/http.h"
#include "inspect.h"
#include "job/pool.h"
#include "load.h"
#include "log/log.h"
#include "module/module.h"
#include "options.h"
#include "process.h"
#include "store/store.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/** How long requests may take to end after the signal. */
#define DRAIN_MS 30000
/** Retention of what is kept for ever: longer than any disk. */
#define FOR_EVER_MS 1e15

/** What is open. */
struct server {
	struct config *config;
	struct modules *modules;
	struct store *store;
	struct auth *auth;
	struct pool *pool;
	struct dispatch *dispatch;
	struct http *http;
	bool logging;
	bool started; /**< the modules */
	int lock;
};

/* ---- start ---- */

static int open_store(struct server *s, struct err *e)
{
	const struct config *c = s->config;
	bool for_ever = config_is_null(c, "logging.auditRetention");
	char node[256];

	if (gethostname(node, sizeof node) < 0)
		strcpy(node, "localhost");
	node[sizeof node - 1] = '\0';
	const struct store_options options = {
		.path = config_path(c, "storage.path"),
		.map_size = (uint64_t)config_int(c, "storage.mapSize"),
		.max_size = (uint64_t)config_int(c, "storage.maxSize"),
		.max_trees = (unsigned)config_int(c, "storage.maxTrees"),
		.max_readers = (unsigned)config_int(c, "storage.maxReaders"),
		.write_async = config_bool(c, "storage.writeAsync"),
		.read_ahead = !config_bool(c, "storage.noReadAhead"),
		.audit = config_bool(c, "logging.auditLog"),
		.audit_retention = for_ever ? FOR_EVER_MS : (double)config_int(c, "logging.auditRetention"),
		.node = node,
	};
	if (options.write_async)
		log_warn("main", "storage.writeAsync is on: answers do not wait for the disk, and the last writes may be lost");
	int rc = folder_make(options.path, 0750, e);
	return rc ? rc : store_open(&s->store, &options, e);
}

/** One worker more than threads: passwords take one a processor at the most, and something is left for the rest. */
static unsigned worker_count(const struct config *c)
{
	int64_t n = config_is_null(c, "threads") ? sysconf(_SC_NPROCESSORS_ONLN) : config_int(c, "threads");

	return n < 1 ? 2 : (unsigned)n + 1;
}

static int open_dispatch(struct server *s, struct err *e)
{
	int rc = pool_open(&s->pool, worker_count(s->config), e);

	if (rc)
		return rc;
	const struct dispatch_services services = { .config = s->config, .store = s->store, .auth = s->auth, .pool = s->pool };
	return dispatch_open(&s->dispatch, &services, e);
}

/** Operations are registered of those modules that did start. */
static int start_modules(struct server *s, struct err *e)
{
	int rc = modules_start(s->modules, e);

	if (rc)
		return rc;
	s->started = true;
	return modules_register(s->modules, s->dispatch, e);
}

static int start(struct server *s, struct err *e)
{
	size_t count;

	const char *root = config_path(s->config, "rootPath");
	int rc = folder_make(root, 0750, e);
	if (!rc)
		rc = process_lock(root, &s->lock, e);
	if (!rc)
		rc = log_open(s->config, e);
	if (rc)
		return rc;
	s->logging = true;
	log_thread("main");
	log_notify("main", "lyred %s starts, root %s", PACKAGE_VERSION, root);
	const char *const *warnings = config_warnings(s->config, &count);
	for (size_t i = 0; i < count; i++)
		log_warn("config", "%s", warnings[i]);

	rc = open_store(s, e);
	if (!rc)
		rc = auth_open(&s->auth, s->store, s->config, e);
	if (!rc)
		rc = open_dispatch(s, e);
	if (!rc)
		rc = start_modules(s, e);
	return rc ? rc : http_open(&s->http, s->config, s->dispatch, e);
}

/* ---- end ---- */

/** Lets requests under way end. \return false when some did not and hold on to what would be closed under them */
static bool drain(struct server *s, const sigset_t *signals)
{
	int64_t deadline = monotonic_ms() + DRAIN_MS;

	while (!dispatch_drain(s->dispatch, monotonic_ms() + 100)) {
		int sig = process_wait_signal(signals, 0);

		if (monotonic_ms() < deadline && sig != SIGTERM && sig != SIGINT)
			continue;
		unsigned waiting = dispatch_waiting(s->dispatch);
		log_warn("main", "requests are cut off; %u of them are still at work", waiting);
		return waiting == 0;
	}
	return true;
}

static void serve(const sigset_t *signals)
{
	for (;;) {
		int sig = process_wait_signal(signals, -1);

		if (sig == SIGHUP) {
			log_notify("main", "SIGHUP: the log goes on in the file of its name");
		} else if (sig) {
			log_notify("main", "%s: requests under way end, then the server", strsignal(sig));
			return;
		}
	}
}

static void stop(struct server *s)
{
	http_close(s->http);
	if (s->started)
		modules_stop(s->modules);
	pool_close(s->pool);
	dispatch_close(s->dispatch);
	auth_close(s->auth);
	if (s->store)
		store_close(s->store);
	if (s->logging)
		log_close();
	unload(s->config, s->modules);
	if (s->lock >= 0)
		close(s->lock);
}

/** Says why the server does not run, to the log and to whoever looks at it. */
static void report(const struct server *s, const char *text)
{
	if (s->logging)
		log_fatal("main", "%s", text);
	if (!s->logging || !log_on_streams())
		complain(text);
}

static int run(const struct options *o)
{
	struct server s = { .lock = -1 };
	struct err e = { .code = 0 };
	sigset_t signals;

	if (load(&s.config, &s.modules, &o->sources, &e)) {
		unload(s.config, s.modules);
		complain(e.text);
		return EXIT_REFUSED;
	}
	process_block_signals(&signals);
	if (start(&s, &e)) {
		report(&s, e.text);
		stop(&s);
		return EXIT_FAILED;
	}
	process_settle_memory();
	process_notify("READY=1");
	serve(&signals);
	process_notify("STOPPING=1");
	http_quiesce(s.http);
	if (!drain(&s, &signals)) {
		/* What is on the disk is whole at any moment; what is in memory is in use. */
		log_fatal("main", "the server ends over the heads of requests at work");
		log_close();
		_exit(EXIT_FAILED);
	}
	log_notify("main", "the server ends");
	stop(&s);
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
		code = o.action == RUN ? run(&o) : inspect(&o);
	}
	options_free(&o);
	return code;
}
