/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "lyred/server.h"

#include "auth/auth.h"
#include "base/folder.h"
#include "base/thread.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "job/jobs.h"
#include "job/pool.h"
#include "job/tasks.h"
#include "lyred/load_all.h"
#include "log/log.h"
#include "module/module.h"
#include "lyred/process.h"
#include "store/store.h"
#include "tls/tls.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** Retention of records kept forever: longer than the life of any disk. */
#define FOR_EVER_MS 1e15

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
		.reserve = (uint64_t)config_int(c, "storage.reserve"),
		.commit_memory = (uint64_t)config_int(c, "storage.commitMemory"),
		.max_trees = (unsigned)config_int(c, "storage.maxTrees"),
		.max_readers = (unsigned)config_int(c, "storage.maxReaders"),
		.check_at_start = (uint64_t)config_int(c, "storage.checkAtStart"),
		.write_async = config_bool(c, "storage.writeAsync"),
		.read_ahead = !config_bool(c, "storage.noReadAhead"),
		.audit = config_bool(c, "logging.auditLog"),
		.audit_retention = for_ever ? FOR_EVER_MS : (double)config_int(c, "logging.auditRetention"),
		.node = node,
	};
	if (options.write_async)
		log_warn("main", "storage.writeAsync is true: answers do not wait for the disk, and the last writes may be lost");
	int rc = folder_make(options.path, 0750, e);
	return rc ? rc : store_open(&s->store, &options, e);
}

/** One worker more than threads: password hashing uses at most one per processor, which leaves one for other work. */
static unsigned worker_count(const struct config *c)
{
	return (unsigned)config_int(c, "threads") + 1;
}

static int open_jobs(struct server *s, struct err *e)
{
	const struct config *c = s->config;
	const struct jobs_options options = {
		.parallel = (unsigned)config_int(c, "jobs.parallel"),
		.waiting = (unsigned)config_int(c, "jobs.maxWaiting"),
		.retention = config_is_null(c, "jobs.retention") ? 0 : config_int(c, "jobs.retention"),
	};
	return jobs_open(&s->jobs, s->store, &options, e);
}

static int open_dispatch(struct server *s, struct err *e)
{
	int rc = pool_open(&s->pool, "worker", worker_count(s->config), 0, e);

	if (!rc)
		rc = tasks_open(&s->tasks, restart_wake, &s->restart, e);
	if (!rc)
		rc = tls_open(&s->tls, s->given.sockets.secure.managed, e);
	if (rc)
		return rc;
	const struct dispatch_services services = {
		.control = &s->restart.control,
		.config = s->config,
		.store = s->store,
		.auth = s->auth,
		.pool = s->pool,
		.jobs = s->jobs,
		.tasks = s->tasks,
		.tls = s->tls,
	};
	return dispatch_open(&s->dispatch, &services, e);
}

/** Registers the operations of the modules that have started. */
static int start_modules(struct server *s, struct err *e)
{
	int rc = modules_start(s->modules, s->dispatch, e);

	if (rc)
		return rc;
	s->started = true;
	return modules_register(s->modules, s->dispatch, NULL, e);
}

int server_start(struct server *s, struct err *e)
{
	size_t count;

	const char *root = config_path(s->config, "rootPath");

	thread_stack_set((size_t)config_int(s->config, "threads.stackSize"));

	int rc = http_try_limits(s->config, e);
	if (!rc)
		rc = folder_make(root, 0750, e);
	if (!rc)
		rc = process_lock(root, s->given.lock, &s->lock, e);
	if (!rc)
		rc = log_open(s->config, e);
	if (rc)
		return rc;
	s->logging = true;
	log_thread("main");
	log_notify("main", "lyred %s starting, root folder %s", PACKAGE_VERSION, root);
	const char *const *warnings = config_warnings(s->config, &count);
	for (size_t i = 0; i < count; i++)
		log_warn("config", "%s", warnings[i]);

	rc = open_store(s, e);
	if (!rc && config_clean(s->config))
		log_notify("config", "removed a temporary file left by an interrupted change of the configuration");
	if (!rc)
		rc = auth_open(&s->auth, s->store, s->config, e);
	if (!rc)
		rc = open_jobs(s, e);
	if (!rc)
		rc = open_dispatch(s, e);
	if (!rc)
		rc = start_modules(s, e);
	if (!rc)
		rc = workers_open(&s->workers, s->config, s->dispatch, &s->given.sockets, e);
	const struct http_sockets *left = &s->given.sockets;
	if (!rc && (left->tcp.fd >= 0 || left->secure.fd >= 0 || left->domain.fd >= 0))
		log_notify("main", "closed an inherited socket: its address differs from the settings");
	http_sockets_close(&s->given.sockets, true);
	return rc ? rc : tasks_begin(s->tasks, e);
}

/* ---- another start ---- */

static int try_root(const struct server *s, const char *root, struct err *e)
{
	int fd = -1;

	if (!s)
		return folder_try(root, e);
	if (!strcmp(root, config_path(s->config, "rootPath")))
		return process_lock_holds(root, s->lock, e);
	int rc = folder_make(root, 0750, e);
	if (!rc)
		rc = process_lock(root, -1, &fd, e);
	if (fd >= 0)
		close(fd);
	return rc;
}

/** Checks the folder of a setting. \param bad  a folder already reported as a fault; NULL: none */
static void try_folder(const struct config *c, const char *key, const char *bad, struct fault_list *faults)
{
	const char *path = config_path(c, key);
	struct err e = { .code = 0 };

	if (!config_is_faulty(c, key) && (!bad || !folder_holds(bad, path)) && folder_try(path, &e))
		faults_add(faults, &e);
}

bool server_try_host(const struct server *s, const struct config *c, struct fault_list *faults, struct err *busy)
{
	const char *root = config_path(c, "rootPath"), *bad = NULL;
	struct err e = { .code = 0 };

	if (config_is_faulty(c, "rootPath")) {
		bad = root;
	} else if (try_root(s, root, &e)) {
		faults_add(faults, &e);
		bad = root;
	}
	if (config_bool(c, "logging.file"))
		try_folder(c, "logging.root", bad, faults);
	try_folder(c, "storage.path", bad, faults);
	http_try(s ? s->workers.now.http : NULL, c, bad, faults, busy);
	return !bad;
}

int server_try(const struct server *s, const struct config_sources *sources, struct err *e)
{
	struct fault_list faults = { .count = 0 };
	struct config_sources again = *sources;
	struct config *c = NULL;

	again.again = true;
	int rc = config_load(&c, &again, e);
	if (!rc)
		server_try_host(s, c, &faults, NULL);
	if (faults.count)
		rc = (*e = faults.told[0]).code;
	config_free(c);
	return rc;
}

/* ---- end ---- */

void server_close_rooms(struct server *s)
{
	jobs_close(s->jobs);
	tasks_end(s->tasks);
	if (s->started)
		modules_stop(s->modules);
	pool_close(s->pool);
	dispatch_close(s->dispatch);
	auth_close(s->auth);
	if (s->store)
		store_close(s->store);
	tasks_close(s->tasks); /* not earlier: until its stop(), a module may wake its tasks */
}

void server_stop(struct server *s)
{
	workers_close(&s->workers);
	server_close_rooms(s);
	tls_close(s->tls); /* not earlier: serving threads may outlive the rooms in a restart */
	if (s->logging)
		log_close();
	unload(s->config, s->modules);
	if (s->lock >= 0)
		close(s->lock);
	http_sockets_close(&s->given.sockets, false);
	restart_free(&s->restart);
}
