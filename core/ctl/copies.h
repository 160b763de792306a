/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/copies.h
 * \brief Shared by taking and restoring a backup.
 */
#ifndef CTL_COPIES_H
#define CTL_COPIES_H

#include <stdbool.h>
#include <stddef.h>

/** Number of bytes at the start by which a backup is recognised. */
#define BACKUP_HEAD 20

bool is_backup(const unsigned char *head, size_t len);

#endif
