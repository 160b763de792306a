/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file utf8_locale.h
 * \brief The C library's view of characters: texts are UTF-8, whatever the locale of the server.
 */
#ifndef SQL_UTF8_LOCALE_H
#define SQL_UTF8_LOCALE_H

#include <locale.h>

/** Made at the first call, and kept; 0 where the C library has none. */
locale_t utf8_locale(void);

#endif
