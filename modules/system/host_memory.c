/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/host_memory.c
 * \brief system_information: memory of the machine and of the server.
 *
 * Clients request this often: it is read from the kernel at most once per READ_GAP, through descriptors that stay open.
 */
#include "information.h"

#include <fcntl.h>
#include <libproc2/meminfo.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_GAP 100.0 /**< ms */

static enum meminfo_item items[] = { MEMINFO_MEM_TOTAL, MEMINFO_MEM_FREE, MEMINFO_MEM_AVAILABLE, MEMINFO_MEM_SLAB_RECLAIM,
	MEMINFO_SWAP_TOTAL, MEMINFO_SWAP_FREE, MEMINFO_MEM_WRITEBACK, MEMINFO_MEM_DIRTY };
enum {
	TOTAL,
	FREE,
	AVAILABLE,
	RECLAIMABLE,
	SWAP_TOTAL,
	SWAP_FREE,
	WRITEBACK,
	DIRTY,
	MACHINE, /**< the number of values of the machine; the rest are the server's */
	RSS = MACHINE,
	HEAP_TOTAL,
	HEAP_USED,
	SIZES
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct meminfo_info *info;
static int statm = -1;
static double read_at;
static int64_t sizes[SIZES]; /**< bytes or UNKNOWN */

/** If /proc/meminfo cannot be read or is empty, the library may return zeros: a total of 0 means unknown. */
static void read_machine(void)
{
	struct meminfo_stack *stack = info ? procps_meminfo_select(info, items, MACHINE) : NULL;
	for (int i = 0; i < MACHINE; i++)
		sizes[i] = stack && stack->head[TOTAL].result.ul_int ? (int64_t)stack->head[i].result.ul_int * 1024 : UNKNOWN;
}

/** The resident size of this process, bytes; the kernel counts pages. */
static int64_t resident(void)
{
	char text[128], *end;
	ssize_t n = statm >= 0 ? pread(statm, text, sizeof text - 1, 0) : -1;
	if (n <= 0)
		return UNKNOWN;
	text[n] = '\0';
	strtoll(text, &end, 10);
	long long pages = strtoll(end, NULL, 10);
	return pages > 0 ? pages * sysconf(_SC_PAGESIZE) : UNKNOWN;
}

static void read_heap(void)
{
	sizes[HEAP_TOTAL] = sizes[HEAP_USED] = UNKNOWN;
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 33)
	struct mallinfo2 heap = mallinfo2();
	sizes[HEAP_TOTAL] = (int64_t)(heap.arena + heap.hblkhd);
	sizes[HEAP_USED] = (int64_t)(heap.uordblks + heap.hblkhd);
#endif
#endif
}

static void read_all(double now)
{
	read_machine();
	sizes[RSS] = resident();
	read_heap();
	read_at = now;
}

void memory_start(void)
{
	if (procps_meminfo_new(&info) < 0)
		info = NULL;
	statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	read_all(information_now());
}

void memory_stop(void)
{
	if (info)
		procps_meminfo_unref(&info);
	info = NULL;
	if (statm >= 0)
		close(statm);
	statm = -1;
}

static int64_t minus(int64_t a, int64_t b)
{
	return a == UNKNOWN || b == UNKNOWN ? UNKNOWN : a - b;
}

void write_memory(lyre_out *o)
{
	int64_t f[SIZES];
	double now = information_now();

	pthread_mutex_lock(&lock);
	if (now - read_at >= READ_GAP)
		read_all(now);
	for (int i = 0; i < SIZES; i++)
		f[i] = sizes[i];
	pthread_mutex_unlock(&lock);

	lyre_out_object_begin(o);
	put_int(o, "total", f[TOTAL]);
	put_int(o, "free", f[FREE]);
	put_int(o, "used", minus(f[TOTAL], f[FREE]));
	put_int(o, "active", minus(f[TOTAL], f[AVAILABLE]));
	put_int(o, "available", f[AVAILABLE]);
	put_int(o, "reclaimable", f[RECLAIMABLE]);
	put_int(o, "swaptotal", f[SWAP_TOTAL]);
	put_int(o, "swapused", minus(f[SWAP_TOTAL], f[SWAP_FREE]));
	put_int(o, "swapfree", f[SWAP_FREE]);
	put_int(o, "writeback", f[WRITEBACK]);
	put_int(o, "dirty", f[DIRTY]);
	put_int(o, "rss", f[RSS]);
	put_int(o, "heapTotal", f[HEAP_TOTAL]);
	put_int(o, "heapUsed", f[HEAP_USED]);
	put_null(o, "external"); /* this server has no such memory */
	put_null(o, "arrayBuffers");
	lyre_out_object_end(o);
}
