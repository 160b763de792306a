/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file http/query_string.h
 * \brief The query string of a request, of which libmicrohttpd has made names and values, escaped still.
 */
#ifndef HTTP_QUERY_STRING_H
#define HTTP_QUERY_STRING_H

#include "base/value.h"

#include <microhttpd.h>

/**
 * Its parameters as the members of an object, texts; in the arena. One without a value is an empty text.
 * \return 0; LYRE_ENOMEM; LYRE_EINVAL, with a sentence in \p why: what is no UTF-8, or a name that comes twice
 */
int query_read(lyre_value *ret, struct MHD_Connection *c, struct arena *a, const char **why);

#endif
