/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/processes.c
 * \brief system_information: the server's process, and its threads.
 *
 * Reads /proc directly: libproc2 never frees the buffers that it allocates for each thread that queries processes, and
 * threads of the pool come and go.
 */
#include "information.h"

#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>
#include <unistd.h>

/** Processor time of this process, ms. */
struct reading {
	double at, user, system;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct reading earlier, last;
static bool rates;
static char user[64], path[PATH_MAX];

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static struct reading take_reading(void)
{
	struct rusage u;
	struct reading r = { .at = information_now(), .user = NAN, .system = NAN };
	if (getrusage(RUSAGE_SELF, &u) == 0) {
		r.user = ms_of(u.ru_utime);
		r.system = ms_of(u.ru_stime);
	}
	return r;
}

void processes_start(void)
{
	struct passwd entry, *found = NULL;
	char text[1024];

	if (getpwuid_r(geteuid(), &entry, text, sizeof text, &found) == 0 && found)
		snprintf(user, sizeof user, "%s", entry.pw_name);
	else
		snprintf(user, sizeof user, "%u", (unsigned)geteuid());
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	path[n > 0 ? n : 0] = '\0';
	rates = false;
	last = take_reading();
}

/** A process or a thread, as in its stat file. */
struct task {
	char name[64], state;
	int terminal;
	unsigned long long user, system, started; /**< in ticks; started since the boot */
	long priority, nice, resident;            /**< resident in pages */
	unsigned long long size;                  /**< bytes */
};

static bool read_task(const char *file, struct task *t)
{
	char text[1024];
	if (read_line(file, text, sizeof text) <= 0)
		return false;
	char *open = strchr(text, '('), *close = strrchr(text, ')'); /* the name may contain both */
	if (!open || !close)
		return false;
	*close = '\0';
	snprintf(t->name, sizeof t->name, "%.63s", open + 1);
	return sscanf(close + 1, " %c %*d %*d %*d %d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %ld %ld %*d %*d %llu %llu %ld",
		       &t->state, &t->terminal, &t->user, &t->system, &t->priority, &t->nice, &t->started, &t->size,
		       &t->resident) == 9;
}

static double ticks_ms(unsigned long long ticks)
{
	return (double)ticks * 1000 / (double)sysconf(_SC_CLK_TCK);
}

/* ---- the process ---- */

static const char *state_name(int letter)
{
	switch (letter) {
	case 'R':
		return "running";
	case 'S':
	case 'I':
		return "sleeping";
	case 'D':
		return "blocked";
	case 'T':
	case 't':
		return "stopped";
	case 'Z':
		return "zombie";
	default:
		return "unknown";
	}
}

/** The load between the two readings, percent of all processors. */
static double load(double from, double to)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	return rates && cores > 0 ? 100 * (to - from) / (last.at - earlier.at) / (double)cores : NAN;
}

/** Writes a time since the boot as local time, as clients expect. */
static void write_started(lyre_out *o, double since_boot)
{
	struct timespec now, up;
	struct tm local;
	char text[32];
	clock_gettime(CLOCK_REALTIME, &now);
	if (clock_gettime(CLOCK_BOOTTIME, &up) != 0) {
		put_null(o, "started");
		return;
	}
	time_t t = (time_t)((double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)up.tv_sec - (double)up.tv_nsec / 1e9 +
		since_boot);
	bool known = localtime_r(&t, &local) && strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local) > 0;
	lyre_out_text(o, "started", known ? text : NULL);
}

static void write_process(lyre_out *o, const struct task *r)
{
	struct sysinfo machine;
	char copy[PATH_MAX];
	long page = sysconf(_SC_PAGESIZE);
	bool memory = sysinfo(&machine) == 0 && machine.totalram > 0;
	const char *name = *path ? strrchr(path, '/') + 1 : r ? r->name : NULL;

	lyre_out_object_begin(o);
	put_int(o, "pid", getpid());
	put_int(o, "parentPid", getppid());
	lyre_out_text(o, "name", name);
	put_double(o, "cpu", load(earlier.user + earlier.system, last.user + last.system));
	put_double(o, "cpuu", load(earlier.user, last.user));
	put_double(o, "cpus", load(earlier.system, last.system));
	put_double(o, "mem",
		r && memory ?
			two_decimals(100 * (double)r->resident * (double)page / ((double)machine.totalram * machine.mem_unit)) :
			NAN);
	put_int(o, "priority", r ? 39 - r->priority : UNKNOWN);        /* as in ps: 19 is normal, 39 the highest */
	put_int(o, "memVsz", r ? (int64_t)(r->size / 1024) : UNKNOWN); /* these two in KiB */
	put_int(o, "memRss", r ? (int64_t)r->resident * (page / 1024) : UNKNOWN);
	put_int(o, "nice", r ? r->nice : UNKNOWN);
	if (r)
		write_started(o, ticks_ms(r->started) / 1000);
	else
		put_null(o, "started");
	lyre_out_text(o, "state", r ? state_name(r->state) : NULL);
	lyre_out_text(o, "tty", r && r->terminal == 0 ? "" : NULL); /* the kernel has only a number */
	lyre_out_text(o, "user", user);
	lyre_out_text(o, "command", name);
	put_null(o, "params"); /* they may contain a secret */
	snprintf(copy, sizeof copy, "%s", path);
	lyre_out_text(o, "path", *path ? dirname(copy) : NULL);
	lyre_out_object_end(o);
}

void write_processes(lyre_out *o)
{
	pthread_mutex_lock(&lock);
	if (reading_due(last.at, rates, information_now())) {
		earlier = last;
		last = take_reading();
		rates = true;
	}
	struct task self;
	bool known = read_task("/proc/self/stat", &self);

	lyre_out_object_begin(o);
	lyre_out_key(o, "core");
	lyre_out_array_begin(o);
	write_process(o, known ? &self : NULL);
	lyre_out_array_end(o);
	lyre_out_key(o, "clustering"); /* needs no process here */
	lyre_out_array_begin(o);
	lyre_out_array_end(o);
	lyre_out_object_end(o);
	pthread_mutex_unlock(&lock);
}

/* ---- threads ---- */

/** Writes times in ms since the thread started; the kernel counts in hundredths of a second. */
static void write_thread(lyre_out *o, int id, const struct task *t, double now)
{
	double active = ticks_ms(t->user) + ticks_ms(t->system), elapsed = now - ticks_ms(t->started);
	if (elapsed < active)
		elapsed = active;
	lyre_out_object_begin(o);
	put_int(o, "threadId", id);
	lyre_out_text(o, "name", id == getpid() ? "main" : t->name);
	put_null(o, "heapTotal"); /* threads share all memory */
	put_null(o, "heapUsed");
	put_null(o, "externalMemory");
	put_null(o, "arrayBuffers");
	put_int(o, "sinceLastUpdate", 0);
	put_int(o, "active", (int64_t)active);
	put_int(o, "idle", (int64_t)(elapsed - active));
	put_double(o, "utilization", elapsed > 0 ? active / elapsed : 0);
	lyre_out_object_end(o);
}

void write_threads(lyre_out *o)
{
	char file[64];
	struct timespec up;
	struct task t;
	struct dirent *entry;
	DIR *all = opendir("/proc/self/task");

	if (!all || clock_gettime(CLOCK_BOOTTIME, &up) != 0) {
		lyre_out_null(o);
		if (all)
			closedir(all);
		return;
	}
	lyre_out_array_begin(o);
	while ((entry = readdir(all))) {
		int id = atoi(entry->d_name);
		snprintf(file, sizeof file, "/proc/self/task/%d/stat", id);
		if (id > 0 && read_task(file, &t)) /* it may have ended */
			write_thread(o, id, &t, (double)up.tv_sec * 1e3 + (double)up.tv_nsec / 1e6);
	}
	lyre_out_array_end(o);
	closedir(all);
}
