/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/err.h
 * \brief A failure and its sentence, set once, where the cause is known.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <lyre/types.h>
#include <stdarg.h>

/** Empty when code is 0. Callers pass one in; functions set it when they return a negative code, and leave it else. */
struct err {
	int code;        /**< enum lyre_result */
	char text[1000]; /**< for people, cut at a whole UTF-8 character */
};

/** Sets code and sentence. \return \p code */
int err_set(struct err *e, int code, const char *fmt, ...) LYRE_PRINTF(3, 4);
int err_vset(struct err *e, int code, const char *fmt, va_list ap) LYRE_PRINTF(3, 0);

/** Out of memory, said the same everywhere. \return LYRE_ENOMEM */
int err_nomem(struct err *e);

/** What an errno means to us, with what was being done and to what: "cannot open 'x': No such file or directory". */
int err_errno(struct err *e, int errnum, const char *doing, const char *what);

#endif
