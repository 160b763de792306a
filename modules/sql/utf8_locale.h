/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file utf8_locale.h
 * \brief The C library's locale for characters: strings are UTF-8, whatever the locale of the server.
 */
#ifndef SQL_UTF8_LOCALE_H
#define SQL_UTF8_LOCALE_H

#include <locale.h>

/** Created at the first call, and kept; 0 if the C library does not have it. */
locale_t utf8_locale(void);

#endif
