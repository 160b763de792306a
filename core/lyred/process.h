/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file lyred/process.h
 * \brief lyred as a process: its descriptors, its memory, its signals, its lock, its service manager.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/** Prevents files opened later from becoming standard streams, to which other code writes. */
void process_keep_standard_streams(void);
void process_raise_file_limit(void);
/** Before the first thread. */
void process_tune_memory(void);
/** After the start: returns memory that is no longer needed. */
void process_settle_memory(void);
/** Sent by a thread to wake the one that waits for signals. */
#define PROCESS_WAKE_SIGNAL SIGUSR1

/** Before the first thread: from here on, signals must be waited for. \param[out] set  for process_wait_signal() */
void process_block_signals(sigset_t *set);
/** \return the signal received within \p ms, 0: none; \p ms negative: no limit */
int process_wait_signal(const sigset_t *set, int ms);
/** Notifies the service manager, if there is one. */
void process_notify(const char *state);
/** \return the interval in milliseconds within which the service manager expects WATCHDOG=1; 0: it does not */
int64_t process_watchdog_ms(void);
/** Notifies it that READY=1 will follow again. */
void process_notify_reloading(void);
/** Whether, according to /proc, the thread waits for a disk or is stopped by a debugger, so that it may still continue. */
bool process_thread_is_held(int tid);
/**
 * Refuses a second server on the same root folder. The kernel's lock ends with the process; the file stays.
 * \param given     the lock of the previous program in this process: it is taken over, or closed if it belongs to another
 *                  root folder; -1: none
 * \param[out] ret  a descriptor to close at the end, even after a failure; unchanged if there is none
 */
int process_lock(const char *root, int given, int *ret, struct err *e);

/** Checks that \p lock, from process_lock(), belongs to the folder that \p root now names. LYRE_EIO */
int process_lock_holds(const char *root, int lock, struct err *e);
/** Whether a server uses \p root. */
bool process_lock_is_taken(const char *root);

#endif
