/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file users/role_faults.h
 * \brief What is wrong with a role: collected sentence by sentence, answered at once.
 *
 * There are two lists: of the request, its databases and tables; and, by database and table, of the permissions on a table.
 */
#ifndef USERS_ROLE_FAULTS_H
#define USERS_ROLE_FAULTS_H

#include <lyre/lyre.h>

/** A name of a request, which may hold anything. */
struct name {
	const char *text;
	size_t len;
};

#define NO_NAME (struct name){ NULL, 0 }

struct sentence;
struct table_faults;

struct sentences {
	struct sentence *first, **end;
};

struct role_faults {
	lyre_call *call;
	struct sentences main;
	struct table_faults *tables; /**< the last first */
	size_t table_count;
	int failure; /**< a negative code when the server failed: what was found is of no use then */
};

void role_faults_init(struct role_faults *f, lyre_call *call);
/** Adds BEFORE name AFTER. */
void role_faults_add(struct role_faults *f, const char *before, struct name n, const char *after);
/** The same of a table. \p place is the table's, NULL at first. */
void role_faults_add_of(struct role_faults *f, struct table_faults **place, const char *database, const char *table,
	const char *before, struct name n, const char *after);
void role_faults_no_memory(struct role_faults *f);
/** \return 0 when nothing is wrong; LYRE_EINVAL, all of it written to lyre_reply(); or the server's failure */
int role_faults_answer(const struct role_faults *f);

#endif
