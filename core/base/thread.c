/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NICE_MAX 19

void thread_lower_priority(int steps)
{
#ifdef SYS_gettid
	/* On Linux, a thread has a priority of its own. */
	id_t self = (id_t)syscall(SYS_gettid);
	int nice = getpriority(PRIO_PROCESS, self) + steps;

	setpriority(PRIO_PROCESS, self, nice < NICE_MAX ? nice : NICE_MAX);
#else
	(void)steps;
#endif
}
