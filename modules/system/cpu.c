/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/cpu.c
 * \brief system_information: processors, their speeds in GHz, and their load in percent.
 */
#include "information.h"

#include <libproc2/stat.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SPEED_GAP 1000.0 /**< minimum time between readings of speeds, ms */

static enum stat_item items[] = { STAT_TIC_USER, STAT_TIC_NICE, STAT_TIC_SYSTEM, STAT_TIC_IDLE, STAT_TIC_IOWAIT, STAT_TIC_IRQ,
	STAT_TIC_SOFTIRQ, STAT_TIC_STOLEN, STAT_TIC_GUEST, STAT_TIC_GUEST_NICE };
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STOLEN, GUEST, GUEST_NICE, KINDS };

struct tics {
	unsigned long long of[KINDS];
};

/** The sum of all processors, then each; count is 0 if there is nothing to read. */
struct reading {
	double at;
	int count;
	struct tics *tics;
};

/** What does not change in /proc/cpuinfo. Empty or UNKNOWN: unknown. */
static struct {
	char vendor[64], brand[128], flags[4096];
	int64_t cores, physical, processors;
} fixed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stat_info *info;
static struct reading earlier, last;
static double *speeds; /**< one per processor, GHz or NAN */
static int speed_count;
static double speeds_at;

/* ---- readings ---- */

static void take_tics(struct tics *to, const struct stat_stack *stack)
{
	for (int i = 0; i < KINDS; i++)
		to->of[i] = stack->head[i].result.ull_int;
}

static struct reading take_reading(void)
{
	struct reading r = { .at = information_now() };
	struct stat_reaped *all = info ? procps_stat_reap(info, STAT_REAP_CPUS_ONLY, items, KINDS) : NULL;
	if (!all || !(r.tics = calloc((size_t)all->cpus->total + 1, sizeof *r.tics)))
		return r;
	r.count = all->cpus->total + 1;
	take_tics(r.tics, all->summary);
	for (int i = 1; i < r.count; i++)
		take_tics(r.tics + i, all->cpus->stacks[i - 1]);
	return r;
}

static void read_again(void)
{
	bool rates = earlier.count > 0;
	if (!reading_due(last.at, rates, information_now()))
		return;
	free(earlier.tics);
	earlier = last;
	last = take_reading();
}

/* ---- what does not change ---- */

/** The value of a line "name\t: value", NULL for other lines. */
static char *value_of(char *line, const char *name)
{
	size_t n = strlen(name);
	char *colon = strchr(line, ':');
	if (strncmp(line, name, n) != 0 || !colon || line[n + strspn(line + n, " \t")] != ':')
		return NULL;
	colon[strcspn(colon, "\n")] = '\0';
	return colon + 1 + strspn(colon + 1, " ");
}

/** The number of distinct numbers. */
static int64_t distinct(const long *numbers, int count)
{
	int64_t n = 0;
	for (int i = 0; i < count; i++) {
		int j = 0;
		while (j < i && numbers[j] != numbers[i])
			j++;
		n += j == i;
	}
	return n ? n : UNKNOWN;
}

/** Reads the current speed of each processor and, if \p all, what does not change. */
static void read_cpuinfo(bool all)
{
	enum { MOST = 1024 };
	static long packages[MOST], cores[MOST];
	int package_count = 0, core_count = 0, cpu = -1;
	char *line = NULL, *v;
	size_t size = 0;
	FILE *f = fopen("/proc/cpuinfo", "re");
	if (!f)
		return;
	while (getline(&line, &size, f) > 0) {
		if ((v = value_of(line, "processor")))
			cpu++;
		else if ((v = value_of(line, "cpu MHz")) && cpu >= 0 && cpu < speed_count)
			speeds[cpu] = strtod(v, NULL) / 1000;
		else if (!all)
			continue;
		else if ((v = value_of(line, "vendor_id")))
			snprintf(fixed.vendor, sizeof fixed.vendor, "%s", v);
		else if ((v = value_of(line, "model name")))
			snprintf(fixed.brand, sizeof fixed.brand, "%s", v);
		else if ((v = value_of(line, "flags")) || (v = value_of(line, "Features")))
			snprintf(fixed.flags, sizeof fixed.flags, "%s", v);
		else if ((v = value_of(line, "physical id")) && package_count < MOST)
			packages[package_count++] = strtol(v, NULL, 10);
		else if ((v = value_of(line, "core id")) && core_count < MOST)
			cores[core_count++] = strtol(v, NULL, 10) + (package_count ? packages[package_count - 1] << 16 : 0);
	}
	free(line);
	fclose(f);
	if (all) {
		fixed.processors = distinct(packages, package_count);
		fixed.physical = distinct(cores, core_count);
	}
}

/** Reads the current speeds: from /proc/cpuinfo if the kernel does not scale them. */
static void read_speeds(double now)
{
	char path[96];
	bool steered = false;
	if (speeds && now - speeds_at < SPEED_GAP)
		return;
	speeds_at = now;
	for (int i = 0; i < speed_count; i++) {
		snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", i);
		int64_t khz = read_integer(path);
		speeds[i] = khz == UNKNOWN ? NAN : (double)khz / 1e6;
		steered = steered || khz != UNKNOWN;
	}
	if (!steered)
		read_cpuinfo(false);
}

void cpu_start(void)
{
	memset(&fixed, 0, sizeof fixed);
	fixed.physical = fixed.processors = UNKNOWN;
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	fixed.cores = online > 0 ? online : UNKNOWN;
	speeds = online > 0 ? calloc((size_t)online, sizeof *speeds) : NULL;
	speed_count = speeds ? (int)online : 0;
	for (int i = 0; i < speed_count; i++)
		speeds[i] = NAN;
	speeds_at = -SPEED_GAP;
	read_cpuinfo(true);
	if (procps_stat_new(&info) < 0)
		info = NULL;
	last = take_reading();
}

void cpu_stop(void)
{
	if (info)
		procps_stat_unref(&info);
	info = NULL;
	free(earlier.tics);
	free(last.tics);
	earlier = last = (struct reading){ 0 };
	free(speeds);
	speeds = NULL;
	speed_count = 0;
}

/* ---- the answer ---- */

/** Writes the loads between the readings in percent, for all processors (0) or one; names as clients expect. */
static void write_load(lyre_out *o, int which, const char *prefix)
{
	static const struct {
		const char *name;
		int kinds[3]; /**< what it is the sum of; KINDS for none */
	} loads[] = { { "User", { USER, KINDS, KINDS } }, { "System", { SYSTEM, KINDS, KINDS } },
		{ "Nice", { NICE, KINDS, KINDS } }, { "Idle", { IDLE, IOWAIT, KINDS } }, { "Irq", { IRQ, SOFTIRQ, KINDS } },
		{ "Steal", { STOLEN, KINDS, KINDS } }, { "Guest", { GUEST, GUEST_NICE, KINDS } } };
	double spent[KINDS + 1] = { 0 }, all = 0;
	char name[32];

	/* a counter may go back when processors come and go; guest time is already part of user time */
	bool two = earlier.count == last.count && which < last.count;
	for (int i = 0; two && i < KINDS; i++) {
		unsigned long long a = earlier.tics[which].of[i], b = last.tics[which].of[i];
		spent[i] = b > a ? (double)(b - a) : 0;
		all += i < GUEST ? spent[i] : 0;
	}
	put_double(o, prefix, all > 0 ? 100 * (all - spent[IDLE] - spent[IOWAIT]) / all : NAN);
	for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
		const int *k = loads[i].kinds;
		snprintf(name, sizeof name, "%s%s", prefix, loads[i].name);
		put_double(o, name, all > 0 ? 100 * (spent[k[0]] + spent[k[1]] + spent[k[2]]) / all : NAN);
	}
}

static void write_speeds(lyre_out *o)
{
	double min = NAN, max = NAN, sum = 0;
	int known = 0;
	for (int i = 0; i < speed_count; i++) {
		if (isnan(speeds[i]))
			continue;
		known++;
		sum += speeds[i];
		min = isnan(min) || speeds[i] < min ? speeds[i] : min;
		max = isnan(max) || speeds[i] > max ? speeds[i] : max;
	}
	lyre_out_object_begin(o);
	put_double(o, "min", two_decimals(min));
	put_double(o, "max", two_decimals(max));
	put_double(o, "avg", known ? two_decimals(sum / known) : NAN);
	lyre_out_key(o, "cores");
	lyre_out_array_begin(o);
	for (int i = 0; i < speed_count; i++)
		lyre_out_double(o, two_decimals(speeds[i]));
	lyre_out_array_end(o);
	lyre_out_object_end(o);
}

static void write_current_load(lyre_out *o)
{
	double load = NAN;
	if (getloadavg(&load, 1) != 1 || fixed.cores == UNKNOWN)
		load = NAN;
	lyre_out_object_begin(o);
	put_double(o, "avgLoad", two_decimals(load / (double)fixed.cores));
	write_load(o, 0, "currentLoad");
	lyre_out_key(o, "cpus");
	lyre_out_array_begin(o);
	for (int i = 1; i < last.count; i++) {
		lyre_out_object_begin(o);
		write_load(o, i, "load");
		lyre_out_object_end(o);
	}
	lyre_out_array_end(o);
	lyre_out_object_end(o);
}

static const char *manufacturer(void)
{
	if (!strcmp(fixed.vendor, "GenuineIntel"))
		return "Intel";
	if (!strcmp(fixed.vendor, "AuthenticAMD"))
		return "AMD";
	return *fixed.vendor ? fixed.vendor : NULL;
}

static bool has_flag(const char *flag)
{
	size_t n = strlen(flag);
	for (const char *s = fixed.flags; (s = strstr(s, flag)); s += n)
		if ((s == fixed.flags || s[-1] == ' ') && (s[n] == ' ' || !s[n]))
			return true;
	return false;
}

void write_cpu(lyre_out *o)
{
	pthread_mutex_lock(&lock);
	read_again();
	read_speeds(information_now());

	lyre_out_object_begin(o);
	lyre_out_text(o, "manufacturer", manufacturer());
	lyre_out_text(o, "brand", *fixed.brand ? fixed.brand : NULL);
	lyre_out_text(o, "vendor", *fixed.vendor ? fixed.vendor : NULL);
	put_double(o, "speed", speed_count ? two_decimals(speeds[0]) : NAN);
	put_int(o, "cores", fixed.cores);
	put_int(o, "physicalCores", fixed.physical);
	put_int(o, "processors", fixed.processors);
	lyre_out_text(o, "flags", *fixed.flags ? fixed.flags : NULL);
	if (*fixed.flags)
		put_bool(o, "virtualization", has_flag("vmx") || has_flag("svm"));
	else
		put_null(o, "virtualization");
	lyre_out_key(o, "cpu_speed");
	write_speeds(o);
	lyre_out_key(o, "current_load");
	write_current_load(o);
	lyre_out_object_end(o);
	pthread_mutex_unlock(&lock);
}
