/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/machine.h
 * \brief How much of the machine this process may use: its resources, reduced by containers and limits.
 */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdint.h>

/** Number of processors that it may run on, limited by its quota of processor time; at least 1. Any thread. */
unsigned machine_processors(void);
/** Bytes of memory: the smallest of the machine's, the cgroups' and the limits of the process. Any thread. */
uint64_t machine_memory(void);

/* ---- for tests ---- */

/** Limits of the process's cgroups, including all parent cgroups. */
struct machine_limits {
	uint64_t memory;     /**< bytes; UINT64_MAX: no limit */
	unsigned processors; /**< quota of processor time in processors, rounded up; UINT_MAX: no limit */
};

/** Reads cgroup versions 1 and 2. Unreadable files mean no limit. \p root is a prefix for all paths: "" for this machine */
void machine_read_cgroups(const char *root, struct machine_limits *ret);

#endif
