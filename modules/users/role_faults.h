/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/role_faults.h
 * \brief The errors of a role: collected one by one, answered together.
 *
 * There are two lists: errors in the request, its databases and tables; and, by database and table, errors in the permissions.
 */
#ifndef USERS_ROLE_FAULTS_H
#define USERS_ROLE_FAULTS_H

#include <lyre/lyre.h>

/** A name in a request, which may contain any bytes. */
struct name {
	const char *text;
	size_t len;
};

/* clang-format off */
#define NO_NAME (struct name){ NULL, 0 }
/* clang-format on */

struct sentence;
struct table_faults;

struct sentences {
	struct sentence *first, **end;
};

struct role_faults {
	lyre_call *call;
	struct sentences main;
	struct table_faults *tables; /**< newest first */
	size_t table_count;
	int failure; /**< a negative code if the server failed: the errors found are then irrelevant */
};

void role_faults_init(struct role_faults *f, lyre_call *call);
/** Adds BEFORE name AFTER. */
void role_faults_add(struct role_faults *f, const char *before, struct name n, const char *after);
/** Adds the same to the errors of a table. \p place is the table's, initially NULL. */
void role_faults_add_of(struct role_faults *f, struct table_faults **place, const char *database, const char *table,
	const char *before, struct name n, const char *after);
void role_faults_no_memory(struct role_faults *f);
/** \return 0 if there are no errors; LYRE_EINVAL, with all of them written to lyre_reply(); or the server's failure */
int role_faults_answer(const struct role_faults *f);

#endif
