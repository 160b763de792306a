/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NICE_MAX 19

void thread_lower_priority(int steps)
{
#ifdef SYS_gettid
	/* On Linux, each thread has its own priority. */
	id_t self = (id_t)syscall(SYS_gettid);
	int nice = getpriority(PRIO_PROCESS, self) + steps;

	setpriority(PRIO_PROCESS, self, nice < NICE_MAX ? nice : NICE_MAX);
#else
	(void)steps;
#endif
}

void cond_init_monotonic(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(cond, &attr);
	pthread_condattr_destroy(&attr);
}
