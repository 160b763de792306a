/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/denial.h
 * \brief The answer to a refused request: a message, and two lists of what is wrong. How they are built and written.
 */
#ifndef AUTH_DENIAL_H
#define AUTH_DENIAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "encode/encode.h"

struct permission_attribute;
struct permission_need;

/** Goes with the message of LYRE_EDENIED: two lists of what is wrong, as the API answers them. */
struct denial {
	lyre_value unauthorized; /**< array */
	lyre_value invalid;      /**< array */
};

/** The message of a refusal whose reasons are in the two lists. */
extern const char permission_refused[];

/** Refuses with the general message and two empty lists. \return LYRE_EDENIED */
int permission_refuse(struct denial *ret, struct err *e);

/* ---- the lists, which grow in the arena: 0 or LYRE_ENOMEM ---- */

/** An empty list. */
static inline lyre_value denial_no_list(void)
{
	return (lyre_value){ .type = LYRE_ARRAY };
}
/** Two empty lists. */
static inline struct denial denial_none(void)
{
	return (struct denial){ denial_no_list(), denial_no_list() };
}
/** Number of faults in the two lists. */
static inline uint32_t denial_told(const struct denial *d)
{
	return d->unauthorized.len + d->invalid.len;
}

/** Adds a message to a list. */
int denial_add(lyre_value *list, struct arena *a, const char *fmt, ...) LYRE_PRINTF(3, 4);
/** Adds the missing permissions on an attribute. \param lacking  enum lyre_permission, or-ed */
int denial_add_attribute(lyre_value *list, struct arena *a, const struct permission_attribute *at, uint32_t lacking);
/** Adds the missing permissions on a table, and a list of those on its attributes. */
int denial_add_table(
	lyre_value *list, struct arena *a, const struct permission_need *need, uint32_t lacking, lyre_value attributes);

/* ---- the answer ---- */

/** Whether the answer to a refusal with this message includes its lists. */
bool denial_has_lists(const struct denial *d, const char *sentence);
/** The answer's object: error, unauthorized_access, invalid_schema_items. */
void denial_write(lyre_out *o, const char *sentence, const struct denial *d);

#endif
