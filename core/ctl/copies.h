/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file ctl/copies.h
 * \brief What taking a backup and bringing one in share.
 */
#ifndef CTL_COPIES_H
#define CTL_COPIES_H

#include "base/json.h"
#include "encode/encode.h"

#include <stdbool.h>
#include <stddef.h>

/** So many of its first bytes tell a backup from other files. */
#define BACKUP_HEAD 20

bool is_backup(const unsigned char *head, size_t len);
/** A request of an operation of a database, to be gone on with and ended by out_object_end(). */
void begin_request(lyre_out *o, struct buf *b, const char *operation, const char *database);

#endif
