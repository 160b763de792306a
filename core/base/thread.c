/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NICE_MAX 19

static _Atomic size_t stack_size = (size_t)2 << 20;

void thread_stack_set(size_t size)
{
	atomic_store(&stack_size, size);
}

size_t thread_stack(void)
{
	return atomic_load(&stack_size);
}

int thread_start(void *(*main)(void *), void *arg, pthread_t *ret)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);

	int rc = pthread_attr_setstacksize(&attr, thread_stack());

	if (!rc)
		rc = pthread_create(&thread, &attr, main, arg);
	pthread_attr_destroy(&attr);
	if (!rc && ret)
		*ret = thread;
	else if (!rc)
		pthread_detach(thread);
	return rc;
}

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
