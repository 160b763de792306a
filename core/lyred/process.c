/* SPDX-License-Identifier: Apache-2.0 */
#include "lyred/process.h"

#include "base/buf.h"
#include "base/memory.h"
#include "log/log.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

void process_keep_standard_streams(void)
{
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			_exit(EXIT_FAILURE);
	}
}

void process_raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/** Memory allocated at the start stays. */
void process_tune_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TRIM_THRESHOLD, 2 << 20);
	mallopt(M_ARENA_MAX, 8);
#endif
	memory_lasting_begin();
}

void process_settle_memory(void)
{
	memory_trim();
	memory_trim_stack();
	memory_lasting_end();
}

void process_block_signals(sigset_t *set)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, PROCESS_WAKE_SIGNAL);
	pthread_sigmask(SIG_BLOCK, set, NULL);
}

int process_wait_signal(const sigset_t *set, int ms)
{
	const struct timespec limit = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	int sig;

	do
		sig = ms < 0 ? sigwaitinfo(set, NULL) : sigtimedwait(set, NULL, &limit);
	while (sig < 0 && errno == EINTR);
	return sig < 0 ? 0 : sig;
}

void process_notify(const char *state)
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
		log_warn("main", "cannot notify the service manager of %s: %s", state, strerror(errno));
	close(fd);
}

int64_t process_watchdog_ms(void)
{
	const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	long long n = us ? strtoll(us, NULL, 10) : 0;

	if (pid && strtol(pid, NULL, 10) != (long)getpid())
		return 0;
	return n > 0 && n < 1000 ? 1 : n > 0 ? n / 1000 : 0;
}

bool process_thread_is_held(int tid)
{
	char path[64], text[2048];

	snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, text, sizeof text - 1);
	close(fd);
	text[len > 0 ? len : 0] = '\0';
	const char *state = strstr(text, "\nState:\t"), *tracer = strstr(text, "\nTracerPid:\t");
	return (state && strchr("DTt", state[8])) || (tracer && tracer[12] != '0');
}

void process_notify_reloading(void)
{
	char state[80];
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	long long us = (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000;
	snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld", us);
	process_notify(state);
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return a >= 0 && b >= 0 && fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/** The lock belongs to the open file: opening it again would conflict with it. */
static int use_given(int given, int opened)
{
	if (!same_file(given, opened)) {
		if (given >= 0)
			close(given);
		return opened;
	}
	close(opened);
	return given;
}

/** \return the open lock file of \p root; -1 on failure */
static int open_lock(const char *root)
{
	struct buf path;

	buf_init(&path);
	buf_addf(&path, "%s/lyred.lock", root);
	int fd = buf_cstr(&path) ? open(path.data, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	buf_free(&path);
	return fd;
}

bool process_lock_is_taken(const char *root)
{
	int fd = open_lock(root);
	bool taken = fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;

	if (fd >= 0)
		close(fd);
	return taken;
}

int process_lock_holds(const char *root, int lock, struct err *e)
{
	int fd = open_lock(root);
	bool same = same_file(fd, lock);

	if (fd >= 0)
		close(fd);
	return same ? 0 :
		      err_set(e, LYRE_EIO,
			      "%s is no longer the folder that the server uses: it was moved or removed, "
			      "and the server would start with an empty one",
			      root);
}

int process_lock(const char *root, int given, int *ret, struct err *e)
{
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
		rc = err_errno(e, errno, "open", path.data);
	} else if (flock(fd = use_given(given, fd), LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			rc = err_errno(e, errno, "lock", path.data);
		else if (pread(fd, pid, sizeof pid - 1, 0) > 0)
			rc = err_set(e, LYRE_EBUSY, "another server (process %.*s) uses %s", (int)strcspn(pid, "\n"), pid, root);
		else
			rc = err_set(e, LYRE_EBUSY, "another server uses %s", root);
		close(fd);
	} else {
		int len = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
		*ret = fd;
		if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) != len)
			rc = err_errno(e, errno, "write", path.data);
	}
	buf_free(&path);
	return rc;
}
