/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/output.h
 * \brief A file that a command writes: it takes its name when it is complete and on the disk, and devices, pipes and
 * standard output are written directly.
 */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;

struct output {
	const char *path; /**< for messages */
	int fd;
	bool regular; /**< a file, which appears when it is complete */
};

/** What an output is opened with. */
struct output_options {
	bool force;  /**< an existing file is replaced */
	mode_t mode; /**< of the new file, from which the umask is removed */
};

/** Whether \p file is standard output or exists and is not a regular file. */
bool output_is_stream(const char *file);

/**
 * Writes \p file, "-" for standard output.
 * \param fill  writes to it with output_put(). \return 0, or CTL_… after a message: then no file is left
 * \return 0, or CTL_… after a message
 */
int output_write(struct arena *a, const char *file, const struct output_options *options,
	int (*fill)(void *arg, const struct output *out), void *arg);

/** \return false: it failed, after a message */
bool output_put(const struct output *out, const void *bytes, size_t len);

#endif
