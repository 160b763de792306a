/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/json_records.h
 * \brief The reader of JSON.
 */
#ifndef JSON_RECORDS_H
#define JSON_RECORDS_H

#include "load.h"

struct json_records;

/** Functions that return int set the call's failure. */
int json_records_open(struct json_records **ret, struct load *l, bool lines);
int json_records_feed(struct json_records *r, const char *bytes, size_t len);
int json_records_end(struct json_records *r);
/** NULL is allowed. */
void json_records_close(struct json_records *r);

#endif
