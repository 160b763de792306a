/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/query_string.h
 * \brief The query string of a request, which libmicrohttpd has split into names and values, still escaped.
 */
#ifndef HTTP_QUERY_STRING_H
#define HTTP_QUERY_STRING_H

#include "base/value.h"

#include <microhttpd.h>

/**
 * Its parameters as the members of an object of strings, in the arena. A parameter without a value is "".
 * \return 0; LYRE_ENOMEM; LYRE_EINVAL, with \p why: not UTF-8, or a name given twice
 */
int query_read(lyre_value *ret, struct MHD_Connection *c, struct arena *a, const char **why);

#endif
