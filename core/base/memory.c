/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <malloc.h>
#include <pthread.h>

/** Size in bytes from which blocks are mapped individually: while lasting ones are allocated, and otherwise. */
#define LASTING_THRESHOLD (16 << 10)
#define THRESHOLD (4 << 20)
/** Bytes that the heap takes from the system in advance: lasting blocks must not be allocated there. */
#define TOP_PAD (128 << 10)

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
