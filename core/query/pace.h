/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file query/pace.h
 * \brief How long a query works before it lets others in, and how long it may work altogether.
 *
 * Every loop of the room tells its steps to the pace, and ends its slice when that is over: before the next row, and at a
 * place that it finds again. The clock is read every so many steps, as many as take a twentieth of a millisecond.
 */
#ifndef QUERY_PACE_H
#define QUERY_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pace {
	int64_t slice_ns; /**< how long a slice lasts; 0: without end */
	int64_t max_ns;   /**< of all slices together; 0: without end */
	bool light;       /**< on a thread that others wait for: what cannot be divided is left to another slice */
	bool over;        /**< the slice is to end */
	bool late;        /**< max_ns has passed */
	uint32_t left;    /**< steps before the clock is read again */
	uint32_t stride;
	int64_t begun;    /**< of the slice, monotonic_ns(); 0: the clock was not read yet */
	int64_t looked;   /**< when the clock was last read */
	int64_t spent_ns; /**< by the slices before */
};

/** Zero at first. */
void pace_init(struct pace *p);
/** A slice begins: a light one without a look at the clock, as most are over before the first. */
void pace_begin(struct pace *p);
void pace_end(struct pace *p);
/** Reads the clock. \return whether the slice is over */
bool pace_look(struct pace *p);

/** Counts work; a step is a row of the common kind. \return whether the slice is over */
static inline bool pace_step(struct pace *p, size_t steps)
{
	if (steps >= p->left)
		return pace_look(p);
	p->left -= (uint32_t)steps;
	return p->over;
}

/** Steps of bytes that are read or written. */
static inline size_t pace_bytes(size_t len)
{
	return len >> 9;
}

/** Whether work that cannot be divided, of so many bytes, has to wait for another slice, which begins then. */
static inline bool pace_defers(struct pace *p, size_t bytes)
{
	if (!p->light || bytes <= (size_t)256 << 10)
		return false;
	p->over = true;
	return true;
}

#endif
