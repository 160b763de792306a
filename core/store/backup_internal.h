/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file store/backup_internal.h
 * \brief What taking, checking and bringing in a backup share.
 */
#ifndef STORE_BACKUP_INTERNAL_H
#define STORE_BACKUP_INTERNAL_H

#include "store/store_internal.h"

/** A new file in the store's folder, which the next start removes where this process cannot. \param path malloc'ed */
int backup_temporary(const struct store *s, int *fd, char **path, struct err *e);

/**
 * Checks that the bytes are a database of this server, whole: LMDB's structure, the tables' definitions, that records
 * and index entries stand for each other. Says LYRE_ECORRUPT and what is wrong, whatever the bytes.
 */
int backup_verify_bytes(const unsigned char *bytes, size_t len, struct err *e);

#endif
