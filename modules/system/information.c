/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/information.c
 * \brief system_information: the requested parts, in a fixed order.
 */
#include "information.h"
#include "system_module.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum part { SYSTEM, TIME, CPU, MEMORY, DISK, NETWORK, PROCESSES, TABLE_SIZE, METRICS, THREADS, REPLICATION, PARTS };

/** In the order of the answer, which does not depend on the request. */
static const char *const part_names[PARTS] = {
	[SYSTEM] = "system",
	[TIME] = "time",
	[CPU] = "cpu",
	[MEMORY] = "memory",
	[DISK] = "disk",
	[NETWORK] = "network",
	[PROCESSES] = "harperdb_processes",
	[TABLE_SIZE] = "table_size",
	[METRICS] = "metrics",
	[THREADS] = "threads",
	[REPLICATION] = "replication",
};

/* ---- for all parts ---- */

double information_now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

bool reading_due(double last, bool rates, double now)
{
	return now - last >= (rates ? READING_GAP : READING_GAP / 10);
}

int read_line(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return (int)strlen(text);
}

int64_t read_integer(const char *path)
{
	char text[32], *end;
	if (read_line(path, text, sizeof text) <= 0)
		return UNKNOWN;
	errno = 0;
	long long i = strtoll(text, &end, 10);
	return errno || end == text || *end ? UNKNOWN : i;
}

double two_decimals(double d)
{
	return isfinite(d) ? (double)(int64_t)(d * 100 + (d < 0 ? -0.5 : 0.5)) / 100 : d;
}

void put_int(lyre_out *o, const char *key, int64_t i)
{
	lyre_out_key(o, key);
	if (i == UNKNOWN)
		lyre_out_null(o);
	else
		lyre_out_int(o, i);
}

void put_double(lyre_out *o, const char *key, double d)
{
	lyre_out_key(o, key);
	lyre_out_double(o, d);
}

void put_bool(lyre_out *o, const char *key, bool b)
{
	lyre_out_key(o, key);
	lyre_out_bool(o, b);
}

void put_null(lyre_out *o, const char *key)
{
	lyre_out_key(o, key);
	lyre_out_null(o);
}

/* ---- the operation ---- */

int information_start(lyre_instance *self)
{
	(void)self;
	host_system_start();
	cpu_start();
	memory_start();
	disk_start();
	processes_start();
	return 0;
}

void information_stop(lyre_instance *self)
{
	(void)self;
	cpu_stop();
	memory_stop();
	disk_stop();
}

/** Returns one bit per part; an empty list means all. */
static unsigned wanted_parts(const lyre_value *attributes)
{
	unsigned wanted = 0;
	size_t count = lyre_value_count(attributes);

	if (count == 0)
		return (1u << PARTS) - 1;
	for (size_t i = 0; i < count; i++) {
		const char *name = lyre_value_string(lyre_value_at(attributes, i), NULL);
		for (int part = 0; name && part < PARTS; part++)
			if (!strcmp(name, part_names[part]))
				wanted |= 1u << part;
	}
	return wanted;
}

static int write_part(lyre_call *call, lyre_out *o, enum part part)
{
	lyre_instance *self = lyre_call_module(call);

	switch (part) {
	case SYSTEM:
		write_system(o);
		break;
	case TIME:
		write_time(o);
		break;
	case CPU:
		write_cpu(o);
		break;
	case MEMORY:
		write_memory(o);
		break;
	case DISK:
		if (lyre_setting_bool(self, "/operationsApi.sysInfo.disk")) {
			write_disk(o);
		} else {
			lyre_out_object_begin(o);
			lyre_out_object_end(o);
		}
		break;
	case NETWORK:
		write_network(o, lyre_setting_bool(self, "/operationsApi.sysInfo.network"));
		break;
	case PROCESSES:
		write_processes(o);
		break;
	case TABLE_SIZE:
		return write_table_size(call, o);
	case METRICS:
		return write_metrics(call, o);
	case THREADS:
		write_threads(o);
		break;
	case REPLICATION:
	case PARTS:
		break;
	}
	return 0;
}

int system_system_information(lyre_call *call)
{
	unsigned wanted = wanted_parts(lyre_arg(call, "attributes"));
	lyre_out *o = lyre_reply(call);

	lyre_out_object_begin(o);
	for (int part = 0; part < PARTS; part++) {
		if (!(wanted & 1u << part) || part == REPLICATION) /* there is no cluster */
			continue;
		lyre_out_key(o, part_names[part]);
		int rc = write_part(call, o, (enum part)part);
		if (rc < 0)
			return rc;
	}
	lyre_out_object_end(o);
	return 0;
}
