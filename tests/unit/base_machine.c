/* SPDX-License-Identifier: Apache-2.0 */
/* Reads cgroup limits from trees of files made here, as kernels and containers present them. */
#include "unit.h"

#include "base/machine.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NO_MEMORY_LIMIT UINT64_MAX

struct file {
	const char *name, *text;
};

static const struct {
	const char *what;
	struct file files[12];
	uint64_t memory;
	unsigned processors;
} cases[] = {
	{ "no cgroups at all", { { "proc/self/cgroup", "" } }, NO_MEMORY_LIMIT, UINT_MAX },
	{ "version 2: the smallest on the path, quotas rounded up",
		{ { "proc/self/cgroup", "0::/a/b/c\n" },
			{ "proc/self/mountinfo",
				"30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n" },
			{ "sys/fs/cgroup/a/memory.max", "1000000\n" }, { "sys/fs/cgroup/a/cpu.max", "150000 100000\n" },
			{ "sys/fs/cgroup/a/b/memory.max", "max\n" }, { "sys/fs/cgroup/a/b/cpu.max", "max 100000\n" },
			{ "sys/fs/cgroup/a/b/c/memory.max", "3000000\n" }, { "sys/fs/cgroup/a/b/c/cpu.max", "400000 100000\n" },
			{ "sys/fs/cgroup/other/memory.max", "5\n" } },
		1000000, 2 },
	{ "version 2: memory.high is a limit too, a whole quota is not rounded",
		{ { "proc/self/cgroup", "0::/a\n" },
			{ "proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n" },
			{ "sys/fs/cgroup/a/memory.max", "2000000\n" }, { "sys/fs/cgroup/a/memory.high", "900000\n" },
			{ "sys/fs/cgroup/a/cpu.max", "300000 100000\n" } },
		900000, 3 },
	{ "version 2 in a container with its own namespace: the root of the mount",
		{ { "proc/self/cgroup", "0::/\n" },
			{ "proc/self/mountinfo", "812 801 0:26 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n" },
			{ "sys/fs/cgroup/memory.max", "134217728\n" }, { "sys/fs/cgroup/cpu.max", "50000 100000\n" } },
		134217728, 1 },
	{ "version 1: each controller where it is mounted, huge numbers and -1 for none",
		{ { "proc/self/cgroup", "12:cpuset:/x\n5:cpu,cpuacct:/srv\n4:memory:/srv/lyre\n1:name=systemd:/\n" },
			{ "proc/self/mountinfo",
				"33 31 0:30 / /cg/cpu,cpuacct rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n"
				"34 31 0:31 / /cg/cpuset rw - cgroup cgroup rw,cpuset\n"
				"35 31 0:32 / /cg/memory rw - cgroup cgroup rw,memory\n" },
			{ "cg/memory/memory.limit_in_bytes", "9223372036854771712\n" },
			{ "cg/memory/srv/memory.limit_in_bytes", "268435456\n" },
			{ "cg/memory/srv/lyre/memory.limit_in_bytes", "536870912\n" },
			{ "cg/cpu,cpuacct/srv/cpu.cfs_quota_us", "250000\n" },
			{ "cg/cpu,cpuacct/srv/cpu.cfs_period_us", "100000\n" }, { "cg/cpu,cpuacct/cpu.cfs_quota_us", "-1\n" },
			{ "cg/cpu,cpuacct/cpu.cfs_period_us", "100000\n" } },
		268435456, 3 },
	{ "version 1 in a container that sees its part of the tree mounted, and its path from the outside",
		{ { "proc/self/cgroup", "4:memory:/docker/123/inner\n" },
			{ "proc/self/mountinfo",
				"35 31 0:32 /docker/123 /sys/fs/cgroup/memory ro master:17 - cgroup cgroup rw,memory\n" },
			{ "sys/fs/cgroup/memory/memory.limit_in_bytes", "70000000\n" },
			{ "sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "60000000\n" } },
		60000000, UINT_MAX },
	{ "a path that is not within what is mounted: the root of the mount, and no name is taken for another",
		{ { "proc/self/cgroup", "4:memory:/docker/1234\n" },
			{ "proc/self/mountinfo", "35 31 0:32 /docker/123 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n" },
			{ "sys/fs/cgroup/memory/memory.limit_in_bytes", "70000000\n" },
			{ "sys/fs/cgroup/memory/4/memory.limit_in_bytes", "5\n" } },
		70000000, UINT_MAX },
	{ "both versions: version 2 without controllers beside version 1",
		{ { "proc/self/cgroup", "4:memory:/m\n0::/\n" },
			{ "proc/self/mountinfo",
				"35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
				"41 31 0:36 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" },
			{ "sys/fs/cgroup/memory/m/memory.limit_in_bytes", "80000000\n" },
			{ "sys/fs/cgroup/unified/cgroup.procs", "1\n" } },
		80000000, UINT_MAX },
	{ "files that hold nonsense are no limits",
		{ { "proc/self/cgroup", "nonsense\n::\n0::/a\n" },
			{ "proc/self/mountinfo", "x\n - \n30 23 0:26 / /c rw - cgroup2\n30 23 0:26 / /c rw - cgroup2 cgroup rw\n" },
			{ "c/a/memory.max", "" }, { "c/memory.max", "-7\n" }, { "c/a/cpu.max", "100000\n" },
			{ "c/cpu.max", "0 0\n" } },
		NO_MEMORY_LIMIT, UINT_MAX },
};

static void put(const char *root, const struct file *f)
{
	char path[PATH_MAX];
	ck_assert_int_lt(snprintf(path, sizeof path, "%s/%s", root, f->name), (int)sizeof path);
	for (char *p = path + strlen(root) + 1; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	FILE *to = fopen(path, "w");
	ck_assert_ptr_nonnull(to);
	fputs(f->text, to);
	ck_assert_int_eq(fclose(to), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

START_TEST(limits_of_cgroups_are_respected)
{
	char root[] = "/tmp/lyre-test-XXXXXX";
	struct machine_limits limits;
	ck_assert_ptr_nonnull(mkdtemp(root));
	for (const struct file *f = cases[_i].files; f->name; f++)
		put(root, f);
	machine_read_cgroups(root, &limits);
	ck_assert_msg(limits.memory == cases[_i].memory, "%s: memory", cases[_i].what);
	ck_assert_msg(limits.processors == cases[_i].processors, "%s: processors", cases[_i].what);
	nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
END_TEST

START_TEST(this_machine_is_known)
{
	ck_assert_uint_ge(machine_processors(), 1);
	ck_assert_int_le((long)machine_processors(), sysconf(_SC_NPROCESSORS_CONF));
	ck_assert_uint_gt(machine_memory(), 0);
	ck_assert_uint_le(machine_memory(), (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE));
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("base_machine");
	TCase *t = tcase_create("all");

	tcase_add_loop_test(t, limits_of_cgroups_are_respected, 0, sizeof cases / sizeof *cases);
	tcase_add_test(t, this_machine_is_known);
	suite_add_tcase(s, t);
	return s;
}

UNIT_MAIN(suite)
