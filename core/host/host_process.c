/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/metric_report.h"
#include "host/host_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/** NAN for unknown values: parts of /proc may be hidden. */
struct process_metrics {
	double cpu_seconds; /**< all threads, user and system */
	double resident;    /**< bytes */
	double threads;
	double descriptors; /**< open */
	double descriptors_max;
};

/** Fields of /proc/self/stat, counted from 1. */
#define FIELD_THREADS 20
#define FIELD_RESIDENT 24

/** The text after the name, which may contain anything: from field 3 on. */
static const char *read_stat(char *text, size_t size)
{
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ssize_t n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return NULL;
	text[n] = '\0';
	const char *name_end = strrchr(text, ')');
	return name_end && name_end[1] ? name_end + 2 : NULL;
}

static void take_stat(struct process_metrics *ret)
{
	char text[1024];
	const char *at = read_stat(text, sizeof text);
	for (int field = 3; at && field <= FIELD_RESIDENT; field++) {
		if (field == FIELD_THREADS)
			ret->threads = (double)strtoull(at, NULL, 10);
		if (field == FIELD_RESIDENT)
			ret->resident = (double)strtoull(at, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
}

static double count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;
	if (!d)
		return NAN;
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n > 0 ? (double)(n - 1) : (double)NAN; /* one of them is the open folder */
}

static void read_process(struct process_metrics *ret)
{
	struct timespec cpu;
	struct rlimit limit;
	*ret = (struct process_metrics){ NAN, NAN, NAN, NAN, NAN };
	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
		ret->cpu_seconds = (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		ret->descriptors_max = (double)limit.rlim_cur;
	take_stat(ret);
	ret->descriptors = count_descriptors();
}

void process_report(struct metric_sink *s, double started)
{
	static const struct metric_about cpu = { METRIC_COUNTER, "process_cpu_seconds_total", "Processor time of the server.",
		NULL };
	static const struct metric_about resident = { METRIC_GAUGE, "process_resident_memory_bytes", "Memory of the server.",
		NULL };
	static const struct metric_about threads = { METRIC_GAUGE, "process_threads", "Threads of the server.", NULL };
	static const struct metric_about opened = { METRIC_GAUGE, "process_open_fds", "Open file descriptors.", NULL };
	static const struct metric_about most = { METRIC_GAUGE, "process_max_fds", "Limit on open file descriptors.", NULL };
	static const struct metric_about start = { METRIC_GAUGE, "process_start_time_seconds",
		"Time of the last start or restart, since the epoch.", NULL };
	static const struct metric_about build = { METRIC_GAUGE, "build_info", "Always 1; the version of the server.", "version" };
	struct process_metrics p;
	read_process(&p);
	metric_report(s, &cpu, NULL, p.cpu_seconds);
	metric_report(s, &resident, NULL, p.resident);
	metric_report(s, &threads, NULL, p.threads);
	metric_report(s, &opened, NULL, p.descriptors);
	metric_report(s, &most, NULL, p.descriptors_max);
	metric_report(s, &start, NULL, started / 1e3);
	metric_report(s, &build, PACKAGE_VERSION, 1);
}
