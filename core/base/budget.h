/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/budget.h
 * \brief The memory that all requests together may hold, and each request's share.
 *
 * Memory is charged where it is allocated and returned where it is freed. A charge has an allowance that is reserved in
 * advance, so that small requests never touch the shared count.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/** Any thread. */
struct budget {
	_Atomic size_t held; /**< bytes held by charges beyond their allowances */
	size_t max;          /**< limit of held */
	size_t each;         /**< bytes that one charge may hold */
	size_t strangers;    /**< limit of held for charges of clients that have not signed in */
	size_t allowance;    /**< bytes that a connection's request may hold without using the budget */
};

/**
 * \param memory       total bytes, including the allowances
 * \param each         bytes of one charge; 0: half of the shared memory
 * \param connections  number of allowances
 */
void budget_init(struct budget *b, size_t memory, size_t each, size_t connections);
/** Whether \p bytes more could be taken now. */
bool budget_has_room(const struct budget *b, size_t bytes);

/** The memory held by one request or job. One thread at a time. */
struct charge {
	struct budget *budget; /**< NULL: nothing is counted */
	size_t allowance;
	size_t held; /**< bytes */
	size_t paid; /**< bytes taken from the budget, beyond the allowance and what is kept */
	size_t kept; /**< bytes of the budget that outlive a request */
	bool known;  /**< the client has signed in */
	int refused; /**< why memory was last refused: LYRE_EBUSY, LYRE_ETOOBIG; 0: it was not */
};

/** \p b NULL: nothing is counted. */
void charge_init(struct charge *c, struct budget *b, size_t allowance);

/** Parts of charge_take() and charge_give() that use the budget. */
bool charge_pay(struct charge *c, size_t bytes);
void charge_return(struct charge *c);

/** Whether \p bytes more are within what the charge may hold without using the budget. */
static inline bool charge_covers(const struct charge *c, size_t bytes)
{
	if (!c || !c->budget)
		return true;
	size_t room = c->allowance + c->kept + c->paid;
	return room >= c->held && bytes <= room - c->held;
}

/** To be called before allocating. \p c NULL: not counted. \return false if refused, with the reason in \p c */
static inline bool charge_take(struct charge *c, size_t bytes)
{
	if (!c || !c->budget)
		return true;
	if (!charge_covers(c, bytes))
		return charge_pay(c, bytes);
	c->held += bytes;
	return true;
}

static inline void charge_give(struct charge *c, size_t bytes)
{
	if (!c || !c->budget)
		return;
	c->held -= bytes;
	if (c->paid)
		charge_return(c);
}

/**
 * Between two requests: what is held stays paid for, so that the next request has its whole allowance beside it. Up to
 * half of an allowance needs no payment.
 * \return false if the budget is half used: the memory should be freed, and this called again
 */
bool charge_keep(struct charge *c);

/** Moves \p bytes held by \p from to \p to, of the same budget. Cannot fail. */
void charge_move(struct charge *from, struct charge *to, size_t bytes);

/**
 * Corrects a failure: LYRE_ENOMEM becomes LYRE_EBUSY or LYRE_ETOOBIG, with its message, if memory was refused.
 * \return e->code
 */
int charge_explain(const struct charge *c, struct err *e);

#endif
