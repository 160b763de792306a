/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/folder.h
 * \brief Creating missing folders.
 */
#ifndef BASE_FOLDER_H
#define BASE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/** Creates a folder and those above it; existing ones are left as they are. */
int folder_make(const char *path, mode_t mode, struct err *e);
/** Whether folder_make() would succeed, and files could be created in the folder. Changes nothing. */
int folder_try(const char *path, struct err *e);
/** The same for the folder that contains \p path. */
int folder_try_parent(const char *path, struct err *e);
/** Whether \p path is \p folder or below it, comparing only the texts. */
bool folder_holds(const char *folder, const char *path);

#endif
