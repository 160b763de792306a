/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file fuzz.h
 * \brief Included by every fuzz target. A target is one file; main.c or libFuzzer calls it with bytes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** Must hold for any input. */
#define must(cond) ((cond) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #cond))

_Noreturn static inline void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", file, line, what);
	abort();
}

/** For functions that return a message if something is wrong, else NULL. */
#define must_not_say(sentence) fuzz_silent(__FILE__, __LINE__, (sentence))

static inline void fuzz_silent(const char *file, int line, const char *sentence)
{
	if (sentence)
		fuzz_fail(file, line, sentence);
}

/** A copy in a block of its own, so that a sanitizer sees reads beyond its end. It is followed by \p spare zero bytes. */
static inline void *fuzz_copy(const void *data, size_t size, size_t spare)
{
	char *copy = calloc(1, size + spare ? size + spare : 1);
	must(copy);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

static char fuzz_folder[] = "/tmp/lyre-fuzz-XXXXXX";
static char fuzz_path[sizeof fuzz_folder + sizeof "/input"];

static inline void fuzz_clean_up(void)
{
	unlink(fuzz_path);
	rmdir(fuzz_folder);
}

/** The bytes as a file, in a folder that only we can write to; always the same path. \return an open descriptor */
static inline int fuzz_file(const void *data, size_t size, const char **path)
{
	if (!*fuzz_path) {
		must(mkdtemp(fuzz_folder));
		snprintf(fuzz_path, sizeof fuzz_path, "%s/input", fuzz_folder);
		must(atexit(fuzz_clean_up) == 0);
	}
	int fd = open(fuzz_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	*path = fuzz_path;
	return fd;
}

#endif
