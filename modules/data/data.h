/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file data/data.h
 * \brief The handlers of the data module. Their parameters are declared in data.c.
 */
#ifndef DATA_DATA_H
#define DATA_DATA_H

#include <lyre/lyre.h>

/* data_write.c */
int data_insert(lyre_call *call);
int data_update(lyre_call *call);
int data_upsert(lyre_call *call);
int data_delete(lyre_call *call);

/* data_search.c */
int data_search_by_id(lyre_call *call);
int data_search_by_value(lyre_call *call);
int data_search_by_conditions(lyre_call *call);

#endif
