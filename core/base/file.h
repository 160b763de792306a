/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/file.h
 * \brief Writing to files whole, and so that they are there after a power cut.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"

#include <sys/types.h>

/** Writes all of it, however many steps that takes. Blocks. \return 0 or an errno */
int file_write(int fd, const void *bytes, size_t len);
/**
 * Makes a file that is not there yet; when this returns, it and its name are on the disk. Blocks. When it fails, there is
 * none.
 */
int file_write_new(const char *path, const void *bytes, size_t len, mode_t mode, struct err *e);

#endif
