/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/memory.h
 * \brief Where the C library puts large blocks.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

/**
 * What is allocated until the matching memory_lasting_end() stays for long, is large and mostly never touched, as LMDB's
 * tables are. Such blocks are mapped each by itself, where they cost only the pages that are touched; from the heap
 * calloc() would write to all of them. Nests; any thread. The setting is the process's: blocks of other threads are
 * mapped too meanwhile, which is harmless if it does not take long.
 */
void memory_lasting_begin(void);
/**
 * From here on blocks come and go with requests, and to map each would be slow. A password's hash takes 19 MiB for a
 * moment, from which glibc by default would learn to keep such blocks in its heap for good; so the bound is fixed, and
 * what is that large goes back to the system at once.
 */
void memory_lasting_end(void);
/** Gives free memory back to the system. */
void memory_trim(void);

#endif
