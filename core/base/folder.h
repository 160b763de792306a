/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/folder.h
 * \brief Folders that are made where they are missing.
 */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/** Makes a folder and those above it; what exists stays as it is. */
int folder_make(const char *path, mode_t mode, struct err *e);
/** Whether folder_make() would succeed, and files can be made in the folder then. Changes nothing. */
int folder_try(const char *path, struct err *e);
/** The same of the folder that \p path is in. */
int folder_try_parent(const char *path, struct err *e);
/** Whether \p path is that of \p folder or of something below it, by their texts. */
bool folder_holds(const char *folder, const char *path);

#endif
