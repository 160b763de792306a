/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file elf.c
 * \brief A module's file: its head is read and checked without loading it.
 */
#include "fuzz.h"

#include "module/elf.h"
#include "module/internal.h"

#include <unistd.h>

/** Also files for other machines, which the head's reader refuses early. */
static void read_symbol(int fd)
{
	struct elf f;
	struct err e = { 0 };
	uint64_t offset, size;
	unsigned char bytes[HEAD_SIZE];
	if (elf_open(&f, fd, &e) < 0) {
		must(*e.text);
	} else if (elf_symbol(&f, "lyre_module", &offset, &size)) {
		must(offset <= f.size && size <= f.size - offset);
		must(elf_read(&f, offset, bytes, sizeof bytes) == (f.size - offset >= sizeof bytes));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path;
	struct lyre_module head;
	struct err e = { 0 };
	int fd = fuzz_file(data, size, &path);
	int rc = head_read(path, &head, &e);
	must(rc == e.code && (rc == 0 || *e.text));
	if (!rc) {
		rc = head_check(&head, path, NULL, &e);
		must(rc == e.code && (rc == 0 || *e.text));
	}
	read_symbol(fd);
	close(fd);
	return 0;
}
