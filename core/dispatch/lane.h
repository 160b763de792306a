/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/lane.h
 * \brief A queue of attempts to sign in that is fair to their sources: these take turns, and one that sends many
 * displaces no other.
 *
 * Ordered by turn, then by due time. Attempts that wait for their time all have turn 0, so a lane of them is ordered by
 * due time. One thread at a time.
 */
#ifndef DISPATCH_LANE_H
#define DISPATCH_LANE_H

#include <stdbool.h>
#include <stdint.h>

struct verification;

/** Initially zero except \p max. The attempts belong to their owners, who must not change next, turn and due while
 * they are in it. */
struct lane {
	struct verification *first, *last;
	unsigned count, max;
	uint64_t turn; /**< of the attempt started last */
};

/**
 * The turn for a new attempt of \p source: it comes after the source's previous attempt, and does not delay any other
 * source's next turn.
 */
uint64_t lane_turn(const struct lane *l, const char *source);
/** Whether an attempt of this turn is admitted: in a full lane, only before the last one. */
bool lane_has_room(const struct lane *l, uint64_t turn);
/** Inserts an attempt that has its turn and due; there must be room. \return the last attempt, if it was displaced; NULL: none */
struct verification *lane_insert(struct lane *l, struct verification *v);
/** Whether the first attempt is due at \p now (monotonic_ms()). */
bool lane_is_due(const struct lane *l, int64_t now);
/** Removes the first attempt, which must exist, to start it. */
struct verification *lane_take(struct lane *l);
/** Removes all attempts. \return a list by next, in order */
struct verification *lane_empty(struct lane *l);

#endif
