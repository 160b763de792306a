/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/** Size in bytes from which blocks are mapped individually: while lasting ones are allocated, and otherwise. */
#define LASTING_THRESHOLD (16 << 10)
#define THRESHOLD (4 << 20)
/** Bytes that the heap takes from the system in advance: lasting blocks must not be allocated there. */
#define TOP_PAD (128 << 10)

/** Bytes of a stack that may have been used, and those below the caller's frame that are in use. */
#define STACK_USED ((uintptr_t)256 << 10)
#define STACK_MARGIN ((uintptr_t)4 << 10)

/*
 * Linux keeps more than that free below the main thread's stack, for it to grow. Inlined, with link-time optimization, it would
 * count from the frame of its caller, and drop variables that are in use.
 */
__attribute__((noinline)) void memory_trim_stack(void)
{
#ifndef __hppa__ /* its stacks grow upwards */
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t end = ((uintptr_t)__builtin_frame_address(0) - STACK_MARGIN) & ~(page - 1);
	(void)madvise((void *)(end - STACK_USED), STACK_USED, MADV_DONTNEED);
#endif
}

#ifdef __GLIBC__

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned lasting;

void memory_lasting_begin(void)
{
	pthread_mutex_lock(&lock);
	if (!lasting++) {
		mallopt(M_MMAP_THRESHOLD, LASTING_THRESHOLD);
		mallopt(M_TOP_PAD, 0);
	}
	pthread_mutex_unlock(&lock);
}

void memory_lasting_end(void)
{
	pthread_mutex_lock(&lock);
	if (!--lasting) {
		mallopt(M_MMAP_THRESHOLD, THRESHOLD);
		mallopt(M_TOP_PAD, TOP_PAD);
	}
	pthread_mutex_unlock(&lock);
}

void memory_trim(void)
{
	malloc_trim(0);
}

#else

void memory_lasting_begin(void)
{
}
void memory_lasting_end(void)
{
}
void memory_trim(void)
{
}

#endif
