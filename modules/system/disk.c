/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/disk.c
 * \brief system_information: disk activity, and the use of file systems.
 */
#include "information.h"

#include <libproc2/diskstats.h>
#include <math.h>
#include <mntent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define SECTOR 512 /**< the kernel's unit, bytes, whatever the disk's own */

static enum diskstats_item items[] = { DISKSTATS_NAME, DISKSTATS_TYPE, DISKSTATS_READS, DISKSTATS_WRITES, DISKSTATS_READ_TIME,
	DISKSTATS_WRITE_TIME, DISKSTATS_READ_SECTORS, DISKSTATS_WRITE_SECTORS };
enum { NAME, TYPE, FIRST_COUNTER, ITEMS = 8 };
enum { READS, WRITES, READ_TIME, WRITE_TIME, READ_SECTORS, WRITE_SECTORS, COUNTERS };

/** The sums of all disks. */
struct reading {
	double at;
	bool valid;
	int64_t of[COUNTERS];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct diskstats_info *info;
static struct reading earlier, last;

/* ---- disks ---- */

/** Excludes memory that acts as a disk, and devices on top of disks that are counted themselves. */
static bool is_disk(const struct diskstats_result *r)
{
	static const char *const others[] = { "loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd" };
	if (r[TYPE].result.s_int != DISKSTATS_TYPE_DISK)
		return false;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (!strncmp(r[NAME].result.str, others[i], strlen(others[i])))
			return false;
	return true;
}

static struct reading take_reading(void)
{
	struct reading r = { .at = information_now() };
	struct diskstats_reaped *all = info ? procps_diskstats_reap(info, items, ITEMS) : NULL;
	if (!all)
		return r;
	r.valid = all->total > 0; /* not even a loop device: they are hidden */
	for (int i = 0; i < all->total; i++)
		for (int k = 0; is_disk(all->stacks[i]->head) && k < COUNTERS; k++)
			r.of[k] += (int64_t)all->stacks[i]->head[FIRST_COUNTER + k].result.ul_int;
	return r;
}

void disk_start(void)
{
	if (procps_diskstats_new(&info) < 0)
		info = NULL;
	last = take_reading();
}

void disk_stop(void)
{
	if (info)
		procps_diskstats_unref(&info);
	info = NULL;
	earlier = last = (struct reading){ 0 };
}

static int64_t total(const struct reading *r, int a, int b, int64_t unit)
{
	return r->valid ? (r->of[a] + (b < COUNTERS ? r->of[b] : 0)) * unit : UNKNOWN;
}

/** The rate per ms between the readings; NAN if there is only one, or a disk was removed. */
static double rate(const struct reading *from, const struct reading *to, int a, int b)
{
	int64_t was = total(from, a, b, 1), is = total(to, a, b, 1);
	return was == UNKNOWN || is == UNKNOWN || is < was ? NAN : (double)(is - was) / (to->at - from->at);
}

static void write_io(lyre_out *o, const struct reading *from, const struct reading *to)
{
	lyre_out_object_begin(o);
	put_int(o, "rIO", total(to, READS, COUNTERS, 1));
	put_int(o, "wIO", total(to, WRITES, COUNTERS, 1));
	put_int(o, "tIO", total(to, READS, WRITES, 1));
	put_int(o, "rWaitTime", total(to, READ_TIME, COUNTERS, 1));
	put_int(o, "wWaitTime", total(to, WRITE_TIME, COUNTERS, 1));
	put_int(o, "tWaitTime", total(to, READ_TIME, WRITE_TIME, 1));
	put_double(o, "rWaitPercent", two_decimals(100 * rate(from, to, READ_TIME, COUNTERS)));
	put_double(o, "wWaitPercent", two_decimals(100 * rate(from, to, WRITE_TIME, COUNTERS)));
	put_double(o, "tWaitPercent", two_decimals(100 * rate(from, to, READ_TIME, WRITE_TIME)));
	lyre_out_object_end(o);
}

static void write_read_write(lyre_out *o, const struct reading *from, const struct reading *to)
{
	double bytes_a_second = 1000 * SECTOR;
	lyre_out_object_begin(o);
	put_int(o, "rx", total(to, READ_SECTORS, COUNTERS, SECTOR));
	put_int(o, "wx", total(to, WRITE_SECTORS, COUNTERS, SECTOR));
	put_int(o, "tx", total(to, READ_SECTORS, WRITE_SECTORS, SECTOR));
	put_double(o, "rx_sec", two_decimals(bytes_a_second * rate(from, to, READ_SECTORS, COUNTERS)));
	put_double(o, "wx_sec", two_decimals(bytes_a_second * rate(from, to, WRITE_SECTORS, COUNTERS)));
	put_double(o, "tx_sec", two_decimals(bytes_a_second * rate(from, to, READ_SECTORS, WRITE_SECTORS)));
	put_int(o, "ms", from->valid && to->valid ? (int64_t)(to->at - from->at) : 0);
	lyre_out_object_end(o);
}

/* ---- file systems ---- */

/**
 * Whether a file system is on a device of this machine, or the root: statvfs() would block on a remote server that is down.
 */
static bool is_local(const struct mntent *m)
{
	return (m->mnt_fsname[0] == '/' && m->mnt_fsname[1] != '/' && strcmp(m->mnt_type, "squashfs") != 0) ||
		!strcmp(m->mnt_type, "zfs") || !strcmp(m->mnt_type, "btrfs") ||
		(!strcmp(m->mnt_dir, "/") && strcmp(m->mnt_type, "rootfs") != 0 && strncmp(m->mnt_type, "nfs", 3) != 0);
}

static bool write_size(lyre_out *o, const struct mntent *m)
{
	struct statvfs s;
	if (statvfs(m->mnt_dir, &s) != 0 || s.f_blocks == 0)
		return false;
	double used = (double)(s.f_blocks - s.f_bfree), available = (double)s.f_bavail;
	lyre_out_object_begin(o);
	lyre_out_text(o, "fs", m->mnt_fsname);
	lyre_out_text(o, "type", m->mnt_type);
	put_int(o, "size", (int64_t)(s.f_blocks * s.f_frsize));
	put_int(o, "used", (int64_t)((s.f_blocks - s.f_bfree) * s.f_frsize));
	put_int(o, "available", (int64_t)(s.f_bavail * s.f_frsize));
	put_double(o, "use", used + available > 0 ? two_decimals(100 * used / (used + available)) : NAN);
	lyre_out_text(o, "mount", m->mnt_dir);
	put_bool(o, "rw", !(s.f_flag & ST_RDONLY));
	lyre_out_object_end(o);
	return true;
}

/** A device mounted in several places is one file system; its first mount point counts. */
static void write_sizes(lyre_out *o)
{
	enum { MOST = 256 };
	char *seen[MOST], text[8192];
	int count = 0;
	struct mntent m;
	FILE *f = setmntent("/proc/self/mounts", "re");
	if (!f) {
		lyre_out_null(o);
		return;
	}
	lyre_out_array_begin(o);
	while (count < MOST && getmntent_r(f, &m, text, sizeof text)) {
		int i = 0;
		while (i < count && strcmp(seen[i], m.mnt_fsname) != 0)
			i++;
		if (i == count && is_local(&m) && write_size(o, &m) && (seen[count] = strdup(m.mnt_fsname)))
			count++;
	}
	lyre_out_array_end(o);
	endmntent(f);
	while (count > 0)
		free(seen[--count]);
}

void write_disk(lyre_out *o)
{
	pthread_mutex_lock(&lock);
	if (reading_due(last.at, earlier.valid, information_now())) {
		earlier = last;
		last = take_reading();
	}
	struct reading from = earlier, to = last;
	pthread_mutex_unlock(&lock);

	lyre_out_object_begin(o);
	lyre_out_key(o, "io");
	write_io(o, &from, &to);
	lyre_out_key(o, "read_write");
	write_read_write(o, &from, &to);
	lyre_out_key(o, "size");
	write_sizes(o);
	lyre_out_object_end(o);
}
