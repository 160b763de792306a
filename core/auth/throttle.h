/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/throttle.h
 * \brief Failed attempts to sign in, by user and source: each makes the next wait longer.
 *
 * Of a fixed size, whatever an attacker makes up: a new pair takes the place of the one in its set that has failed the
 * least often, and of such was idle the longest. So names made up do not push out one that is being guessed at. Holds
 * keyed fingerprints of the pairs.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include "auth/source.h"
#include "base/err.h"

#include <stdbool.h>

struct throttle;

struct throttle_options {
	unsigned free;    /**< failures without a consequence */
	int64_t delay;    /**< ms of the first delay; 0: none ever */
	int64_t max_delay;
	int64_t memory;   /**< ms after which a failure is forgotten */
};

int throttle_open(struct throttle **ret, const struct throttle_options *o, struct err *e);
void throttle_close(struct throttle *t);
/**
 * How long an attempt must wait at \p now (monotonic_ms()): delay after the failure that was one too many, twice as
 * long after each more, counted from the last one. Attempts that come at once wait one behind the other, so that many
 * connections are no faster than one; each counts as failed until throttle_note() says what came of it.
 * \return ms, at most two of max_delay; 0: not at all, and nothing was counted; less than 0: the attempts before it take
 *         longer than that, and it is to be refused; without the sign, ms until its turn would come
 */
int64_t throttle_delay(struct throttle *t, const struct attempt *a, int64_t now);
/**
 * An attempt failed, or was right: then its pair begins anew. Any thread, as the above.
 *
 * Of an attempt that was told to wait and then came to nothing, for want of room or memory, this need not be told: it
 * stays counted, and a later failure of its pair that did not wait is taken for it. No fewer are counted than failed.
 */
void throttle_note(struct throttle *t, const struct attempt *a, bool right, int64_t now);

#endif
