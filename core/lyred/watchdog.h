/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/watchdog.h
 * \brief Serving threads that hang: the log names them, and the process exits, to be restarted.
 *
 * At intervals each thread is asked for a sign of life. Time is counted in intervals in which the watchdog itself ran, not
 * by a clock: where the whole process stood still (SIGSTOP, a suspended machine) or got little of the processor, so did the
 * watchdog. A thread that waits for a disk, or is looked at by a debugger, does not end the process.
 *
 * Where the service manager wants to be told (WATCHDOG_USEC), it is, as long as all threads answer. On the main thread.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include "lyred/workers.h"

struct watchdog {
	int64_t every_ms; /**< 0: nobody is asked */
	int64_t next;     /**< monotonic_ms() */
	unsigned limit;   /**< so many missing answers in a row end the process; 0: no number does */
	bool managed;     /**< the service manager is told */
	bool warned;
};

/** Reads operationsApi.network.hangTimeout and the environment. */
void watchdog_init(struct watchdog *d, const struct config *c);
/** Asks, when it is time. May end the process. \return milliseconds until it is to be called again; negative: never */
int watchdog_tend(struct watchdog *d, struct workers *w);

#endif
