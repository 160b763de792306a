/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate_watch.h"

#include "serving.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds. A replacement may take several steps: it is over when nothing has happened for QUIET, or after LATEST. */
#define QUIET 300
#define LATEST 3000
/* When files that cannot be used are read once more, before that is logged. */
#define AGAIN 2000
/* How often the files are looked at where the system does not tell of changes. */
#define WITHOUT_NOTICES 10000
/* The longest wait: clocks are set. */
#define HOUR 3600000

#define EVENTS (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_ATTRIB)

static atomic_bool ending;
static int notices = -1, wakeups = -1;
/* What the files looked like when they were read. */
static _Atomic uint64_t seen_files, seen_keys;

/* ---- what the files look like ---- */

static void mix(uint64_t *state, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	for (size_t i = 0; i < len; i++)
		*state = (*state ^ p[i]) * UINT64_C(1099511628211);
}

static void mix_file(void *state, const char *path)
{
	struct stat st;
	uint64_t what[6] = { 0 };
	if (!stat(path, &st)) {
		what[0] = (uint64_t)st.st_ino;
		what[1] = (uint64_t)st.st_size;
		what[2] = (uint64_t)st.st_mtim.tv_sec;
		what[3] = (uint64_t)st.st_mtim.tv_nsec;
		what[4] = (uint64_t)st.st_ctim.tv_sec;
		what[5] = (uint64_t)st.st_ctim.tv_nsec;
	}
	mix(state, what, sizeof what);
}

/* In no order, as folders have none. */
static uint64_t look_at_keys(void)
{
	DIR *d = opendir(certs.folder);
	uint64_t sum = 0;
	for (struct dirent *entry; d && (entry = readdir(d));) {
		char path[PATH_MAX];
		uint64_t state = UINT64_C(14695981039346656037);
		if (*entry->d_name == '.' || snprintf(path, sizeof path, "%s/%s", certs.folder, entry->d_name) >= PATH_MAX)
			continue;
		mix(&state, entry->d_name, strlen(entry->d_name));
		mix_file(&state, path);
		sum += state;
	}
	if (d)
		closedir(d);
	return sum;
}

/* The files of the configuration. */
static uint64_t look_at_files(void)
{
	uint64_t state = 0;
	serving_each_path(mix_file, &state);
	return state;
}

/* ---- notices ---- */

static void watch_folder(const char *path, bool *all)
{
	char folder[PATH_MAX];
	const char *last = strrchr(path, '/');
	snprintf(folder, sizeof folder, "%.*s", last && last > path ? (int)(last - path) : 1, last ? path : ".");
	if (inotify_add_watch(notices, folder, EVENTS) < 0)
		*all = false;
}

/* The folder of a file, and that of what it links to. */
static void watch_file(void *arg, const char *path)
{
	bool *all = arg;
	char *real = realpath(path, NULL);
	watch_folder(path, all);
	if (real && strcmp(real, path))
		watch_folder(real, all);
	free(real);
}

/* Links may lead elsewhere by now, so that this is repeated; a folder that is watched already stays so. \return whether all are */
static bool watch_all(void)
{
	bool all = notices >= 0;
	if (!all)
		return false;
	serving_each_path(watch_file, &all);
	return inotify_add_watch(notices, certs.folder, EVENTS) >= 0 && all;
}

static void drain(int fd)
{
	char events[4096];
	while (read(fd, events, sizeof events) > 0)
		;
}

static int64_t monotonic_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

/* Waits. \return whether the system told of changes */
static bool wait_for(int64_t ms)
{
	struct pollfd fds[] = { { .fd = wakeups, .events = POLLIN }, { .fd = notices, .events = POLLIN } };
	int n = poll(fds, 2, (int)(ms > HOUR ? HOUR : ms < 0 ? 0 : ms));
	if (n > 0 && fds[0].revents)
		drain(wakeups);
	if (n > 0 && fds[1].revents)
		drain(notices);
	return n > 0 && fds[1].revents;
}

/* Until whoever replaces files has finished. */
static void settle(void)
{
	int64_t latest = monotonic_ms() + LATEST;
	while (!ending && monotonic_ms() < latest && wait_for(QUIET))
		;
}

/* ---- the task, which works all the time ---- */

static int reload(lyre_call *call, void *arg)
{
	pthread_mutex_lock(&certs.lock);
	int rc = serving_reload(call, *(bool *)arg);
	pthread_mutex_unlock(&certs.lock);
	return rc;
}

/*
 * Reads the files again if they have changed, or the time has come to.
 * \return whether it is to be tried once more: one of two files may be there already, and the other not yet
 */
static bool follow(bool retry, bool due)
{
	uint64_t files = look_at_files(), keys = look_at_keys();
	bool changed = files != seen_files || keys != seen_keys;
	if (!changed && !retry && !due)
		return false;
	seen_files = files;
	seen_keys = keys;
	int rc = lyre_run(certs.self, reload, &retry);
	if (!rc && (changed || retry) && !serving_is_failing())
		lyre_log(certs.self, LYRE_NOTIFY, "certificates and keys were read again, because files have changed");
	return changed && serving_is_failing();
}

static int64_t pause_for(int64_t seconds, bool retry, bool noticing)
{
	int64_t ms = seconds < HOUR / 1000 ? seconds * 1000 : HOUR;
	if (retry && ms > AGAIN)
		ms = AGAIN;
	return !noticing && ms > WITHOUT_NOTICES ? WITHOUT_NOTICES : ms;
}

static int run(lyre_call *call, void *arg)
{
	(void)call;
	(void)arg;
	bool noticing = watch_all(), retry = follow(false, false); /* something may have changed since start() */
	for (; !ending; noticing = watch_all()) {
		int64_t left = expiry_check(certs.self), begin = certs_now();
		int64_t due = overdue_check(certs.self);
		bool noticed = wait_for(pause_for(left < due ? left : due, retry, noticing));
		if (noticed)
			settle();
		if (!ending)
			retry = follow(retry && !noticed, left != INT64_MAX && certs_now() - begin >= left);
	}
	return 0;
}

static void end(lyre_instance *self, const struct lyre_event *event, void *arg)
{
	(void)self;
	(void)event;
	(void)arg;
	ending = true;
	watch_wake();
}

int watch_start(lyre_instance *self)
{
	static const struct lyre_task task = { .size = sizeof task, .name = "watch", .work = run };
	static const struct lyre_listener listener = { .size = sizeof listener, .events = LYRE_EVENT_STOPPING, .notice = end };
	ending = false;
	seen_files = look_at_files();
	seen_keys = look_at_keys();
	notices = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (notices < 0)
		lyre_log(self, LYRE_WARN, "changes to certificate files are noticed only every %d seconds: %s",
			WITHOUT_NOTICES / 1000, strerror(errno));
	wakeups = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wakeups < 0)
		return lyre_start_fail(self, LYRE_EBUSY, "cannot watch files: %s", strerror(errno));
	int rc = lyre_task_add(self, &task);
	if (!rc)
		rc = lyre_listen(self, &listener);
	return rc ? rc : lyre_task_wake(self, "watch");
}

void watch_wake(void)
{
	static const uint64_t one = 1;
	seen_keys = look_at_keys();
	if (write(wakeups, &one, sizeof one) < 0)
		return; /* it is awake already */
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void watch_stop(void)
{
	close_one(&notices);
	close_one(&wakeups);
}
