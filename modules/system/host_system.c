/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/host_system.c
 * \brief system_information: the machine and its operating system, and its clock.
 */
#include "information.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/** What does not change while the server runs. Empty: unknown. */
static struct {
	struct utsname host;
	char distro[128], release[64], codename[64];
	char zone[128];
} fixed;

static const char *known(const char *text)
{
	return *text ? text : NULL;
}

/** Parses a line KEY=value of os-release; the value may be quoted. */
static void take_release(const char *line, const char *key, char *text, size_t size)
{
	size_t n = strlen(key);
	if (strncmp(line, key, n) != 0 || line[n] != '=')
		return;
	line += n + 1;
	if (*line == '"' || *line == '\'')
		line++;
	snprintf(text, size, "%.*s", (int)strcspn(line, "\"'\n"), line);
}

static void read_release(void)
{
	FILE *f = fopen("/etc/os-release", "re");
	char line[256];
	if (!f && !(f = fopen("/usr/lib/os-release", "re")))
		return;
	while (fgets(line, sizeof line, f)) {
		take_release(line, "NAME", fixed.distro, sizeof fixed.distro);
		take_release(line, "VERSION_ID", fixed.release, sizeof fixed.release);
		take_release(line, "VERSION_CODENAME", fixed.codename, sizeof fixed.codename);
	}
	fclose(f);
}

/** Reads the name of the time zone in the tz database, from TZ or the target of /etc/localtime. */
static void read_zone(void)
{
	char path[PATH_MAX];
	const char *tz = getenv("TZ");
	if (tz && *tz) {
		snprintf(fixed.zone, sizeof fixed.zone, "%s", tz + (*tz == ':'));
		return;
	}
	char *real = realpath("/etc/localtime", path);
	char *name = real ? strstr(real, "/zoneinfo/") : NULL;
	if (name)
		snprintf(fixed.zone, sizeof fixed.zone, "%.127s", name + strlen("/zoneinfo/"));
	else if (read_line("/etc/timezone", fixed.zone, sizeof fixed.zone) < 0)
		fixed.zone[0] = '\0';
}

void host_system_start(void)
{
	memset(&fixed, 0, sizeof fixed);
	tzset();
	uname(&fixed.host);
	read_release();
	read_zone();
}

/** Clients expect other names of processor architectures than the kernel's. */
static const char *architecture(const char *machine)
{
	static const char *const names[][2] = { { "x86_64", "x64" }, { "aarch64", "arm64" }, { "i386", "ia32" }, { "i486", "ia32" },
		{ "i586", "ia32" }, { "i686", "ia32" }, { "armv6l", "arm" }, { "armv7l", "arm" }, { "ppc64le", "ppc64" } };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcmp(machine, names[i][0]))
			return names[i][1];
	return known(machine);
}

/** Writes the full name as far as the machine itself knows it: a query to a name server could take long. */
static void write_fqdn(lyre_out *o, const char *hostname)
{
	char whole[2 * sizeof fixed.host.nodename + 2];
	const char *domain = fixed.host.domainname;

	if (strchr(hostname, '.')) {
		lyre_out_text(o, "fqdn", hostname);
	} else if (*domain && strcmp(domain, "(none)") != 0) {
		snprintf(whole, sizeof whole, "%s.%s", hostname, domain);
		lyre_out_text(o, "fqdn", whole);
	} else {
		put_null(o, "fqdn");
	}
}

void write_system(lyre_out *o)
{
	char hostname[HOST_NAME_MAX + 1] = ""; /* read anew, since it may change at any time */
	if (gethostname(hostname, sizeof hostname - 1) != 0)
		hostname[0] = '\0';

	lyre_out_object_begin(o);
	lyre_out_text(o, "platform", "linux");
	lyre_out_text(o, "distro", known(fixed.distro));
	lyre_out_text(o, "release", known(fixed.release));
	lyre_out_text(o, "codename", known(fixed.codename));
	lyre_out_text(o, "kernel", known(fixed.host.release));
	lyre_out_text(o, "arch", architecture(fixed.host.machine));
	lyre_out_text(o, "hostname", known(hostname));
	write_fqdn(o, hostname);
	put_null(o, "node_version"); /* this server does not use it */
	put_null(o, "npm_version");
	lyre_out_object_end(o);
}

void write_time(lyre_out *o)
{
	struct timespec now, up;
	struct tm local;
	char offset[8], zone[16];

	clock_gettime(CLOCK_REALTIME, &now);
	lyre_out_object_begin(o);
	put_int(o, "current", (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
	put_double(o, "uptime",
		clock_gettime(CLOCK_BOOTTIME, &up) == 0 ? two_decimals((double)up.tv_sec + (double)up.tv_nsec / 1e9) : NAN);
	if (localtime_r(&now.tv_sec, &local) && strftime(offset, sizeof offset, "%z", &local) > 0) {
		snprintf(zone, sizeof zone, "UTC%s", offset);
		lyre_out_text(o, "timezone", zone);
	} else {
		put_null(o, "timezone");
	}
	lyre_out_text(o, "timezoneName", known(fixed.zone));
	lyre_out_object_end(o);
}
