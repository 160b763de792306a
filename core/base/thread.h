/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/thread.h
 * \brief The priority of a thread.
 */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

/**
 * Lowers the priority of the calling thread by \p steps of nice(2), down to the lowest. Where the system has no priorities
 * of single threads, nothing happens.
 */
void thread_lower_priority(int steps);

#endif
