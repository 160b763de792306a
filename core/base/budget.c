/* SPDX-License-Identifier: Apache-2.0 */
#include "base/budget.h"

#include <stdint.h>

/* Memory is taken from the budget in multiples of this. */
#define STEP ((size_t)16 << 10)

/* An allowance is at most what a common request needs, and at least what an error needs. */
#define ALLOWANCE_MAX ((size_t)64 << 10)
#define ALLOWANCE_MIN ((size_t)24 << 10)

void budget_init(struct budget *b, size_t memory, size_t each, size_t connections)
{
	size_t allowance = memory / 2 / (connections ? connections : 1);
	if (allowance > ALLOWANCE_MAX)
		allowance = ALLOWANCE_MAX;
	size_t reserve = allowance * connections;
	*b = (struct budget){
		.max = memory - reserve,
		.allowance = allowance < ALLOWANCE_MIN ? ALLOWANCE_MIN : allowance,
	};
	b->each = each ? each : b->max / 2;
	if (b->each > b->max)
		b->each = b->max; /* more could never be taken */
	b->strangers = b->max / 4;
}

bool budget_has_room(const struct budget *b, size_t bytes)
{
	size_t held = atomic_load_explicit(&b->held, memory_order_relaxed);
	return held <= b->max && bytes <= b->max - held;
}

void charge_init(struct charge *c, struct budget *b, size_t allowance)
{
	*c = (struct charge){ .budget = b, .allowance = allowance };
}

static size_t in_steps(size_t bytes)
{
	return (bytes + STEP - 1) / STEP * STEP;
}

static size_t price(const struct charge *c, size_t held)
{
	size_t free = c->allowance + c->kept;
	return held > free ? in_steps(held - free) : 0;
}

static bool refuse(struct charge *c, int why)
{
	c->refused = why;
	return false;
}

bool charge_pay(struct charge *c, size_t bytes)
{
	struct budget *b = c->budget;
	if (bytes > b->each || c->held > b->each - bytes)
		return refuse(c, LYRE_ETOOBIG);
	size_t more = price(c, c->held + bytes) - c->paid;
	size_t limit = c->known ? b->max : b->strangers;
	size_t before = atomic_fetch_add_explicit(&b->held, more, memory_order_relaxed);
	if (before > limit || more > limit - before) {
		atomic_fetch_sub_explicit(&b->held, more, memory_order_relaxed);
		return refuse(c, LYRE_EBUSY);
	}
	c->paid += more;
	c->held += bytes;
	return true;
}

/* Takes what is due from the budget, or returns what is no longer due. */
static void settle(struct charge *c)
{
	size_t due = price(c, c->held);
	if (due < c->paid)
		atomic_fetch_sub_explicit(&c->budget->held, c->paid - due, memory_order_relaxed);
	else if (due > c->paid)
		atomic_fetch_add_explicit(&c->budget->held, due - c->paid, memory_order_relaxed);
	c->paid = due;
}

void charge_return(struct charge *c)
{
	settle(c);
}

bool charge_keep(struct charge *c)
{
	struct budget *b = c->budget;
	size_t keep = c->held > c->allowance / 2 ? in_steps(c->held) : 0, had = c->kept + c->paid;
	if (keep && atomic_load_explicit(&b->held, memory_order_relaxed) - had > b->max / 2)
		return false;
	if (keep > had)
		atomic_fetch_add_explicit(&b->held, keep - had, memory_order_relaxed);
	else if (keep < had)
		atomic_fetch_sub_explicit(&b->held, had - keep, memory_order_relaxed);
	c->kept = keep;
	c->paid = 0;
	return true;
}

void charge_move(struct charge *from, struct charge *to, size_t bytes)
{
	if (!from->budget)
		return;
	to->held += bytes;
	settle(to);
	from->held -= bytes;
	settle(from);
}

int charge_explain(const struct charge *c, struct err *e)
{
	if (e->code != LYRE_ENOMEM)
		return e->code;
	if (c->refused == LYRE_ETOOBIG)
		return err_set(e, c->refused, "The request needs more than %zu KiB of memory, the limit for one request",
			c->budget->each >> 10);
	if (c->refused == LYRE_EBUSY)
		return err_set(e, c->refused, "All memory for requests is in use: try again later");
	return e->code;
}
