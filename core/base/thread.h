/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/thread.h
 * \brief Threads: their stacks and priority, and condition variables.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>
#include <stddef.h>

/**
 * Sets the size in bytes of the stacks of threads that are started from now on; before the first call it is 2 MiB. The C
 * libraries' own sizes vary from 128 KiB (musl) to 8 MiB (glibc), which is much of a 32-bit address space.
 */
void thread_stack_set(size_t size);
/** The size of stacks, in bytes, for libraries that start threads. */
size_t thread_stack(void);
/** Starts a thread; \p ret NULL: detached. \return 0 or an errno */
int thread_start(void *(*main)(void *), void *arg, pthread_t *ret);
/**
 * Lowers the priority of the calling thread by \p steps of nice(2), down to the lowest. Does nothing if the system has no
 * per-thread priorities.
 */
void thread_lower_priority(int steps);
/** Initialises a condition variable whose timeouts use the monotonic clock. */
void cond_init_monotonic(pthread_cond_t *cond);

#endif
