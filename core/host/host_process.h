/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_process.h
 * \brief What this process takes of the machine.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

struct metric_sink;

/** Reports it. \param started  ms since the epoch */
void process_report(struct metric_sink *s, double started);

#endif
