/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/** Names of files may be invalid UTF-8, which answers must not contain. */
static void make_valid(char *text)
{
	size_t len = strlen(text);
	for (size_t at = 0; (at += utf8_valid_prefix(text + at, len - at)) < len;)
		text[at] = '?';
}

int err_vset(struct err *e, int code, const char *fmt, va_list ap)
{
	if (!e)
		return code;
	e->code = code;
	int n = vsnprintf(e->text, sizeof e->text, fmt, ap);
	if (n < 0)
		e->text[0] = '\0';
	else if ((size_t)n >= sizeof e->text)
		e->text[utf8_cut(e->text, sizeof e->text - 1, sizeof e->text - 1)] = '\0';
	make_valid(e->text);
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_vset(e, code, fmt, ap);
	va_end(ap);
	return code;
}

int err_nomem(struct err *e)
{
	return err_set(e, LYRE_ENOMEM, "out of memory");
}

static int code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOMEM:
		return LYRE_ENOMEM;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return LYRE_ENOSPACE;
	case EMFILE:
	case ENFILE:
	case EAGAIN:
		return LYRE_EBUSY;
	default:
		return LYRE_EIO;
	}
}

int err_errno(struct err *e, int errnum, const char *doing, const char *what)
{
	return err_set(e, code_of_errno(errnum), "cannot %s '%s': %s", doing, what, strerror(errnum));
}
