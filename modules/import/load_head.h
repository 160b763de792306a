/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file import/load_head.h
 * \brief From bytes of a source to the reader of their format.
 */
#ifndef LOAD_HEAD_H
#define LOAD_HEAD_H

#include "load.h"

struct load_head;

/** Functions that return int set the call's failure. */
int load_head_open(struct load_head **ret, struct load *l);
/** The next bytes, however many. */
int load_head_feed(struct load_head *h, const char *bytes, size_t len);
/** The end: the records that are left are written. */
int load_head_end(struct load_head *h);
/** NULL is allowed. */
void load_head_close(struct load_head *h);

#endif
