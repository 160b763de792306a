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

#endif
