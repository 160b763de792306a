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

/** Files opened later must not become standard streams, which others write to. */
void process_keep_standard_streams(void);
void process_raise_file_limit(void);
/** Before the first thread. */
void process_tune_memory(void);
/** After the start: gives back what it needs no more. */
void process_settle_memory(void);
/** A thread wakes the one that waits for signals with it. */
#define PROCESS_WAKE_SIGNAL SIGUSR1

/** Before the first thread: signals are waited for from here on. \param[out] set  for process_wait_signal() */
void process_block_signals(sigset_t *set);
/** \return the signal that came within \p ms, 0 for none; \p ms negative: waits for ever */
int process_wait_signal(const sigset_t *set, int ms);
/** Tells the service manager, where there is one. */
void process_notify(const char *state);
/** \return how often the service manager wants WATCHDOG=1 at the least, in milliseconds; 0: it does not */
int64_t process_watchdog_ms(void);
/** Tells it that READY=1 will come again. */
void process_notify_reloading(void);
/** Whether the thread waits for a disk or is looked at by a debugger, so that it may come round yet. Where /proc says so. */
bool process_thread_is_held(int tid);
/**
 * Refuses a second server on the same root. The lock is the kernel's and goes with the process; the file stays.
 * \param given     the lock of the program that ran before in this process, which is taken over, or closed when it is
 *                  another root's; -1 for none
 * \param[out] ret  a descriptor to close at the end, also after a failure; untouched without one
 */
int process_lock(const char *root, int given, int *ret, struct err *e);

/** Whether \p lock, of process_lock(), is that of the folder that \p root names today. LYRE_EIO */
int process_lock_holds(const char *root, int lock, struct err *e);
/** Whether a server works on \p root. */
bool process_lock_is_taken(const char *root);

#endif
