/* SPDX-License-Identifier: Apache-2.0 */
#include "base/machine.h"

#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ---- files of cgroups ---- */

/* The first line of a file, without its newline. */
static bool read_line(char *line, size_t size, const char *folder, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = n > 0 && (size_t)n < sizeof path ? fopen(path, "re") : NULL;
	if (!f)
		return false;
	bool ok = fgets(line, (int)size, f) != NULL;
	fclose(f);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

/* "max", and -1 in version 1, are not numbers. */
static bool read_number(uint64_t *ret, const char *text, const char **behind)
{
	char *end;
	if (*text < '0' || *text > '9')
		return false;
	*ret = strtoull(text, &end, 10);
	if (behind)
		*behind = end;
	return true;
}

static void limit_memory(struct machine_limits *l, const char *folder, const char *name)
{
	char line[64];
	uint64_t n;
	if (read_line(line, sizeof line, folder, name) && read_number(&n, line, NULL) && n < l->memory)
		l->memory = n;
}

static void limit_processors(struct machine_limits *l, uint64_t quota, uint64_t period)
{
	if (!quota || !period)
		return;
	uint64_t n = quota / period + (quota % period != 0);
	if (n < l->processors)
		l->processors = (unsigned)n;
}

static void read_memory_1(struct machine_limits *l, const char *folder)
{
	limit_memory(l, folder, "memory.limit_in_bytes");
}

static void read_cpu_1(struct machine_limits *l, const char *folder)
{
	char quota_line[64], period_line[64];
	uint64_t quota, period;
	if (read_line(quota_line, sizeof quota_line, folder, "cpu.cfs_quota_us") && read_number(&quota, quota_line, NULL) &&
		read_line(period_line, sizeof period_line, folder, "cpu.cfs_period_us") && read_number(&period, period_line, NULL))
		limit_processors(l, quota, period);
}

static void read_2(struct machine_limits *l, const char *folder)
{
	char line[64];
	const char *rest;
	uint64_t quota, period;
	limit_memory(l, folder, "memory.max");
	limit_memory(l, folder, "memory.high");
	if (read_line(line, sizeof line, folder, "cpu.max") && read_number(&quota, line, &rest) && *rest == ' ' &&
		read_number(&period, rest + 1, NULL))
		limit_processors(l, quota, period);
}

/* ---- where the cgroups are ---- */

/* The hierarchies in use. Those of version 1 are identified by a name among the mount's options. */
static const struct hierarchy {
	const char *type, *controller;
	void (*read)(struct machine_limits *l, const char *folder);
} hierarchies[] = {
	{ "cgroup2", "", read_2 },
	{ "cgroup", "memory", read_memory_1 },
	{ "cgroup", "cpu", read_cpu_1 },
};

/* Whether a comma-separated list contains a word. The empty list contains the empty word. */
static bool has_word(const char *list, size_t len, const char *word)
{
	size_t word_len = strlen(word);
	for (const char *p = list, *end = list + len;; p++) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		size_t n = (size_t)((comma ? comma : end) - p);
		if (n == word_len && !memcmp(p, word, n))
			return true;
		if (!comma)
			return false;
		p = comma;
	}
}

/* The path of the process in a hierarchy: a line of /proc/self/cgroup is number:controllers:path. */
static bool find_path(char *ret, size_t size, const char *root, const char *controller)
{
	char name[PATH_MAX], line[PATH_MAX];
	bool found = false;
	snprintf(name, sizeof name, "%s/proc/self/cgroup", root);
	FILE *f = fopen(name, "re");
	while (f && !found && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = '\0';
		char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
		if (!path || !has_word(list + 1, (size_t)(path - list - 1), controller))
			continue;
		found = snprintf(ret, size, "%s", path + 1) < (int)size;
	}
	if (f)
		fclose(f);
	return found;
}

/* Reads the cgroup of the process and its parents, up to where the hierarchy is mounted. */
static void read_upwards(const struct hierarchy *h, const char *root, const char *mount, const char *mounted, const char *path,
	struct machine_limits *l)
{
	char folder[PATH_MAX];
	size_t within = strlen(mounted);
	if (!strcmp(mounted, "/"))
		within = 0;
	/* Only a part of the hierarchy may be mounted: in a container its own part, which need not contain the path. */
	bool inside = !strncmp(path, mounted, within) && (path[within] == '/' || !path[within]);
	int n = snprintf(folder, sizeof folder, "%s%s%s", root, mount, inside ? path + within : "");
	if (n < 0 || (size_t)n >= sizeof folder)
		return;
	size_t top = strlen(root) + strlen(mount);
	for (;;) {
		h->read(l, folder);
		char *slash = strrchr(folder + top, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* Fields of a line of mountinfo, separated by spaces; those of the file system follow a single dash. */
struct mount {
	char *mounted, *point, *type, *options;
};

static bool split_mount(char *line, struct mount *ret)
{
	char *save, *field = strtok_r(line, " \n", &save);
	*ret = (struct mount){ 0 };
	for (int i = 0; field && strcmp(field, "-"); i++, field = strtok_r(NULL, " \n", &save)) {
		if (i == 3)
			ret->mounted = field;
		if (i == 4)
			ret->point = field;
	}
	ret->type = strtok_r(NULL, " \n", &save);
	if (ret->type && strtok_r(NULL, " \n", &save))
		ret->options = strtok_r(NULL, " \n", &save);
	return ret->point && ret->options;
}

void machine_read_cgroups(const char *root, struct machine_limits *ret)
{
	char name[PATH_MAX], line[2 * PATH_MAX], path[PATH_MAX];
	struct mount m;
	*ret = (struct machine_limits){ .memory = UINT64_MAX, .processors = UINT_MAX };
	snprintf(name, sizeof name, "%s/proc/self/mountinfo", root);
	FILE *f = fopen(name, "re");
	while (f && fgets(line, sizeof line, f)) {
		if (!split_mount(line, &m))
			continue;
		for (size_t i = 0; i < sizeof hierarchies / sizeof *hierarchies; i++) {
			const struct hierarchy *h = &hierarchies[i];
			bool is = !strcmp(m.type, h->type) &&
				(!*h->controller || has_word(m.options, strlen(m.options), h->controller));
			if (is && find_path(path, sizeof path, root, h->controller))
				read_upwards(h, root, m.point, m.mounted, path, ret);
		}
	}
	if (f)
		fclose(f);
}

/* ---- all limits together ---- */

/* There may be more processors than fit in a cpu_set_t. */
static unsigned processors_to_run_on(void)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN), configured = sysconf(_SC_NPROCESSORS_CONF);
	unsigned most = configured > 1024 ? (unsigned)configured : 1024;
	cpu_set_t *set = CPU_ALLOC(most);
	unsigned n = 0;
	if (set && !sched_getaffinity(0, CPU_ALLOC_SIZE(most), set))
		n = (unsigned)CPU_COUNT_S(CPU_ALLOC_SIZE(most), set);
	CPU_FREE(set);
	return n ? n : online > 0 ? (unsigned)online : 1;
}

unsigned machine_processors(void)
{
	struct machine_limits l;
	unsigned n = processors_to_run_on();
	machine_read_cgroups("", &l);
	return l.processors < n ? l.processors : n;
}

static void limit_by(uint64_t *memory, const struct rlimit *limit)
{
	if (limit->rlim_cur != RLIM_INFINITY && limit->rlim_cur < *memory)
		*memory = limit->rlim_cur;
}

uint64_t machine_memory(void)
{
	struct machine_limits l;
	struct rlimit limit;
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
	uint64_t memory = pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : (uint64_t)4 << 30;
	machine_read_cgroups("", &l);
	if (l.memory < memory)
		memory = l.memory;
	if (!getrlimit(RLIMIT_AS, &limit))
		limit_by(&memory, &limit);
	if (!getrlimit(RLIMIT_DATA, &limit))
		limit_by(&memory, &limit);
	return memory;
}
