/* SPDX-License-Identifier: Apache-2.0 */
/**
 * \file base/err.h
 * \brief A failure and its message, set once, where the cause is known.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <lyre/types.h>
#include <stdarg.h>

/** Empty if code is 0. Callers pass it in; functions set it if they return a negative code, and otherwise leave it. */
struct err {
	int code;        /**< enum lyre_result */
	char text[1000]; /**< for people; valid UTF-8, cut at a character boundary */
};

/** Sets code and message. \return \p code */
int err_set(struct err *e, int code, const char *fmt, ...) LYRE_PRINTF(3, 4);
int err_vset(struct err *e, int code, const char *fmt, va_list ap) LYRE_PRINTF(3, 0);

/** Out of memory, with the same message everywhere. \return LYRE_ENOMEM */
int err_nomem(struct err *e);

/** Sets code and message for an errno, with the action and its object: "cannot open 'x': No such file or directory". */
int err_errno(struct err *e, int errnum, const char *doing, const char *what);

#endif
