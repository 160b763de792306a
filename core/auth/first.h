/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/first.h
 * \brief The first super_user of a new server.
 */
#ifndef AUTH_FIRST_H
#define AUTH_FIRST_H

#include "base/err.h"

struct config;
struct users;

/** Adds the first user as described at auth_open(), if there is none. Removes the passwords from the environment. Blocks. */
int first_user(struct users *u, const struct config *c, struct err *e);

/**
 * Called when a password is no longer valid: removes the file if it was the one generated for the first user. \p hash of
 * it. With the lock of changes held; if there is such a file, takes as long as a password check.
 */
void first_forget(struct users *u, const char *hash);

#endif
