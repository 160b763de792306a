/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/watchdog.h
 * \brief Detects serving threads that hang: the log names them, and the process exits, to be restarted.
 *
 * At intervals each thread is asked for a sign of life. Time is counted in intervals in which the watchdog itself ran, not
 * by a clock: if the whole process was stopped (SIGSTOP, a suspended machine) or got little processor time, so was the
 * watchdog. A thread that waits for a disk, or is stopped by a debugger, does not end the process.
 *
 * If the service manager expects it (WATCHDOG_USEC), it is notified as long as all threads answer. On the main thread.
 */
#ifndef WATCHDOG_H
#define WATCHDOG_H

#include "lyred/workers.h"

struct watchdog {
	int64_t every_ms; /**< 0: threads are not asked */
	int64_t next;     /**< monotonic_ms() */
	unsigned limit;   /**< missing answers in a row that end the process; 0: no limit */
	bool managed;     /**< the service manager is notified */
	bool warned;
};

/** Reads operationsApi.network.hangTimeout and the environment. */
void watchdog_init(struct watchdog *d, const struct config *c);
/** Asks when it is time. May end the process. \return milliseconds until the next call; negative: never */
int watchdog_tend(struct watchdog *d, struct workers *w);

#endif
