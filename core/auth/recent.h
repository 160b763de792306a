/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/recent.h
 * \brief Recently correct passwords, by user and source: using one again does not have to wait because of the failures of
 * others at the same address.
 *
 * Holds keyed fingerprints; the key is random and dies with the process. The table has a fixed size; only correct
 * passwords take an entry. A guesser at the same address learns at once whether a guess is the remembered password, but
 * has only a limited number of guesses: RECENT_WRONG_MAX wrong ones end an entry. Any thread.
 */
#ifndef AUTH_RECENT_H
#define AUTH_RECENT_H

#include "auth/source.h"
#include "base/err.h"

#include <stdbool.h>

/** How long a password is remembered after it was last correct, ms. */
#define RECENT_TIME 86400000
/** Number of wrong passwords since the correct one was last seen after which it is forgotten. */
#define RECENT_WRONG_MAX 1000

struct recent;

int recent_open(struct recent **ret, struct err *e);
void recent_close(struct recent *r);
/** Whether the attempt has the remembered password of its user and source; a wrong one is counted. */
bool recent_is(struct recent *r, const struct attempt *a, int64_t now);
/**
 * Reports the outcome of an attempt whose password was checked: a correct one is remembered, a wrong one forgotten.
 * \return whether it was remembered before
 */
bool recent_note(struct recent *r, const struct attempt *a, bool right, int64_t now);

#endif
