/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8_locale.h"

#include <pthread.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t locale;

static void make(void)
{
	locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

locale_t utf8_locale(void)
{
	pthread_once(&once, make);
	return locale;
}
