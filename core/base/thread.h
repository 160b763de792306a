/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/thread.h
 * \brief Threads: their priority, and condition variables.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/**
 * Lowers the priority of the calling thread by \p steps of nice(2), down to the lowest. Does nothing if the system has no
 * per-thread priorities.
 */
void thread_lower_priority(int steps);
/** Initialises a condition variable whose timeouts use the monotonic clock. */
void cond_init_monotonic(pthread_cond_t *cond);

#endif
