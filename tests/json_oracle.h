/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file json_oracle.h
 * \brief json-c as the judge of our decoder; where it is not there, the grammar alone.
 */
#ifndef JSON_ORACLE_H
#define JSON_ORACLE_H

#include "base/value.h"

/**
 * Compares what was made of a text with what another reader makes of it: what is accepted json-c accepts, as the same value;
 * what is refused either it refuses, too, or json_grammar() says what it overlooks.
 * \param rc  what json_decode() returned: 0, LYRE_EINVAL
 * \param v   of 0
 * \return what is wrong; NULL
 */
const char *json_oracle(const char *text, size_t len, int rc, const lyre_value *v);

#endif
