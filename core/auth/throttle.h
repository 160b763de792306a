/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/throttle.h
 * \brief Failed attempts to sign in, by user and source: each makes the next one wait longer.
 *
 * The table has a fixed size, whatever names an attacker invents: a new pair replaces the pair in its set with the fewest
 * failures, and of those the one that was idle longest. So invented names do not displace one whose password is being
 * guessed. Holds keyed fingerprints of the pairs.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include "auth/source.h"
#include "base/err.h"

#include <stdbool.h>

struct throttle;

struct throttle_options {
	unsigned free; /**< failures before delays begin */
	int64_t delay; /**< ms of the first delay; 0: no delays */
	int64_t max_delay;
	int64_t memory; /**< ms after which a failure is forgotten */
};

int throttle_open(struct throttle **ret, const struct throttle_options *o, struct err *e);
void throttle_close(struct throttle *t);
/**
 * How long an attempt must wait at \p now (monotonic_ms()): delay after the first failure that is not free, twice as long
 * after each further one, counted from the last one. Simultaneous attempts wait one after the other, so that many
 * connections are no faster than one; each counts as failed until throttle_note() reports its outcome.
 * \return ms, at most twice max_delay; 0: no wait, and nothing was counted; less than 0: the attempts before it take
 * longer than that, and it must be refused; the absolute value is the time in ms until its turn would come
 */
int64_t throttle_delay(struct throttle *t, const struct attempt *a, int64_t now);
/**
 * Reports that an attempt failed, or succeeded, which resets its pair. Any thread, as the above.
 *
 * Need not be called for an attempt that had to wait and was then abandoned for lack of room or memory: it stays counted,
 * and a later failure of its pair that did not wait is taken for it. Never are fewer counted than failed.
 */
void throttle_note(struct throttle *t, const struct attempt *a, bool right, int64_t now);

#endif
