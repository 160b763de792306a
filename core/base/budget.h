/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/budget.h
 * \brief Memory that all requests may hold together, and what each of them holds of it.
 *
 * Memory is charged where it is taken and given back where it is freed. A charge has an allowance that is paid for in
 * advance, so that small requests never touch what is shared.
 */
#ifndef BASE_BUDGET_H
#define BASE_BUDGET_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/** Any thread. */
struct budget {
	_Atomic size_t held; /**< bytes that charges have taken beyond their allowances */
	size_t max;          /**< of held */
	size_t each;         /**< bytes that one charge may hold */
	size_t strangers;    /**< of held, where a charge is for an unknown client that takes more */
	size_t allowance;    /**< bytes that a connection's request may hold without asking */
};

/**
 * \param memory       bytes of all, the allowances included
 * \param each         bytes of one; 0: half of what is shared
 * \param connections  how many allowances there are
 */
void budget_init(struct budget *b, size_t memory, size_t each, size_t connections);
/** Whether \p bytes more could be taken at this moment. */
bool budget_has_room(const struct budget *b, size_t bytes);

/** What one request or job holds. One thread at a time. */
struct charge {
	struct budget *budget; /**< NULL: nothing is counted */
	size_t allowance;
	size_t held;           /**< bytes */
	size_t paid;           /**< bytes taken from the budget, for what is beyond the allowance */
	bool known;            /**< the client has signed in */
	int refused;           /**< why memory was refused last: LYRE_EBUSY, LYRE_ETOOBIG; 0: it was not */
};

/** \p budget NULL: nothing will be counted. */
void charge_init(struct charge *c, struct budget *b, size_t allowance);

/** Of charge_take() and charge_give(), where the budget has to be asked. */
bool charge_pay(struct charge *c, size_t bytes);
void charge_return(struct charge *c);

/** To be called before memory is taken. \p c NULL: nobody counts. \return false when it is refused, with the reason in \p c */
static inline bool charge_take(struct charge *c, size_t bytes)
{
	if (!c || !c->budget)
		return true;
	size_t room = c->allowance + c->paid;
	if (room < c->held || bytes > room - c->held)
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

/** What \p from holds becomes what \p to holds; of the same budget. Cannot fail. */
void charge_move(struct charge *from, struct charge *to, size_t bytes);

/**
 * What a failure really is: LYRE_ENOMEM where memory was refused becomes LYRE_EBUSY or LYRE_ETOOBIG, with the sentence.
 * \return e->code
 */
int charge_explain(const struct charge *c, struct err *e);

#endif
