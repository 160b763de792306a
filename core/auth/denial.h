/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file auth/denial.h
 * \brief What a refused request is told: a sentence, and two lists of what is wrong. How they are built, and answered.
 */
#ifndef AUTH_DENIAL_H
#define AUTH_DENIAL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "encode/encode.h"

struct permission_attribute;
struct permission_need;

/** What is told with LYRE_EDENIED beside the sentence: two lists of what is wrong, as the API answers them. */
struct denial {
	lyre_value unauthorized; /**< array */
	lyre_value invalid;      /**< array */
};

/** What is said of a refusal whose reasons stand in the two lists. */
extern const char permission_refused[];

/** Refuses with the general sentence and two empty lists. \return LYRE_EDENIED */
int permission_refuse(struct denial *ret, struct err *e);

/* ---- the lists, which grow in the arena: 0 or LYRE_ENOMEM ---- */

/** An empty one. */
static inline lyre_value denial_no_list(void) { return (lyre_value){ .type = LYRE_ARRAY }; }
/** Two empty lists. */
static inline struct denial denial_none(void) { return (struct denial){ denial_no_list(), denial_no_list() }; }
/** How many faults the two lists tell of. */
static inline uint32_t denial_told(const struct denial *d) { return d->unauthorized.len + d->invalid.len; }

/** Adds a sentence to a list. */
int denial_add(lyre_value *list, struct arena *a, const char *fmt, ...) LYRE_PRINTF(3, 4);
/** Adds what is lacking on an attribute. \param lacking  enum lyre_permission, or-ed */
int denial_add_attribute(lyre_value *list, struct arena *a, const struct permission_attribute *at, uint32_t lacking);
/** Adds what is lacking on a table, and a list of what is lacking on its attributes. */
int denial_add_table(lyre_value *list, struct arena *a, const struct permission_need *need, uint32_t lacking,
	lyre_value attributes);

/* ---- telling of it ---- */

/** Whether a refusal with this sentence is answered with its lists. */
bool denial_has_lists(const struct denial *d, const char *sentence);
/** The answer's object: error, unauthorized_access, invalid_schema_items. */
void denial_write(lyre_out *o, const char *sentence, const struct denial *d);

#endif
