/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/memory.h
 * \brief Controls where the C library allocates large blocks.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/**
 * Blocks allocated until the matching memory_lasting_end() are long-lived, large and mostly never touched, like LMDB's
 * tables. They are mapped individually, where only touched pages cost memory; on the heap calloc() would write to all of
 * them. May be nested; any thread. The setting applies to the process: blocks of other threads are mapped, too, in the
 * meantime, which is harmless if it is short.
 */
void memory_lasting_begin(void);
/**
 * From here on, blocks come and go with requests, and mapping each would be slow. Hashing a password briefly takes 19 MiB,
 * after which glibc by default would keep such blocks in its heap permanently; so the threshold is fixed, and blocks of
 * that size are returned to the system at once.
 */
void memory_lasting_end(void);
/** Returns free memory to the system. */
void memory_trim(void);
/** Returns the pages that the stack used, and no longer uses. On the main thread, which will need less from then on. */
void memory_trim_stack(void);

#endif
