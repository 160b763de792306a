/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/machine.h
 * \brief How much of the machine this process may use: what there is, less what a container or a limit takes away.
 */
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdint.h>

/** Processors: those that it may run on, and no more than the time it may take of them; 1 at least. Any thread. */
unsigned machine_processors(void);
/** Bytes of memory: the smallest of the machine's, the cgroups' and the limits of the process. Any thread. */
uint64_t machine_memory(void);

/* ---- for tests ---- */

/** What the cgroups of a process allow, each with all that it is in. */
struct machine_limits {
	uint64_t memory;     /**< bytes; UINT64_MAX: no limit */
	unsigned processors; /**< time of so many, rounded up; UINT_MAX: no limit */
};

/** Reads cgroup versions 1 and 2. What cannot be read is no limit. \p root goes before all paths: "" for this machine */
void machine_read_cgroups(const char *root, struct machine_limits *ret);

#endif
