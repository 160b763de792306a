/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/recent.h
 * \brief Passwords that were right not long ago, by user and source: whoever uses one again need not wait for what others
 * behind the same address got wrong.
 *
 * Holds keyed fingerprints; the key is random and dies with the process. Of a fixed size; only right passwords take a
 * place. A guesser at the same address learns at once whether a guess is the remembered password, but has only so many
 * guesses: RECENT_WRONG_MAX wrong ones end an entry. Any thread.
 */
#ifndef AUTH_RECENT_H
#define AUTH_RECENT_H

#include "auth/source.h"
#include "base/err.h"

#include <stdbool.h>

/** How long a password is remembered after it was right, ms. */
#define RECENT_TIME 86400000
/** Wrong passwords, since the right one was last seen, after which it is forgotten. */
#define RECENT_WRONG_MAX 1000

struct recent;

int recent_open(struct recent **ret, struct err *e);
void recent_close(struct recent *r);
/** Whether the attempt has the password that is remembered of its user and source; a wrong one counts. */
bool recent_is(struct recent *r, const struct attempt *a, int64_t now);
/**
 * What came of an attempt whose password was checked: a right one is remembered, a wrong one is not any more.
 * \return whether it was remembered before
 */
bool recent_note(struct recent *r, const struct attempt *a, bool right, int64_t now);

#endif
