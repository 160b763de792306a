/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/pace.h
 * \brief How long a query works before it lets others run, and how long it may work in total.
 *
 * Every loop of the room counts its steps here, and ends its slice when told to: before the next row, at a position that it
 * can find again. The clock is read after as many steps as take about a twentieth of a millisecond.
 */
#ifndef QUERY_PACE_H
#define QUERY_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	int64_t slice_ns; /**< how long a slice lasts; 0: no limit */
	int64_t max_ns;   /**< for all slices together; 0: no limit */
	bool light;       /**< on a thread that others wait for: work that cannot be divided is left to another slice */
	bool over;        /**< the slice is to end */
	bool late;        /**< max_ns has passed */
	uint32_t left;    /**< steps before the clock is read again */
	uint32_t stride;
	int64_t begun;    /**< start of the slice, monotonic_ns(); 0: the clock was not read yet */
	int64_t looked;   /**< when the clock was last read */
	int64_t spent_ns; /**< time of the previous slices */
};

/** Zero at first. */
void pace_init(struct pace *p);
/** Begins a slice; a light one does not read the clock, as most finish before the first reading. */
void pace_begin(struct pace *p);
void pace_end(struct pace *p);
/** Reads the clock. \return whether the slice is over */
bool pace_look(struct pace *p);

/** Counts work; a step is an ordinary row. \return whether the slice is over */
static inline bool pace_step(struct pace *p, size_t steps)
{
	if (steps >= p->left)
		return pace_look(p);
	p->left -= (uint32_t)steps;
	return p->over;
}

/** The steps for reading or writing bytes. */
static inline size_t pace_bytes(size_t len)
{
	return len >> 9;
}

/** Whether indivisible work on this many bytes must wait for another slice; then this slice ends. */
static inline bool pace_defers(struct pace *p, size_t bytes)
{
	if (!p->light || bytes <= (size_t)256 << 10)
		return false;
	p->over = true;
	return true;
}

#endif
