/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file system/audit_log.h
 * \brief Shared by the parts of read_transaction_log and read_audit_log.
 */
#ifndef SYSTEM_AUDIT_LOG_H
#define SYSTEM_AUDIT_LOG_H

#include "system_module.h"

int value_is_number(const lyre_value *v);
/** All changes of a table, up to the argument limit. */
struct lyre_change_query changes_of_all(lyre_call *call);
/** Adds the size of a change to that of the answer. \return 0; LYRE_ETOOBIG if the answer becomes too large */
int changes_add_size(lyre_call *call, size_t *bytes, const struct lyre_change *c);
/** Writes the members of a write's object up to the array of its keys, which stays open. */
void changes_write_head(lyre_out *o, const struct lyre_change *c);
/** Answers the history of each key. */
int changes_by_key(lyre_call *call, lyre_table *table, const lyre_value *values);

#endif
