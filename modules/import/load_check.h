/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_check.h
 * \brief The arguments that loads have in common.
 */
#ifndef LOAD_CHECK_H
#define LOAD_CHECK_H

#include "load.h"

/** Messages about the arguments of a request, joined as clients know them. */
struct load_faults {
	char text[900];
};

void load_fault(struct load_faults *f, const char *text);

/* Each is -1 for an argument that is wrong. */

/** enum lyre_write_mode */
int load_mode(lyre_call *call);
/** enum load_format */
int load_format_of(lyre_call *call);
/** Whether the text is Windows-1252. */
int load_western(lyre_call *call);
/** A character; 0: not given */
int load_delimiter(lyre_call *call);

/** The database's name, never NULL. */
const char *load_database(lyre_call *call);

/** Checks the arguments csv_url and s3. \param arguments  IMPORT_URL or IMPORT_S3 */
void load_check_remote(lyre_call *call, unsigned arguments, struct load_faults *f);

#endif
