/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file module/elf.h
 * \brief Reading a symbol's bytes from an ELF shared object without loading it.
 *
 * Uses only the program headers and the dynamic segment, so it can read stripped files, and trusts nothing in the file.
 */
#ifndef MODULE_ELF_H
#define MODULE_ELF_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf {
	int fd;
	uint64_t size;     /**< of the file */
	bool wide;         /**< ELF64 */
	bool big;          /**< big-endian */
	unsigned machine;  /**< e_machine */
	uint64_t segments; /**< offset of the program headers */
	unsigned segment_count, segment_size;
	uint64_t symbols, names, names_size, hash, gnu_hash; /**< file offsets, 0 for none */
};

/** \p fd is open for reading and remains the caller's. The message has no subject. LYRE_EINVAL: not a shared object; LYRE_EIO */
int elf_open(struct elf *f, int fd, struct err *e);
/** The position of a defined dynamic symbol in the file. \return false if there is none, or it has no bytes in the file */
bool elf_symbol(const struct elf *f, const char *name, uint64_t *offset, uint64_t *size);
/** Reads exactly \p len bytes at \p offset; false if the file is shorter or cannot be read. */
bool elf_read(const struct elf *f, uint64_t offset, void *out, size_t len);
/** The \p bytes (1 to 8) at \p p as an unsigned integer in the file's byte order. */
uint64_t elf_word(const struct elf *f, const unsigned char *p, size_t bytes);

#endif
