/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file main.c
 * \brief lyred: reads its command line, opens the rooms in their order, waits for a signal, drains, closes.
 */
#include <config.h>

#include "auth/auth.h"
#include "base/buf.h"
#include "base/text.h"
#include "config/config.h"
#include "dispatch/dispatch.h"
#include "http/http.h"
#include "job/pool.h"
#include "log/log.h"
#include "module/module.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/** How long requests may take to end after the signal. */
#define DRAIN_MS 30000
/** Retention of what is kept for ever: longer than any disk. */
#define FOR_EVER_MS 1e15

enum exit_code { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3 };

/* ---- the command line ---- */

enum action { RUN, CHECK, LIST_MODULES, LIST_OPERATIONS, MODULE_INFO };

struct options {
	enum action action;
	struct config_sources sources;
	const char *module;
	const char **sets;
};

static const char help[] =
	"Usage: lyred [OPTION]...\n"
	"A database server that speaks the HarperDB operations API. Runs in the foreground.\n"
	"\n"
	"  -c, --config FILE       read the settings from FILE; without it from\n"
	"                          " SYSCONFDIR "/lyre/lyre.yaml where that exists\n"
	"  -r, --root DIRECTORY    keep everything under DIRECTORY: stands in for rootPath\n"
	"      --set KEY=VALUE     set one setting, over the file; may be repeated\n"
	"      --check             load settings and modules, say whether they are fine, and end\n"
	"      --list-modules      show the modules that the settings name, and end\n"
	"      --list-operations   show the operations of these modules, and end\n"
	"      --module-info FILE  show what a module says of itself, without running it, and end\n"
	"      --version           show the version, and end\n"
	"  -h, --help              show this, and end\n"
	"\n"
	"Settings come from the defaults, the file, the environment (LYRE_OPERATIONSAPI_NETWORK_PORT=9925)\n"
	"and --set, the later over the earlier. The first start makes the super_user from LYRE_ADMIN_USERNAME\n"
	"and LYRE_ADMIN_PASSWORD, else with a password that the log tells the file of.\n"
	"\n"
	"SIGTERM and SIGINT let requests under way end, then the server; a second one does not wait for them.\n"
	"SIGHUP is for log rotation: the log goes on in the file of its name.\n"
	"\n"
	"Exit status: 0 ended in order; 1 could not start, or not end in order; 2 wrong command line;\n"
	"3 settings or modules are refused.\n";

static void complain(const char *text)
{
	fprintf(stderr, "lyred: %s\n", text);
}

/** Prints what was collected for standard output. */
static int finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_FINE;
	complain("cannot write to standard output");
	return EXIT_FAILED;
}

static const char *default_file(void)
{
	static const char path[] = SYSCONFDIR "/lyre/lyre.yaml";

	return access(path, F_OK) == 0 ? path : NULL;
}

static int wrong_usage(void)
{
	fprintf(stderr, "Try 'lyred --help'.\n");
	return EXIT_USAGE;
}

/** \return -1 to go on, or the exit code */
static int read_options(struct options *o, int argc, char **argv)
{
	enum { SET = 256, CHECK_ONLY, MODULES, OPERATIONS, INFO, SHOW_VERSION };
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "root", required_argument, NULL, 'r' },
		{ "set", required_argument, NULL, SET },
		{ "check", no_argument, NULL, CHECK_ONLY },
		{ "list-modules", no_argument, NULL, MODULES },
		{ "list-operations", no_argument, NULL, OPERATIONS },
		{ "module-info", required_argument, NULL, INFO },
		{ "version", no_argument, NULL, SHOW_VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};

	for (int c; (c = getopt_long(argc, argv, "c:r:h", known, NULL)) != -1;) {
		switch (c) {
		case 'c':
			o->sources.file = optarg;
			break;
		case 'r':
			o->sources.root = optarg;
			break;
		case SET:
			if (!strchr(optarg, '=')) {
				fprintf(stderr, "lyred: --set wants KEY=VALUE, not '%s'\n", optarg);
				return wrong_usage();
			}
			o->sets[o->sources.set_count++] = optarg;
			break;
		case CHECK_ONLY:
			o->action = CHECK;
			break;
		case MODULES:
			o->action = LIST_MODULES;
			break;
		case OPERATIONS:
			o->action = LIST_OPERATIONS;
			break;
		case INFO:
			o->action = MODULE_INFO;
			o->module = optarg;
			break;
		case SHOW_VERSION:
			printf("lyred %s, module ABI %d.%d\n", PACKAGE_VERSION, LYRE_ABI_MAJOR, LYRE_ABI_MINOR);
			return finish_output();
		case 'h':
			fputs(help, stdout);
			return finish_output();
		default:
			return wrong_usage();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "lyred: '%s' is not an option\n", argv[optind]);
		return wrong_usage();
	}
	if (!o->sources.file)
		o->sources.file = default_file();
	o->sources.sets = o->sets;
	return -1;
}

/* ---- what is open ---- */

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

/** Settings and modules: all that can be checked without touching anything. */
static int load(struct server *s, const struct config_sources *sources, struct err *e)
{
	int rc = config_load(&s->config, sources, e);

	if (!rc)
		rc = modules_load(&s->modules, s->config, e);
	return rc ? rc : config_check_unknown(s->config, e);
}

/** Operations of modules that are not started, to look at. */
static int load_operations(struct server *s, struct err *e)
{
	const struct dispatch_services none = { .config = s->config };

	int rc = dispatch_open(&s->dispatch, &none, e);
	return rc ? rc : modules_register(s->modules, s->dispatch, e);
}

static void unload(struct server *s)
{
	dispatch_close(s->dispatch);
	modules_free(s->modules);
	config_free(s->config);
}

/* ---- what does not run the server ---- */

static void print_modules(const struct server *s)
{
	size_t count;
	const struct lyre_instance *const *list = modules_list(s->modules, &count);

	for (size_t i = 0; i < count; i++) {
		const struct lyre_module *m = list[i]->descriptor;
		printf("%-15s %-10s %s (%s)%s\n", list[i]->name, m->version, m->summary, list[i]->path ? list[i]->path : "built in",
			list[i]->optional ? ", optional" : "");
	}
}

static void print_operations(const struct server *s)
{
	size_t count;
	const struct operation *const *list = dispatch_operations(s->dispatch, &count);

	for (size_t i = 0; i < count; i++)
		printf("%-25s %-10s %s\n", list[i]->name, list[i]->owner, list[i]->decl->help ? list[i]->decl->help : "");
}

static void print_check(const struct server *s)
{
	size_t count, operations;
	const char *const *warnings = config_warnings(s->config, &count);

	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "lyred: %s\n", warnings[i]);
	modules_list(s->modules, &count);
	dispatch_operations(s->dispatch, &operations);
	const char *file = config_file(s->config);
	printf("The configuration is fine: %s, %zu modules, %zu operations.\n", file ? file : "without a file", count,
		operations);
}

static int look(const struct options *o)
{
	struct server s = { .lock = -1 };
	struct err e = { .code = 0 };

	int rc = o->action == MODULE_INFO ? module_info(o->module, stdout, &e) : load(&s, &o->sources, &e);
	if (!rc && o->action != MODULE_INFO)
		rc = load_operations(&s, &e);
	if (!rc) {
		if (o->action == LIST_MODULES)
			print_modules(&s);
		else if (o->action == LIST_OPERATIONS)
			print_operations(&s);
		else if (o->action == CHECK)
			print_check(&s);
	}
	unload(&s);
	if (rc) {
		complain(e.text);
		return EXIT_REFUSED;
	}
	return finish_output();
}

/* ---- the process ---- */

/** Files opened later must not become standard streams, which others write to. */
static void keep_standard_streams(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			_exit(EXIT_FAILED);
	}
}

static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/**
 * The hash of a password takes 19 MiB for a moment. By default glibc learns from that to keep such blocks in its heap
 * for good; so the bounds are fixed, and what is that large goes back to the system at once.
 */
static void tune_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, 4 << 20);
	mallopt(M_TRIM_THRESHOLD, 2 << 20);
	mallopt(M_ARENA_MAX, 8);
#endif
}

static void block_signals(sigset_t *set)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

/** Tells the service manager, where there is one. */
static void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof address.sun_path)
		return;
	size_t len = strlen(path);
	memcpy(address.sun_path, path, len);
	if (*path == '@')
		address.sun_path[0] = '\0';
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size) < 0)
		log_warn("main", "the service manager could not be told %s: %s", state, strerror(errno));
	close(fd);
}

/* ---- start ---- */

static int make_folder(const char *path, struct err *e)
{
	char *copy = strdup(path);
	int rc = 0;

	if (!copy)
		return err_nomem(e);
	for (char *p = copy + 1; !rc; p++) {
		char c = *p;
		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0750) < 0 && errno != EEXIST)
			rc = err_errno(e, errno, "cannot make the folder", copy);
		*p = c;
		if (!c)
			break;
	}
	free(copy);
	return rc;
}

/** Refuses a second server on the same root. The lock is the kernel's and goes with the process; the file stays. */
static int lock_root(struct server *s, struct err *e)
{
	const char *root = config_path(s->config, "rootPath");
	char pid[24] = "";
	struct buf path;

	buf_init(&path);
	buf_addf(&path, "%s/lyred.lock", root);
	if (!buf_cstr(&path)) {
		buf_free(&path);
		return err_nomem(e);
	}
	int rc = 0;
	int fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0) {
		rc = err_errno(e, errno, "cannot open", path.data);
	} else if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			rc = err_errno(e, errno, "cannot lock", path.data);
		else if (pread(fd, pid, sizeof pid - 1, 0) > 0)
			rc = err_set(e, LYRE_EBUSY, "another server, process %.*s, works on %s already", (int)strcspn(pid, "\n"), pid, root);
		else
			rc = err_set(e, LYRE_EBUSY, "another server works on %s already", root);
		close(fd);
	} else {
		int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
		s->lock = fd;
		if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len)
			rc = err_errno(e, errno, "cannot write", path.data);
	}
	buf_free(&path);
	return rc;
}

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
	int rc = make_folder(options.path, e);
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

	int rc = make_folder(config_path(s->config, "rootPath"), e);
	if (!rc)
		rc = lock_root(s, e);
	if (!rc)
		rc = log_open(s->config, e);
	if (rc)
		return rc;
	s->logging = true;
	log_thread("main");
	log_notify("main", "lyred %s starts, root %s", PACKAGE_VERSION, config_path(s->config, "rootPath"));
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

/** \return the signal that came within \p ms, 0 for none; \p ms negative: waits for ever */
static int wait_signal(const sigset_t *set, int ms)
{
	const struct timespec limit = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	int sig;

	do
		sig = ms < 0 ? sigwaitinfo(set, NULL) : sigtimedwait(set, NULL, &limit);
	while (sig < 0 && errno == EINTR);
	return sig < 0 ? 0 : sig;
}

/** Lets requests under way end. \return false when some did not and hold on to what would be closed under them */
static bool drain(struct server *s, const sigset_t *signals)
{
	int64_t deadline = monotonic_ms() + DRAIN_MS;

	while (!dispatch_drain(s->dispatch, monotonic_ms() + 100)) {
		int sig = wait_signal(signals, 0);

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
		int sig = wait_signal(signals, -1);

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
	s->dispatch = NULL;
	auth_close(s->auth);
	if (s->store)
		store_close(s->store);
	if (s->logging)
		log_close();
	unload(s);
	if (s->lock >= 0)
		close(s->lock);
}

/** Says why the server does not run, to the log and to whoever looks at it. */
static void report(const struct server *s, const char *text)
{
	if (s->logging)
		log_fatal("main", "%s", text);
	if (!s->logging || !config_bool(s->config, "logging.stdStreams"))
		complain(text);
}

static int run(const struct options *o)
{
	struct server s = { .lock = -1 };
	struct err e = { .code = 0 };
	sigset_t signals;

	if (load(&s, &o->sources, &e)) {
		unload(&s);
		complain(e.text);
		return EXIT_REFUSED;
	}
	block_signals(&signals);
	if (start(&s, &e)) {
		report(&s, e.text);
		stop(&s);
		return EXIT_FAILED;
	}
	notify("READY=1");
	serve(&signals);
	notify("STOPPING=1");
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
	struct options o = { .action = RUN, .sources = { .environ = environ } };

	keep_standard_streams();
	umask(027);
	tune_memory();
	o.sets = calloc((size_t)argc, sizeof *o.sets);
	if (!o.sets) {
		complain("out of memory");
		return EXIT_FAILED;
	}
	int code = read_options(&o, argc, argv);
	if (code < 0) {
		raise_file_limit();
		code = o.action == RUN ? run(&o) : look(&o);
	}
	free(o.sets);
	return code;
}
