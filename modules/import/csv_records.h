/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/csv_records.h
 * \brief The reader of CSV.
 */
#ifndef CSV_RECORDS_H
#define CSV_RECORDS_H

#include "load.h"

struct csv_records;

/** Functions that return int set the call's failure. */
int csv_records_open(struct csv_records **ret, struct load *l, char delimiter);
int csv_records_feed(struct csv_records *r, const char *bytes, size_t len);
int csv_records_end(struct csv_records *r);
/** NULL is allowed. */
void csv_records_close(struct csv_records *r);

#endif
