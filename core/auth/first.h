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

/** Adds the user that auth_open() tells of, where there is none. Takes the passwords out of the environment. Blocks. */
int first_user(struct users *u, const struct config *c, struct err *e);

/**
 * A password is no more: where it is the one that was made up for the first user, its file goes. \p hash of it. By the lock
 * of changes; takes the time of a check where there is such a file.
 */
void first_forget(struct users *u, const char *hash);

#endif
