/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/file.h
 * \brief Opening files, and writing complete ones, which survive a power failure.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"

#include <sys/types.h>

/**
 * Opens a file for reading, also by a symbolic link. Anything else, such as a folder, device or named pipe, is refused and
 * blocks nobody.
 */
int file_open(const char *path, int *ret, struct err *e);
/** Writes all bytes, in as many steps as needed. Blocks. \return 0 or an errno */
int file_write(int fd, const void *bytes, size_t len);
/**
 * Creates a file that must not exist yet; when this returns, the file and its name are on disk. Blocks. On failure there is
 * no file.
 */
int file_write_new(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e);

#endif
