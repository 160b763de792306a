/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file json_oracle.h
 * \brief json-c as an oracle for our decoder; without json-c, only the grammar.
 */
#ifndef JSON_ORACLE_H
#define JSON_ORACLE_H

#include "base/value.h"

/**
 * Compares our decoding of a text with another reader's: an accepted text must be accepted by json-c, as the same value;
 * a refused text must be refused by json-c too, or json_grammar() must say what json-c tolerates.
 * \param rc  what json_decode() returned: 0, LYRE_EINVAL
 * \param v   of 0
 * \return what is wrong; NULL: nothing
 */
const char *json_oracle(const char *text, size_t len, int rc, const lyre_value *v);

#endif
