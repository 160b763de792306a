/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_process.h
 * \brief What this process takes of the machine.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

/** NAN where it cannot be known: parts of /proc may be hidden. */
struct process_figures {
	double cpu_seconds;     /**< of all threads, user and system */
	double resident;        /**< bytes */
	double threads;
	double descriptors;     /**< open */
	double descriptors_max;
};

/** Any thread. */
void process_figures(struct process_figures *ret);

#endif
