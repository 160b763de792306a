/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/thread.h
 * \brief Threads: their priority, and conditions they wait for.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/**
 * Lowers the priority of the calling thread by \p steps of nice(2), down to the lowest. Where the system has no priorities
 * of single threads, nothing happens.
 */
void thread_lower_priority(int steps);
/** A condition whose waits are timed by the monotonic clock. */
void cond_init_monotonic(pthread_cond_t *cond);

#endif
