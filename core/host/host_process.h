/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file host/host_process.h
 * \brief Resources used by this process.
 */
#ifndef HOST_PROCESS_H
#define HOST_PROCESS_H

struct metric_sink;

/** Reports them. \param started  ms since the epoch */
void process_report(struct metric_sink *s, double started);

#endif
