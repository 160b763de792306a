/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file dispatch/lane.h
 * \brief A queue of attempts to sign in that is fair to their sources: they take turns, and who sends many displaces none.
 *
 * Ordered by turn, and within one turn by the time when they are due. Attempts that wait for their time all have turn 0,
 * so that a lane of those is in the order in which they become due. One thread at a time.
 */
#ifndef DISPATCH_LANE_H
#define DISPATCH_LANE_H

#include <stdbool.h>
#include <stdint.h>

struct verification;

/** Zero but for \p max at first. The attempts are their owners', who leave next, turn and due alone while they are in it. */
struct lane {
	struct verification *first, *last;
	unsigned count, max;
	uint64_t turn; /**< of the attempt that was begun last */
};

/**
 * The turn of an attempt of \p source that comes now: each waits behind the one of its source before it, and keeps no
 * other source from its next turn.
 */
uint64_t lane_turn(const struct lane *l, const char *source);
/** Whether an attempt of this turn gets in: a full lane has a place for it when it comes before the last one there. */
bool lane_has_room(const struct lane *l, uint64_t turn);
/** Puts an attempt in that has its turn and due; there is room. \return who had to go for it, the last one; NULL: nobody */
struct verification *lane_insert(struct lane *l, struct verification *v);
/** Whether the first one is due at \p now (monotonic_ms()). */
bool lane_is_due(const struct lane *l, int64_t now);
/** Takes the first one out, which is there: it begins. */
struct verification *lane_take(struct lane *l);
/** Takes all out. \return a list by next, in their order */
struct verification *lane_empty(struct lane *l);

#endif
